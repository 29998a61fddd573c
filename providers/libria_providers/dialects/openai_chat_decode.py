"""Reads replies in OpenAI's chat format, streamed or whole, of all vendors that speak it."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.base import Quirks
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_chat_calls import ToolCalls
from libria_providers.dialects.openai_chat_echo import Echo
from libria_providers.dialects.openai_chat_usage import counted, later
from libria_providers.dialects.openai_chat_wire import Choice, Chunk, Piece, Said, WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Delta, Event, Finish, Json, Reasoning, StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "content_filter": "contentFilter",
    "sensitive": "contentFilter",  # z.ai
}
# Said in place of a reason when the provider itself broke down: Mistral and OpenRouter, DeepSeek
# (https://api-docs.deepseek.com/api/create-chat-completion), z.ai.
_BROKEN = ("error", "insufficient_system_resource", "network_error")

_NOTHING = (b"", b"null", b'""', b"{}", b"false")


class ChatDecoder:
    """Finish waits for [DONE] or the end of bytes: usage may come after the finish reason."""

    _json = msgspec.json.Decoder(Chunk)

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._echo = Echo(quirks)
        self._calls = ToolCalls()
        self._usage: WireUsage | None = None
        self._model = ""
        self._id = ""
        self._reason = ""  # finish_reason, once said
        self._refused = False
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

    def _stated(self, value: Json) -> ProviderError:
        return stated(value)

    def _unreadable(self, data: bytes) -> ProviderError:
        """An error in an unforeseen shape is still an error; anything else cannot be read."""
        value = any_json(data)
        if mapping(value).get("error"):
            return self._stated(value)
        return InvalidResponse("The provider sent something that is not a chat completion; check its address.")

    def _read(self, chunk: Chunk, data: bytes) -> list[Event]:
        if chunk.error and bytes(chunk.error) not in _NOTHING:
            used = counted(chunk.usage, self._quirks) if chunk.usage else None  # OpenRouter
            raise self._stated(any_json(data)).having_used(used)
        choices = chunk.choices
        if choices is None and _is_error(chunk):
            raise self._stated(any_json(data))
        if chunk.model:
            self._model = chunk.model
        if chunk.id:
            self._id = chunk.id
        usage = chunk.usage or (chunk.x_groq.usage if chunk.x_groq else None)
        if usage is not None:
            self._usage = later(self._usage, usage)
        events: list[Event] = []
        if choices:
            for choice in choices:
                if choice.index == 0:
                    self._choice(choice, events)
        return events

    def _choice(self, choice: Choice, events: list[Event]) -> None:
        self._spoke = True
        if choice.error and bytes(choice.error) not in _NOTHING:
            raise stated({"error": any_json(bytes(choice.error))})
        said = choice.delta or choice.message  # Azure's filter results have neither
        if said is not None:
            self._said(said, events)
        if choice.finish_reason:
            if choice.finish_reason in _BROKEN:
                raise Overloaded(
                    "The provider broke off its reply with an error, try again or name a fallback.",
                    code=choice.finish_reason,
                )
            self._reason = choice.finish_reason

    def _said(self, said: Said, events: list[Event]) -> None:
        content = said.content
        # OpenRouter says the same reasoning in `reasoning` and in `reasoning_details`; some gateways
        # say it in `reasoning` and `reasoning_content`. One of them is read.
        if reasoning := said.reasoning or said.reasoning_content:
            events.append(Reasoning(reasoning))
        elif said.reasoning_details:
            events.extend(Reasoning(text) for text in Echo.texts(said.reasoning_details))
        if content:
            if isinstance(content, str):
                events.append(Delta(content))
            else:
                for piece in content:
                    _piece(piece, events)
        if said.refusal:
            # The model's own words to whoever asked: an empty answer would tell them nothing. The
            # stop reason says that it is not what was asked for.
            self._refused = True
            events.append(Delta(said.refusal))
        if said.tool_calls:
            for call in said.tool_calls:
                events.append(self._calls.add(call))
        self._echo.add(said)

    def _done(self) -> list[Event]:
        """[DONE] after something was said is an end by itself: GPUStack gives no finish reason. A
        connection that breaks never ends so."""
        if not self._spoke:
            raise InvalidResponse("The provider ended its reply without saying anything; try again.")
        return self._finish()

    def _finish(self) -> list[Event]:
        self._finished = True
        events: list[Event] = list(self._calls.name_the_nameless(self._id))
        stop_reason = _STOP_REASONS.get(self._reason, "stop")
        if self._refused:
            stop_reason = "contentFilter"
        elif stop_reason == "stop" and self._calls.count:
            # Also where "stop" was said: OpenAI does so when the tool choice was forced.
            stop_reason = "toolUse"
        opaque = self._echo.opaque(self._calls.extras)
        events.append(Finish(stop_reason, counted(self._usage, self._quirks), self._model, opaque))
        return events


def _piece(piece: Piece, events: list[Event]) -> None:
    if piece.type == "thinking":
        inner = piece.thinking
        text = inner if isinstance(inner, str) else "".join(part.text or "" for part in inner or ())
        if text:
            events.append(Reasoning(text))
    elif piece.text and piece.type in ("text", ""):
        events.append(Delta(piece.text))


def _is_error(chunk: Chunk) -> bool:
    if chunk.object == "error" or chunk.type == "error" or chunk.detail:
        return True
    return bool(chunk.message) and bool(chunk.code or chunk.type)
