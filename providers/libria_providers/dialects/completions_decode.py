"""Reads replies in OpenAI's legacy completions format, streamed or whole, of all that speak it."""

import msgspec

from libria_providers.dialects.openai_chat_usage import counted
from libria_providers.dialects.openai_chat_wire import Chunk
from libria_providers.dialects.openai_reading import ChunkDecoder
from libria_providers.types import Delta, Event, Finish, StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "contentFilter",
}


class Choice(msgspec.Struct):
    index: int = 0
    text: str | None = None
    finish_reason: str | None = None


class TextChunk(Chunk):
    choices: list[Choice] | None = None


class CompletionsDecoder(ChunkDecoder[TextChunk]):
    _json = msgspec.json.Decoder(TextChunk)
    _chunk = TextChunk

    def _has_choices(self, chunk: TextChunk) -> bool:
        return chunk.choices is not None

    def _choices(self, chunk: TextChunk, events: list[Event]) -> None:
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._spoke = True
                if choice.text:
                    events.append(Delta(choice.text))
                self._stop(choice.finish_reason)

    def _finish(self) -> list[Event]:
        self._finished = True
        reason = _STOP_REASONS.get(self._reason, "stop")
        return [Finish(reason, counted(self._usage, self._quirks), self._model)]
