"""Anthropic's messages, as the server's side says them.

Shapes after recorded replies; https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/api/versioning.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from libria_providers.simulator import anthropic_read, problems
from libria_providers.simulator.anthropic_read import signature
from libria_providers.simulator.models import Answer, Ask, Finish
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import BadRequest, Parts, Tag, Whole
from libria_providers.simulator.wire import Request

Json = Any

_FINISH: Mapping[Finish, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tools": "tool_use",
    "filter": "refusal",
}
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_EMPTY: Mapping[str, dict[str, Json]] = {  # what a block says before its deltas
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
_LIMITS = {"requests": 4000, "tokens": 480000, "input-tokens": 400000, "output-tokens": 80000}
_encode = msgspec.json.encode


class Anthropic:
    name = "anthropic"

    def read(self, http: Request) -> Ask:
        ask, limited = anthropic_read.read(http)
        if not limited:
            raise BadRequest("max_tokens: Field required")
        return ask

    def count(self, http: Request) -> tuple[Ask, bytes]:
        """The reply of count_tokens, which takes no `max_tokens`."""
        ask = anthropic_read.read(http)[0]
        return ask, _encode({"input_tokens": ask.input_tokens})

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        message = self._message(answer, ask, tag)
        message |= {"content": [], "stop_reason": None, "stop_sequence": None}
        message["usage"] = {**message["usage"], "output_tokens": 1}
        events: list[bytes] = []
        for index, block in enumerate(self._content(answer, tag)):
            empty = {**block, **_EMPTY[block["type"]]}
            start = {"type": "content_block_start", "index": index, "content_block": empty}
            events.append(_event("content_block_start", start))
            if index == 0:
                events.append(_PING)
            events += _deltas(answer, block, index)
            events.append(_event("content_block_stop", {"type": "content_block_stop", "index": index}))
        usage = self._usage(answer, ask)
        del usage["service_tier"]
        delta = {"stop_reason": _FINISH[answer.finish], "stop_sequence": answer.stopped_by}
        if answer.refused:
            delta["stop_reason"] = "refusal"
        opening = [_event("message_start", {"type": "message_start", "message": message}), *events[:2]]
        closing = [
            *events[-1:],
            _event("message_delta", {"type": "message_delta", "delta": delta, "usage": usage}),
            _event("message_stop", {"type": "message_stop"}),
        ]
        return Parts(opening, events[2:-1], closing, finish=len(closing) - 2, failure=_failed, hangs_up=True)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        return _encode(self._message(answer, ask, tag))

    def problem(self, problem: Problem, tag: Tag) -> Whole:
        status = problem.at({"quota": 402})
        headers: dict[str, str] = {}
        if status in (400, 401, 404):  # recorded: 28 of 28
            headers["x-should-retry"] = "false"
        elif status in (429, 529):
            headers["x-should-retry"] = "true"
        return Whole(status, problems.anthropic(problem, self._request_id(tag)), headers)

    def headers(self, tag: Tag) -> dict[str, str]:
        return {"request-id": self._request_id(tag), "anthropic-organization-id": "org-simulated"}

    def limits(self, tag: Tag) -> dict[str, str]:
        reset = (datetime.fromtimestamp(tag.now, UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        made: dict[str, str] = {}
        for what, limit in _LIMITS.items():
            made[f"anthropic-ratelimit-{what}-limit"] = str(limit)
            made[f"anthropic-ratelimit-{what}-remaining"] = str(limit - 1)
            made[f"anthropic-ratelimit-{what}-reset"] = reset
        return made

    def models(self, names: list[str], tag: Tag) -> bytes:
        rows = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names
        ]
        return _encode({"data": rows, "has_more": False, "first_id": names[0], "last_id": names[-1]})

    def _request_id(self, tag: Tag) -> str:
        return f"req_01{tag.hex(24)}"

    def _message(self, answer: Answer, ask: Ask, tag: Tag) -> dict[str, Json]:
        return {
            "model": ask.model,
            "id": f"msg_01{tag.hex(22)}",
            "type": "message",
            "role": "assistant",
            "content": self._content(answer, tag) if answer.text or not answer.refused else [],
            "stop_reason": "refusal" if answer.refused else _FINISH[answer.finish],
            "stop_sequence": answer.stopped_by,
            "usage": self._usage(answer, ask),
        }

    def _content(self, answer: Answer, tag: Tag) -> list[dict[str, Json]]:
        blocks: list[dict[str, Json]] = []
        if answer.reasoning:
            thinking = "".join(answer.reasoning)
            blocks.append({"type": "thinking", "thinking": thinking, "signature": signature(thinking)})
        if answer.text or not answer.uses:
            blocks.append({"type": "text", "text": "".join(answer.text)})
        for index, use in enumerate(answer.uses):
            arguments = msgspec.json.decode("".join(use.arguments))
            tool_id = f"toolu_01{tag.hex(18)}{index:04d}"
            blocks.append({"type": "tool_use", "id": tool_id, "name": use.name, "input": arguments})
        return blocks

    def _usage(self, answer: Answer, ask: Ask) -> dict[str, Json]:
        """`input_tokens` does not count what the cache gave."""
        return {
            "input_tokens": ask.input_tokens - answer.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": answer.cached,
            "output_tokens": answer.tokens,
            "service_tier": "standard",
        }


def _failed(_: int) -> list[bytes]:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    return [b"event: error\ndata: " + _encode({"type": "error", "error": error}) + b"\n\n"]


def _deltas(answer: Answer, block: dict[str, Json], index: int) -> list[bytes]:
    """The events between the start and the stop of one content block."""
    kind = block["type"]
    if kind == "thinking":
        made = _pieces(index, "thinking_delta", "thinking", answer.reasoning)
        return [*made, *_pieces(index, "signature_delta", "signature", [block["signature"]])]
    if kind == "text":
        return _pieces(index, "text_delta", "text", answer.text)
    arguments = msgspec.json.encode(block["input"]).decode()
    if arguments == "{}":  # recorded: a call without arguments has only an empty piece
        return _pieces(index, "input_json_delta", "partial_json", [""])
    cut = [arguments[i : i + 5] for i in range(0, len(arguments), 5)]
    return _pieces(index, "input_json_delta", "partial_json", ["", *cut])


def _pieces(index: int, kind: str, field: str, pieces: list[str]) -> list[bytes]:
    """Anthropic pads its data with blanks of varying number; ours are the same in each run."""
    start = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d' % index
    head = start + b',"delta":{"type":"%b","%b":' % (kind.encode(), field.encode())
    known: dict[str, bytes] = {}
    for piece in set(pieces):
        known[piece] = head + _encode(piece) + b"}" + b" " * (len(piece) * 7 % 16) + b"}\n\n"
    return [known[piece] for piece in pieces]


def _event(name: str, value: Json) -> bytes:
    data = _encode(value)
    return b"event: " + name.encode() + b"\ndata: " + data[:-1] + b" " * (len(data) % 16) + b"}\n\n"
