"""Reattach: what a call says is numbered and kept, for who comes back or joins."""

import asyncio
import os

import pytest
from e2e_client import Chat, Client, Json
from e2e_home import Home, OpenClient, provider_env, wait_gone

from libria_providers.simulator import Simulator

LONG = {"firstToken": 300, "idle": 300, "connect": 300, "total": 300}
SHARED = pytest.mark.parametrize("mode", ["socket"])
"""Where clients share a daemon; over stdio it is the same one."""


def resume(client: Client, call_id: str, after: int = -1, **params: Json) -> Chat:
    token = f"resumed-{len(client.messages)}-{after}"
    given = {"callId": call_id, "afterSeq": after, "partialResultToken": token, **params}
    pending = client.start("libria/resume", {name: value for name, value in given.items() if value is not None})
    return Chat(pending, token)


async def call_of(chat: Chat) -> str:
    return str((await chat.seen("start"))["callId"])


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("openai/fast:40", {}),
        ("anthropic/reason+rate:0", {}),
        ("openai/parallel-tools", {"tools": [{"name": "look", "parameters": {"type": "object"}}]}),
        ("openai/fast:20+cut:0.5+once", {"fallbacks": ["groq/fast:20"]}),
        ("openai/fast:5+status:503+retry-after-ms:1+once", {}),
    ],
)
async def test_an_answer_can_be_heard_again(
    client: Client, sim: Simulator, model: str, params: dict[str, Json]
) -> None:
    chat = client.chat(model, **params)
    result = await chat.result()
    asked = len(sim.calls)
    again = resume(client, result["callId"])
    assert await again.result() == result
    assert again.progress == chat.progress, "the same events with the same numbers"
    await again.in_order()
    rest = resume(client, result["callId"], after=2)
    assert await rest.result() == result
    assert rest.progress == chat.progress[3:]
    nothing = resume(client, result["callId"], after=len(chat.progress) - 1)
    assert await nothing.result() == result
    assert nothing.progress == []
    silent = resume(client, result["callId"], partialResultToken=None)
    assert await silent.result() == result
    assert len(sim.calls) == asked


async def test_an_error_can_be_heard_again(client: Client) -> None:
    chat = client.chat("openai/fast:20+cut:0.5", onDisconnect="finish")
    error = await chat.error()
    again = resume(client, await call_of(chat))
    same = await again.error()
    assert (same.code, same.message, same.data) == (error.code, error.message, error.data)
    assert again.progress == chat.progress
    assert same.data["partialText"] == again.text()


async def test_a_cancelled_call_stays_cancelled(client: Client) -> None:
    chat = client.chat("openai/fast:10+stall:0.5", timeouts=LONG)
    await chat.seen("delta")
    chat.cancel()
    await chat.response()
    assert (await resume(client, await call_of(chat)).error()).code == -32800


@SHARED
async def test_several_follow_one_call(open_client: OpenClient, sim: Simulator) -> None:
    client, *others = [await open_client() for _ in range(4)]
    chat = client.chat("openai/story+rate:100+count:60")
    await chat.seen("delta")
    early = [resume(other, await call_of(chat), workDoneToken="work") for other in others]
    await chat.seen("delta", seq=20)
    late = resume(others[0], await call_of(chat), after=10)
    result = await chat.result()
    for follow in early:
        assert await follow.result() == result
        assert follow.progress == chat.progress
        await follow.in_order()
        assert [value["kind"] for value in follow.client.values("work")] == ["begin", "end"]
    assert await late.result() == result
    assert late.progress == chat.progress[11:]
    assert len(sim.calls) == 1


@SHARED
async def test_a_call_without_a_token_can_be_followed(open_client: OpenClient, sim: Simulator) -> None:
    client, other = await open_client(), await open_client()
    chat = client.chat("openai/story+rate:200+count:60", partialResultToken=None)
    await sim.wait_for(lambda call: call.events > 10)
    [call] = (await other.request("libria/status", {}))["calls"]
    follow = resume(other, call["callId"])
    result = await chat.result()
    assert await follow.result() == result
    assert follow.text() == result["content"]
    await follow.in_order()


async def test_an_editor_that_was_killed_comes_back(home: Home, sim: Simulator) -> None:
    editor = await home.stdio(env=provider_env(sim))
    chat = editor.chat("openai/story+rate:100+count:100", onDisconnect="finish")
    seen = (await chat.seen("delta", seq=10))["seq"]
    editor.process.kill()
    await editor.exit_code()
    before = chat.text()
    async with await home.stdio(env=provider_env(sim)) as back:
        [call] = (await back.request("libria/status", {}))["calls"]
        assert (call["callId"], call["state"]) == (await call_of(chat), "streaming")
        rest = resume(back, await call_of(chat), after=chat.progress[-1]["seq"])
        result = await rest.result()
        assert result["usage"]["outputTokens"] == 100
        assert rest.progress[0]["seq"] == chat.progress[-1]["seq"] + 1 > seen
        assert before + rest.text() == result["content"]
        assert (await resume(back, result["callId"]).result()) == result
        assert (await back.request("libria/status", {}))["calls"] == []
    assert [call.state for call in sim.calls] == ["done"]


