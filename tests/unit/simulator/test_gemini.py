"""Gemini: models in paths, two ways of streaming, signatures that must come back, errors within what was asked for."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from simulated import SCHEMA, WORDS, post

USER = {"role": "user", "parts": [{"text": WORDS}]}
BODY: dict[str, Any] = {"contents": [USER]}
TOOLS = {"tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": SCHEMA}]}]}


def path(model: str, method: str = "generateContent") -> str:
    return f"/v1beta/models/{model}:{method}"


def events(model: str) -> str:
    return path(model, "streamGenerateContent") + "?alt=sse"


@pytest.mark.parametrize(
    ("where", "model"),
    [
        ("/v1beta/models/echo:generateContent", "echo"),
        ("/v1beta/models/echo+cached:3:generateContent", "echo+cached:3"),
        ("/v1beta/models/echo%2Bcached%3A3:generateContent", "echo+cached:3"),
        ("/v1beta/models/simulate%2Fecho:generateContent?key=x", "simulate/echo"),
        ("/v1beta/models/simulate/echo:generateContent", "simulate/echo"),
        ("/v1beta/tunedModels/echo:generateContent", "echo"),
        ("/v1/projects/p/locations/l/publishers/google/models/echo:generateContent", "echo"),
    ],
)
async def test_the_model_is_in_the_path(where: str, model: str) -> None:
    async with Simulator() as sim:
        reply = await post(sim, where, BODY)
        assert (sim.calls[0].model, sim.calls[0].path) == (model, where.partition("?")[0])
    assert reply.json()["candidates"][0]["content"]["parts"][0]["text"] == WORDS


@pytest.mark.parametrize(("where", "status"), [("echo:nothing", 404), ("echo", 404), ("no-such:generateContent", 404)])
async def test_nothing_there(where: str, status: int) -> None:
    async with Simulator() as sim:
        reply = await post(sim, "/v1beta/models/" + where, BODY)
    assert (reply.status_code, reply.json()["error"]["status"]) == (status, "NOT_FOUND")


async def test_events_end_their_lines_in_crlf_and_all_have_usage() -> None:
    async with Simulator() as sim:
        reply = await post(sim, events("echo+think"), BODY)
    assert reply.headers["content-type"] == "text/event-stream"
    *made, nothing = reply.content.split(b"\r\n\r\n")
    assert (nothing, b"\n" in b"".join(made)) == (b"", False)
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in made]
    assert [chunk["usageMetadata"]["totalTokenCount"] for chunk in chunks[-2:]] == [5 + 4 + 31] * 2
    assert chunks[0]["candidates"][0]["content"]["parts"][0]["thought"] is True
    assert [chunk["candidates"][0].get("finishReason") for chunk in chunks[-2:]] == [None, "STOP"]
    assert chunks[-1]["candidates"][0]["content"]["parts"][0].keys() == {"text", "thoughtSignature"}
    assert len({chunk["responseId"] for chunk in chunks}) == 1


@pytest.mark.parametrize(
    "model", ["echo", "echo+comments:1", "echo+crlf", "echo+split:3", "echo+count:1", "echo+error:0.5"]
)
async def test_without_alt_sse_a_stream_is_one_array(model: str) -> None:
    async with Simulator() as sim:
        reply = await post(sim, path(model, "streamGenerateContent"), BODY)
    assert reply.headers["content-type"] == "application/json; charset=UTF-8"
    chunks = reply.json()
    assert "candidates" in chunks[0]
    assert ("error" in chunks[-1]) == ("error" in model)


@pytest.mark.parametrize(
    ("model", "start", "end"),
    [("echo+end:0.5", b"[{", b"}\n"), ("echo+no-done", b"[{", b"}\n"), ("echo+no-finish", b"[{", b"]")],
)
async def test_half_an_array(model: str, start: bytes, end: bytes) -> None:
    async with Simulator() as sim:
        reply = await post(sim, path(model, "streamGenerateContent"), BODY)
    assert reply.content.startswith(start)
    assert reply.content.endswith(end)
    assert (b"STOP" in reply.content) == (model == "echo+no-done")


async def test_broken_json_stays_within_its_element() -> None:
    async with Simulator() as sim:
        reply = await post(sim, path("echo+malformed:3", "streamGenerateContent"), BODY)
    elements = reply.content.removeprefix(b"[").removesuffix(b"]").split(b"\n,\r\n")
    assert [_readable(element) for element in elements] == [True, False, True, True, True]


def _readable(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


async def test_signatures_must_come_back() -> None:
    async with Simulator() as sim:
        first = await post(sim, path("parallel-tools"), {**BODY, **TOOLS})
        content = first.json()["candidates"][0]["content"]
        response = {"functionResponse": {"name": "look", "response": {"output": "sunny"}}}
        result = {"role": "user", "parts": [response, response]}

        async def after(call: Any, *later: Any) -> httpx.Response:
            changed = {"role": "model", "parts": [call, content["parts"][1]]}
            return await post(sim, path("parallel-tools"), {"contents": [USER, changed, result, *later], **TOOLS})

        call = content["parts"][0]
        bare = {"functionCall": call["functionCall"]}
        good = await after(call)
        skipped = await after({**bare, "thoughtSignature": "skip_thought_signature_validator"})
        missing, earlier = await after(bare), await after(bare, USER)
        altered = await after({**call, "thoughtSignature": call["thoughtSignature"][:-4] + "AAA="})
        moved = await after({**bare, "functionCall": {**call["functionCall"], "name": "other"},
                             "thoughtSignature": call["thoughtSignature"]})  # fmt: skip
    assert ["thoughtSignature" in part for part in content["parts"]] == [True, False]
    assert good.json()["candidates"][0]["content"]["parts"][0]["text"] == "The tool says: sunny; sunny"
    assert [reply.status_code for reply in (skipped, earlier)] == [200, 200]
    for reply in (missing, altered, moved):
        assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_the_older_schemas() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"days": {"type": "INTEGER"}, "cities": {"type": "ARRAY", "items": {"type": "STRING"}}},
    }
    async with Simulator() as sim:
        wanted = {"generationConfig": {"responseMimeType": "application/json", "responseSchema": schema}}
        made = await post(sim, path("json"), {**BODY, **wanted})
        tools = {"tools": [{"functionDeclarations": [{"name": "look", "parameters": schema}]}]}
        called = await post(sim, path("tools"), {**BODY, **tools})
    expected = {"days": 1, "cities": ["cities"]}
    assert json.loads(made.json()["candidates"][0]["content"]["parts"][0]["text"]) == expected
    assert called.json()["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == expected


async def test_a_blocked_prompt_is_no_error() -> None:
    async with Simulator() as sim:
        whole = await post(sim, path("prompt-filter"), BODY)
        streamed = await post(sim, events("prompt-filter"), BODY)
        array = await post(sim, path("prompt-filter", "streamGenerateContent"), BODY)
    for said in (whole.json(), json.loads(streamed.text.removeprefix("data: ")), array.json()[0]):
        assert "candidates" not in said
        assert said["promptFeedback"]["blockReason"] == "PROHIBITED_CONTENT"


async def test_when_to_come_again_is_in_the_body() -> None:
    async with Simulator() as sim:
        limited = (await post(sim, path("status:429"), BODY)).json()["error"]
        spent = (await post(sim, path("quota"), BODY)).json()["error"]
        array = await post(sim, path("status:429", "streamGenerateContent"), BODY)
    assert [detail.get("retryDelay") for detail in limited["details"]] == [None, "48s"]
    assert all("RetryInfo" not in detail["@type"] for detail in spent["details"])
    assert array.json()[0]["error"]["code"] == 429


async def test_keys() -> None:
    async with Simulator(key="right") as sim:
        right = [
            await post(sim, path("echo"), BODY, headers={"x-goog-api-key": "right"}),
            await post(sim, path("echo") + "?key=right", BODY),
        ]
        wrong = await post(sim, path("echo"), BODY, headers={"x-goog-api-key": "wrong"})
        none = await post(sim, path("echo"), BODY)
        assert "right" not in repr(sim.calls)
    assert [reply.status_code for reply in right] == [200, 200]
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    assert (none.status_code, none.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


async def test_counts_of_both_shapes_and_one_embedding() -> None:
    async with Simulator() as sim:
        alone = await post(sim, path("echo", "countTokens"), BODY)
        whole = await post(
            sim, path("echo", "countTokens"), {"generateContentRequest": {"model": "models/echo", **BODY}}
        )
        one = await post(sim, path("fast", "embedContent"), {"content": USER, "outputDimensionality": 3})
        many = await post(sim, path("fast", "batchEmbedContents"), {"requests": [{"content": USER}] * 101})
    assert alone.json()["totalTokens"] == whole.json()["totalTokens"] == 5
    assert len(one.json()["embedding"]["values"]) == 3
    assert many.status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"contents": []}, {"contents": [{"role": "assistant", "parts": []}]}, {"contents": "x"}]
)
async def test_what_is_refused(body: Any) -> None:
    async with Simulator() as sim:
        reply = await post(sim, path("echo"), body)
    assert (reply.status_code, reply.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
