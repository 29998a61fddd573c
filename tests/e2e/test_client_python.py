"""`libria.client` against the shared daemon: what each call answers, in both of its forms."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from e2e_client import WITHIN
from e2e_home import Home, provider_env
from e2e_python import Both

from libria.client import (
    Acknowledged,
    AsyncClient,
    CallFailed,
    Delta,
    LibriaError,
    Reasoning,
    Start,
    TaskBlocked,
    ToolCall,
    TooManyRounds,
    image,
)
from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY


@pytest.fixture(params=["sync", "async"])
async def both(
    request: pytest.FixtureRequest, home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Both]:
    for name, value in {"LIBRIA_HOME": str(home.path), **provider_env(sim)}.items():
        monkeypatch.setenv(name, value)
    client = Both(request.param, model="openai/story")
    yield client
    await client.close()


async def test_chat(both: Both) -> None:
    result = await both.call("chat", "Hello")
    assert result.content == STORY
    assert (result.model, result.stop_reason, result.tool_calls) == ("openai/story", "stop", ())
    assert result.message == {"role": "assistant", "content": STORY}
    assert result.usage.output_tokens > 0
    assert result.attempts[0].outcome == "ok"
    assert result.raw["callId"] == result.call_id


async def test_a_conversation_goes_on(both: Both, sim: Simulator) -> None:
    first = await both.call("chat", "Say hello", model="openai/echo")
    messages = [{"role": "user", "content": "Say hello"}, first.message, {"role": "user", "content": "And again"}]
    result = await both.call("chat", messages, model="openai/echo", system="Be brief", temperature=0.5, stop=["XX"])
    assert result.content == "And again"
    body = sim.calls[-1].body
    assert [one["role"] for one in body["messages"]] == ["system", "user", "assistant", "user"]
    assert (body["temperature"], body["stop"]) == (0.5, ["XX"])


async def test_a_stream_is_events_then_the_result(both: Both) -> None:
    stream = await both.stream("stream", "Hello")
    with pytest.raises(RuntimeError, match="not ended"):
        _ = stream.stream.result
    events = [event async for event in stream.events()]
    assert isinstance(events[0], Start)
    assert [event.seq for event in events] == list(range(len(events)))
    assert "".join(event.text for event in events if isinstance(event, Delta)) == STORY
    assert stream.stream.result.content == stream.stream.content == STORY
    assert events[0].call_id == stream.stream.result.call_id


async def test_text_is_the_whole_answer(both: Both) -> None:
    stream = await both.stream("stream", "Hello", model="openai/fast:3")
    assert await stream.text() == "Why we share"


async def test_reasoning_and_tool_calls_are_events(both: Both) -> None:
    stream = await both.stream("stream", "Hello", model="openai/reason")
    kinds = {type(event) async for event in stream.events()}
    assert Reasoning in kinds
    assert stream.stream.result.reasoning
    tool = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
    stream = await both.stream("stream", "Hello", model="openai/tools", tools=[tool])
    pieces = [event async for event in stream.events() if isinstance(event, ToolCall)]
    assert pieces[0].name == "look"
    assert stream.stream.result.tool_calls[0].name == "look"
    assert stream.stream.result.stop_reason == "toolUse"


async def test_complete_embed_count_models_status(both: Both) -> None:
    assert (await both.call("complete", "def f(", "):", model="openai/fast:3")).content == "Why we share"
    stream = await both.stream("stream_complete", "def f(", model="openai/fast:3")
    assert (await stream.wait()).content == "Why we share"
    embedded = await both.call("embed", ["a", "b"], model="openai/story", dimensions=4)
    assert [len(vector) for vector in embedded.embeddings] == [4, 4]
    assert len((await both.call("embed", "one text", model="openai/story")).embeddings) == 1
    assert (await both.call("count_tokens", "Hello", model="openai/story")).input_tokens > 0
    models = await both.call("models", "openai")
    assert models.models[0].provider == "openai"
    assert not models.problems
    status = await both.call("status")
    assert status.pid > 0
    assert status.raw["pid"] == status.pid


async def test_options_reach_the_daemon_by_its_names(both: Both) -> None:
    twice = [await both.call("chat", "Hi", cache={"mode": "use", "max_age": 60.0}, max_tokens=5) for _ in range(2)]
    assert [one.cache.hit for one in twice] == [False, True]
    assert twice[0].stop_reason == "length"
    with pytest.raises(CallFailed) as caught:
        await both.call("chat", "Hi", model="openai/story+silent", timeout=0.2)
    assert caught.value.kind == "timedOut"
    picture = {"role": "user", "content": [{"type": "text", "text": "What?"}, image(b"\x89PNG", "image/png")]}
    result = await both.call("chat", [picture], model="openai/echo")
    assert result.content == "What?"


async def test_a_structured_answer(both: Both) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    form = {"type": "jsonSchema", "name": "number", "schema": schema}
    result = await both.call("chat", "Hi", model="openai/json", response_format=form)
    assert result.content.startswith('{"n"')


@pytest.mark.parametrize(
    ("model", "kind", "fields"),
    [
        ("openai/status:401", "credentialRejected", {"status": 401, "retryable": False, "provider": "openai"}),
        ("openai/context-length", "contextTooLong", {"retryable": False}),
        ("openai/story+cut:0.5", "interrupted", {"retryable": True}),
        ("nobody/story", "modelNotFound", {}),
        ("mistral/story", "credentialMissing", {"provider": "mistral"}),
    ],
)
async def test_an_error_says_what_to_do(both: Both, model: str, kind: str, fields: dict[str, object]) -> None:
    with pytest.raises(LibriaError) as caught:
        await both.call("chat", "Hello", model=model)
    error = caught.value
    assert error.kind == kind, error.message
    assert {name: getattr(error, name) for name in fields} == fields
    assert error.message.endswith((".", "?"))
    if kind == "interrupted":
        assert STORY.startswith(error.partial_text)
        assert error.partial_text
        assert error.attempts[0].outcome == "interrupted"


async def test_a_cache_miss_and_a_wrong_option(both: Both) -> None:
    with pytest.raises(LibriaError, match="cache") as caught:
        await both.call("chat", "Never asked before", cache={"mode": "only"})
    assert caught.value.kind == "cacheMiss"
    with pytest.raises(TypeError, match="'temprature'"):
        await both.call("chat", "Hello", temprature=1)
    with pytest.raises(LibriaError) as wrong:
        await both.call("chat", [{"role": "nobody", "content": "x"}])
    assert wrong.value.kind == "invalidParams"
    assert "messages[0].role" in wrong.value.message


async def test_when_to_come_back_is_said(both: Both) -> None:
    with pytest.raises(LibriaError) as caught:
        await both.call("chat", "Hello", model="openai/status:429+retry-after:120", timeout=1)
    assert caught.value.kind == "rateLimited"
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60


async def test_a_task(both: Both) -> None:
    criteria = [{"type": "contains", "text": "daemon"}, {"type": "maxLength", "length": 3}]
    stream = await both.stream("stream_task", "Say it", model="openai/fast:5", acceptance_criteria=criteria)
    events = [event async for event in stream.events()]
    assert isinstance(events[0], Acknowledged)
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "Why we share one daemon"
    done = stream.stream.result
    assert done.output.summary == "Why we share one daemon"
    assert done.validation.acceptance_criteria_met == (True, False)
    assert not done.validation.all_passed
    same = await both.call("task", "Say it", model="openai/fast:5", acceptance_criteria=criteria, task_id=done.task_id)
    assert same == done
    with pytest.raises(TaskBlocked) as caught:
        await both.call("task", "Say it", model="openai/status:401")
    assert caught.value.kind == "credentialRejected"
    listed = (await both.call("tasks")).tasks
    assert {one.task_id for one in listed} >= {done.task_id, caught.value.task_id}


async def test_a_task_that_is_left_is_cancelled(both: Both, sim: Simulator) -> None:
    stream = await both.stream("stream_task", "Say it", model="openai/fast:5+stall:0.5")
    given = await stream.until(Acknowledged)
    await stream.until(Delta)
    await stream.leave()
    await sim.wait_for(lambda call: call.state == "hung up")
    assert not await both.call("cancel_task", given.task_id), "it has ended"


def lookup(city: Annotated[str, "its name"], days: int = 3) -> dict[str, object]:
    """The weather.

    Args:
        days: how many to look ahead
    """
    return {"city": city, "days": days}


def broken(reason: str) -> str:
    raise ValueError(f"no such {reason}")


async def test_tools_are_called_until_there_is_an_answer(both: Both, sim: Simulator) -> None:
    run = await both.call("run_tools", "What will it be like?", [lookup], model="openai/tools")
    assert run.rounds == 2
    assert run.outcomes[0].call.name == "lookup"
    assert run.outcomes[0].content in run.content
    assert [one["role"] for one in run.messages] == ["user", "assistant", "tool", "assistant"]
    told = sim.calls[-1].body["tools"][0]["function"]
    assert told["description"] == "The weather."
    assert told["parameters"]["properties"]["city"] == {"type": "string", "description": "its name"}
    assert told["parameters"]["properties"]["days"]["description"] == "how many to look ahead"


async def test_what_a_tool_raises_is_told_to_the_model(both: Both) -> None:
    seen: list[object] = []
    run = await both.call("run_tools", "Hi", [lookup, broken], model="openai/parallel-tools", on_event=seen.append)
    assert [type(one.error) for one in run.outcomes] == [type(None), ValueError]
    assert run.outcomes[1].content.startswith("Error: ValueError: no such ")
    assert any(isinstance(one, ToolCall) for one in seen)


async def test_a_model_that_never_stops_is_stopped(both: Both) -> None:
    messages = "Hi"
    with pytest.raises(TooManyRounds, match="max_rounds") as caught:
        await both.call("run_tools", messages, [lookup], model="openai/tools", max_rounds=1)
    assert [one["role"] for one in caught.value.messages] == ["user", "assistant", "tool"]
    result = await both.call("chat", caught.value.messages, model="openai/tools", tools=[lookup])
    assert result.content


async def test_coroutines_are_tools_of_the_asynchronous_one(
    home: Home, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        async with asyncio.timeout(WITHIN):
            await together.wait()
        return name

    for name, value in {"LIBRIA_HOME": str(home.path), **provider_env(sim)}.items():
        monkeypatch.setenv(name, value)
    async with AsyncClient() as client:
        run = await client.run_tools("Hi", [meet], model="openai/parallel-tools")
    assert [one.error for one in run.outcomes] == [None, None]
