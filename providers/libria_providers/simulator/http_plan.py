"""An answer as an HTTP reply: head and pieces, with the faults in its model's name."""

from libria_providers.simulator import faults, wire
from libria_providers.simulator.played import Played
from libria_providers.simulator.problems import page
from libria_providers.simulator.sender import End, Plan
from libria_providers.simulator.vendor import Parts, Whole


def plan(played: Played, pace: float | None) -> Plan:
    if isinstance(played.reply, Parts):
        return _streamed(played, played.reply, pace)
    if isinstance(played.reply, Whole):
        return _whole(played, played.reply)
    return _nothing(played, played.reply)


def _nothing(played: Played, end: End) -> Plan:
    return Plan(b"", [], status=0, delay=faults.delay(played.spec), end=end)


def _whole(played: Played, reply: Whole) -> Plan:
    """An error may be in the vendor's words or in its proxy's."""
    spec = played.spec
    html = page(reply.status, played.site.name) if reply.status >= 400 else None
    if html is not None:
        reply = Whole(reply.status, html, type="text/html; charset=utf-8")
    promised, sent, end = faults.body(reply, spec)
    headers = {"content-type": reply.type, **played.site.headers(played.tag), **reply.headers}
    headers |= {**played.headers(), "content-length": str(len(promised))}
    made = Plan(wire.head(reply.status, headers), [sent], status=reply.status, delay=faults.delay(spec), end=end)
    size = faults.piece_size(spec)
    if size:
        made.pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
        _trickle(made, played)
    return made


def _streamed(played: Played, parts: Parts, pace: float | None) -> Plan:
    """One HTTP chunk an event, unless the name says otherwise."""
    spec = played.spec
    flow = faults.flow(parts, spec)
    faults.alive(flow, spec, parts.framing.alive)
    events, first, last = flow.events, flow.first, flow.last
    size = faults.piece_size(spec)
    if size:
        whole = b"".join(events)
        events = [whole[i : i + size] for i in range(0, len(whole), size)]
        first, last = min(first, len(events)), len(events)
    known = {event: wire.chunk(event) for event in set(events)}
    pieces = [known[event] for event in events]
    if flow.complete:
        pieces.append(wire.LAST_CHUNK)
    headers = {"content-type": parts.framing.type, "cache-control": "no-cache", **played.site.headers(played.tag)}
    headers |= {**played.headers(), "transfer-encoding": "chunked"}
    made = Plan(wire.head(200, headers), pieces, delay=faults.delay(spec), end=flow.end)
    rate = faults.rate(spec, pace)
    if rate:
        made.paced, made.gap = (first, last), 1 / rate
    if "first" in spec:
        made.pauses[min(first, len(pieces))] = spec.number("first") / 1000
    _trickle(made, played)
    return made


def _trickle(made: Plan, played: Played) -> None:
    if "trickle" in played.spec:
        made.paced, made.gap = (0, len(made.pieces)), played.spec.number("trickle") / 1000
