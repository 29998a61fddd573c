"""What a model can be asked for and what it can answer, in each vendor's wire format."""

import base64
import json

import pytest
from e2e_client import Client, Json

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import Seen

VENDORS = ("openai", "anthropic", "groq")
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "groq": "/openai/v1/chat/completions"}
WEATHER: Json = {
    "name": "weather",
    "description": "The weather of a place.",
    "parameters": {
        "type": "object",
        "properties": {"place": {"type": "string", "enum": ["Zürich"]}, "days": {"type": "integer", "minimum": 3}},
        "required": ["place", "days"],
        "additionalProperties": False,
    },
}
SCHEMA: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PIXEL = base64.b64encode(b"\x89PNG, as far as the simulator cares").decode()


def said(seen: Seen, vendor: str) -> list[Json]:
    """The messages of a request, without a system prompt."""
    return [message for message in seen.body["messages"] if message["role"] != "system"]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_conversation(client: Client, sim: Simulator, vendor: str) -> None:
    """Each result's message is appended as it is; the provider gets back what it said."""
    messages: list[Json] = [{"role": "user", "content": "One."}]
    answers: list[str] = []
    for turn in ("Two.", "Three.", "Four."):
        chat = client.chat(f"{vendor}/reason+count:4", messages=messages, system="Be short.", maxTokens=500)
        result = await chat.result()
        assert chat.text() == result["content"]
        await chat.in_order()
        answers.append(result["content"])
        messages += [result["message"], {"role": "user", "content": turn}]
    assert [call.path for call in sim.calls] == [PATHS[vendor]] * 3
    last = said(sim.calls[2], vendor)
    assert [message["role"] for message in last] == ["user", "assistant", "user", "assistant", "user"]
    for text, message in zip(answers, (last[1], last[3]), strict=False):
        assert text in json.dumps(message, ensure_ascii=False)
    assert "Be short." in sim.calls[2].raw.decode()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_tools_there_and_back(client: Client, sim: Simulator, vendor: str) -> None:
    messages: list[Json] = [{"role": "user", "content": "What is the weather?"}]
    chat = client.chat(f"{vendor}/tools", messages=messages, tools=[WEATHER])
    result = await chat.result()
    [use] = result["toolCalls"]
    assert result["stopReason"] == "toolUse"
    assert (use["name"], use["arguments"]) == ("weather", {"place": "Zürich", "days": 3})
    pieces = [value for value in chat.progress if value["kind"] == "toolCall"]
    assert (pieces[0]["id"], pieces[0]["name"], pieces[0]["index"]) == (use["id"], "weather", 0)
    assert json.loads("".join(value["arguments"] for value in pieces)) == use["arguments"]
    await chat.in_order()

    messages += [result["message"], {"role": "tool", "toolCallId": use["id"], "content": "Rain until Sunday."}]
    result = await client.chat(f"{vendor}/tools", messages=messages, tools=[WEATHER]).result()
    assert result["content"] == "The tool says: Rain until Sunday."
    assert result["stopReason"] == "stop"
    assert use["id"] in sim.calls[1].raw.decode()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_several_tools_at_once(client: Client, vendor: str) -> None:
    tools = [{**WEATHER, "name": name} for name in ("first", "second", "third")]
    messages: list[Json] = [{"role": "user", "content": "All of them."}]
    result = await client.chat(f"{vendor}/parallel-tools", messages=messages, tools=tools).result()
    assert [use["name"] for use in result["toolCalls"]] == ["first", "second", "third"]
    assert len({use["id"] for use in result["toolCalls"]}) == 3
    messages.append(result["message"])
    messages += [{"role": "tool", "toolCallId": use["id"], "content": use["name"]} for use in result["toolCalls"]]
    result = await client.chat(f"{vendor}/parallel-tools", messages=messages, tools=tools).result()
    assert result["content"] == "The tool says: first; second; third"


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
async def test_an_image_reaches_the_provider(client: Client, sim: Simulator, vendor: str) -> None:
    content = [{"type": "text", "text": "What is this?"}, {"type": "image", "data": PIXEL, "mediaType": "image/png"}]
    await client.chat(f"{vendor}/fast:2", messages=[{"role": "user", "content": content}]).result()
    sent = sim.calls[0].body["messages"][0]["content"][1]
    if vendor == "openai":
        assert sent == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    else:
        assert sent == {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_answer_by_a_schema(client: Client, vendor: str) -> None:
    form = {"type": "jsonSchema", "name": "person", "schema": SCHEMA}
    result = await client.chat(f"{vendor}/json", responseFormat=form).result()
    value = json.loads(result["content"])
    assert set(value) == {"name", "age"}
    assert isinstance(value["age"], int)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_reasoning_is_kept_apart(client: Client, vendor: str) -> None:
    chat = client.chat(f"{vendor}/reason", reasoning={"effort": "low"}, maxTokens=4000)
    result = await chat.result()
    reasoning = "".join(value["text"] for value in chat.progress if value["kind"] == "reasoning")
    assert reasoning == result["reasoning"]
    assert reasoning.startswith("The question is short")
    assert result["content"].startswith("I thought about it first")
    kinds = [value["kind"] for value in chat.progress if value["kind"] in ("reasoning", "delta")]
    assert kinds == sorted(kinds, reverse=True), "reasoning comes before the answer"


@pytest.mark.parametrize(("word", "reason"), [("length", "length"), ("filter", "contentFilter")])
async def test_why_it_stopped(client: Client, word: str, reason: str) -> None:
    result = await client.chat(f"anthropic/fast:20+{word}").result()
    assert (result["stopReason"], result["usage"]["outputTokens"]) == (reason, 10)


async def test_parameters_reach_the_provider_in_its_own_words(client: Client, sim: Simulator) -> None:
    await client.chat(
        "openai/fast:2", maxTokens=7, temperature=0.5, topP=0.9, stop=["zzz"], seed=4, system="Be kind.",
        providerOptions={"service_tier": "flex", "metadata": {"a": [1, None]}},
    ).result()  # fmt: skip
    body = sim.calls[0].body
    assert body["max_completion_tokens"] == 7
    assert (body["temperature"], body["top_p"], body["stop"], body["seed"]) == (0.5, 0.9, ["zzz"], 4)
    assert body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (body["service_tier"], body["metadata"]) == ("flex", {"a": [1, None]})


async def test_what_comes_as_one_body_is_understood(client: Client) -> None:
    chat = client.chat("openai/fast:9+json-body")
    result = await chat.result()
    assert chat.text() == result["content"]
    assert result["usage"]["outputTokens"] == 9


async def test_which_models_there_are(client: Client) -> None:
    found = await client.request("libria/models", {"provider": "anthropic"})
    assert "anthropic/story" in {model["id"] for model in found["models"]}
    assert found["problems"] == []
    everything = await client.request("libria/models", {})
    assert {"openai", "anthropic", "groq", "simulate"} <= {model["provider"] for model in everything["models"]}
    problems = {problem["provider"]: problem["kind"] for problem in everything["problems"]}
    assert problems["mistral"] == "credentialMissing"
    assert problems["ollama"] == "disconnected"


async def test_the_status_says_what_the_contract_names(client: Client, mode: str) -> None:
    status = await client.request("libria/status", {})
    for name in ("pid", "version", "uptimeSeconds", "clients", "calls", "pools"):
        assert name in status
    assert (status["socket"] is None) == (mode == "isolated")
    assert status["problems"] == []
