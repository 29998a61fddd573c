"""A line for each call and for each attempt: what it says, and what it never says."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from layers_kit import a_call

from libria.config import Config
from libria.layers.attempt import Ended, Notes, OneAttempt
from libria.log.entry import Entry
from libria.log.log import Log
from libria.testing import SILENCE, FakeClock, FakeService, Script
from libria_providers.errors import BadRequest, Overloaded, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Call, Delta, Embed, Fill, Finish, Image, Message, Origin, Text, Trace, Usage

PROMPT = "Tell me something that no log repeats."
KEY = "a key without any form"


class Lines:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Timings:
    first_token_ms: float = 12.5


TIMINGS = Timings()


@dataclass
class Asked:
    answer: Answer
    target: str
    age: float | None = None
    cost: float | None = None
    timings: Timings = TIMINGS


class Stage:
    def __init__(self, config: Config | None = None) -> None:
        self.clock = FakeClock()
        self.lines = Lines()
        self.log = Log([self.lines], wall=self.clock.wall, now=self.clock.now)
        self.log.configure(config or Config())

    def call(self, **fields: Any) -> Call:
        return replace(
            a_call(self.clock, "openai/gpt-5-mini"),
            messages=(Message("user", PROMPT),),
            origin=Origin("session-1", "Neovim", {"OPENAI_API_KEY": KEY, "PATH": "/usr/bin"}),
            trace=Trace(call_id="call-1"),
            **fields,
        )

    async def attempt(self, call: Call, *script: Script) -> None:
        """As the engine has it, without a price."""

        def ended(ended: Ended) -> None:
            self.log.attempt(ended, kind="openai", address="https://api.openai.com/v1", key=KEY, cost=0.25)

        reply = await OneAttempt(FakeService(*script), self.clock, Notes(ended=ended)).send(call)
        await reply.read()

    def said(self) -> list[dict[str, Any]]:
        self.log.close()
        return [json.loads(entry.line()) for entry in self.lines.entries if not entry.quiet]

    def text(self) -> str:
        return b"".join(entry.line() for entry in self.lines.entries).decode()


async def answered(asked: Asked) -> Asked:
    return asked


async def failed(error: BaseException) -> Asked:
    raise error


def an_answer() -> Answer:
    answer = Answer()
    answer.add(Delta("An answer that no log repeats."))
    answer.add(Finish("stop", Usage(10, 20, 5, 3), "gpt-5-mini-2026"))
    return answer


async def test_an_attempt_that_succeeds() -> None:
    stage = Stage()
    await stage.attempt(stage.call(), [[Delta("a")], [Finish("stop", Usage(10, 20, 5, 3), "gpt-5-mini-2026")]])
    assert stage.said() == [
        {
            "ts": "2027-01-15T08:16:40.000Z",
            "level": "info",
            "event": "attempt",
            "callId": "call-1",
            "client": "Neovim",
            "session": "session-1",
            "provider": "openai",
            "model": "gpt-5-mini",
            "target": "openai/gpt-5-mini",
            "servedModel": "gpt-5-mini-2026",
            "outcome": "ok",
            "status": 200,
            "requestId": "req-1",
            "startedMs": 0.0,
            "durationMs": 0.0,
            "firstTokenMs": 0.0,
            "inputTokens": 10,
            "outputTokens": 20,
            "cachedInputTokens": 5,
            "reasoningTokens": 3,
            "costUsd": 0.25,
        }
    ]


@pytest.mark.parametrize(
    ("script", "level", "outcome", "estimated"),
    [
        ([Overloaded("The provider is busy.", status=503, request_id="req-9")], "warning", "overloaded", None),
        ([[Delta("a")], Overloaded("broke")], "warning", "interrupted", True),
        ([[Delta("a")], BadRequest("no")], "warning", "badRequest", True),
    ],
)
async def test_an_attempt_that_fails(script: Script, level: str, outcome: str, estimated: bool | None) -> None:
    stage = Stage()
    with pytest.raises(ProviderError):
        await stage.attempt(stage.call(), script)
    (line,) = stage.said()
    assert (line["level"], line["outcome"], line.get("estimated")) == (level, outcome, estimated)


async def test_an_attempt_that_is_cancelled() -> None:
    stage = Stage()
    task = asyncio.create_task(stage.attempt(stage.call(), [SILENCE]))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (line,) = stage.said()
    assert (line["level"], line["outcome"]) == ("info", "cancelled")
    assert "status" not in line


async def test_a_call_that_succeeds() -> None:
    stage = Stage()
    call = stage.call()
    call.trace.queued_ms = 4.0
    asked = Asked(an_answer(), "groq/llama", age=2.04, cost=0.0)
    assert await stage.log.call(call, answered(asked)) is asked
    (line,) = stage.said()
    assert line.pop("ts")
    assert line == {
        "level": "info",
        "event": "call",
        "callId": "call-1",
        "client": "Neovim",
        "session": "session-1",
        "method": "libria/chat",
        "model": "openai/gpt-5-mini",
        "target": "groq/llama",
        "servedModel": "gpt-5-mini-2026",
        "outcome": "ok",
        "stopReason": "stop",
        "durationMs": 0.0,
        "queuedMs": 4.0,
        "firstTokenMs": 12.5,
        "inputTokens": 10,
        "outputTokens": 20,
        "cachedInputTokens": 5,
        "reasoningTokens": 3,
        "costUsd": 0.0,
        "cacheHit": True,
        "cacheAgeSeconds": 2.0,
        "attempts": 0,
    }


@pytest.mark.parametrize(
    ("error", "level", "outcome"),
    [
        (Overloaded("busy"), "warning", "overloaded"),
        (asyncio.CancelledError(), "info", "cancelled"),
        (KeyError(PROMPT), "warning", "internal"),
    ],
)
async def test_a_call_that_does_not(error: BaseException, level: str, outcome: str) -> None:
    stage = Stage()
    with pytest.raises(type(error)):
        await stage.log.call(stage.call(), failed(error))
    (line,) = stage.said()
    assert (line["level"], line["outcome"], line["attempts"]) == (level, outcome, 0)
    assert PROMPT not in stage.text()


@pytest.mark.parametrize(
    ("ask", "method"),
    [(Fill(PROMPT, PROMPT), "libria/complete"), (Embed((PROMPT,)), "libria/embed")],
)
async def test_what_was_asked_is_not_said(ask: Fill | Embed, method: str) -> None:
    stage = Stage()
    await stage.log.call(stage.call(ask=ask), answered(Asked(an_answer(), "openai/gpt-5-mini")))
    (line,) = stage.said()
    assert line["method"] == method
    assert not {"asked", "answer"} & set(line)
    assert not any(word in stage.text() for word in (PROMPT, KEY, "An answer"))


async def test_keys_are_taken_out_of_what_others_wrote() -> None:
    stage = Stage()
    call = stage.call(fallbacks=())
    call = replace(call, model=f"openai/{KEY}", origin=replace(call.origin, client=f"me\n{KEY}"))
    echo = BadRequest(f"Do not send {KEY} or sk-proj-abcdefghijklmnopqrstuv.", request_id=KEY)
    with pytest.raises(ProviderError):
        await stage.attempt(call, [echo])
    with pytest.raises(ProviderError):
        await stage.log.call(call, failed(echo))
    attempt, whole = stage.said()
    assert KEY not in stage.text()
    assert "sk-proj" not in stage.text()
    assert attempt["message"] == whole["message"] == "Do not send [key] or [key]."
    assert attempt["client"] == "me\n[key]"


async def test_with_content_a_call_says_what_was_asked_and_answered() -> None:
    stage = Stage(Config.model_validate({"log": {"content": True}}))
    picture = Image(data="QUJD" * 1000, media_type="image/png")
    messages = (Message("user", (Text(f"{PROMPT} {KEY}"), picture)), Message("assistant", "x" * 200_000))
    call = stage.call(system="Be brief.")
    call = replace(call, messages=messages)
    await stage.attempt(call, [[Delta("a")], [Finish("stop")]])
    await stage.log.call(call, answered(Asked(an_answer(), "openai/gpt-5-mini")))
    attempt, whole = stage.said()
    assert not {"asked", "answer"} & set(attempt)
    system, user, assistant = whole["asked"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"] == [
        {"type": "text", "text": f"{PROMPT} [key]"},
        {"type": "image", "url": None, "characters": 4000},
    ]
    assert len(assistant["content"]) == 100_000
    assert whole["answer"] == {"text": "An answer that no log repeats."}
    assert stage.lines.entries[1].weight > 100_000


@pytest.mark.parametrize(
    ("level", "outcomes"),
    [("debug", ["ok", "overloaded"]), ("info", ["ok", "overloaded"]), ("warning", ["overloaded"]), ("error", [])],
)
async def test_the_level_counts(level: str, outcomes: list[str]) -> None:
    stage = Stage(Config.model_validate({"daemon": {"log_level": level}}))
    await stage.log.call(stage.call(), answered(Asked(an_answer(), "openai/gpt-5-mini")))
    with pytest.raises(ProviderError):
        await stage.log.call(stage.call(), failed(Overloaded("busy")))
    assert [line["outcome"] for line in stage.said()] == outcomes


async def test_a_log_without_a_place_costs_nothing_and_says_nothing() -> None:
    clock = FakeClock()
    log = Log([], wall=clock.wall, now=clock.now)
    asked = Asked(an_answer(), "openai/gpt-5-mini")
    assert await log.call(a_call(clock), answered(asked)) is asked
    log.message(0.0, "error", "x", "y")
    log.close()
