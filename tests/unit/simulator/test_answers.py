"""What each model answers, in each vendor's format, streamed and whole."""

import json
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY, pieces

pytestmark = pytest.mark.asyncio

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
USER = [{"role": "user", "content": "x"}]
LIMITED = {"model": "story", "max_tokens": 1}
OPENAI, GROQ, ANTHROPIC = "/v1/chat/completions", "/openai/v1/chat/completions", "/v1/messages"


async def post(sim: Simulator, path: str, **body: Any) -> httpx.Response:
    headers = {"anthropic-version": "2023-06-01"} if path == ANTHROPIC else {}
    body = {"max_tokens": 9999, "messages": [{"role": "user", "content": "Good day to you"}], **body}
    async with httpx.AsyncClient(base_url=sim.url) as client:
        return await client.post(path, json=body, headers=headers)


def events(reply: httpx.Response) -> list[Any]:
    """The data of each event; `[DONE]` is a string."""
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def tools(path: str, *names: str) -> list[Any]:
    if path == ANTHROPIC:
        return [{"name": name, "input_schema": SCHEMA} for name in names]
    return [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in names]


def deltas(all_events: list[Any], field: str) -> str:
    chosen = [event["choices"][0]["delta"] for event in all_events if event != "[DONE]" and event["choices"]]
    return "".join(delta.get(field) or "" for delta in chosen)


