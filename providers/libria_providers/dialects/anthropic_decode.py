"""Reads replies in Anthropic's messages format, streamed or whole."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.anthropic_blocks import Blocks
from libria_providers.dialects.anthropic_wire import Start, Whole, WireEvent, WireUsage
from libria_providers.dialects.classify import stated
from libria_providers.dialects.said import UNREADABLE, any_json
from libria_providers.errors import Interrupted, InvalidResponse
from libria_providers.types import Event, Finish, Json, StopReason, Usage

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons. pause_turn: a long
# server tool turn was paused; the caller goes on by sending the message back as it is.
_STOP_REASONS: dict[str, StopReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "contentFilter",
}
# Those that matter, and what is no name at all.
_EVENTS = ("", "message", "message_start", "message_delta", "message_stop", "content_block_start",
           "content_block_delta", "content_block_stop")  # fmt: skip
_NOT_MESSAGES = "The provider sent something that is not Anthropic's messages format; check its address."


class MessagesDecoder:
    """Finish comes with message_stop, or with the end of bytes once a stop reason was said."""

    _json = msgspec.json.Decoder(WireEvent)

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._usage = WireUsage()
        self._model = ""
        self._reason = ""
        self._started = False
        self._finished = False

    @property
    def ending(self) -> bool:
        return self._finished or bool(self._reason)

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished or data == b"[DONE]":  # some gateways add OpenAI's end
            return []
        if event == "error":
            raise stated(any_json(data)).having_used(self._used())
        try:
            said = self._json.decode(data)
        except UNREADABLE:
            if not data.strip():
                return []
            better = lenient.read(data, WireEvent)
            if better is None and event not in _EVENTS:
                return []  # a ping or the like of a gateway, which is no JSON
            if better is None or not better.type or better.type.isdigit():
                raise InvalidResponse(_NOT_MESSAGES) from None
            said = better
        kind = said.type
        if kind == "content_block_delta":
            return self._blocks.change(said.index, said.delta) if said.delta else []
        if kind == "content_block_start":
            return self._blocks.start(said.index, said.content_block) if said.content_block else []
        if kind == "content_block_stop":
            return self._blocks.stop(said.index)
        if kind == "message_start":
            self._started = True
            if isinstance(said.message, Start):
                self._model = said.message.model or ""
                self._blocks.message = said.message.id or ""
                self._count(said.message.usage)
                return self._there(said.message.content or [])
        elif kind == "message_delta":
            if said.delta and said.delta.stop_reason:
                self._reason = said.delta.stop_reason
            self._count(said.usage)
        elif kind == "message_stop":
            if not self._started:
                raise InvalidResponse(_NOT_MESSAGES)
            return self._finish()
        elif kind == "error" or said.error:
            raise stated(any_json(data)).having_used(self._used())
        return []  # ping, and what the versioning promise allows them to add

    def end(self) -> list[Event]:
        if self._finished:
            return []
        if not self._reason:
            error = Interrupted("The provider broke off before the end of its reply; try again.")
            raise error.having_used(self._used())
        return self._finish()

    def whole(self, body: bytes) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            better = lenient.read(body, Whole)
            if better is None:
                raise InvalidResponse(_NOT_MESSAGES) from None
            said = better
        if said.type == "error" or said.error:
            raise stated(any_json(body))
        if said.content is None:
            raise InvalidResponse(_NOT_MESSAGES)
        self._model = said.model or ""
        self._blocks.message = said.id or ""
        self._reason = said.stop_reason or ""
        self._count(said.usage)
        return self._there(said.content) + self._finish()

    def _there(self, blocks: list[dict[str, Json]]) -> list[Event]:
        """Blocks that came whole."""
        events: list[Event] = []
        for index, block in enumerate(blocks):
            events += self._blocks.start(index, block)
            events += self._blocks.stop(index)
        return events

    def _count(self, new: WireUsage | None) -> None:
        """Figures are cumulative: the last one counts. A later zero of the input says nothing
        (some gateways leave it out so); the first of the output is a placeholder."""
        if new is None:
            return
        old = self._usage
        self._usage = WireUsage(
            new.input_tokens or old.input_tokens,
            new.cache_creation_input_tokens or old.cache_creation_input_tokens,
            new.cache_read_input_tokens
            if old.cache_read_input_tokens is None
            else new.cache_read_input_tokens or old.cache_read_input_tokens,
            old.output_tokens if new.output_tokens is None else new.output_tokens,
            new.output_tokens_details or old.output_tokens_details,
        )

    def _finish(self) -> list[Event]:
        self._finished = True
        stop_reason = _STOP_REASONS.get(self._reason, "stop")
        cut = stop_reason != "stop"
        events = self._blocks.end(cut)
        if stop_reason == "stop" and self._blocks.calls:
            stop_reason = "toolUse"
        opaque = self._blocks.opaque(cut, self._reason == "pause_turn")
        events.append(Finish(stop_reason, self._counted(), self._model, opaque))
        return events

    def _used(self) -> Usage | None:
        """Of a message that breaks off."""
        return self._counted() if self._started else None

    def _counted(self) -> Usage:
        usage = self._usage
        cached = usage.cache_read_input_tokens
        details = usage.output_tokens_details
        into = (usage.input_tokens or 0) + (usage.cache_creation_input_tokens or 0) + (cached or 0)
        reasoning = details.thinking_tokens if details else None
        return Usage(into, usage.output_tokens or 0, cached, reasoning, usage.cache_creation_input_tokens or None)


_WHOLE = msgspec.json.Decoder(Whole)
