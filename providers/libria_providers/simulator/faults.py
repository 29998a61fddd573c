"""Plans of replies that go wrong as a name says, made from an answer that would have gone right."""

from collections.abc import Mapping

from libria_providers.simulator import texts, wire
from libria_providers.simulator.grammar import Spec
from libria_providers.simulator.models import PACED, Ask
from libria_providers.simulator.problems import Problem, page
from libria_providers.simulator.sender import End, Plan
from libria_providers.simulator.vendor import Parts, Tag, Vendor

JSON = "application/json"
_SSE = "text/event-stream; charset=utf-8"
_COMMENT = b": keep-alive\n\n"
_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")
_TRICKLED = 7  # bytes a piece


def before(spec: Spec, *, use: int) -> Plan | None:
    """Faults without a byte of an answer. `use` is the connection's count of requests."""
    end: End | None = None
    if "reset" in spec:
        end = "reset"
    elif "close" in spec or ("stale" in spec and use > 1):
        end = "close"
    elif "silent" in spec:
        end = "stall"
    return None if end is None else Plan(b"", [], status=0, delay=_delay(spec), end=end)


def problem(spec: Spec, ask: Ask, vendor: Vendor) -> Problem | None:
    """The HTTP error that the name asks for."""
    if "status" in spec:
        return Problem(int(spec.number("status")), detail=ask.model)
    if "quota" in spec:
        return Problem(402 if vendor.name == "anthropic" else 429, "quota")
    if "context-length" in spec:
        return Problem(400, "context-length")
    if "prompt-filter" in spec:
        return Problem(400, "prompt-filter")
    if "no-prefill" in spec and ask.prefill is not None:
        return Problem(400, "prefill")
    return None


def failed(trouble: Problem, spec: Spec, vendor: Vendor, tag: Tag) -> Plan:
    """An error reply, in the vendor's words or in its proxy's."""
    body, extra = vendor.problem(trouble, tag)
    html = page(trouble.status, vendor.name)
    headers = {"content-type": JSON if html is None else "text/html; charset=utf-8", **vendor.headers(tag)}
    if html is None:
        headers |= extra
    return bodied(trouble.status, headers, html or body, spec, vendor, tag)


def bodied(status: int, headers: Mapping[str, str], body: bytes, spec: Spec, vendor: Vendor, tag: Tag) -> Plan:
    """A reply that is one body, with the faults that can befall one."""
    rest: End = "close" if "drop" in spec else "keep"
    sent = body
    cut = spec.find("cut", "cut-fin", "stall")
    if cut is not None and status == 200:
        sent = body[: int(spec.number(cut) * len(body))]
        rest = _CUTS[cut]
    elif status == 200 and ("end" in spec or "malformed" in spec):
        portion = spec.number("end") if "end" in spec else 0.5
        sent = body = body[: int(portion * len(body))]
    if "comments" in spec:  # as DeepSeek does: blank lines while the answer is not ready
        body, sent = b"\n\n\n" + body, b"\n\n\n" + sent
    made = {**headers, **_limits(spec, vendor, tag), **_asked(spec), "content-length": str(len(body))}
    plan = Plan(wire.head(status, made), [sent], status=status, delay=_delay(spec), end=rest)
    size = _piece_size(spec)
    if size:
        plan.pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
        _trickle(plan, spec)
    return plan


def streamed(parts: Parts, spec: Spec, vendor: Vendor, tag: Tag, *, pace: float | None) -> Plan:
    """A stream: one HTTP chunk an event, unless the name says otherwise."""
    events, first, last, end = _events(parts, spec, vendor, tag)
    if "malformed" in spec:
        place = min(int(spec.number("malformed")), len(events)) - 1
        events[place] = events[place].rstrip(b"\n")[: -len(events[place]) // 3] + b"\n\n"
    if "comments" in spec:
        every = int(spec.number("comments"))
        events = [_COMMENT + event if i % every == 0 else event for i, event in enumerate(events)]
    if "crlf" in spec:
        events = [event.replace(b"\n", b"\r\n") for event in events]
    size = _piece_size(spec)
    if size:
        whole = b"".join(events)
        events = [whole[i : i + size] for i in range(0, len(whole), size)]
        first, last = min(first, len(events)), len(events)
    known = {event: wire.chunk(event) for event in set(events)}
    pieces = [known[event] for event in events]
    if end in ("keep", "close") and spec.find("cut-fin") is None:
        pieces.append(wire.LAST_CHUNK)
    headers = {"content-type": _SSE, "cache-control": "no-cache", **vendor.headers(tag)}
    headers |= {**_limits(spec, vendor, tag), **_asked(spec), "transfer-encoding": "chunked"}
    rate = PACED.get(spec.model, 0.0) if pace is None else pace
    rate = spec.number("rate") if "rate" in spec else rate
    plan = Plan(wire.head(200, headers), pieces, delay=_delay(spec), end=end)
    if rate:
        plan.paced, plan.gap = (first, last), 1 / rate
    if "first" in spec:
        plan.pauses[min(first, len(pieces))] = spec.number("first") / 1000
    if "trickle" in spec:
        _trickle(plan, spec)
    return plan


def wrong_type(spec: Spec, ask: Ask, vendor: Vendor, tag: Tag) -> Plan | None:
    """200, but not with what was asked for."""
    headers = {"content-type": JSON, **vendor.headers(tag)}
    if "html" in spec:
        headers["content-type"] = "text/html; charset=utf-8"
        return bodied(200, headers, texts.PAGE.encode(), spec, vendor, tag)
    if "error-200" in spec or ("error" in spec and not ask.stream):
        return bodied(200, headers, vendor.problem(Problem(500), tag)[0], spec, vendor, tag)
    return None


_CUTS: Mapping[str, End] = {"cut": "reset", "cut-fin": "close", "stall": "stall"}


def _events(parts: Parts, spec: Spec, vendor: Vendor, tag: Tag) -> tuple[list[bytes], int, int, End]:
    """The events, which of them are the deltas, and how the reply ends."""
    end: End = "close" if "drop" in spec else "keep"
    first = len(parts.opening)
    broken = spec.find("cut", "cut-fin", "stall", "end", "error")
    if broken is not None:
        kept = parts.deltas[: int(spec.number(broken) * len(parts.deltas))]
        events = [*parts.opening, *kept]
        if broken == "error":
            events.append(vendor.error_event(tag))
            end = "close" if vendor.name == "anthropic" else end
        return events, first, first + len(kept), _CUTS.get(broken, end)
    closing = list(parts.closing)
    if "no-done" in spec:
        del closing[-1]
    if "no-finish" in spec:
        del closing[parts.finish]
    return [*parts.opening, *parts.deltas, *closing], first, first + len(parts.deltas), end


def _delay(spec: Spec) -> float:
    return spec.number("headers") / 1000 if "headers" in spec else 0.0


def _piece_size(spec: Spec) -> int:
    if "split" in spec:
        return int(spec.number("split"))
    return _TRICKLED if "trickle" in spec else 0


def _trickle(plan: Plan, spec: Spec) -> None:
    if "trickle" in spec:
        plan.paced, plan.gap = (0, len(plan.pieces)), spec.number("trickle") / 1000


def _limits(spec: Spec, vendor: Vendor, tag: Tag) -> dict[str, str]:
    return vendor.limits(tag) if "limits" in spec else {}


def _asked(spec: Spec) -> dict[str, str]:
    """The headers that the name itself gives."""
    made = {word: spec.options[word] for word in _HEADERS if word in spec}
    if "header" in spec:
        name, _, value = spec.options["header"].partition("=")
        made[name.lower()] = value
    return made
