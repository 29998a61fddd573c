"""The messages of Responses over a WebSocket: what a POST's body becomes, what comes back.

https://developers.openai.com/api/docs/guides/websocket-mode
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from libria_providers.types import Json

DONE = "[DONE]"
"""Said by gateways that pass on a stream of server-sent events line by line; no JSON."""

FAILED = frozenset({"error", "response.error"})

LAST = FAILED | {
    "response.completed", "response.failed", "response.incomplete", "response.cancelled", "response.done", DONE,
}  # fmt: skip
"""After these a reply has nothing more to say. One connection carries the next, so no end of bytes tells."""

OF_THE_CONNECTION = frozenset({"websocket_connection_limit_reached", "websocket_stream_limit_reached"})
"""Codes of errors that are not the call's fault: it is sent again on another connection. The first one comes after 60
minutes (xAI: 25), the second one for the 33rd name of a lane."""

Create = Mapping[str, msgspec.Raw]


class Envelope(msgspec.Struct, frozen=True):
    """What routing needs of a server's message. `type` is a text or None."""

    type: str | None = None
    stream_id: object = None
    error: object = None
    detail: object = None

    @property
    def failed(self) -> bool:
        """An error for a call as a whole. xAI's has no type (https://github.com/anomalyco/opencode/pull/48318),
        neither has that of ChatGPT's backend (https://github.com/router-for-me/CLIProxyAPI/issues/5561)."""
        return self.type in FAILED or (self.type is None and bool(self.error or self.detail))

    @property
    def last(self) -> bool:
        return self.failed or self.type in LAST

    @property
    def of_a_reply(self) -> bool:
        """Of one of the calls, where others (rate limits, metadata) may be of the connection."""
        return self.type is not None and self.type.startswith("response.")

    @property
    def code(self) -> str | None:
        code = _mapping(self.error).get("code")
        return code if isinstance(code, str) else None


class _Routed(msgspec.Struct, frozen=True, gc=False):
    """An Envelope's fields for the many messages that are no errors, without what is not read of them."""

    type: str | None = None
    stream_id: object = None


_ROUTED = msgspec.json.Decoder(_Routed)
_ENVELOPE = msgspec.json.Decoder(Envelope)


def read(message: bytes) -> Envelope | None:
    """None for what is no message of this protocol."""
    if message == DONE.encode():
        return Envelope(DONE)
    try:
        routed = _ROUTED.decode(message)
        if routed.type is not None and routed.type not in FAILED:
            return Envelope(routed.type, routed.stream_id)
        return _ENVELOPE.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def create(body: bytes) -> Create | None:
    """The fields of a `response.create` for a POST's `body`; None for what goes by POST only: a reply that is not
    streamed, or one made in the background."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    streamed = bytes(fields.pop("stream", b"")) == b"true"
    in_background = bytes(fields.pop("background", b"")) == b"true"
    for name in ("type", "stream_id"):
        fields.pop(name, None)
    return fields if streamed and not in_background else None


def encode(fields: Create, lane: str | None) -> bytes:
    """The client's message that asks for a reply, on `lane` where the server knows lanes."""
    head = {"type": "response.create"} if lane is None else {"type": "response.create", "stream_id": lane}
    return msgspec.json.encode({**head, **fields})


def event(message: bytes) -> bytes:
    """A message as a server-sent event, an error with its type."""
    if b"\n" in message or b"\r" in message:
        message = b"\ndata: ".join(message.splitlines())
    return b"data: " + message + b"\n\n"


def typed(message: bytes) -> bytes:
    """An error that does not say its type, saying it."""
    return b'{"type":"error",' + message.lstrip(b" \t\r\n").removeprefix(b"{")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The head of the HTTP reply that an error says it stands for."""

    status: int
    headers: Mapping[str, str]


def refusal(message: bytes) -> Refusal | None:
    """None where an error does not say its status."""
    try:
        said = _mapping(msgspec.json.decode(message))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    error = _mapping(said.get("error"))
    for status in (said.get("status"), said.get("status_code"), error.get("status"), error.get("code")):
        if isinstance(status, int) and 400 <= status <= 599:
            headers = {**_mapping(said.get("headers")), **_mapping(error.get("headers"))}
            return Refusal(status, {name.lower(): str(value) for name, value in headers.items()})
    return None


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]
