"""Each format and each model, streamed and whole, as the project's own dialect of that format reads it."""

import sys
from pathlib import Path
from typing import Any

import pytest

from libria_providers.errors import BadRequest
from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.simulator.embeddings import DIMENSIONS, vector
from libria_providers.simulator.texts import CODE, REASONED, REASONING, REFUSAL, STORY
from libria_providers.types import CountTokens, Embed, Fill, Message, ResponseFormat, Timeouts, Tool, ToolChoice

sys.path.insert(0, str(Path(__file__).parent))

from simulated import CHAT, MADE, SCHEMA, TOOL, WORDS, ask, provider, read

STREAMED = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
FORMATS = pytest.mark.parametrize("name", CHAT)


@STREAMED
@FORMATS
@pytest.mark.parametrize(
    ("model", "text", "reasoning"),
    [("echo", WORDS, ""), ("story", STORY, ""), ("code", CODE, ""), ("reason", REASONED, REASONING)],
)
async def test_text(name: str, stream: bool, model: str, text: str, reasoning: str) -> None:
    answer = await read(name, model, stream=stream)
    assert (answer.text, answer.reasoning) == (text, reasoning)
    assert answer.finish is not None
    assert answer.finish.stop_reason == "stop"


@STREAMED
@FORMATS
async def test_usage(name: str, stream: bool) -> None:
    """Reasoning is within the output, what the cache had within the input, whoever says it how."""
    async with Simulator(pace=0) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        plain, more = await ask(to, "echo", stream=stream), await ask(to, "echo+think+cached:3", stream=stream)
    assert plain.finish is not None
    assert more.finish is not None
    before, after = plain.finish.usage, more.finish.usage
    assert (before.output_tokens, after.output_tokens) == (4, 4 + 31)
    assert before.input_tokens == after.input_tokens > 0
    assert after.cached_input_tokens == (None if name == "ollama" else 3)  # which does not say so
    assert after.reasoning_tokens == (None if name in ("anthropic", "ollama") else 31)


@STREAMED
@FORMATS
@pytest.mark.parametrize(
    ("model", "names", "called"),
    [("tools", ["look", "book"], ["look"]), ("parallel-tools", ["look", "book"], ["look", "book"]),
     ("parallel-tools", ["look"], ["look", "look"])],
)  # fmt: skip
async def test_tools_and_the_turns_after_them(
    name: str, stream: bool, model: str, names: list[str], called: list[str]
) -> None:
    """A client that appends what it got, and a result for each call, is understood: signatures and
    encrypted items came back unchanged, ids are told apart."""
    tools = tuple(Tool(one, SCHEMA) for one in names)
    async with Simulator(pace=0) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        turns = [Message("user", "x")]
        for _ in range(2):
            answer = await ask(to, f"{model}+think", *turns, stream=stream, tools=tools)
            calls = answer.tool_calls()
            assert [(call.name, dict(call.arguments)) for call in calls] == [(one, MADE) for one in called]
            assert len({call.id for call in calls}) == len(called)
            assert answer.finish is not None
            assert answer.finish.stop_reason == "toolUse"
            turns += [answer.message(), *(Message("tool", f"seen {call.name}", tool_call_id=call.id) for call in calls)]
            answer = await ask(to, f"{model}+think", *turns, stream=stream, tools=tools)
            assert answer.text == "The tool says: " + "; ".join(f"seen {one}" for one in called)
            turns += [answer.message(), Message("user", "again")]


@STREAMED
@FORMATS
async def test_a_tool_without_arguments(name: str, stream: bool) -> None:
    answer = await read(name, "tools", stream=stream, tools=(Tool("now", {}),))
    assert [(call.name, dict(call.arguments)) for call in answer.tool_calls()] == [("now", {})]


@STREAMED
@FORMATS
@pytest.mark.parametrize(
    ("choice", "called"),
    [(ToolChoice("required"), ["look"]), (ToolChoice("tool", "book"), ["book"]), (ToolChoice("none"), [])],
)
async def test_tool_choice(name: str, stream: bool, choice: ToolChoice, called: list[str]) -> None:
    tools = (TOOL, Tool("book", SCHEMA))
    if name == "ollama" and called:
        with pytest.raises(BadRequest):  # its format cannot say that
            await read(name, "echo", stream=stream, tools=tools, tool_choice=choice)
        return
    answer = await read(name, "echo", stream=stream, tools=tools, tool_choice=choice)
    assert [call.name for call in answer.tool_calls()] == called


