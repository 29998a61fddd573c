"""Ollama's own format: lines of JSON, whole calls, errors as a line of their own."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from simulated import SCHEMA, WORDS, post

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]


async def lines(sim: Simulator, model: str, path: str = "/api/chat", **more: Any) -> list[str]:
    body = {"model": model, "messages": [{"role": "user", "content": WORDS}], "prompt": WORDS, **more}
    reply = await post(sim, path, body)
    assert reply.headers["content-type"] == "application/x-ndjson"
    return reply.text.split("\n")


async def test_it_streams_unless_told_otherwise() -> None:
    async with Simulator() as sim:
        *made, last, nothing = await lines(sim, "echo+think+count:2")
        whole = await post(sim, "/api/chat", {"model": "echo", "messages": [], "stream": False})
    said = [json.loads(line) for line in made]
    assert [one["message"].get("thinking") is not None for one in said] == [True] * 31 + [False] * 2
    assert all(one["done"] is False for one in said)
    end = json.loads(last)
    assert (end["done"], end["done_reason"], end["eval_count"], end["message"]["content"]) == (True, "stop", 33, "")
    assert nothing == ""
    assert whole.json()["done"] is True


async def test_calls_come_whole_and_finish_with_stop() -> None:
    async with Simulator() as sim:
        made = [json.loads(line) for line in (await lines(sim, "parallel-tools", tools=TOOLS))[:-1]]
    calls = [call for one in made for call in one["message"].get("tool_calls", ())]
    assert [call["function"]["arguments"] for call in calls] == [{"city": "city", "days": 1}] * 2
    assert made[-1]["done_reason"] == "stop"


async def test_generate_has_no_message() -> None:
    async with Simulator() as sim:
        made = [json.loads(line) for line in (await lines(sim, "echo", "/api/generate", suffix="e"))[:-1]]
        cut = await lines(sim, "echo", "/api/generate", options={"num_predict": 2, "stop": ["never"]})
    assert "".join(one["response"] for one in made) == WORDS
    assert all("message" not in one for one in made)
    assert json.loads(cut[-2])["done_reason"] == "length"


@pytest.mark.parametrize(
    ("model", "number", "last"),
    [
        ("echo+error:0.5", 3, "error"), ("echo+end:0.5", 2, "message"), ("echo+no-finish", 4, "message"),
        ("echo+no-done", 5, "eval_count"),
    ],
)  # fmt: skip
async def test_ends(model: str, number: int, last: str) -> None:
    async with Simulator() as sim:
        made = (await lines(sim, model))[:-1]
    assert len(made) == number
    assert last in json.loads(made[-1])


async def test_broken_crlf_and_blank_lines() -> None:
    async with Simulator() as sim:
        broken = (await lines(sim, "echo+malformed:2"))[:-1]
        crlf = await lines(sim, "echo+crlf")
        blank = await lines(sim, "echo+comments:2")
    assert [line.endswith("}") for line in broken] == [True, False, True, True, True]
    assert all(line.endswith("\r") for line in crlf[:-1])
    assert [bool(line) for line in blank] == [False, True, True, False, True, True, False, True, False]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/chat", {"model": "no-such"}, 404),
        ("/api/chat", {"model": "status:503"}, 503),
        ("/api/chat", {"messages": []}, 400),
        ("/api/generate", {"prompt": "x"}, 400),
        ("/api/embed", {"model": "fast"}, 400),
        ("/api/nothing", {}, 404),
    ],
)
async def test_errors_are_a_string(path: str, body: Any, status: int) -> None:
    async with Simulator() as sim:
        reply = await post(sim, path, body)
    assert reply.status_code == status
    assert isinstance(reply.json()["error"], str)


async def test_embeddings_and_tags() -> None:
    async with Simulator() as sim, httpx.AsyncClient(base_url=sim.url) as client:
        one = (await client.post("/api/embed", json={"model": "fast", "input": "x"})).json()
        tags = (await client.get("/api/tags")).json()
    assert (len(one["embeddings"]), one["prompt_eval_count"]) == (1, 1)
    assert "story" in {row["model"] for row in tags["models"]}
