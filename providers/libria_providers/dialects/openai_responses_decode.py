"""Reads replies in OpenAI's Responses format, streamed or whole, of all vendors that speak it."""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.openai_responses_call import arguments_text
from libria_providers.dialects.openai_responses_item import REFUSAL, SUMMARY, TEXT, THOUGHT, kind_of
from libria_providers.dialects.openai_responses_items import Items
from libria_providers.dialects.openai_responses_usage import counted
from libria_providers.dialects.openai_responses_wire import Response, WireEvent, WireUsage
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded, ProviderError
from libria_providers.types import Event, Finish, Json, StopReason, Usage

# Older servers still say the first names of the reasoning's events.
_DELTAS = {
    "response.output_text.delta": TEXT,
    "response.refusal.delta": REFUSAL,
    "response.reasoning_text.delta": THOUGHT,
    "response.reasoning.delta": THOUGHT,
    "response.reasoning_summary_text.delta": SUMMARY,
    "response.reasoning_summary.delta": SUMMARY,
}
_PARTS = {name.replace(".delta", ".done"): kind for name, kind in _DELTAS.items()}
# "done" is OpenRouter's: https://openrouter.ai/docs/api-reference/responses-api/overview
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done")
_ERRORS = ("error", "response.error")
_NOTHING = (b"", b"null", b'""', b"{}", b"false")
_NOT_RESPONSES = "The provider sent something that is not a response of OpenAI's format; check its address."


class ResponsesDecoder:
    """Finish comes with the event that ends the reply, which has its usage."""

    _json = msgspec.json.Decoder(WireEvent)

    def __init__(self) -> None:
        self._items = Items()
        self._usage: WireUsage | None = None
        self._model = ""
        self._id = ""
        self._spoke = False  # there was an event of the format
        self._finished = False
        self._missed = False  # an event could not be read

    @property
    def ending(self) -> bool:
        return self._finished

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished:
            return []
        if data[:6] == b"[DONE]":
            return self._done()
        if event in _ERRORS:
            raise _failed(any_json(data))
        try:
            said = self._json.decode(data)
        except UNREADABLE:
            if not data.strip():
                return []
            better = lenient.read(data, WireEvent)
            if better is None and event != "message" and not event.startswith("response.") and event:
                return []  # a ping or the like of a gateway, which is no JSON
            if better is None and self._spoke:
                self._missed = True  # the end says everything once more: see _finish
                return []
            if better is None:
                raise InvalidResponse(_NOT_RESPONSES) from None
            said = better
        kind = said.type or event
        if (channel := _DELTAS.get(kind)) is not None:
            self._spoke = True
            if self._missed:
                return []  # behind a hole: what is whole says it once more, from the hole on
            part = said.summary_index if channel == SUMMARY else said.content_index
            item = self._items.at(said.output_index, said.item_id, kind_of(channel))
            return item.piece(channel, part or 0, said.delta or "")
        if kind in _ERRORS or bytes(said.error) not in _NOTHING:
            raise _failed(any_json(data))
        if kind.startswith("response."):
            self._spoke = True
            return self._read(kind, said)
        if bytes(said.choices) not in _NOTHING:
            raise InvalidResponse(_NOT_RESPONSES)
        return []  # a ping, and what they will add

    def end(self) -> list[Event]:
        if self._finished:
            return []
        raise Interrupted("The provider broke off before the end of its reply; try again.")

    def whole(self, body: bytes) -> list[Event]:
        try:
            response = _WHOLE.decode(body)
        except UNREADABLE:
            better = lenient.read(body, Response)
            if better is None:
                raise InvalidResponse(_NOT_RESPONSES) from None
            response = better
        if response.output is None and (response.object == "error" or bytes(response.error) not in _NOTHING):
            raise stated(any_json(body))
        if response.output is None and response.status != "failed":
            raise InvalidResponse(_NOT_RESPONSES)
        if response.status in ("in_progress", "queued"):
            raise InvalidResponse("The provider works in the background: leave background out of providerOptions.")
        return self._finish("", response)

    def _read(self, kind: str, said: WireEvent) -> list[Event]:
        if kind in _ENDS:
            return self._finish(kind, said.response or Response())
        if said.response is not None:
            self._know(said.response)
            return []
        if kind == "response.output_item.added":
            return self._items.add(said.output_index, said.item) if said.item else []
        if kind == "response.output_item.done":
            return self._items.done(said.output_index, said.item) if said.item else []
        if kind in ("response.function_call_arguments.delta", "response.function_call_arguments.done"):
            item = self._items.at(said.output_index, said.item_id, "function_call")
            if kind.endswith(".delta"):
                if self._missed:
                    return []
                return self._items.arguments(item, said.delta or "")
            return self._items.arguments(item, arguments_text(said.arguments), whole=True, name=said.name or "")
        if (channel := _PARTS.get(kind)) is not None:
            item = self._items.at(said.output_index, said.item_id, kind_of(channel))
            at = said.summary_index if channel == SUMMARY else said.content_index
            text = said.refusal if channel == REFUSAL else said.text
            return item.whole(channel, at or 0, text or "")
        if kind == "response.content_part.done" and said.part:
            of = "reasoning" if said.part.get("type") == "reasoning_text" else "message"
            item = self._items.at(said.output_index, said.item_id, of)
            return item.part(said.content_index or 0, said.part)
        if kind == "response.reasoning_summary_part.done" and said.part:
            item = self._items.at(said.output_index, said.item_id, "reasoning")
            return item.part(said.summary_index or 0, said.part, summary=True)
        return []

    def _know(self, response: Response) -> None:
        self._model = response.model or self._model
        self._id = response.id or self._id
        self._usage = response.usage or self._usage

    def _used(self) -> Usage | None:
        return counted(self._usage) if self._usage else None

    def _done(self) -> list[Event]:
        """[DONE] after something was said is an end by itself: a connection that breaks never ends so."""
        if not self._spoke:
            raise InvalidResponse("The provider ended its reply without saying anything; try again.")
        return self._finish("", Response())

    def _finish(self, kind: str, response: Response) -> list[Event]:
        self._know(response)
        status = response.status or kind.removeprefix("response.")
        if bytes(response.error) not in _NOTHING:
            raise stated({"error": any_json(bytes(response.error))}).having_used(self._used())
        if status in ("failed", "cancelled"):
            error = Overloaded("The provider broke off its reply, try again or name a fallback.", code=status)
            raise error.having_used(self._used())
        stop_reason = _stop_reason(status, response)
        cut = stop_reason == "length"
        events = self._items.all(response.output or [], cut)
        events += self._items.end(cut, self._id)
        if self._missed and not (response.output and self._items.agree()):
            raise InvalidResponse("The provider sent an event that cannot be read; try again or name a fallback.")
        if self._items.refused:
            stop_reason = "contentFilter"
        elif stop_reason == "stop" and self._items.calls:
            stop_reason = "toolUse"
        opaque = self._items.opaque(cut)
        self._finished = True
        events.append(Finish(stop_reason, counted(self._usage), self._model, opaque))
        return events


def _stop_reason(status: str, response: Response) -> StopReason:
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if reason == "content_filter":
        return "contentFilter"
    return "length" if status == "incomplete" or reason else "stop"


def _failed(value: Json) -> ProviderError:
    """The error of an event, nested or flat; its status may stand beside it (over a WebSocket)."""
    outer = mapping(value)
    inner = mapping(outer.get("error"))
    if inner and "status" in outer:
        return stated({"error": {"status": outer["status"], **inner}})
    return stated(value)


_WHOLE = msgspec.json.Decoder(Response)
