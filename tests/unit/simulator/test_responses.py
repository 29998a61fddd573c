"""OpenAI's Responses: what its events look like, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from simulated import SCHEMA, WORDS, post

PATH = "/v1/responses"
TOOL = {"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}


async def events(sim: Simulator, model: str, **more: Any) -> list[Any]:
    reply = await post(sim, PATH, {"model": model, "input": WORDS, "stream": True, **more})
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "[DONE]" not in reply.text
    made = [json.loads(line[6:]) for line in reply.text.split("\n") if line.startswith("data: ")]
    assert [line[7:] for line in reply.text.split("\n") if line.startswith("event: ")] == [e["type"] for e in made]
    assert [event["sequence_number"] for event in made] == list(range(len(made)))
    return made


async def test_events_are_shaped_as_recorded() -> None:
    async with Simulator() as sim:
        made = await events(sim, "echo+think+count:2")
    reasoning = ["response.reasoning_summary_text.delta"] * 31
    assert [event["type"] for event in made] == [
        "response.created", "response.in_progress",
        "response.output_item.added", "response.reasoning_summary_part.added", *reasoning,
        "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
        "response.output_item.added", "response.content_part.added", *["response.output_text.delta"] * 2,
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert made[0]["response"]["status"] == "in_progress"
    last = made[-1]["response"]
    assert last["output"] == [event["item"] for event in made if event["type"] == "response.output_item.done"]
    assert last["usage"]["output_tokens_details"] == {"reasoning_tokens": 31}
    assert "obfuscation" in made[4]


async def test_a_call_is_named_by_its_call_id() -> None:
    async with Simulator() as sim:
        made = await events(sim, "tools", tools=[TOOL])
    item = made[-2]["item"]
    pieces = [event["delta"] for event in made if event["type"] == "response.function_call_arguments.delta"]
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "look", "".join(pieces))
    assert item["call_id"].startswith("call_")
    assert item["id"].startswith("fc_")
    assert made[-1]["response"]["tools"] == [TOOL]


async def test_an_error_is_nested_and_then_the_response_has_failed() -> None:
    async with Simulator() as sim:
        *_, error, failed = await events(sim, "echo+error:0.5")
    assert error["error"]["type"] == "server_error"
    assert "message" not in error
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"]["code"] == "server_error"


@pytest.mark.parametrize(
    ("model", "more", "reason"),
    [
        ("story", {"max_output_tokens": 16}, "max_output_tokens"),
        ("story+length:0.1", {}, "max_output_tokens"),
        ("story+filter:0.1", {}, "content_filter"),
    ],
)
async def test_incomplete(model: str, more: Any, reason: str) -> None:
    async with Simulator(pace=0) as sim:
        streamed = (await events(sim, model, **more))[-1]
        whole = (await post(sim, PATH, {"model": model, "input": "x", **more})).json()
    assert streamed["type"] == "response.incomplete"
    for response in (streamed["response"], whole):
        assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": reason})
        assert response["output"][0]["status"] == "incomplete"


async def test_refusal_has_a_channel_of_its_own() -> None:
    async with Simulator() as sim:
        made = await events(sim, "echo+refusal")
    assert {event["type"] for event in made if "delta" in event} == {"response.refusal.delta"}
    assert made[-1]["response"]["output"][0]["content"][0]["type"] == "refusal"


REASONING = {"type": "reasoning", "summary": []}
CALL = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
USER = {"role": "user", "content": "x"}


async def test_encrypted_reasoning_must_come_back_unchanged() -> None:
    body = {"model": "reason", "include": ["reasoning.encrypted_content"]}
    async with Simulator(pace=0) as sim:
        item, message = (await post(sim, PATH, {**body, "input": "x"})).json()["output"]
        good = await post(sim, PATH, {**body, "input": [USER, item, message, USER]})
        altered = {**item, "encrypted_content": item["encrypted_content"] + "A"}
        bad = await post(sim, PATH, {**body, "input": [USER, altered, message, USER]})
        other = await post(sim, PATH, {**body, "input": [USER, {**item, "id": "rs_1"}, message, USER]})
        plain = (await post(sim, PATH, {"model": "reason", "input": "x"})).json()["output"][0]
    assert good.status_code == 200
    for reply in (bad, other):
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_encrypted_content")
    assert "encrypted_content" not in plain


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"input": []}, 400, "empty array"),
        ({}, 400, "input"),
        ({"input": "x", "max_output_tokens": 15}, 400, ">= 16"),
        ({"input": "x", "previous_response_id": "resp_1"}, 400, "resp_1"),
        ({"input": [USER, CALL]}, 400, "No tool output found for function call c"),
        ({"input": [USER, {"type": "function_call_output", "call_id": "c", "output": "y"}]}, 400, "No tool call found"),
        ({"input": [USER, {**REASONING, "id": "rs_1"}, USER]}, 404, "rs_1"),
    ],
)
async def test_what_is_refused(body: Any, status: int, words: str) -> None:
    async with Simulator() as sim:
        reply = await post(sim, PATH, {"model": "echo", **body})
    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (status, "invalid_request_error")
    assert words in error["message"]


async def test_an_unknown_model_is_a_bad_request() -> None:
    async with Simulator() as sim:
        reply = await post(sim, PATH, {"model": "gpt-9", "input": "x"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "model_not_found")


async def test_input_tokens() -> None:
    async with Simulator() as sim:
        reply = await post(sim, PATH + "/input_tokens", {"model": "echo", "input": "four" * 4})
        failed = await post(sim, PATH + "/input_tokens", {"model": "status:500", "input": "x"})
    assert reply.json() == {"object": "response.input_tokens", "input_tokens": 8}
    assert failed.status_code == 500


@pytest.mark.parametrize("path", ["/responses", "/openai/v1/responses", "/v1/responses/", "/v1/responses?a=b"])
async def test_paths(path: str) -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        assert (await client.post(path, json={"model": "echo", "input": "x"})).json()["object"] == "response"
        assert (await client.get(path)).status_code == 405
