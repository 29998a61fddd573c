"""OpenAI's legacy completions: what is sent, and replies as they come from all that speak it."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.completions_fill import CannotFill
from libria_providers.errors import BadRequest, Interrupted, InvalidResponse, ProviderError
from libria_providers.registry import find
from libria_providers.types import (
    Call,
    Delta,
    Event,
    Fill,
    Finish,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    Usage,
)

FILL = Call(model="p/m", ask=Fill("a = ", "\nb"))
CHAT = Call(model="p/m", messages=(Message("user", "Say this"),))
MARKS = Quirks(fill_marks=("<P>", "<S>", "<M>"))
STOP = {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}


def body(call: Call, exchange: OpenAICompletions | None = None, quirks: Quirks | None = None) -> dict[str, Any]:
    request = (exchange or OpenAICompletions()).encode(call, "m", quirks or Quirks())
    assert not request.root
    found: dict[str, Any] = msgspec.json.decode(request.body)
    return found


def test_fill() -> None:
    assert body(FILL) == {
        "model": "m",
        "prompt": "a = ",
        "suffix": "\nb",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 512,  # its own default is 16
    }
    options = replace(FILL, stream=False, max_tokens=9, temperature=0.0, top_p=0.5, stop=("x",), seed=0)
    assert body(options, quirks=Quirks(seed_name="random_seed", max_tokens_name="max_completion_tokens")) == {
        "model": "m",
        "prompt": "a = ",
        "suffix": "\nb",
        "stream": False,
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["x"],
        "random_seed": 0,
    }
    assert "suffix" not in body(replace(FILL, ask=Fill("a = ")))
    assert "stream_options" not in body(FILL, quirks=Quirks(stream_usage=False))
    assert body(replace(FILL, provider_options={"logprobs": 2}))["logprobs"] == 2


def test_path() -> None:
    assert OpenAICompletions().encode(FILL, "m", Quirks()).path == "/completions"
    assert OpenAICompletions("/beta/completions").encode(FILL, "m", Quirks()).path == "/beta/completions"


@pytest.mark.parametrize(
    ("fill", "quirks", "prompt"),
    [
        (Fill("a = ", "\nb"), MARKS, "<P>a = <S>\nb<M>"),
        (Fill("a = ", ""), MARKS, "<P>a = <S><M>"),
        (Fill("a = ", " \n"), Quirks(), "a = "),
    ],
)
def test_a_server_without_suffix(fill: Fill, quirks: Quirks, prompt: str) -> None:
    said = body(replace(FILL, ask=fill), OpenAICompletions(suffix=False), quirks)
    assert said["prompt"] == prompt
    assert "suffix" not in said


@pytest.mark.parametrize(
    ("model", "before"),
    [
        ("Qwen/Qwen2.5-Coder-7B", "<|fim_prefix|>"),
        ("qwen3-coder-30b-a3b-instruct", "<|fim_prefix|>"),
        ("google/codegemma-2b", "<|fim_prefix|>"),
        ("bigcode/starcoder2-3b", "<fim_prefix>"),
        ("ibm-granite/granite-8b-code-base-4k", "<fim_prefix>"),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Base", "<｜fim▁begin｜>"),
        ("codellama/CodeLlama-13b-hf", "<PRE> "),
        ("codellama/CodeLlama-70b-hf", None),
        ("Qwen/Qwen3-8B", None),
        ("facebook/opt-125m", None),
    ],
)
def test_marks(model: str, before: str | None) -> None:
    marks = find("vllm").quirks_of(model).fill_marks
    assert (marks[0] if marks else None) == before


def test_a_model_that_cannot_fill() -> None:
    with pytest.raises(CannotFill):
        body(FILL, OpenAICompletions(suffix=False))


@pytest.mark.parametrize(
    ("call", "prompt"),
    [
        (CHAT, "Say this"),
        (replace(CHAT, system="Be brief."), "Be brief.\n\nSay this"),
        (replace(CHAT, messages=(Message("system", "S"), Message("user", (Text("a"), Text("b"))))), "S\n\nab"),
        (replace(CHAT, response_format=ResponseFormat("text")), "Say this"),
    ],
)
def test_one_turn_of_chat(call: Call, prompt: str) -> None:
    assert body(call)["prompt"] == prompt


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (replace(CHAT, messages=()), "one user message"),
        (replace(CHAT, messages=(*CHAT.messages, Message("assistant", "x"), *CHAT.messages)), "one user message"),
        (replace(CHAT, messages=(Message("assistant", "x"),)), "one user message"),
        (replace(CHAT, messages=(Message("user", (Image(data="AAAA"),)),)), "text"),
        (replace(CHAT, tools=(Tool("f", {}),)), "tools"),
        (replace(CHAT, response_format=ResponseFormat("json")), "responseFormat"),
        (replace(CHAT, reasoning=ReasoningOptions("low")), "reasoning"),
    ],
)
def test_what_cannot_be_said(call: Call, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        body(call)


def run(*chunks: dict[str, Any] | bytes) -> list[Event]:
    decoder = OpenAICompletions().decoder(Quirks())
    events: list[Event] = []
    for chunk in chunks:
        events += decoder.feed("", chunk if isinstance(chunk, bytes) else msgspec.json.encode(chunk))
    return events + decoder.end()


def piece(text: str | None, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"text": text, "index": 0, "logprobs": None, **fields}], "usage": None}


@pytest.mark.parametrize(
    ("chunks", "events"),
    [
        ((piece("a"), piece("b"), STOP, b"[DONE]"), [Delta("a"), Delta("b"), Finish("stop", Usage(), "m")]),
        ((piece("a"), STOP, USAGE, b"[DONE]"), [Delta("a"), Finish("stop", Usage(3, 4), "m")]),
        ((piece("a", finish_reason="length"), USAGE), [Delta("a"), Finish("length", Usage(3, 4), "m")]),
        ((piece("a", finish_reason="content_filter"),), [Delta("a"), Finish("contentFilter", Usage(), "m")]),
        ((piece("a"), b"[DONE]"), [Delta("a"), Finish("stop", Usage(), "m")]),
        ((USAGE, piece(None), piece("x", index=1), STOP), [Finish("stop", Usage(3, 4), "m")]),  # Azure; n > 1
        (
            (piece("a", stop_reason=7, finish_reason="stop"), b"[DONE]", STOP),
            [Delta("a"), Finish("stop", Usage(), "m")],
        ),
    ],
)
def test_stream(chunks: tuple[dict[str, Any] | bytes, ...], events: list[Event]) -> None:
    assert run(*chunks) == events


def test_waits_for_last_words_only() -> None:
    decoder = OpenAICompletions().decoder(Quirks())
    decoder.feed("", msgspec.json.encode(piece("a")))
    assert not decoder.ending
    decoder.feed("", msgspec.json.encode(STOP))
    assert decoder.ending


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        ({"error": {"message": "boom", "type": "server_error"}}, "overloaded"),
        ({"error": {"message": "long", "code": "context_length_exceeded"}}, "contextTooLong"),
        ({"object": "error", "message": "boom", "type": "BadRequestError", "code": 400}, "badRequest"),
        (piece("", finish_reason="insufficient_system_resource"), "overloaded"),
        (piece("", finish_reason="abort"), "overloaded"),
    ],
)
def test_error_within(chunk: dict[str, Any], kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        run(piece("a"), chunk)
    assert caught.value.kind == kind


def test_cut_or_no_completion() -> None:
    with pytest.raises(Interrupted):
        run(piece("a"))
    for data in (b"<html>", b"[DONE]", b'{"choices": 5}'):
        with pytest.raises(InvalidResponse):
            run(data)


def test_odd_types_cost_no_text() -> None:
    assert run({"choices": [{"index": "0", "text": "a", "finish_reason": 7}]})[0] == Delta("a")


def test_whole() -> None:
    exchange = OpenAICompletions()
    reply = {**piece("a", finish_reason="stop"), "usage": USAGE["usage"]}
    assert exchange.whole(msgspec.json.encode(reply), Quirks()) == [Delta("a"), Finish("stop", Usage(3, 4), "m")]
    with pytest.raises(InvalidResponse):
        exchange.whole(b'{"choices": []}', Quirks())
    with pytest.raises(ProviderError, match="boom"):
        exchange.whole(b'{"error": {"message": "boom"}}', Quirks())
