"""OpenAI's chat completions, and Groq's departures from them, as the server's side says them.

Shapes after recorded replies of both; https://platform.openai.com/docs/api-reference/chat and
https://console.groq.com/docs/api-reference.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from libria_providers.simulator import problems
from libria_providers.simulator.models import Answer, Ask, Finish, Tool
from libria_providers.simulator.openai_site import OpenAISite, usage
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.vendor import BadRequest, Parts, Tag
from libria_providers.simulator.wire import Request

Json = Any

_FINISH: Mapping[Finish, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tools": "tool_calls",
    "filter": "content_filter",
}
_FINGERPRINT = "fp_5a11d0e000"
_DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.encode


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_call_id: str | None = None


class _Function(msgspec.Struct):
    name: str
    parameters: Json = None


class _Tool(msgspec.Struct):
    function: _Function
    type: str = "function"


class _Named(msgspec.Struct):
    function: _Function
    type: str = "function"


class _JsonSchema(msgspec.Struct):
    schema: Json = None


class _ResponseFormat(msgspec.Struct):
    type: str = "text"
    json_schema: _JsonSchema | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False
    include_obfuscation: bool = True


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Named | None = None
    response_format: _ResponseFormat | None = None


_decode = msgspec.json.Decoder(_Request).decode


class OpenAI(OpenAISite):
    """`groq` adds `x_groq`, says `reasoning` for `reasoning_content` and sends tool calls whole."""

    def read(self, http: Request) -> Ask:
        try:
            request = _decode(http.body)
        except msgspec.MsgspecError as error:
            raise BadRequest(f"We could not parse the body of your request: {error}") from None
        if not request.messages:
            raise BadRequest("Invalid 'messages': empty array. Expected an array with minimum length 1.")
        options = request.stream_options or _StreamOptions()
        last = request.messages[-1]
        users = [_text(message) for message in request.messages if message.role == "user"]
        none = request.tool_choice == "none"
        stop = request.stop or ()
        wanted = request.response_format and request.response_format.json_schema
        return Ask(
            model=request.model,
            stream=bool(request.stream),
            user_text=users[-1] if users else "",
            input_tokens=sum(4 + len(_text(message)) // 4 for message in request.messages),
            tool_result=_results(request.messages),
            prefill=_text(last) if last.role == "assistant" else None,
            tools=()
            if none
            else tuple(Tool(tool.function.name, tool.function.parameters) for tool in request.tools or ()),
            forced=request.tool_choice.function.name if isinstance(request.tool_choice, _Named) else None,
            required=request.tool_choice in ("required", "any"),
            schema=wanted.schema if wanted else None,
            max_tokens=request.max_completion_tokens or request.max_tokens,
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            usage_chunk=options.include_usage,
            obfuscated=options.include_obfuscation,
        )

    def stream(self, answer: Answer, ask: Ask, tag: Tag) -> Parts:
        event = _Event(ask, tag, plain=self._groq)
        first: dict[str, Json] = {"role": "assistant", "content": None if answer.uses else ""}
        if not self._groq:
            first["refusal"] = None
        if answer.refused:
            first |= {"content": None, "refusal": ""}
        x_groq: dict[str, Json] = {"id": f"req_01{tag.hex(24)}"}
        opening = [event.other(first, extra={"x_groq": x_groq} if self._groq else None)]
        deltas = event.texts("reasoning" if self._groq else "reasoning_content", answer.reasoning)
        deltas += event.texts("refusal" if answer.refused else "content", answer.text)
        for index, use in enumerate(answer.uses):
            pieces = ["".join(use.arguments)] if self._groq else ["", *use.arguments]
            function = {"name": use.name, "arguments": pieces[0]}
            call = {"index": index, "id": _call_id(tag, index), "type": "function", "function": function}
            deltas.append(event.other({"tool_calls": [call]}))
            for piece in pieces[1:]:
                more = {"index": index, "function": {"arguments": piece}}
                deltas.append(event.other({"tool_calls": [more]}))
        used = _usage(answer, ask)
        final = {"x_groq": {**x_groq, "usage": used}, "usage": used} if self._groq else None
        closing = [event.other({}, finish=_finish(answer, ask), extra=final)]
        if ask.usage_chunk:
            closing.append(event.usage(used))
        return Parts(opening, deltas, [*closing, _DONE], finish=0, failure=self._failed)

    def whole(self, answer: Answer, ask: Ask, tag: Tag) -> bytes:
        text = "".join(answer.text)
        message: dict[str, Json] = {"role": "assistant", "content": text}
        if answer.refused:
            message |= {"content": None, "refusal": text}
        elif not self._groq:
            message |= {"refusal": None, "annotations": []}
        if answer.reasoning:
            message["reasoning" if self._groq else "reasoning_content"] = "".join(answer.reasoning)
        if answer.uses:
            message["content"] = None
            if self._groq:  # measured: absent in 60 of 64 replies with tool calls
                del message["content"]
            message["tool_calls"] = [
                {
                    "id": _call_id(tag, index),
                    "type": "function",
                    "function": {"name": use.name, "arguments": "".join(use.arguments)},
                }
                for index, use in enumerate(answer.uses)
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer, ask)}
        body: dict[str, Json] = {
            "id": f"chatcmpl-{tag.hex(29)}",
            "object": "chat.completion",
            "created": int(tag.now),
            "model": ask.model,
            "choices": [choice],
            "usage": _usage(answer, ask),
            "service_tier": "on_demand" if self._groq else "default",
            "system_fingerprint": _FINGERPRINT,
        }
        if self._groq:
            body["x_groq"] = {"id": f"req_01{tag.hex(24)}"}
        return _encode(body)

    def _failed(self, _: int) -> list[bytes]:
        problem = Problem("status", status=500)
        if self._groq:
            error = {**problems.groq_error(problem), "status_code": 500}
            return [b"event: error\ndata: " + _encode({"error": error}) + b"\n\n"]
        return [b"data: " + problems.openai(problem) + b"\n\n"]


class _Event:
    """Renders the chunks of one reply. What they share is rendered once, equal deltas once."""

    def __init__(self, ask: Ask, tag: Tag, *, plain: bool) -> None:
        shared: dict[str, Json] = {
            "id": f"chatcmpl-{tag.hex(29)}",
            "object": "chat.completion.chunk",
            "created": int(tag.now),
            "model": ask.model,
        }
        if not plain:
            shared["service_tier"] = "default"
        shared["system_fingerprint"] = _FINGERPRINT
        self._head = b"data: " + _encode(shared)[:-1] + b',"choices":['
        self._usage = b',"usage":null' if ask.usage_chunk and not plain else b""
        self._padded = ask.obfuscated and not plain

    def texts(self, field: str, pieces: list[str]) -> list[bytes]:
        head = self._head + b'{"index":0,"delta":{"' + field.encode() + b'":'
        tail = b'},"logprobs":null,"finish_reason":null}]' + self._usage
        known = {piece: head + _encode(piece) + tail + self._end(len(piece)) for piece in set(pieces)}
        return [known[piece] for piece in pieces]

    def other(
        self, delta: dict[str, Json], *, finish: str | None = None, extra: dict[str, Json] | None = None
    ) -> bytes:
        choice = _encode({"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish})
        more = b"," + _encode(extra)[1:-1] if extra else b""
        return self._head + choice + b"]" + self._usage + more + self._end(len(choice))

    def usage(self, used: dict[str, Json]) -> bytes:
        return self._head + b'],"usage":' + _encode(used) + self._end(0)

    def _end(self, length: int) -> bytes:
        """OpenAI pads each chunk against reading lengths off the wire; ours is the same each run."""
        if not self._padded:
            return b"}\n\n"
        return b',"obfuscation":"' + b"Kq7TzR4mWc9sYbX2"[: length * 7 % 16] + b'"}\n\n'


def _text(message: _Message) -> str:
    if isinstance(message.content, list):
        return "".join(part.text for part in message.content)
    return message.content or ""


def _results(messages: list[_Message]) -> str | None:
    """What the tool messages at the end say."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, _text(message))
    return "; ".join(results) if results else None


def _finish(answer: Answer, ask: Ask) -> str:
    """A tool that was named in `tool_choice` finishes with "stop" (recorded: 25 of 25)."""
    return "stop" if answer.finish == "tools" and ask.forced else _FINISH[answer.finish]


def _call_id(tag: Tag, index: int) -> str:
    return f"call_{tag.hex(20)}{index:04d}"


def _usage(answer: Answer, ask: Ask) -> dict[str, Json]:
    return usage(ask.input_tokens, answer.tokens, answer.cached, answer.reasoning_tokens)
