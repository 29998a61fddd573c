"""Cohere: events as recorded, errors in its words, what it refuses, and the path that it shares with others."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from simulated import SCHEMA, WORDS, post

USER = {"role": "user", "content": WORDS}
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}


async def events(sim: Simulator, model: str, **more: Any) -> list[Any]:
    reply = await post(sim, "/v2/chat", {"model": model, "messages": [USER], "stream": True, **more})
    lines = reply.text.split("\n")
    made = [line[6:] for line in lines if line.startswith("data: ")]
    assert made.pop() == "[DONE]"
    assert [line[7:] for line in lines if line.startswith("event: ")] == [json.loads(one)["type"] for one in made]
    return [json.loads(one) for one in made]


async def test_text_is_shaped_as_recorded() -> None:
    async with Simulator() as sim:
        made = await events(sim, "echo+think+cached:2")
    assert [event["type"] for event in made] == [
        "message-start", "content-start", *["content-delta"] * 31, "content-end",
        "content-start", *["content-delta"] * 4, "content-end", "message-end",
    ]  # fmt: skip
    assert made[1]["delta"]["message"]["content"] == {"type": "thinking", "thinking": ""}
    assert [event["index"] for event in made if event["type"] == "content-start"] == [0, 1]
    assert made[-1]["delta"]["finish_reason"] == "COMPLETE"
    usage = made[-1]["delta"]["usage"]
    assert (usage["tokens"]["output_tokens"], usage["tokens"]["reasoning_tokens"], usage["cached_tokens"]) == (
        35,
        31,
        2,
    )


async def test_a_plan_comes_before_the_calls() -> None:
    async with Simulator() as sim:
        made = await events(sim, "parallel-tools", tools=TOOLS)
        whole = (await post(sim, "/v2/chat", {"model": "tools", "messages": [USER], "tools": TOOLS})).json()
    kinds = list(dict.fromkeys(event["type"] for event in made))
    assert kinds == [
        "message-start",
        "tool-plan-delta",
        "tool-call-start",
        "tool-call-delta",
        "tool-call-end",
        "message-end",
    ]
    starts = [event for event in made if event["type"] == "tool-call-start"]
    assert [event["index"] for event in starts] == [0, 1]
    assert all(event["delta"]["message"]["tool_calls"]["id"].startswith("look_") for event in starts)
    plan = "".join(event["delta"]["message"]["tool_plan"] for event in made if event["type"] == "tool-plan-delta")
    assert (whole["message"]["tool_plan"], whole["finish_reason"]) == (plan, "TOOL_CALL")
    assert "content" not in whole["message"]


async def test_the_last_event_says_the_error() -> None:
    async with Simulator() as sim:
        *_, last = await events(sim, "echo+error:0.5")
    assert (last["type"], last["delta"]["finish_reason"]) == ("message-end", "ERROR")
    assert last["delta"]["error"]


@pytest.mark.parametrize(
    ("model", "status", "kind"),
    [
        ("status:429", 429, None), ("quota", 402, None), ("context-length", 400, "TOO_MANY_TOKENS"),
        ("prompt-filter", 498, None), ("no-such-model", 404, None),
    ],
)  # fmt: skip
async def test_errors(model: str, status: int, kind: str | None) -> None:
    async with Simulator() as sim:
        reply = await post(sim, "/v2/chat", {"model": model, "messages": [USER]})
    assert (reply.status_code, reply.json().get("error_type")) == (status, kind)
    assert reply.json().keys() >= {"id", "message"}
    assert reply.headers["x-debug-trace-id"]


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        ([], {}),
        ([USER, {"role": "system", "content": "x"}], {}),
        ([USER, {"role": "assistant", "content": ""}, USER], {}),
        ([USER, {"role": "tool", "tool_call_id": "c", "content": "x"}], {}),
        ([USER], {"tool_choice": "AUTO"}),
    ],
)
async def test_what_is_refused(messages: Any, more: Any) -> None:
    async with Simulator() as sim:
        bad = await post(sim, "/v2/chat", {"model": "echo", "messages": messages, **more})
        good = await post(sim, "/v2/chat", {"model": "echo", "messages": [USER, CALL, RESULT, USER]})
    assert bad.status_code == 400
    assert bad.json()["message"].startswith("invalid request")
    assert good.json()["message"]["content"][0]["text"] == WORDS


RESULT = {
    "role": "tool",
    "tool_call_id": "c",
    "content": [{"type": "document", "document": {"data": {"content": "x"}}}],
}


async def test_embeddings_want_to_know_what_for() -> None:
    asked = {"model": "fast", "texts": ["x"], "input_type": "search_query"}
    async with Simulator() as sim:
        good = await post(sim, "/v2/embed", asked)
        without = await post(sim, "/v2/embed", {**asked, "input_type": None})
        many = await post(sim, "/v2/embed", {**asked, "texts": ["x"] * 97})
    assert len(good.json()["embeddings"]["float"][0]) == 8
    assert [reply.status_code for reply in (without, many)] == [400, 400]


async def test_its_list_of_models_is_asked_for_by_page() -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        cohere = (await client.get("/v1/models?page_size=1000")).json()
        openai = (await client.get("/v1/models")).json()
    assert cohere["models"][0] == {**cohere["models"][0], "name": "story", "endpoints": ["chat", "embed"]}
    assert openai["data"][0]["id"] == "story"
