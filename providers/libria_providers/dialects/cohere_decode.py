"""Reads replies in Cohere's chat format, streamed or whole."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.cohere_turn import Turn
from libria_providers.dialects.cohere_wire import (
    Change,
    Number,
    Said,
    Tokens,
    Whole,
    WireEvent,
    WireToolCall,
    WireUsage,
)
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Event, Finish, Json, StopReason, Usage

# https://docs.cohere.com/v2/reference/chat#response; ERROR_LIMIT and ERROR_TOXIC are of version 1,
# whose words some models still say.
_STOP_REASONS: dict[str, StopReason] = {
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "ERROR_TOXIC": "contentFilter",
}
# Said in place of a reason when the provider itself broke down.
_BROKEN = ("ERROR", "TIMEOUT", "USER_CANCEL")
_EVENTS = ("", "message", "message-start", "content-start", "content-delta", "content-end", "tool-plan-delta",
           "tool-call-start", "tool-call-delta", "tool-call-end", "message-end")  # fmt: skip
_NOT_CHAT = "The provider sent something that is not Cohere's chat format; check its address."
_NOTHING = (b"", b"null", b"false", b"{}", b'""')


class CohereDecoder:
    """Finish comes with message-end, which holds the usage too."""

    _json = msgspec.json.Decoder(WireEvent)

    def __init__(self) -> None:
        self._turn = Turn()
        self._spoke = False  # there was an event of this format
        self._finished = False

    @property
    def ending(self) -> bool:
        return self._finished

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished:
            return []
        if data[:6] == b"[DONE]":
            return self._done()
        if event == "error":
            raise said_error(any_json(data))
        try:
            said = self._json.decode(data)
        except UNREADABLE:
            if not data.strip():
                return []
            better = lenient.read(data, WireEvent)
            if better is None and event not in _EVENTS:
                return []  # a ping or the like of a gateway, which is no JSON
            if better is None:
                raise InvalidResponse(_NOT_CHAT) from None
            said = better
        return self._read(said, said.type or event, data)

    def end(self) -> list[Event]:
        if self._finished:
            return []
        raise Interrupted("The provider broke off before the end of its reply; try again.")

    def whole(self, body: bytes) -> list[Event]:
        """A reply that is one JSON body is complete, with or without a finish reason."""
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            better = lenient.read(body, Whole)
            if better is None:
                raise InvalidResponse(_NOT_CHAT) from None
            said = better
        if bytes(said.error) not in _NOTHING or isinstance(said.message, str):
            raise said_error(any_json(body))
        if said.message is None:
            raise InvalidResponse("The provider's reply holds no message; check its address and the model.")
        return self._turn.add(said.message) + self._finish(said.finish_reason, said.usage)

    def _read(self, said: WireEvent, kind: str, data: bytes) -> list[Event]:
        if said.message is not None or bytes(said.error) not in _NOTHING:
            raise said_error(any_json(data))
        if kind not in _EVENTS:
            return []  # citations, debug, and what may be added
        if kind in ("", "message"):
            raise InvalidResponse(_NOT_CHAT)
        self._spoke = True
        change = said.delta or _NO_CHANGE
        if kind == "message-end":
            return self._end(change)
        message = change.message or _NO_WORDS
        index = said.index or 0
        content, call = message.content, message.tool_calls
        if kind in ("content-delta", "content-start"):
            return [] if content is None or isinstance(content, str | list) else self._turn.block(index, content)
        if kind == "tool-plan-delta":
            self._turn.plan(message.tool_plan or "")
        elif kind == "tool-call-start":
            return self._turn.begin(index, call if isinstance(call, WireToolCall) else WireToolCall())
        elif kind == "tool-call-delta":
            return self._turn.argue(index, call) if isinstance(call, WireToolCall) else []
        elif kind == "tool-call-end":
            return self._turn.close()
        elif kind == "message-start":
            return self._turn.add(message)
        return []

    def _end(self, change: Change) -> list[Event]:
        if change.error:
            raise said_error({"message": change.error}, code=change.finish_reason)
        return self._finish(change.finish_reason, change.usage)

    def _done(self) -> list[Event]:
        if not self._spoke:
            raise InvalidResponse("The provider ended its reply without saying anything; try again.")
        return self._finish(None, None)

    def _finish(self, reason: str | None, usage: WireUsage | None) -> list[Event]:
        if reason in _BROKEN:
            raise Overloaded(
                "The provider broke off its reply with an error, try again or name a fallback.", code=reason
            )
        self._finished = True
        stop_reason = _STOP_REASONS.get(reason or "", "stop")
        events = self._turn.end(stop_reason == "length")
        if stop_reason == "stop" and self._turn.calls:
            stop_reason = "toolUse"
        events.append(Finish(stop_reason, counted(usage), "", self._turn.opaque()))
        return events


def counted(usage: WireUsage | None) -> Usage:
    if usage is None:
        return Usage()
    tokens = usage.tokens or usage.billed_units or Tokens()
    into, out = _whole(tokens.input_tokens) or 0, _whole(tokens.output_tokens) or 0
    return Usage(into, out, _whole(usage.cached_tokens), _whole(tokens.reasoning_tokens))


def said_error(value: Json, *, code: str | None = None) -> ProviderError:
    """An error within a stream or in the body of a 200."""
    return stated(shaped(value, code))


def shaped(value: Json, code: str | None = None) -> Json:
    """Cohere's {message, error_type} in the form that is read everywhere."""
    fields = mapping(value)
    message = fields.get("message")
    if not isinstance(message, str):
        return value
    return {"error": {"message": message, "type": fields.get("error_type"), "code": code}}


def _whole(number: Number) -> int | None:
    return None if number is None else int(number)


_WHOLE = msgspec.json.Decoder(Whole)
_NO_CHANGE = Change()
_NO_WORDS = Said()
