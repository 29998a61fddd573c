"""Each format and each fault, streamed and whole, as the project's own dialect of that format takes it."""

import sys
from pathlib import Path

import pytest

from libria_providers.errors import ProviderError
from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.simulator.grammar import WORDS
from libria_providers.types import Call, Fill, Message

sys.path.insert(0, str(Path(__file__).parent))

from simulated import CHAT, ask, failed, provider, read
from simulated import WORDS as TEXT

STREAMED = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
FORMATS = pytest.mark.parametrize("name", CHAT)

# The error of each fault, and of each format where it is another one; None is no error at all.
ERRORS: dict[str, tuple[str | None, dict[str, str | None]]] = {
    "status:400": ("badRequest", {}),
    "status:401": ("credentialRejected", {}),
    "status:403": ("permissionDenied", {}),
    "status:404": ("modelNotFound", {}),
    "status:413": ("contextTooLong", {}),
    "status:429": ("rateLimited", {}),
    "status:500": ("overloaded", {}),
    "status:502": ("overloaded", {}),
    "status:503": ("overloaded", {}),
    "status:504": ("overloaded", {}),
    "status:529": ("overloaded", {}),
    "status:599": ("overloaded", {}),
    "quota": ("quotaExhausted", {}),
    "context-length": ("contextTooLong", {}),
    "prompt-filter": (
        "contentFiltered",
        {"anthropic": "badRequest", "groq": "badRequest", "ollama": "badRequest", "gemini": None},
    ),
    "no-such-model": ("modelNotFound", {}),
    "echo+reset": ("disconnected", {}),
    "echo+close": ("disconnected", {}),
    "echo+html": ("invalidResponse", {}),
}


@STREAMED
@FORMATS
@pytest.mark.parametrize("model", ERRORS)
async def test_errors_in_place_of_an_answer(name: str, model: str, stream: bool) -> None:
    usual, otherwise = ERRORS[model]
    error = await failed(name, model, stream=stream)
    assert (error.kind if error else None) == otherwise.get(name, usual)
    if error is not None and model.startswith("status"):
        assert error.status == int(model.partition(":")[2])


STREAM_ERRORS: dict[str, tuple[str | None, dict[str, str | None]]] = {
    "echo+cut:0.5": ("interrupted", {}),
    "echo+cut-fin:0.5": ("interrupted", {}),
    "echo+end:0.5": ("interrupted", {}),
    "echo+error:0.5": ("overloaded", {}),
    "echo+error:0": ("overloaded", {}),
    "echo+error-200": ("overloaded", {}),
    "echo+malformed:1": ("invalidResponse", {"ollama": "disconnected"}),  # half an object never ends
    # [DONE] is an end by itself; Responses, Gemini and Ollama have none.
    "echo+no-finish": (None, {"openai-responses": "interrupted", "gemini": "interrupted", "ollama": "interrupted"}),
    "echo+no-done": (None, {}),
    "echo+json-body": (None, {}),
    "echo+comments:1": (None, {}),
    "echo+crlf": (None, {}),
    "echo+split:1": (None, {}),
    "echo+trickle:0.01": (None, {}),
    "echo+drop": (None, {}),
    "echo+limits+header:x-a=b": (None, {}),
    "echo+headers:1+first:1+rate:9000": (None, {}),
}


@FORMATS
@pytest.mark.parametrize("model", STREAM_ERRORS)
async def test_errors_in_a_stream(name: str, model: str) -> None:
    usual, otherwise = STREAM_ERRORS[model]
    expected = otherwise.get(name, usual)
    if expected is None:
        assert (await read(name, model)).text == TEXT
        return
    error = await failed(name, model)
    assert error is not None
    assert error.kind == expected


@FORMATS
@pytest.mark.parametrize("model", ["echo+cut:0.5", "echo+cut-fin:0.5", "echo+end:0.5", "echo+malformed", "echo+error"])
async def test_errors_in_a_whole_body(name: str, model: str) -> None:
    error = await failed(name, model, stream=False)
    assert error is not None
    if "cut" in model:
        assert error.kind == "disconnected"
    elif "error" in model:
        assert error.kind == "overloaded"
    else:
        assert error.kind == "invalidResponse"


@FORMATS
async def test_a_stall_is_seen_on_both_sides(name: str) -> None:
    async with Simulator(pace=0) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        reply = await to.send(Call(model=f"{name}/echo+stall:0.5", messages=(Message("user", TEXT),)))
        await sim.wait_for(lambda call: call.events >= 2)
        await reply.aclose()
        call = await sim.wait_for(lambda call: call.state == "hung up")
        assert call.status == 200


@FORMATS
async def test_once(name: str) -> None:
    async with Simulator(pace=0) as sim, Pools() as pools:
        to = provider(sim, pools, name)
        sim.script(["+status:503+retry-after:2", "", "code"])
        with pytest.raises(ProviderError, match="overloaded") as failure:
            await ask(to, "echo")
        assert (await ask(to, "echo")).text == TEXT
        assert "Counter" in (await ask(to, "echo")).text
        assert [call.model for call in sim.calls] == ["echo"] * 3
    assert failure.value.retry_after == 2


@pytest.mark.parametrize("name", ["llamacpp", "codestral", "deepseek", "ollama"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("echo+cut", "interrupted"), ("echo+end", "interrupted"), ("echo+error", "overloaded"),
        ("status:429", "rateLimited"), ("status:401", "credentialRejected"), ("context-length", "contextTooLong"),
        ("status:501", "badRequest"), ("no-such-model", "modelNotFound"), ("echo+comments:1", None),
        ("echo+crlf", None), ("echo+split:1", None), ("echo+no-done", None),
    ],
)  # fmt: skip
async def test_code_completion_goes_wrong(name: str, model: str, kind: str | None) -> None:
    error = await failed(name, model, ask=Fill(TEXT, "x"))
    assert (error.kind if error else None) == kind


def test_every_fault_is_tried() -> None:
    tried = " ".join((*ERRORS, *STREAM_ERRORS))
    elsewhere = {
        "no-prefill",
        "silent",
        "stale",
        "stall",
        "once",
        "times",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
    }
    faults = {word for word, about in WORDS.items() if about.group == "fault"}
    assert {word for word in faults if word not in tried} <= elsewhere
