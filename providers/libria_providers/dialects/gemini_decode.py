"""Reads replies in Gemini's format, streamed in either way or whole."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.gemini_parts import Parts
from libria_providers.dialects.gemini_wire import Candidate, Chunk, Number, WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, clean, items, mapping
from libria_providers.errors import BadRequest, Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.frames import JSONReader
from libria_providers.types import Event, Finish, Json, StopReason, Usage

# https://ai.google.dev/api/generate-content#FinishReason. Whatever is not here is one of the many
# names for "stopped before it was done, because of what it says": the list grows with each kind of filter.
_STOP_REASONS: dict[str, StopReason] = {
    "STOP": "stop",
    "1": "stop",  # enum-encoding=int
    "MAX_TOKENS": "length",
    "2": "length",
    "CONTINUATION": "length",  # the limit of one request
    "TOO_MANY_TOOL_CALLS": "length",  # the limit of server tools in one request
}
_UNSAID = ("", "0", "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED")
# The model made a mistake that it mostly does not make again: NousResearch/hermes-agent#83869
_BROKEN = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE")
_NOTHING = (b"", b"null", b'""', b"{}", b"[]", b"false")
_NOT_GEMINI = "The provider sent something that is not Gemini's generateContent format; check its address."


class GeminiDecoder:
    """No event is the last by its name: Finish comes with the end of bytes, once a reason was said."""

    _json = msgspec.json.Decoder(Chunk)

    def __init__(self) -> None:
        self._parts = Parts()
        self._usage = WireUsage()
        self._model = ""
        self._reason = ""
        self._spoke = False  # there was a candidate
        self._blocked = False
        self._broken: ProviderError | None = None  # raised at the end: what was said before it counts
        self._finished = False

    @property
    def ending(self) -> bool:
        return self._finished or self._blocked or bool(self._reason)

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished or not data.strip() or data[:6] == b"[DONE]":  # which some gateways add
            return []
        if event == "error":
            raise self._stated(any_json(data))
        try:
            chunk = self._json.decode(data)
        except UNREADABLE:
            better = lenient.read(data, Chunk)
            if better is None:
                return self._odd(event, data)
            chunk = better
        return self._read(chunk, data)

    def end(self) -> list[Event]:
        if self._finished:
            return []
        if self._broken is not None:
            raise self._broken
        if not self._reason and not self._blocked:
            raise Interrupted("The provider broke off before the end of its reply; try again.")
        return self._finish()

    def whole(self, body: bytes) -> list[Event]:
        """A reply that is one JSON body is complete, with or without a finish reason."""
        events: list[Event] = []
        if body.lstrip()[:1] == b"[":  # a stream's array after all
            reader = JSONReader()
            for _, data in reader.feed(body) + reader.end():
                events += self.feed("", data)
        else:
            events += self.feed("", body)
        if self._broken is not None:
            raise self._broken
        if not self._spoke and not self._blocked:
            raise InvalidResponse("The provider's reply holds no candidate; check its address and the model.")
        return events + self._finish()

    def _stated(self, value: Json) -> ProviderError:
        return stated(value)

    def _odd(self, event: str, data: bytes) -> list[Event]:
        """An error in an array is still one; what bears the name of another event is a gateway's own."""
        value = any_json(data)
        if any(mapping(item).get("error") for item in items(value)):
            raise self._stated(value)
        if event not in ("", "message"):
            return []
        raise InvalidResponse(_NOT_GEMINI)

    def _read(self, chunk: Chunk, data: bytes) -> list[Event]:
        if bytes(chunk.error) not in _NOTHING:
            raise self._stated(any_json(data))
        self._model = chunk.model_version or self._model
        usage = chunk.usage_metadata
        if usage is not None and (usage.prompt_token_count is not None or usage.total_token_count is not None):
            self._usage = usage  # the last one counts; Vertex says a mere trafficType before
        seed = (chunk.response_id or "").encode() or data
        events: list[Event] = []
        for candidate in chunk.candidates or ():
            if not candidate.index:
                events += self._candidate(candidate, seed)
        if chunk.prompt_feedback is not None and str(chunk.prompt_feedback.block_reason or "") not in _UNSAID:
            self._blocked = True
        return events

    def _candidate(self, candidate: Candidate, seed: bytes) -> list[Event]:
        self._spoke = True
        events: list[Event] = []
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                events += self._parts.add(part, seed)
        reason = str(candidate.finish_reason or "")
        if reason not in _UNSAID:
            self._reason = reason
            self._broken = _mistake(reason, candidate.finish_message or "")
        return events

    def _finish(self) -> list[Event]:
        self._finished = True
        stop_reason = _STOP_REASONS.get(self._reason, "contentFilter") if self._reason else "stop"
        if self._blocked:
            stop_reason = "contentFilter"
        events = self._parts.end(cut=stop_reason == "length")
        if stop_reason == "stop" and self._parts.calls:
            stop_reason = "toolUse"  # the vendor says STOP
        events.append(Finish(stop_reason, counted(self._usage), self._model, self._parts.opaque()))
        return events


def counted(usage: WireUsage) -> Usage:
    """totalTokenCount is the sum of prompt, toolUsePrompt, candidates and thoughts."""
    thoughts = _whole(usage.thoughts_token_count)
    return Usage(
        (_whole(usage.prompt_token_count) or 0) + (_whole(usage.tool_use_prompt_token_count) or 0),
        (_whole(usage.candidates_token_count) or 0) + (thoughts or 0),
        _whole(usage.cached_content_token_count),
        thoughts,
    )


def _whole(number: Number) -> int | None:
    return None if number is None else int(number)


def _mistake(reason: str, words: str) -> ProviderError | None:
    if reason == "MISSING_THOUGHT_SIGNATURE":
        return BadRequest("Gemini wants its thought signatures back: send its earlier turns as they came.", code=reason)
    if reason not in _BROKEN:
        return None
    why = f": {clean(words)}" if words else ""
    return Overloaded(f"The model broke off its reply with {reason}, try again or name a fallback{why}", code=reason)