async def test_a_client_that_reads_nothing_and_is_killed(home: Home, sim: Simulator) -> None:
    """Its call waits for it to read, until it is gone."""
    editor = await home.stdio(env=provider_env(sim))
    editor.hold()
    editor.chat("openai/fast:100000", onDisconnect="finish", timeouts=LONG)
    async with await home.join() as other:
        paused = False
        while not paused:
            calls = (await other.request("libria/status", {}))["calls"]
            paused = [call["state"] for call in calls] == ["paused"]
        editor.process.kill()
        follow = resume(other, calls[0]["callId"], partialResultToken=None)
        assert (await follow.result())["usage"]["outputTokens"] == 100_000
    editor.go_on()
    await editor.exit_code()
    assert sim.calls[0].state == "done"


@SHARED
async def test_a_call_ends_with_its_client(open_client: OpenClient, sim: Simulator) -> None:
    leaving, client = await open_client(), await open_client()
    chat = leaving.chat("openai/story+rate:100+count:100000", timeouts=LONG)
    await chat.seen("delta")
    await leaving.close()
    await sim.wait_for(lambda call: call.state == "hung up")
    error = await resume(client, await call_of(chat)).error()
    assert (error.code, error.data["kind"], error.data["retryable"]) == (-32803, "disconnected", True)
    assert "onDisconnect" in error.message


@SHARED
async def test_a_call_goes_on_for_who_follows_it(open_client: OpenClient, sim: Simulator) -> None:
    leaving, one, two = [await open_client() for _ in range(3)]
    chat = leaving.chat("openai/story+rate:100+count:100000", timeouts=LONG)
    await chat.seen("delta")
    first, second = resume(one, await call_of(chat)), resume(two, await call_of(chat))
    await first.seen("delta")
    await second.seen("delta")
    await leaving.close()
    await first.seen("delta", seq=first.progress[-1]["seq"] + 50)
    first.cancel()
    assert (await first.error()).code == -32800
    await second.seen("delta", seq=second.progress[-1]["seq"] + 50)
    assert sim.calls[0].state == "open"
    await two.close()
    await sim.wait_for(lambda call: call.state == "hung up")


@SHARED
async def test_stop_in_the_only_place_that_shows_a_call_ends_it(open_client: OpenClient, sim: Simulator) -> None:
    leaving, client = await open_client(), await open_client()
    chat = leaving.chat("openai/story+rate:100+count:100000", onDisconnect="finish", timeouts=LONG)
    await chat.seen("delta")
    await leaving.close()
    follow = resume(client, await call_of(chat))
    await follow.seen("delta", seq=chat.progress[-1]["seq"] + 10)
    follow.cancel()
    assert (await follow.error()).code == -32800
    await sim.wait_for(lambda call: call.state == "hung up")
    assert (await resume(client, await call_of(chat)).error()).code == -32800


@SHARED
async def test_who_stops_listening_leaves_the_call_to_its_client(open_client: OpenClient, sim: Simulator) -> None:
    client, other, leaving = [await open_client() for _ in range(3)]
    chat = client.chat("openai/story+rate:200+count:100", onDisconnect="cancel")
    await chat.seen("delta")
    follow, left = resume(other, await call_of(chat)), resume(leaving, await call_of(chat))
    await left.seen("delta")
    await follow.seen("delta")
    follow.cancel()
    await leaving.close()
    assert (await follow.error()).code == -32800
    said = len(follow.progress)
    assert (await chat.result())["usage"]["outputTokens"] == 100
    await other.request("libria/status", {})
    assert len(follow.progress) == said, "nothing is said after the answer"
    assert sim.calls[0].state == "done"


@SHARED
async def test_a_slow_follower_holds_nobody_up(open_client: OpenClient, sim: Simulator) -> None:
    client, slow = await open_client(), await open_client()
    chat = client.chat("openai/fast:40000")
    call = await call_of(chat)
    slow.hold()
    follow = resume(slow, call)
    result = await chat.result()
    slow.go_on()
    assert await follow.result() == result
    assert follow.progress == chat.progress
    await follow.in_order()


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"callId": "call-0123456789abcdef", "afterSeq": -1}, "callId"),
        ({"callId": "", "afterSeq": -1}, "callId"),
        ({"callId": 7, "afterSeq": -1}, "callId"),
        ({"afterSeq": -1}, "callId"),
        ({"afterSeq": -2}, "afterSeq"),
        ({"afterSeq": "0"}, "afterSeq"),
        ({}, "afterSeq"),
        ({"afterSeq": 1000}, "afterSeq"),
        ({"afterSeq": 0, "zzz": 1}, "zzz"),
    ],
)
@SHARED
async def test_what_there_is_not(client: Client, params: dict[str, Json], word: str) -> None:
    result = await client.chat("openai/fast:3").result()
    given = params if word == "callId" else {"callId": result["callId"], **params}
    error = await client.start("libria/resume", given).error()
    assert (error.code, error.data["kind"], error.data["retryable"]) == (-32602, "invalidParams", False)
    assert word in error.message


