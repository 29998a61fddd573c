"""An answer as messages of a WebSocket: what HTTP says in its head and its end is said within them.

https://developers.openai.com/api/docs/guides/websocket-mode
"""

from typing import Any

import msgspec

from libria_providers.simulator import faults
from libria_providers.simulator.frames import GOODBYE, PING, message
from libria_providers.simulator.played import Played
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.vendor import JSON, Parts, Whole

Json = Any


def plan(played: Played, pace: float | None, lane: str | None) -> Plan:
    """The messages on `lane`, a piece each."""
    spec = played.spec
    if isinstance(played.reply, Parts):
        made = _streamed(played, played.reply, pace, lane)
    elif isinstance(played.reply, Whole):
        made = _whole(played, played.reply, lane)
    else:
        made = Plan(b"", [], status=0, end=played.reply)
    made.delay = faults.delay(spec)
    if "trickle" in spec:
        made.paced, made.gap = (0, len(made.pieces)), spec.number("trickle") / 1000
    return made


def _streamed(played: Played, parts: Parts, pace: float | None, lane: str | None) -> Plan:
    spec = played.spec
    flow = faults.flow(parts, spec)
    size = faults.piece_size(spec)
    flow.events = [message(_on(_data(event), lane), size) for event in flow.events]
    faults.alive(flow, spec, PING)
    if "end" in spec or (flow.complete and flow.end == "close"):  # where HTTP ends a body or a connection
        flow.events.append(GOODBYE)
        flow.end = "close"
    made = Plan(b"", flow.events, end=flow.end)
    rate = faults.rate(spec, pace)
    if rate:
        made.paced, made.gap = (flow.first, flow.last), 1 / rate
    if "first" in spec:
        made.pauses[min(flow.first, len(flow.events))] = spec.number("first") / 1000
    return made


def _whole(played: Played, reply: Whole, lane: str | None) -> Plan:
    """One message. An error says its status, where over HTTP it had one."""
    spec = played.spec
    text = reply.body
    if reply.status >= 400 and reply.type == JSON:
        headers = {**played.site.headers(played.tag), **reply.headers, **played.headers()}
        error = {**msgspec.json.decode(reply.body)["error"], "headers": headers}
        text = msgspec.json.encode({"type": "error", "status": reply.status, "error": error})
    elif _is_error(reply):
        text = b'{"type":"error",' + reply.body.removeprefix(b"{")
    pieces = [message(_on(text, lane), faults.piece_size(spec))]
    if "drop" in spec:
        pieces.append(GOODBYE)
    return Plan(b"", pieces, status=reply.status, end="close" if "drop" in spec else "keep")


def _is_error(reply: Whole) -> bool:
    return reply.type == JSON and reply.body.startswith(b'{"error":')


def _data(event: bytes) -> bytes:
    """What a server-sent event holds."""
    return event.partition(b"data: ")[2].rstrip(b"\r\n")


def _on(text: bytes, lane: str | None) -> bytes:
    """Names the lane, first of all: what is broken further on still says whose it is."""
    if lane is None or not text.startswith(b"{"):
        return text
    return b'{"stream_id":' + msgspec.json.encode(lane) + b"," + text[1:]
