"""Mistral's code completion."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.mistral_fim import MistralFim
from libria_providers.errors import BadRequest
from libria_providers.registry import find
from libria_providers.types import Call, Delta, Event, Fill, Finish, Message, Usage

FILL = Call(model="mistral/codestral-latest", ask=Fill("a = ", "\nb"))
QUIRKS = find("mistral").quirks


def body(call: Call) -> dict[str, Any]:
    request = MistralFim().encode(call, "codestral-latest", QUIRKS)
    assert request.path == "/fim/completions"
    found: dict[str, Any] = msgspec.json.decode(request.body)
    return found


def test_body() -> None:
    plain = {"model": "codestral-latest", "prompt": "a = ", "suffix": "\nb", "stream": True, "max_tokens": 512}
    assert body(FILL) == plain
    options = replace(FILL, stream=False, max_tokens=9, temperature=0.0, top_p=0.5, stop=("x",), seed=3)
    assert body(options) == plain | {
        "stream": False,
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["x"],
        "random_seed": 3,
    }
    assert "suffix" not in body(replace(FILL, ask=Fill("a = ")))
    assert body(replace(FILL, provider_options={"min_tokens": 2}))["min_tokens"] == 2
    with pytest.raises(BadRequest):
        body(Call(model="mistral/m", messages=(Message("user", "Hi"),)))


USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def test_stream() -> None:
    chunks: list[dict[str, Any]] = [
        {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {"content": "1"}, "finish_reason": None}]},
        {
            "id": "1",
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "length"}],
            "usage": USAGE,
        },
    ]
    decoder = MistralFim().decoder(QUIRKS)
    events: list[Event] = []
    for data in (*map(msgspec.json.encode, chunks), b"[DONE]"):
        events += decoder.feed("", data)
    assert events == [Delta("1"), Finish("length", Usage(3, 4), "m")]


def test_whole() -> None:
    message = {"role": "assistant", "content": "1", "tool_calls": None, "prefix": False}
    reply = {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    assert MistralFim().whole(msgspec.json.encode(reply), QUIRKS) == [Delta("1"), Finish("stop", Usage(3, 4), "m")]


def test_rows() -> None:
    fill = Call("p/m", ask=Fill("a"))
    assert isinstance(find("codestral").exchange(fill, "any"), MistralFim)
    assert isinstance(find("mistral").exchange(fill, "codestral-latest"), MistralFim)
    assert find("mistral").exchange(fill, "mistral-small-latest") is None  # asked in words
    efforts = dict(find("mistral").quirks_of("mistral-large-4-0").efforts)
    assert efforts == {"minimal": "low"}
    assert dict(find("mistral").quirks_of("mistral-medium-3-5").efforts)["low"] == "high"
