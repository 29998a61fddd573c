"""Reads replies in OpenAI's legacy completions format, streamed or whole, of all that speak it."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_chat_usage import counted, later
from libria_providers.dialects.openai_chat_wire import WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Delta, Event, Finish, Json, StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "contentFilter",
}
# In place of a reason when the provider itself broke down: https://api-docs.deepseek.com/api/create-completion;
# vLLM says "error" and "abort".
_BROKEN = ("error", "abort", "insufficient_system_resource")
_NOTHING = (b"", b"null", b'""', b"{}", b"false")


class Choice(msgspec.Struct):
    index: int = 0
    text: str | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """One event of a stream, or a whole reply: they look alike. `object`, `type`, `code`, `message` and
    `detail` are there for errors that are not nested."""

    choices: list[Choice] | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: msgspec.Raw = msgspec.Raw()
    object: str | None = None
    type: str | None = None
    code: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    detail: msgspec.Raw = msgspec.Raw()


class CompletionsDecoder:
    """Finish waits for [DONE] or the end of bytes: usage may come after the finish reason."""

    _json = msgspec.json.Decoder(Chunk)

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._usage: WireUsage | None = None
        self._model = ""
        self._reason = ""  # finish_reason, once said
        self._spoke = False  # there was a choice
        self._finished = False

    @property
    def ending(self) -> bool:
        return self._finished or bool(self._reason)

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished:
            return []
        if data[:6] == b"[DONE]":
            if not self._spoke:
                raise InvalidResponse("The provider ended its reply without saying anything; try again.")
            return self._finish()
        if event == "error":
            raise self._stated(any_json(data))
        try:
            chunk = self._json.decode(data)
        except UNREADABLE:
            if not data.strip():
                return []
            better = lenient.read(data, Chunk)
            if better is None and event not in ("", "message"):
                return []  # a ping or the like of a gateway, which is no JSON
            if better is None or (better.choices is None and mapping(any_json(data)).get("choices") is not None):
                raise self._unreadable(data) from None
            chunk = better
        return self._read(chunk, data)

    def end(self) -> list[Event]:
        if self._finished:
            return []
        if not self._reason:
            raise Interrupted("The provider broke off before the end of its reply; try again.")
        return self._finish()

    def whole(self, body: bytes) -> list[Event]:
        """A reply that is one JSON body is complete, with or without a finish reason."""
        events = self.feed("", body)
        if not self._spoke:
            raise InvalidResponse("The provider's reply holds no choice; check its address and the model.")
        return events + self._finish()

    def _read(self, chunk: Chunk, data: bytes) -> list[Event]:
        if chunk.error and bytes(chunk.error) not in _NOTHING:
            raise self._stated(any_json(data))
        if chunk.choices is None and _is_error(chunk):
            raise self._stated(any_json(data))
        if chunk.model:
            self._model = chunk.model
        if chunk.usage is not None:
            self._usage = later(self._usage, chunk.usage)
        events: list[Event] = []
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._spoke = True
                if choice.text:
                    events.append(Delta(choice.text))
                if choice.finish_reason:
                    self._stop(choice.finish_reason)
        return events

    def _stop(self, reason: str) -> None:
        if reason in _BROKEN:
            raise Overloaded(
                "The provider broke off its reply with an error, try again or name a fallback.", code=reason
            )
        self._reason = reason

    def _finish(self) -> list[Event]:
        self._finished = True
        reason = _STOP_REASONS.get(self._reason, "stop")
        return [Finish(reason, counted(self._usage, self._quirks), self._model)]

    def _stated(self, value: Json) -> ProviderError:
        return stated(value)

    def _unreadable(self, data: bytes) -> ProviderError:
        """An error in an unforeseen shape is still an error; anything else cannot be read."""
        value = any_json(data)
        if mapping(value).get("error"):
            return self._stated(value)
        return InvalidResponse("The provider sent something that is not a completion; check its address.")


def _is_error(chunk: Chunk) -> bool:
    if chunk.object == "error" or chunk.type == "error" or chunk.detail:
        return True
    return bool(chunk.message) and bool(chunk.code or chunk.type)
