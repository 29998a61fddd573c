"""Reads replies in OpenAI's chat format, streamed or whole, of all vendors that speak it."""

import msgspec

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_chat_calls import ToolCalls
from libria_providers.dialects.openai_chat_echo import Echo
from libria_providers.dialects.openai_chat_usage import counted, later
from libria_providers.dialects.openai_chat_wire import ChatChunk, Choice, Piece, Said
from libria_providers.dialects.openai_reading import ChunkDecoder, says
from libria_providers.dialects.said import any_json
from libria_providers.types import Delta, Event, Finish, Reasoning, StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "content_filter": "contentFilter",
    "sensitive": "contentFilter",  # z.ai
}


class ChatDecoder(ChunkDecoder[ChatChunk]):
    what = "chat completion"
    _json = msgspec.json.Decoder(ChatChunk)
    _chunk = ChatChunk

    def __init__(self, quirks: Quirks) -> None:
        super().__init__(quirks)
        self._echo = Echo(quirks)
        self._calls = ToolCalls()
        self._id = ""
        self._refused = False

    def _has_choices(self, chunk: ChatChunk) -> bool:
        return chunk.choices is not None

    def _choices(self, chunk: ChatChunk, events: list[Event]) -> None:
        if chunk.id:
            self._id = chunk.id
        if chunk.x_groq and chunk.x_groq.usage and not chunk.usage:
            self._usage = later(self._usage, chunk.x_groq.usage)
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._choice(choice, events)

    def _choice(self, choice: Choice, events: list[Event]) -> None:
        self._spoke = True
        if says(choice.error):
            raise stated({"error": any_json(bytes(choice.error))})
        said = choice.delta or choice.message  # Azure's filter results have neither
        if said is not None:
            self._said(said, events)
        self._stop(choice.finish_reason)

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