async def test_idle_exit_waits_for_a_call_that_nobody_hears(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[daemon]\nidle_exit = 0.5\n")
    async with await own_home.stdio(env=provider_env(sim)) as client:
        chat = client.chat("openai/story+rate:50+count:75", onDisconnect="finish")
        await chat.seen("delta")
        [daemon] = own_home.processes("serve")
    await sim.wait_for(lambda call: call.state != "open")
    assert sim.calls[0].state == "done"
    await asyncio.to_thread(wait_gone, daemon)


async def test_stop_waits_for_a_call_that_nobody_hears(own_home: Home, sim: Simulator) -> None:
    async with await own_home.stdio(env=provider_env(sim)) as client:
        chat = client.chat("openai/story+rate:50+count:50", onDisconnect="finish")
        await chat.seen("delta")
        [daemon] = own_home.processes("serve")
    os.kill(daemon, 15)
    await sim.wait_for(lambda call: call.state != "open")
    assert sim.calls[0].state == "done"
    await asyncio.to_thread(wait_gone, daemon)


async def test_a_daemon_that_drains_answers_a_ping(own_home: Home, sim: Simulator) -> None:
    async with await own_home.join() as client:
        await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
        chat = client.chat("openai/story+rate:50+count:50")
        await chat.seen("delta")
        [daemon] = own_home.processes("serve")
        os.kill(daemon, 15)
        drains = False
        while not drains:
            refused = await client.start("libria/models", {"provider": "groq"}).response()
            drains = refused.get("error", {}).get("code") == -32802
        ping = await client.start("libria/ping", {}, id="libria/1").response()
        assert ping == {"jsonrpc": "2.0", "id": "libria/1", "result": None}
        assert client.index(ping) < client.index(await chat.response())


@SHARED
async def test_a_call_that_is_asked_again_goes_on_under_its_id(client: Client, sim: Simulator) -> None:
    """What the forwarder says for a client whose daemon was lost."""
    client.notify("libria/again", {"id": "chat-1", "callId": "call-0123456789abcdef", "seq": 41})
    asked = {"model": "openai/fast:20", "messages": [{"role": "user", "content": "Hello"}], "partialResultToken": "t"}
    chat = Chat(client.start("libria/chat", asked, id="chat-1"), "t")
    result = await chat.result()
    assert result["callId"] == "call-0123456789abcdef"
    reset = {"kind": "reset", "reason": "disconnected", "target": "openai/fast:20", "seq": 41}
    assert chat.progress[0] == reset
    assert [value["seq"] for value in chat.progress] == list(range(41, 41 + len(chat.progress)))
    assert chat.text() == result["content"]
    for after in (-1, 3, 40):
        again = resume(client, result["callId"], after)
        assert await again.result() == result
        assert again.progress == chat.progress
    rest = resume(client, result["callId"], 45)
    assert await rest.result() == result
    assert rest.progress == chat.progress[5:]
    behind = client.chat("openai/fast:5")
    await behind.result()
    await behind.in_order()


@SHARED
async def test_a_call_that_had_said_nothing_begins_plainly(client: Client) -> None:
    for id, call_id in (("one", "call-00000000000000aa"), ("two", None), ("three", "../../etc")):
        client.notify("libria/again", {"id": id, "callId": call_id, "seq": 0})
        asked = {"model": "openai/fast:5", "messages": [{"role": "user", "content": "Hi"}], "partialResultToken": id}
        chat = Chat(client.start("libria/chat", asked, id=id), id)
        result = await chat.result()
        await chat.in_order()
        assert chat.progress[0]["callId"] == result["callId"]
        assert result["callId"].startswith("call-")
        assert (result["callId"] == call_id) == (id == "one")


@SHARED
async def test_the_id_of_a_call_that_somebody_hears_is_not_taken_away(client: Client, sim: Simulator) -> None:
    chat = client.chat("openai/story+rate:100+count:50")
    call = await call_of(chat)
    client.notify("libria/again", {"id": "x", "callId": call, "seq": 5})
    other = await client.start(
        "libria/chat", {"model": "openai/fast:5", "messages": [{"role": "user", "content": "Hi"}]}, id="x"
    ).result()
    assert other["callId"] != call
    assert (await chat.result())["callId"] == call


async def test_nothing_is_kept_where_the_config_says_so(own_home: Home, sim: Simulator) -> None:
    own_home.write_config("[daemon]\nresume_bytes = 0\n")
    async with await own_home.stdio(env=provider_env(sim)) as client:
        chat = client.chat("openai/fast:40+rate:100")
        live = resume(client, await call_of(chat))
        result = await chat.result()
        assert await live.result() == result
        assert (await resume(client, result["callId"]).error()).code == -32602
