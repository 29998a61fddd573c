"""What the faults in a model's name make of an answer that would have gone right."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from libria_providers.simulator import texts
from libria_providers.simulator.grammar import Spec
from libria_providers.simulator.models import PACED, Ask
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.sender import End
from libria_providers.simulator.vendor import Framing, Parts, Site, Tag, Whole

_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")
_TRICKLED = 7  # bytes a piece
_CUTS: Mapping[str, End] = {"cut": "reset", "cut-fin": "close", "stall": "stall"}
_LINE_END = re.compile(rb"(?<!\r)\n")


@dataclass(slots=True)
class Flow:
    """The events of a stream, which of them are the deltas (`first` up to `last`), and how it ends.
    `complete` when the body comes to its end, whatever it says."""

    events: list[bytes]
    first: int
    last: int
    end: End
    complete: bool
    framing: Framing


def before(spec: Spec, *, use: int) -> End | None:
    """The end of a connection without a byte of an answer. `use` is its count of requests."""
    if "reset" in spec:
        return "reset"
    if "close" in spec or ("stale" in spec and use > 1):
        return "close"
    return "stall" if "silent" in spec else None


def problem(spec: Spec, ask: Ask) -> Problem | None:
    """The error that the name asks for in place of an answer."""
    if "status" in spec:
        return Problem("status", ask.model, int(spec.number("status")))
    if "quota" in spec:
        return Problem("quota", ask.model)
    if "context-length" in spec:
        return Problem("context-length", ask.model)
    if "prompt-filter" in spec:
        return Problem("prompt-filter", ask.model)
    if "no-prefill" in spec and ask.prefill is not None:
        return Problem("prefill", ask.model)
    return None


def wrong_type(spec: Spec, ask: Ask, site: Site, tag: Tag) -> Whole | None:
    """200, but not with what was asked for."""
    if "html" in spec:
        return Whole(200, texts.PAGE.encode(), type="text/html; charset=utf-8")
    if "error-200" in spec or ("error" in spec and not ask.stream):
        failed = site.problem(Problem("status", status=500), tag)
        return Whole(200, failed.body, type=failed.type)
    return None


def flow(parts: Parts, spec: Spec) -> Flow:
    """The stream of `parts`, as the name disturbs it."""
    framing = parts.framing
    made = _broken_off(parts, spec) or _to_the_end(parts, spec)
    events = made.events
    if "malformed" in spec:
        place = min(int(spec.number("malformed")), len(events)) - 1
        events[place] = framing.broken(events[place])
    if "crlf" in spec:
        events = [_LINE_END.sub(b"\r\n", event) for event in events]
    made.events = events
    return made


def alive(made: Flow, spec: Spec, keep_alive: bytes) -> None:
    """Puts `keep_alive` before every so-manieth event."""
    if "comments" in spec:
        every = int(spec.number("comments"))
        made.events = [keep_alive + event if at % every == 0 else event for at, event in enumerate(made.events)]


def body(whole: Whole, spec: Spec) -> tuple[bytes, bytes, End]:
    """The body of a whole reply: what is promised, what of it is sent, and what happens then."""
    end: End = "close" if "drop" in spec else "keep"
    promised = sent = whole.body
    cut = spec.find("cut", "cut-fin", "stall")
    if cut is not None and whole.status == 200:
        sent = promised[: int(spec.number(cut) * len(promised))]
        end = _CUTS[cut]
    elif whole.status == 200 and ("end" in spec or "malformed" in spec):
        portion = spec.number("end") if "end" in spec else 0.5
        sent = promised = promised[: int(portion * len(promised))]
    if "comments" in spec:  # as DeepSeek does: blank lines while the answer is not ready
        promised, sent = b"\n\n\n" + promised, b"\n\n\n" + sent
    return promised, sent, end


def delay(spec: Spec) -> float:
    """Seconds before the reply begins."""
    return spec.number("headers") / 1000 if "headers" in spec else 0.0


def rate(spec: Spec, pace: float | None) -> float:
    """Deltas a second, 0 for no pause; `pace` is the simulator's own, None leaves it to the model."""
    if "rate" in spec:
        return spec.number("rate")
    return PACED.get(spec.model, 0.0) if pace is None else pace


def piece_size(spec: Spec) -> int:
    """In how many bytes at a time a reply is sent, 0 where that is left to its events."""
    if "split" in spec:
        return int(spec.number("split"))
    return _TRICKLED if "trickle" in spec else 0


def limits(spec: Spec, site: Site, tag: Tag) -> dict[str, str]:
    return site.limits(tag) if "limits" in spec else {}


def headers(spec: Spec) -> dict[str, str]:
    """The headers that the name itself gives."""
    made = {word: spec.options[word] for word in _HEADERS if word in spec}
    if "header" in spec:
        name, _, value = spec.options["header"].partition("=")
        made[name.lower()] = value
    return made


def _broken_off(parts: Parts, spec: Spec) -> Flow | None:
    broken = spec.find("cut", "cut-fin", "stall", "end", "error")
    if broken is None:
        return None
    first = len(parts.opening)
    kept = parts.deltas[: int(spec.number(broken) * len(parts.deltas))]
    events = [*parts.opening, *kept]
    end: End = "close" if "drop" in spec else "keep"
    if broken == "error":
        events += parts.failure(len(events))
        end = "close" if parts.hangs_up else end
    end = _CUTS.get(broken, end)
    return Flow(events, first, first + len(kept), end, broken in ("end", "error"), parts.framing)


def _to_the_end(parts: Parts, spec: Spec) -> Flow:
    closing = list(parts.closing)
    if "no-done" in spec and parts.marked:
        del closing[-1]
    if "no-finish" in spec:
        del closing[parts.finish]
    first = len(parts.opening)
    events = [*parts.opening, *parts.deltas, *closing]
    end: End = "close" if "drop" in spec else "keep"
    return Flow(events, first, first + len(parts.deltas), end, complete=True, framing=parts.framing)
