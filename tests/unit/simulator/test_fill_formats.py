"""Code completion: OpenAI's legacy completions, Mistral's FIM and llama.cpp's infill, as their bytes are."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from simulated import WORDS, post

COMPLETIONS, FIM, INFILL = "/v1/completions", "/v1/fim/completions", "/infill"


async def ask(sim: Simulator, path: str, model: str, **more: Any) -> Any:
    asked = {"input_prefix": WORDS, "input_suffix": "e"} if path == INFILL else {"prompt": WORDS, "suffix": "e"}
    return await post(sim, path, {"model": model, **asked, **more})


def events(text: str) -> list[Any]:
    found = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
    return [one if one == "[DONE]" else json.loads(one) for one in found]


async def test_completions() -> None:
    async with Simulator() as sim:
        reply = await ask(sim, COMPLETIONS, "echo", stream=True, stream_options={"include_usage": True})
        whole = (await ask(sim, COMPLETIONS, "echo", max_tokens=2)).json()
    *pieces, finish, usage, done = events(reply.text)
    assert [event["choices"][0]["text"] for event in pieces] == ["a", " b", " c", " d"]
    assert finish["choices"] == [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert (usage["choices"], usage["usage"]["completion_tokens"], done) == ([], 4, "[DONE]")
    assert whole["object"] == finish["object"] == "text_completion"
    assert (whole["choices"][0]["text"], whole["choices"][0]["finish_reason"]) == ("a b", "length")


async def test_fim_answers_as_a_chat() -> None:
    async with Simulator() as sim:
        first, *pieces, finish, done = events((await ask(sim, FIM, "echo", stream=True)).text)
        whole = (await ask(sim, FIM, "echo")).json()
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(event["choices"][0]["delta"]["content"] for event in pieces) == WORDS
    assert (finish["choices"][0]["finish_reason"], finish["usage"]["completion_tokens"], done) == ("stop", 4, "[DONE]")
    assert (whole["object"], whole["choices"][0]["message"]["content"]) == ("chat.completion", WORDS)


async def test_infill_says_stop_in_its_last_event_and_no_done() -> None:
    async with Simulator() as sim:
        *pieces, last = events((await ask(sim, INFILL, "echo+cached:2", stream=True, stop=["never"])).text)
        cut = (await ask(sim, INFILL, "echo", n_predict=1)).json()
        stopped = (await ask(sim, INFILL, "echo", stop=[" b"])).json()
    assert "".join(event["content"] for event in pieces) == WORDS
    assert {event["stop"] for event in pieces} == {False}
    assert (last["stop"], last["stop_type"], last["timings"]["cache_n"]) == (True, "eos", 2)
    assert (cut["content"], cut["stop_type"]) == ("a", "limit")
    assert (stopped["content"], stopped["stop_type"], stopped["stopping_word"]) == ("a", "word", " b")


@pytest.mark.parametrize(
    ("path", "model", "status", "where", "said"),
    [
        (COMPLETIONS, "no-such", 404, ("error", "code"), "model_not_found"),
        (COMPLETIONS, "status:429", 429, ("error", "code"), "rate_limit_exceeded"),
        (FIM, "status:401", 401, ("detail",), "Invalid API Key"),
        (FIM, "status:429", 429, ("code",), "1300"),
        (FIM, "context-length", 400, ("code",), "3051"),
        (FIM, "no-such", 400, ("type",), "invalid_model"),
        (INFILL, "status:501", 501, ("error", "type"), "not_supported_error"),
        (INFILL, "status:503", 503, ("error", "code"), 503),
        (INFILL, "context-length", 400, ("error", "n_ctx"), 4096),
    ],
)
async def test_errors(path: str, model: str, status: int, where: tuple[str, ...], said: object) -> None:
    async with Simulator() as sim:
        reply = await ask(sim, path, model)
    found = reply.json()
    for name in where:
        found = found[name]
    assert (reply.status_code, found) == (status, said)


@pytest.mark.parametrize("path", [COMPLETIONS, FIM, INFILL])
async def test_errors_within_a_stream_end_it(path: str) -> None:
    async with Simulator() as sim:
        made = events((await ask(sim, path, "echo+error:0.5", stream=True)).text)
        bad = await post(sim, path, {"model": "echo"})
    assert "[DONE]" not in made
    assert "error" in made[-1] or made[-1]["object"] == "error"
    assert bad.status_code == 400


@pytest.mark.parametrize("path", ["/completions", "/beta/completions", "/openai/v1/completions"])
async def test_other_paths(path: str) -> None:
    async with Simulator() as sim:
        assert (await ask(sim, path, "echo")).json()["choices"][0]["text"] == WORDS