@STREAMED
@FORMATS
async def test_structured_output(name: str, stream: bool) -> None:
    wanted = ResponseFormat(
        "jsonSchema", "trip", {**SCHEMA, "additionalProperties": False, "required": ["city", "days"]}
    )
    assert (await read(name, "json", stream=stream, response_format=wanted)).text == '{"city":"city","days":1}'


@STREAMED
@FORMATS
@pytest.mark.parametrize(
    ("model", "options", "text", "reason", "otherwise"),
    [
        ("story", {"max_tokens": 20}, None, "length", {}),
        ("echo+length:0.5", {}, "a b", "length", {}),
        ("echo+filter:0.5", {}, "a b", "contentFilter", {"ollama": "stop"}),
        ("echo+refusal", {}, REFUSAL, "contentFilter", {"cohere": "stop", "ollama": "stop"}),
        ("echo", {"stop": (" c",)}, "a b", "stop", {}),
    ],
)
async def test_finish_reasons(
    name: str, stream: bool, model: str, options: Any, text: str | None, reason: str, otherwise: dict[str, str]
) -> None:
    if name == "openai-responses" and "stop" in options:
        with pytest.raises(BadRequest):
            await read(name, model, stream=stream, **options)
        return
    answer = await read(name, model, stream=stream, **options)
    assert answer.finish is not None
    assert answer.finish.stop_reason == otherwise.get(name, reason)
    if name == "gemini" and model.endswith("refusal"):
        text = ""  # it says no more than why
    assert text is None or answer.text == text


@FORMATS
async def test_models(name: str) -> None:
    async with Simulator(aliases={"gpt-5-mini": "echo"}) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        listed = {model.id for model in await to.models(Timeouts())}
        assert {f"{name}/story", f"{name}/gpt-5-mini"} <= listed
        assert (await ask(to, "gpt-5-mini")).text == WORDS


@pytest.mark.parametrize("name", ["gemini", "cohere", "ollama"])
async def test_embeddings(name: str) -> None:
    async with Simulator() as sim, Pools() as pools:
        to = provider(sim, pools, name)
        most = tuple(f"text {number}" for number in range(to.row.quirks.embed_batch))
        many = await ask(to, "fast", ask=Embed(most))
        few = await ask(to, "fast", ask=Embed(("x", "y"), dimensions=3))
    assert many.vectors == [vector(text, DIMENSIONS) for text in most]
    assert few.vectors == [vector(text, 3) for text in ("x", "y")]
    assert few.finish is not None
    assert few.finish.usage.input_tokens == 2


@pytest.mark.parametrize("name", ["anthropic", "openai-responses", "gemini"])
async def test_counts(name: str) -> None:
    answer = await read(name, "story", ask=CountTokens(), system="Be brief.")
    assert answer.finish is not None
    assert answer.finish.usage.input_tokens > 5


@STREAMED
@pytest.mark.parametrize(("name", "path"), [
    ("llamacpp", "/infill"), ("codestral", "/v1/fim/completions"), ("deepseek", "/beta/completions"),
    ("ollama", "/api/generate"),
])  # fmt: skip
async def test_code_completion(name: str, path: str, stream: bool) -> None:
    async with Simulator(pace=0) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        answer = await ask(to, "echo", ask=Fill(WORDS, " after"), stream=stream)
        cut = await ask(to, "echo", ask=Fill(WORDS, " after"), stream=stream, max_tokens=2)
        stopped = await ask(to, "echo", ask=Fill(WORDS, " after"), stream=stream, stop=(" c",))
        assert (sim.calls[0].path, " after" in sim.calls[0].body.values()) == (path, True)
    assert (answer.text, cut.text, stopped.text) == (WORDS, "a b", "a b")
    reasons = [one.finish.stop_reason for one in (answer, cut, stopped) if one.finish]
    assert reasons == ["stop", "length", "stop"]
    assert answer.finish is not None
    assert (answer.finish.usage.input_tokens > 2, answer.finish.usage.output_tokens) == (True, 4)
