"""What a JSON-RPC message is, told by its beginning and its end: a prompt of 50 MB is not decoded here."""

import re

ID = rb'-?\d+|"[^"\\]*(?:\\.[^"\\]*)*"'
MEMBER = rb'"jsonrpc"\s*:\s*"2\.0"|"id"\s*:\s*(%b)|"method"\s*:\s*"([^"\\]*)"' % ID

_HEAD = re.compile(rb"\s*\{\s*(?:(?:%b)\s*([,}])\s*){1,3}" % MEMBER, re.DOTALL)
_TAIL = re.compile(rb"(?:,\s*(?:%b)\s*){1,3}\}\s*\Z" % MEMBER, re.DOTALL)
"""Members after the last other one. Not to be found within it: what ends there is the outermost object, and
inside a string each quote has a backslash before it."""

_TAIL_SIZE = 300

_OUTCOME = re.compile(rb'"(?:result|error)"')


class Head:
    """`id` is in the daemon's own spelling (`spelt`), None where there is none that counts. Without a
    `method` it is an answer. `place` is where the id stands in the message."""

    __slots__ = ("id", "method", "place")

    def __init__(self, id: bytes | None, method: str | None, place: tuple[int, int] | None = None) -> None:
        self.id = id
        self.method = method
        self.place = place


def head(data: bytes | bytearray, start: int = 0, end: int | None = None) -> Head | None:
    """Of the message in `data[start:end]`; None for what is no message."""
    end = len(data) if end is None else end
    first = _HEAD.match(data, start, end)
    if first is None:
        return _decoded(data, start, end)
    id, method, closing = first[1], first[2], first[3]
    place = first.span(1) if id is not None else None
    if closing == b"," and (method is None or id is None):
        if method is None and id is not None and _OUTCOME.match(data, first.end(), end):
            return Head(spelt(id), None, place)
        if method is not None and data.find(b'"id"', first.end(), end) < 0:
            return Head(None, method.decode("utf-8", "replace"))
        last = _TAIL.search(data, max(first.end() - 1, end - _TAIL_SIZE), end)
        if last is not None and id is None:
            id, place = last[1], last.span(1)
        if last is not None and method is None:
            method = last[2]
        if method is None or id is None:
            return _decoded(data, start, end)
    return Head(spelt(id) if id else None, method.decode("utf-8", "replace") if method is not None else None, place)


def spelt(raw: bytes) -> bytes:
    """A number or a string as our daemon writes it, whatever escapes the client chose."""
    if b"\\" not in raw:
        return bytes(raw)
    import json

    try:
        return written(json.loads(raw))
    except ValueError:
        return bytes(raw)


def written(value: object) -> bytes:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _decoded(data: bytes | bytearray, start: int, end: int) -> Head | None:
    """The slow way, for members in an order that nobody writes."""
    import json

    try:
        message = json.loads(data[start:end])
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    id, method = message.get("id"), message.get("method")  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]  # JSON
    return Head(
        written(id) if type(id) in (int, str) else None,  # pyright: ignore[reportUnknownArgumentType]  # JSON
        method if isinstance(method, str) else None,
    )
