"""Anthropic's messages, as the server's side says them.

Shapes after recorded replies; https://platform.claude.com/docs/en/api/messages and
https://platform.claude.com/docs/en/api/versioning.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from libria_providers.simulator import problems
from libria_providers.simulator.models import Answer, Ask, Finish, Tool
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import BadRequest, Parts, Tag

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
_SAMPLING_REMOVED = "2026-10-21"  # from this version on temperature, top_p and top_k are refused
_encode = msgspec.json.encode


class _Block(msgspec.Struct):
    type: str = "text"
    text: str = ""
    thinking: str = ""
    signature: str = ""
    content: "str | list[_Block] | dict[str, Json] | None" = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Block]


class _Tool(msgspec.Struct):
    name: str
    input_schema: Json = None


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None


class _Shape(msgspec.Struct):
    schema: Json = None


class _OutputConfig(msgspec.Struct):
    format: _Shape | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    max_tokens: int | None = None
    system: str | list[_Block] = ""
    stream: bool = False
    stop_sequences: list[str] = []
    tools: list[_Tool] = []
    tool_choice: _Choice | None = None
    output_config: _OutputConfig | None = None
    output_format: _Shape | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


_decode = msgspec.json.Decoder(_Request).decode


class Anthropic:
    name = "anthropic"

    def read(self, body: bytes, headers: Mapping[str, str]) -> Ask:
        ask, limited = self._read(body, headers)
        if not limited:
            raise BadRequest("max_tokens: Field required")
        return ask

    def count(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The reply of count_tokens, which takes no `max_tokens`."""
        return _encode({"input_tokens": self._read(body, headers)[0].input_tokens})

    def _read(self, body: bytes, headers: Mapping[str, str]) -> tuple[Ask, bool]:
        try:
            request = _decode(body)
        except msgspec.MsgspecError as error:
            raise BadRequest(str(error)) from None
        _check(request, headers)
        last = request.messages[-1]
        users = [_text(message.content) for message in request.messages if message.role == "user"]
        results = [block for block in _blocks(last.content) if block.type == "tool_result"]
        choice = request.tool_choice or _Choice("auto")
        words = [_text(request.system), *(_text(message.content) for message in request.messages)]
        ask = Ask(
            model=request.model,
            stream=request.stream,
            user_text=users[-1] if users else "",
            input_tokens=sum(4 + len(text) // 4 for text in words),
            tool_result="; ".join(_result(block) for block in results) if results else None,
            prefill=_text(last.content) if last.role == "assistant" else None,
            tools=() if choice.type == "none" else tuple(Tool(tool.name, tool.input_schema) for tool in request.tools),
            forced=choice.name if choice.type == "tool" else None,
            schema=_schema(request),
            max_tokens=request.max_tokens,
            stop=tuple(request.stop_sequences),
        )
        return ask, request.max_tokens is not None

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
        return Parts(opening, events[2:-1], closing, finish=len(closing) - 2)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        return _encode(self._message(answer, ask, tag))

    def problem(self, problem: Problem, tag: Tag) -> tuple[bytes, dict[str, str]]:
        headers: dict[str, str] = {}
        if problem.status in (400, 401, 404):  # recorded: 28 of 28
            headers["x-should-retry"] = "false"
        elif problem.status in (429, 529):
            headers["x-should-retry"] = "true"
        return problems.anthropic(problem, self._request_id(tag)), headers

    def error_event(self, tag: Tag) -> bytes:
        error = {"type": "overloaded_error", "message": "Overloaded"}
        return b"event: error\ndata: " + _encode({"type": "error", "error": error}) + b"\n\n"

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


def signature(thinking: str) -> str:
    """What the simulator signs its thinking with, and wants back unchanged."""
    return "EqsD" + base64.b64encode(hashlib.sha512(thinking.encode()).digest()).decode()


def _check(request: _Request, headers: Mapping[str, str]) -> None:
    """The refusals that clients run into. Raises BadRequest."""
    version = headers.get("anthropic-version")
    if version is None:
        raise BadRequest("anthropic-version: header is required")
    if not request.messages:
        raise BadRequest("messages: at least one message is required")
    if version >= _SAMPLING_REMOVED:
        for name in ("temperature", "top_p", "top_k"):
            if getattr(request, name) is not None:
                raise BadRequest(f"{name}: Extra inputs are not permitted")
    for place, message in enumerate(request.messages):
        if message.role not in ("user", "assistant"):
            raise BadRequest(f'messages: Unexpected role "{message.role}".')
        for block in _blocks(message.content):
            if block.type == "thinking" and block.signature != signature(block.thinking):
                raise BadRequest(f"messages.{place}.content: Invalid `signature` in `thinking` block")


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


def _blocks(content: str | list[_Block]) -> list[_Block]:
    return [] if isinstance(content, str) else content


def _text(content: str | list[_Block]) -> str:
    return content if isinstance(content, str) else "".join(block.text for block in content)


def _result(block: _Block) -> str:
    if isinstance(block.content, str):
        return block.content
    return _text(block.content) if isinstance(block.content, list) else ""


def _schema(request: _Request) -> Json:
    shape = request.output_format or (request.output_config and request.output_config.format)
    return shape.schema if shape else None
