"""OpenAI's Responses, as the server's side says them: over HTTP, and the same events over a WebSocket.

Shapes after recorded replies; https://platform.openai.com/docs/api-reference/responses-streaming
"""

from functools import partial
from typing import Any

import msgspec

from libria_providers.simulator import problems, responses_items, responses_read
from libria_providers.simulator.models import Answer, Ask
from libria_providers.simulator.openai_site import OpenAISite
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.responses_items import Item
from libria_providers.simulator.vendor import Parts, Tag, Telling, Whole
from libria_providers.simulator.wire import Request

Json = Any
_encode = msgspec.json.encode
_PADDING = "Kq7TzR4mWc9sYbX2"  # against reading lengths off the wire; ours is the same each run


class Responses(OpenAISite):
    def read(self, http: Request) -> Ask:
        return responses_read.read(http.body)

    def count(self, http: Request) -> tuple[Ask, bytes]:
        ask = self.read(http)
        return ask, _encode({"object": "response.input_tokens", "input_tokens": ask.input_tokens})

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        events = _Events(ask)
        begun = responses_items.begun(ask, tag)
        for name in ("response.created", "response.in_progress"):
            events.say({"type": name, "response": begun})
        output = responses_items.items(answer, ask, tag)
        for index, item in enumerate(output):
            _SAY[item["type"]](events, answer, item, index)
        whole = responses_items.response(answer, ask, tag, output)
        events.say({"type": f"response.{whole['status']}", "response": whole})
        opening, deltas, closing = events.telling.split(2)
        failure = partial(_failed, ask, tag)
        return Parts(opening, deltas, closing, len(closing) - 1, failure, marked=False)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        output = responses_items.items(answer, ask, tag)
        return _encode(responses_items.response(answer, ask, tag, output))

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        """A model that it does not have is a 400 here (recorded)."""
        made = super().problem(problem, tag)
        return Whole(problem.at({"model": 400}), made.body, made.headers)


class _Events:
    """Numbers the events of one reply."""

    def __init__(self, ask: Ask) -> None:
        self.telling = Telling()
        self._padded = ask.obfuscated

    def say(self, event: Item) -> None:
        self.telling.say(_event(event, len(self.telling.events)))

    def delta(self, event: Item) -> None:
        if self._padded:
            event["obfuscation"] = _PADDING[: len(event["delta"]) * 7 % 16]
        self.telling.delta(_event(event, len(self.telling.events)))

    def item(self, state: str, item: Item, index: int) -> None:
        self.say({"type": f"response.output_item.{state}", "item": item, "output_index": index})


def _reasoning(events: _Events, answer: Answer, item: Item, index: int) -> None:
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    (said,) = item["summary"]
    events.item("added", {**item, "summary": []}, index)
    events.say({"type": "response.reasoning_summary_part.added", **place, "part": {**said, "text": ""}})
    for piece in answer.reasoning:
        events.delta({"type": "response.reasoning_summary_text.delta", "delta": piece, **place})
    events.say({"type": "response.reasoning_summary_text.done", **place, "text": said["text"]})
    events.say({"type": "response.reasoning_summary_part.done", **place, "part": said})
    events.item("done", item, index)


def _message(events: _Events, answer: Answer, item: Item, index: int) -> None:
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    kind, field = ("response.refusal", "refusal") if answer.refused else ("response.output_text", "text")
    more: Item = {} if answer.refused else {"logprobs": []}
    (said,) = item["content"]
    events.item("added", {**item, "status": "in_progress", "content": []}, index)
    events.say({"type": "response.content_part.added", **place, "part": responses_items.part(answer, "")})
    for piece in answer.text:
        events.delta({"type": f"{kind}.delta", "delta": piece, **place, **more})
    events.say({"type": f"{kind}.done", **place, **more, field: said[field]})
    events.say({"type": "response.content_part.done", **place, "part": said})
    events.item("done", item, index)


def _call(events: _Events, answer: Answer, item: Item, index: int) -> None:
    place = {"item_id": item["id"], "output_index": index}
    kind = "response.function_call_arguments"
    events.item("added", {**item, "status": "in_progress", "arguments": ""}, index)
    for at in range(0, len(item["arguments"]), 5):
        events.delta({"type": f"{kind}.delta", "delta": item["arguments"][at : at + 5], **place})
    events.say({"type": f"{kind}.done", **place, "arguments": item["arguments"], "name": item["name"]})
    events.item("done", item, index)


_SAY = {"reasoning": _reasoning, "message": _message, "function_call": _call}


def _failed(ask: Ask, tag: Tag, said: int) -> list[bytes]:
    """The error within an event, as it is recorded, and then the reply that failed."""
    error = problems.openai_error(Problem("status", status=500))
    error["code"] = error["type"]
    last = responses_items.failed(ask, tag, error)
    return [
        _event({"type": "error", "error": error}, said),
        _event({"type": "response.failed", "response": last}, said + 1),
    ]


def _event(event: Item, number: int) -> bytes:
    data = _encode({**event, "sequence_number": number})
    return f"event: {event['type']}\ndata: ".encode() + data + b"\n\n"
