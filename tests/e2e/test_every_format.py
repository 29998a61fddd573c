"""The same conversations in every wire format that the simulator speaks: a client does not know which it was."""

import json
from collections.abc import AsyncIterator

import pytest
from e2e_client import Client, Json
from e2e_home import Home, OpenClient

from libria_providers.simulator import Simulator

FORMATS = ("openai", "anthropic", "groq", "openai-responses", "gemini", "cohere", "ollama")
TOOLS: list[Json] = [
    {"name": name, "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
    for name in ("first", "second")
]


def addresses(sim: Simulator) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": "fake-gemini-key", "GEMINI_BASE_URL": sim.url, "CO_API_KEY": "fake-cohere-key",
        "CO_API_URL": sim.url, "OLLAMA_HOST": sim.url,
    }  # fmt: skip


@pytest.fixture
async def client(open_client: OpenClient, sim: Simulator) -> AsyncIterator[Client]:
    return await open_client(addresses(sim))


async def told(client: Client, model: str, messages: list[Json], **params: Json) -> Json:
    """One turn, streamed; the result is what streamed."""
    chat = client.chat(model, messages=messages, **params)
    result = await chat.result()
    assert chat.text() == result["content"]
    await chat.in_order()
    return result


def results_of(result: Json) -> list[Json]:
    return [{"role": "tool", "toolCallId": use["id"], "content": use["name"]} for use in result["toolCalls"]]


@pytest.mark.parametrize("name", FORMATS)
async def test_a_loop_of_tools_with_reasoning(client: Client, sim: Simulator, name: str) -> None:
    """Parallel calls, three rounds; the client only appends what it got. The simulator refuses a signature or a
    sealed piece of reasoning that does not come back as it was."""
    messages: list[Json] = [{"role": "user", "content": "Look at everything."}]
    for _ in range(3):
        result = await told(client, f"{name}/parallel-tools+think", messages, tools=TOOLS, maxTokens=4000)
        assert result["stopReason"] == "toolUse"
        assert [use["name"] for use in result["toolCalls"]] == ["first", "second"]
        assert len({use["id"] for use in result["toolCalls"]}) == 2
        messages += [result["message"], *results_of(result)]
        result = await told(client, f"{name}/parallel-tools+think", messages, tools=TOOLS, maxTokens=4000)
        assert result["content"] == "The tool says: first; second"
        assert result["stopReason"] == "stop"
        messages += [result["message"], {"role": "user", "content": "Once more."}]
    assert len(sim.calls) == 6
    assert all(call.status == 200 for call in sim.calls)


async def test_every_turn_by_another_provider(client: Client, sim: Simulator) -> None:
    """What only one of them can read (signatures, sealed reasoning, ids) does not get in the others' way."""
    messages: list[Json] = [{"role": "user", "content": "Look at everything."}]
    for asked, answered in zip(FORMATS, (*FORMATS[1:], FORMATS[0]), strict=True):
        result = await told(client, f"{asked}/parallel-tools+think", messages, tools=TOOLS, maxTokens=4000)
        assert [use["name"] for use in result["toolCalls"]] == ["first", "second"]
        messages += [result["message"], *results_of(result)]
        result = await told(client, f"{answered}/parallel-tools+think", messages, tools=TOOLS, maxTokens=4000)
        assert result["content"] == "The tool says: first; second"
        messages += [result["message"], {"role": "user", "content": "Once more."}]
    assert all(call.status == 200 for call in sim.calls)


@pytest.mark.parametrize("name", FORMATS)
async def test_what_everybody_tells(client: Client, name: str) -> None:
    """Text, reasoning, an answer by a schema, the token limit, usage."""
    messages = [{"role": "user", "content": "Hello."}]
    result = await told(client, f"{name}/fast:9", messages)
    assert (result["stopReason"], result["usage"]["outputTokens"]) == ("stop", 9)
    assert result["usage"]["inputTokens"] > 0
    assert result["servedModel"]
    result = await told(client, f"{name}/fast:50", messages, maxTokens=20)
    assert (result["stopReason"], result["usage"]["outputTokens"]) == ("length", 20)
    result = await told(client, f"{name}/reason", messages, reasoning={"effort": "low"}, maxTokens=4000)
    assert result["content"].startswith("I thought about it first")
    assert result["reasoning"].startswith("The question is short")
    assert result["usage"].get("reasoningTokens", 1) > 0, "told by most, not by all"
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
        "required": ["age"],
        "additionalProperties": False,
    }
    form = {"type": "jsonSchema", "name": "thing", "schema": schema}
    result = await told(client, f"{name}/json", messages, responseFormat=form)
    assert isinstance(json.loads(result["content"])["age"], int)


@pytest.mark.parametrize("name", ["openai", "gemini", "cohere", "ollama"])
async def test_embeddings_of_everybody(client: Client, sim: Simulator, name: str) -> None:
    texts = [f"text {number}" for number in range(150)]
    result = await client.request("libria/embed", {"model": f"{name}/fast", "input": texts})
    assert len(result["embeddings"]) == 150
    assert len({len(vector) for vector in result["embeddings"]}) == 1
    assert result["embeddings"][0] != result["embeddings"][1]
    assert sum(call.status == 200 for call in sim.calls) == {"openai": 1, "gemini": 2, "cohere": 2, "ollama": 1}[name]


@pytest.mark.parametrize("name", ["anthropic", "gemini", "openai"])
async def test_counts_of_those_who_count(client: Client, name: str) -> None:
    messages = [{"role": "user", "content": "How many are these?"}]
    result = await client.request("libria/countTokens", {"model": f"{name}/fast", "messages": messages})
    assert result["exact"] is True
    assert result["inputTokens"] > 0


@pytest.mark.parametrize("name", ["ollama", "openai", "groq"])
async def test_code_of_everybody(client: Client, name: str) -> None:
    params = {"model": f"{name}/code", "prefix": "def add(a, b):\n", "suffix": "\nprint(add(1, 2))\n"}
    result = await client.request("libria/complete", params)
    assert "def" in result["content"] or "return" in result["content"]
    assert "```" not in result["content"]


async def test_models_of_everybody(own_home: Home) -> None:
    async with Simulator(pace=0) as sim:
        env = {**addresses(sim), "OPENAI_API_KEY": "fake", "OPENAI_BASE_URL": f"{sim.url}/v1"}
        async with await own_home.stdio(env=env) as client:
            await client.initialize()
            found = await client.request("libria/models", {})
            names = {model["id"] for model in found["models"]}
            assert {f"{name}/story" for name in ("openai", "gemini", "cohere", "ollama", "simulate")} <= names
