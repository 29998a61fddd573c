"""Reads replies of Bedrock's Converse, streamed or whole."""

import msgspec

from libria_providers.dialects import classify, lenient
from libria_providers.dialects.bedrock_blocks import Blocks
from libria_providers.dialects.bedrock_errors import is_error, stated
from libria_providers.dialects.bedrock_wire import Number, Whole, WireEvent, WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded
from libria_providers.eventstream import EXCEPTION
from libria_providers.types import Event, Finish, StopReason, Usage

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
_STOP_REASONS: dict[str, StopReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filtered": "contentFilter",
    "guardrail_intervened": "contentFilter",
    "refusal": "contentFilter",  # Claude's own word
}
# The model said what nobody can use: the same call may go well.
_BROKEN = ("malformed_model_output", "malformed_tool_use")
_EVENTS = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")
_NOT_CONVERSE = "The provider sent something that is not Bedrock's Converse; check its address."


class ConverseDecoder:
    """Finish comes with metadata, which holds the usage and follows messageStop, or with the end of
    bytes once a stop reason was said."""

    _json = msgspec.json.Decoder(WireEvent)

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._usage: WireUsage | None = None
        self._reason = ""
        self._finished = False

    @property
    def ending(self) -> bool:
        return self._finished or bool(self._reason)

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished:
            return []
        if event.startswith(EXCEPTION):
            raise stated(event.removeprefix(EXCEPTION), any_json(data))
        if event not in _EVENTS:
            if event:
                return []  # initial-response, and what may be added
            raise InvalidResponse(_NOT_CONVERSE)
        try:
            said = self._json.decode(data)
        except UNREADABLE:
            better = lenient.read(data, WireEvent)
            if better is None:
                raise InvalidResponse(_NOT_CONVERSE) from None
            said = better
        index = said.contentBlockIndex or 0
        if event == "contentBlockDelta":
            return self._blocks.change(index, said.delta) if said.delta else []
        if event == "contentBlockStart":
            return self._blocks.start(index, said.start) if said.start else []
        if event == "contentBlockStop":
            return self._blocks.stop(index)
        if event == "messageStop":
            self._reason = said.stopReason or "end_turn"
        elif event == "metadata":
            self._usage = said.usage or self._usage
        return self._finish() if self._reason and self._usage else []

    def end(self) -> list[Event]:
        if self._finished:
            return []
        if not self._reason:
            raise Interrupted("The provider broke off before the end of its reply; try again.")
        return self._finish()

    def whole(self, body: bytes) -> list[Event]:
        try:
            said = _WHOLE.decode(body)
        except UNREADABLE:
            better = lenient.read(body, Whole)
            if better is None:
                raise InvalidResponse(_NOT_CONVERSE) from None
            said = better
        if said.output is None or said.output.message is None:
            value = any_json(body)
            if mapping(value).get("error"):  # of something else that answers at this address
                raise classify.stated(value)
            if is_error(value):
                raise stated("", value)
            raise InvalidResponse("The provider's reply holds no message; check its address and the model.")
        events: list[Event] = []
        for block in said.output.message.content or ():
            events += self._blocks.whole(block)
        self._reason, self._usage = said.stopReason or "", said.usage
        return events + self._finish()

    def _finish(self) -> list[Event]:
        if self._reason in _BROKEN:
            raise Overloaded(
                "The model's answer could not be read by the provider, try again or name a fallback.", code=self._reason
            )
        self._finished = True
        stop_reason = _STOP_REASONS.get(self._reason, "stop")
        cut = stop_reason == "length"
        events = self._blocks.end(cut)
        if stop_reason == "stop" and self._blocks.calls:
            stop_reason = "toolUse"
        events.append(Finish(stop_reason, _counted(self._usage), "", self._blocks.opaque(cut)))
        return events


def _counted(usage: WireUsage | None) -> Usage:
    """What was read from the cache and written to it is beside `inputTokens`, unless the total says that
    it is within."""
    if usage is None:
        return Usage()
    into, out = _whole(usage.inputTokens) or 0, _whole(usage.outputTokens) or 0
    read, written = _whole(usage.cacheReadInputTokens), _whole(usage.cacheWriteInputTokens)
    if usage.totalTokens != into + out:
        into += (read or 0) + (written or 0)
    return Usage(into, out, read, cache_write_input_tokens=written or None)


def _whole(number: Number) -> int | None:
    return None if number is None else int(number)


_WHOLE = msgspec.json.Decoder(Whole)
