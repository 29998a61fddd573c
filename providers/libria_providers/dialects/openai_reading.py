"""What OpenAI's two older formats have in common when they are read: chunks that hold choices, up to [DONE]."""

from typing import Generic, TypeVar

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_chat_usage import counted, later
from libria_providers.dialects.openai_chat_wire import Chunk, WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Event

# Said in place of a reason when the provider itself broke down: Mistral and OpenRouter, DeepSeek
# (https://api-docs.deepseek.com/api/create-chat-completion), z.ai; vLLM says "error" and "abort".
_BROKEN = ("error", "abort", "insufficient_system_resource", "network_error")
_NOTHING = (b"", b"null", b'""', b"{}", b"false")


C = TypeVar("C", bound=Chunk)


class ChunkDecoder(Generic[C]):
    """Finish waits for [DONE] or the end of bytes: usage may come after the finish reason. `what` names
    the format to people."""

    what = "completion"
    _json: msgspec.json.Decoder[C]
    _chunk: type[C]

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
            return self._done()
        if event == "error":
            raise stated(any_json(data))
        try:
            chunk = self._json.decode(data)
        except UNREADABLE:
            if not data.strip():
                return []
            better = lenient.read(data, self._chunk)
            if better is None and event not in ("", "message"):
                return []  # a ping or the like of a gateway, which is no JSON
            if better is None or (not self._has_choices(better) and mapping(any_json(data)).get("choices") is not None):
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

    # What each format does in its own way.

    def _has_choices(self, chunk: C) -> bool:
        raise NotImplementedError

    def _choices(self, chunk: C, events: list[Event]) -> None:
        raise NotImplementedError

    def _finish(self) -> list[Event]:
        raise NotImplementedError

    # What both do.

    def _read(self, chunk: C, data: bytes) -> list[Event]:
        if says(chunk.error):
            used = counted(chunk.usage, self._quirks) if chunk.usage else None  # OpenRouter
            raise stated(any_json(data)).having_used(used)
        if not self._has_choices(chunk) and _is_error(chunk):
            raise stated(any_json(data))
        if chunk.model:
            self._model = chunk.model
        if chunk.usage is not None:
            self._usage = later(self._usage, chunk.usage)
        events: list[Event] = []
        self._choices(chunk, events)
        return events

    def _stop(self, reason: str | None) -> None:
        if not reason:
            return
        if reason in _BROKEN:
            raise Overloaded(
                "The provider broke off its reply with an error, try again or name a fallback.", code=reason
            )
        self._reason = reason

    def _done(self) -> list[Event]:
        """[DONE] after something was said is an end by itself: GPUStack gives no finish reason. A
        connection that breaks never ends so."""
        if not self._spoke:
            raise InvalidResponse("The provider ended its reply without saying anything; try again.")
        return self._finish()

    def _unreadable(self, data: bytes) -> ProviderError:
        """An error in an unforeseen shape is still an error; anything else cannot be read."""
        value = any_json(data)
        if mapping(value).get("error"):
            return stated(value)
        return InvalidResponse(f"The provider sent something that is not a {self.what}; check its address.")


def says(error: msgspec.Raw) -> bool:
    """Whether what stands where an error would is one."""
    return bool(error) and bytes(error) not in _NOTHING


def _is_error(chunk: Chunk) -> bool:
    if chunk.object == "error" or chunk.type == "error" or chunk.detail:
        return True
    return bool(chunk.message) and bool(chunk.code or chunk.type)