async def test_openai_stream_is_shaped_as_recorded() -> None:
    async with Simulator() as sim:
        reply = await post(sim, OPENAI, model="echo", stream=True, stream_options={"include_usage": True})
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["x-request-id"].startswith("req_")
    first, *middle, finish, usage, done = events(reply)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert [event["choices"][0]["delta"]["content"] for event in middle] == ["Good", " day", " to", " you"]
    assert all(event["usage"] is None for event in (first, *middle, finish))
    assert finish["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], 4)
    assert done == "[DONE]"
    assert len({event["id"] for event in (first, *middle, finish, usage)}) == 1


async def test_groq_stream_has_its_departures() -> None:
    async with Simulator() as sim:
        reply = await post(sim, GROQ, model="tools+think", stream=True, tools=tools(GROQ, "look"))
    first, *_, call, finish, done = events(reply)
    assert first["x_groq"]["id"] == reply.headers["x-request-id"]
    assert deltas([first, *_], "reasoning")
    assert "obfuscation" not in first
    assert json.loads(call["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"])["days"] == 1
    assert finish["usage"] == finish["x_groq"]["usage"]
    assert done == "[DONE]"


async def test_anthropic_stream_is_shaped_as_recorded() -> None:
    async with Simulator() as sim:
        reply = await post(sim, ANTHROPIC, model="echo", stream=True)
    made = events(reply)
    assert [line[7:] for line in reply.text.split("\n") if line.startswith("event: ")] == [e["type"] for e in made]
    assert [event["type"] for event in made] == [
        "message_start", "content_block_start", "ping", *["content_block_delta"] * 4,
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip
    assert made[0]["message"]["usage"]["output_tokens"] == 1
    assert made[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert made[-2]["usage"]["output_tokens"] == 4
    assert reply.headers["request-id"].startswith("req_")


@pytest.mark.parametrize("path", [OPENAI, GROQ])
async def test_story_is_the_same_streamed_and_whole(path: str) -> None:
    async with Simulator(pace=0) as sim:
        streamed = await post(sim, path, model="simulate/story", stream=True)
        whole = await post(sim, path, model="simulate/story")
    assert deltas(events(streamed), "content") == whole.json()["choices"][0]["message"]["content"] == STORY
    assert whole.json()["usage"]["completion_tokens"] == len(pieces(STORY))


async def test_anthropic_story() -> None:
    async with Simulator(pace=0) as sim:
        streamed = await post(sim, ANTHROPIC, model="story", stream=True)
        whole = await post(sim, ANTHROPIC, model="story")
    assert "".join(event.get("delta", {}).get("text", "") for event in events(streamed)) == STORY
    assert whole.json()["content"] == [{"type": "text", "text": STORY}]


async def test_openai_tools_loop() -> None:
    async with Simulator() as sim:
        reply = await post(sim, OPENAI, model="tools", stream=True, tools=tools(OPENAI, "look", "book"))
        calls = [c for e in events(reply)[:-1] for c in e["choices"][0]["delta"].get("tool_calls", ())]
        messages = [
            {"role": "user", "content": "x"},
            {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        ]
        again = await post(sim, OPENAI, model="tools", messages=messages, tools=tools(OPENAI, "look"))
    assert calls[0]["function"] == {"name": "look", "arguments": ""}
    assert all("id" not in call for call in calls[1:])
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"city": "city", "days": 1}
    assert events(reply)[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert again.json()["choices"][0]["message"]["content"] == "The tool says: sunny"


async def test_forced_tool_finishes_with_stop() -> None:
    choice = {"type": "function", "function": {"name": "book"}}
    async with Simulator() as sim:
        reply = await post(sim, OPENAI, model="echo", tools=tools(OPENAI, "look", "book"), tool_choice=choice)
    answer = reply.json()["choices"][0]
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "book"
    assert answer["finish_reason"] == "stop"


@pytest.mark.parametrize(("names", "called"), [(("a", "b"), ["a", "b"]), (("a",), ["a", "a"])])
async def test_parallel_tools(names: tuple[str, ...], called: list[str]) -> None:
    async with Simulator() as sim:
        openai = (await post(sim, OPENAI, model="parallel-tools", tools=tools(OPENAI, *names))).json()
        anthropic = (await post(sim, ANTHROPIC, model="parallel-tools", tools=tools(ANTHROPIC, *names))).json()
    assert [call["function"]["name"] for call in openai["choices"][0]["message"]["tool_calls"]] == called
    assert [block["name"] for block in anthropic["content"]] == called
    assert len({block["id"] for block in anthropic["content"]}) == 2


async def test_anthropic_tool_pieces_begin_empty() -> None:
    async with Simulator() as sim:
        reply = await post(sim, ANTHROPIC, model="tools", stream=True, tools=tools(ANTHROPIC, "look"))
        bare = await post(sim, ANTHROPIC, model="tools", stream=True, tools=[{"name": "now"}])
    cut = [event["delta"]["partial_json"] for event in events(reply) if event["type"] == "content_block_delta"]
    assert cut[0] == ""
    assert json.loads("".join(cut)) == {"city": "city", "days": 1}
    assert [e["delta"]["partial_json"] for e in events(bare) if e["type"] == "content_block_delta"] == [""]


async def test_thinking_must_come_back_with_its_signature() -> None:
    async with Simulator(pace=0) as sim:
        content = (await post(sim, ANTHROPIC, model="reason")).json()["content"]
        turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": content}]
        turns.append({"role": "user", "content": "and?"})
        good = await post(sim, ANTHROPIC, model="reason", messages=turns)
        content[0]["signature"] = "altered"
        bad = await post(sim, ANTHROPIC, model="reason", messages=turns)
    assert [block["type"] for block in content] == ["thinking", "text"]
    assert good.status_code == 200
    assert (bad.status_code, bad.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_reasoning_content() -> None:
    async with Simulator(pace=0) as sim:
        reply = await post(sim, OPENAI, model="reason", stream=True)
        whole = (await post(sim, OPENAI, model="reason")).json()
    message = whole["choices"][0]["message"]
    assert deltas(events(reply), "reasoning_content") == message["reasoning_content"]
    assert whole["usage"]["completion_tokens_details"]["reasoning_tokens"] > 10


async def test_json_is_an_instance_of_the_schema() -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA}}
    output = {"format": {"type": "json_schema", "schema": SCHEMA}}
    async with Simulator() as sim:
        openai = (await post(sim, OPENAI, model="json", response_format=shape)).json()
        anthropic = (await post(sim, ANTHROPIC, model="json", output_config=output)).json()
    assert json.loads(openai["choices"][0]["message"]["content"]) == {"city": "city", "days": 1}
    assert json.loads(anthropic["content"][0]["text"]) == {"city": "city", "days": 1}


@pytest.mark.parametrize(
    ("model", "more", "openai", "anthropic"),
    [
        ("story", {"max_tokens": 5}, "length", "max_tokens"),
        ("story+length:0.1", {}, "length", "max_tokens"),
        ("story+filter", {}, "content_filter", "refusal"),
        ("echo+refusal", {}, "stop", "refusal"),
        ("echo", {"stop": [" to"], "stop_sequences": [" to"]}, "stop", "stop_sequence"),
    ],
)
async def test_finish_reasons(model: str, more: dict[str, Any], openai: str, anthropic: str) -> None:
    async with Simulator(pace=0) as sim:
        one = (await post(sim, OPENAI, model=model, **more)).json()
        other = (await post(sim, ANTHROPIC, model=model, **more)).json()
        streamed = events(await post(sim, ANTHROPIC, model=model, stream=True, **more))
    assert one["choices"][0]["finish_reason"] == openai
    assert other["stop_reason"] == streamed[-2]["delta"]["stop_reason"] == anthropic


@pytest.mark.parametrize(("model", "count"), [("fast", 200), ("fast:2000", 2000), ("echo+count:3", 3)])
async def test_counts(model: str, count: int) -> None:
    async with Simulator() as sim:
        made = events(await post(sim, OPENAI, model=model, stream=True))
        assert sim.calls[0].events == count + 4  # the role, the finish, [DONE], the last chunk
    assert sum(bool(event["choices"][0]["delta"].get("content")) for event in made[:-1]) == count


async def test_cached_tokens_are_told_in_each_vendors_arithmetic() -> None:
    async with Simulator() as sim:
        openai = (await post(sim, OPENAI, model="echo+cached:2")).json()["usage"]
        anthropic = (await post(sim, ANTHROPIC, model="echo+cached:2")).json()["usage"]
    assert (openai["prompt_tokens"], openai["prompt_tokens_details"]["cached_tokens"]) == (7, 2)
    assert anthropic["input_tokens"] + anthropic["cache_read_input_tokens"] == 11


@pytest.mark.parametrize("path", [OPENAI, GROQ, ANTHROPIC])
async def test_models_are_listed(path: str) -> None:
    listing = path.replace("/chat/completions", "/models").replace("/messages", "/models")
    headers = {"anthropic-version": "2023-06-01"} if path == ANTHROPIC else {}
    async with Simulator(aliases={"gpt-5-mini": "echo"}) as sim, httpx.AsyncClient() as client:
        body = (await client.get(sim.url + listing, headers=headers)).json()
        known = (await post(sim, path, model="gpt-5-mini")).status_code
    assert {"story", "gpt-5-mini"} <= {row["id"] for row in body["data"]}
    assert ("has_more" in body) == (path == ANTHROPIC)
    assert known == 200


async def test_count_tokens() -> None:
    async with Simulator() as sim, httpx.AsyncClient(headers={"anthropic-version": "2023-06-01"}) as client:
        body = {"model": "story", "messages": [{"role": "user", "content": "four" * 4}]}
        assert (await client.post(f"{sim.url}/v1/messages/count_tokens", json=body)).json() == {"input_tokens": 12}


@pytest.mark.parametrize(
    ("path", "body", "version"),
    [
        (OPENAI, {"model": "story"}, None),
        (OPENAI, {"model": "story", "messages": []}, None),
        (ANTHROPIC, {"model": "story", "messages": USER}, "2023-06-01"),
        (ANTHROPIC, {**LIMITED, "messages": USER}, None),
        (ANTHROPIC, {**LIMITED, "messages": [{"role": "system", "content": "x"}]}, "2023-06-01"),
        (ANTHROPIC, {**LIMITED, "messages": USER, "temperature": 1.0}, "2026-10-21"),
    ],
)  # fmt: skip
async def test_what_vendors_refuse(path: str, body: Any, version: str | None) -> None:
    headers = {"anthropic-version": version} if version else {}
    async with Simulator() as sim, httpx.AsyncClient() as client:
        reply = await client.post(sim.url + path, json=body, headers=headers)
    assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
