"""What a daemon knows that its successor, of a newer version, should know too: what is used of each limit, what was
learned of providers, who is broken, and the answers in memory.

It goes over the socket by which the successor asks for it, checked as every connection is, and nowhere else: a file
would leave answers lying about when somebody is killed, and a pipe would have to be held by whoever starts the
successor, which may be an editor's thin process. Each section is read by itself: what another version writes
otherwise is left out, and the rest counts."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from libria.engine import Engine
from libria.layers.breaker import HeldCircuit
from libria.layers.inherited import HeldLimits
from libria.stores.memory import HeldAnswer
from libria.stores.windows import HeldWindows

log = logging.getLogger("libria.serve")

ANSWERS_BYTES = 16 * 1024 * 1024

SAME_CLOCK_SECONDS = 60.0
"""By which two processes' monotonic clocks differ at most; in another time namespace they are not the same."""

T = TypeVar("T")

Sections = dict[str, msgspec.Raw]


def limits_of(engine: Engine) -> Sections:
    """What changes with every call."""
    limiter, stock = engine.limiter, engine.stock
    return {
        "now": _raw(engine.clock.now()),
        "windows": _raw(stock.local.held()),
        "limits": _raw(limiter.held()),
        "circuits": _raw(engine.held_circuits()),
    }


def state_of(engine: Engine) -> Sections:
    return {**limits_of(engine), "answers": _raw(engine.stock.memory.held(ANSWERS_BYTES))}


def inherit(
    engine: Engine, sections: Mapping[str, msgspec.Raw], before: Mapping[str, msgspec.Raw] | None = None
) -> None:
    """`before` is what was inherited from the same daemon already."""
    _give(sections, "answers", list[HeldAnswer], engine.stock.memory.inherit)
    now = _read(sections, "now", float)
    if now is None or abs(engine.clock.now() - now) > SAME_CLOCK_SECONDS:
        return  # its times say nothing here
    known = _read(before, "windows", HeldWindows) if before else None
    _give(sections, "windows", HeldWindows, lambda held: engine.stock.local.inherit(held, known))
    _give(sections, "limits", HeldLimits, engine.limiter.inherit)
    _give(sections, "circuits", dict[str, HeldCircuit], engine.inherit_circuits)


class _Result(msgspec.Struct):
    willing: bool
    state: Sections = {}


class _Response(msgspec.Struct):
    result: _Result | None = None


def handed(response: bytes) -> Sections | None:
    """The sections in the response to `libria/handOver`, None where there is none to be had: it is the younger one, or
    does not know how. Raises ValueError for what is no response."""
    result = msgspec.json.decode(response, type=_Response).result
    return result.state if result is not None and result.willing else None


def _give(sections: Mapping[str, msgspec.Raw], name: str, type: type[T], take: Callable[[T], None]) -> None:
    held = _read(sections, name, type)
    if held is not None:
        take(held)


def _read(sections: Mapping[str, msgspec.Raw], name: str, type: type[T]) -> T | None:
    try:
        return msgspec.json.decode(sections[name], type=type) if name in sections else None
    except msgspec.DecodeError:
        log.warning("what the daemon before knew of %s is in another form and not taken over", name)
        return None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
