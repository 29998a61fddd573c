"""Several replies on one WebSocket: told apart by their lane, or kept apart where the server cannot."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from libria_providers.errors import Disconnected, InvalidResponse
from libria_providers.http import Response
from libria_providers.types import Timeouts
from libria_providers.websocket.lane import LANE_BYTES
from libria_providers.websocket.transport import SocketTransport

sys.path.insert(0, str(Path(__file__).parent))

from websocket_server import HEADERS, Asked, Server, ask, body, echo_text, events, text_of, transport

DELTA = "response.output_text.delta"


class Stepwise:
    """Says `response.created` and then what it is told, call by call."""

    def __init__(self) -> None:
        self.by_text: dict[str, Asked] = {}

    async def __call__(self, asked: Asked) -> None:
        await asked.say("response.created")
        self.by_text[asked.text] = asked

    async def finish(self, text: str) -> None:
        await self.by_text[text].say("response.completed")


async def start(sockets: SocketTransport, server: Server, text: str) -> Response:
    return await sockets.send("POST", server.url, HEADERS, body(text), Timeouts())


async def known(sockets: SocketTransport, server: Server) -> None:
    """One call, from which the transport learns whether the server knows lanes."""
    answer, server.answer = server.answer, echo_text
    await ask(sockets, server.url, "warm")
    server.answer = answer


async def test_interleaved_replies_on_one_connection() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        texts = ["a", "b", "c"]
        replies = [await start(sockets, server, text) for text in texts]
        assert sockets.in_use == 3
        for turn in range(5):
            for text in texts:
                await steps.by_text[text].say(DELTA, delta=f"{text}{turn}")
        for text in reversed(texts):
            await steps.finish(text)
        for text, reply in zip(texts, replies, strict=True):
            assert text_of(events(await reply.read())) == "".join(f"{text}{turn}" for turn in range(5))
            await reply.aclose()
        assert (sockets.opened, sockets.in_use) == (1, 0)
        await sockets.aclose()


async def test_twenty_cold_calls_at_once_share_the_first_connection_up_to_its_lanes() -> None:
    """OpenAI answers 16 at a time on a connection: the other four would wait there."""
    async with Server() as server:
        sockets = transport(server.url)
        found = await asyncio.gather(*(ask(sockets, server.url, f"call {number}") for number in range(20)))
        assert [text_of(one) for one in found] == [f"call {number}" for number in range(20)]
        assert sockets.opened <= 2
        await sockets.aclose()


async def test_calls_wait_a_moment_for_the_first_and_then_open_their_own() -> None:
    steps = asyncio.Event()

    async def answer(asked: Asked) -> None:
        if asked.text == "slow":
            await steps.wait()
        await asked.answer(asked.text)

    async with Server(answer) as server:
        sockets = transport(server.url, probe=0.01)
        slow = asyncio.ensure_future(ask(sockets, server.url, "slow"))
        await server.until(lambda: len(server.asked) == 1)
        assert text_of(await ask(sockets, server.url, "quick")) == "quick"
        steps.set()
        assert text_of(await slow) == "slow"
        assert sockets.opened == 2
        await sockets.aclose()


async def test_a_server_without_lanes_gets_one_call_a_connection_and_no_names() -> None:
    steps = Stepwise()
    async with Server(steps, echo=False) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        first, second = await start(sockets, server, "a"), await start(sockets, server, "b")
        assert sockets.opened == 2
        assert [asked.fields.get("stream_id") for asked in server.asked[1:]] == [None, None]
        for reply, text in ((second, "b"), (first, "a")):
            await steps.by_text[text].say(DELTA, delta=text)
            await steps.finish(text)
            assert text_of(events(await reply.read())) == text
            await reply.aclose()
        assert text_of(await ask_with(echo_text, sockets, server)) == "hi"
        assert sockets.opened == 2
        await sockets.aclose()


async def ask_with(answer: object, sockets: SocketTransport, server: Server) -> list[dict[str, object]]:
    server.answer = answer  # type: ignore[assignment]
    return await ask(sockets, server.url)


@pytest.mark.parametrize(
    "error",
    [
        {"detail": "Unsupported parameter: stream_id"},  # ChatGPT's backend
        {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "message": "no such field"}},
        {"error": {"message": "bad", "type": "api_error"}},
    ],
)
async def test_a_server_that_refuses_the_name_is_asked_without(error: dict[str, object]) -> None:
    async def answer(asked: Asked) -> None:
        if "stream_id" in asked.fields:
            await asked.connection.send(json.dumps(error))
        else:
            await asked.answer(asked.text)

    async with Server(answer, echo=False) as server:
        sockets = transport(server.url)
        for _ in range(3):
            assert text_of(await ask(sockets, server.url)) == "hi"
        assert (len(server.asked), sockets.opened) == (4, 1)
        await sockets.aclose()


async def test_a_bad_request_to_a_server_that_names_lanes_is_not_sent_again() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("error", status=400, error={"type": "invalid_request_error", "message": "no"})

    async with Server(answer) as server:
        sockets = transport(server.url)
        response = await start(sockets, server, "a")
        assert (response.status, len(server.asked)) == (400, 1)
        await response.aclose()
        await sockets.aclose()


async def test_a_cancel_among_others_leaves_them_alone_and_ends_with_them() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url, apart=0.0)
        await known(sockets, server)
        stays, goes = await start(sockets, server, "stays"), await start(sockets, server, "goes")
        await goes.aclose()
        await steps.by_text["goes"].say(DELTA, delta="for nobody")
        later = await start(sockets, server, "later")  # not where it would keep the cancelled one alive
        assert steps.by_text["later"].connection is not steps.by_text["stays"].connection
        await steps.by_text["stays"].say(DELTA, delta="whole")
        await steps.finish("stays")
        assert text_of(events(await stays.read())) == "whole"
        await stays.aclose()
        await server.until(lambda: steps.by_text["goes"].connection not in server.live)
        await later.aclose()
        await sockets.aclose()


async def test_who_cancels_gets_a_connection_a_call() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        await (await start(sockets, server, "cancelled")).aclose()
        first, second = await start(sockets, server, "a"), await start(sockets, server, "b")
        assert steps.by_text["a"].connection is not steps.by_text["b"].connection
        await second.aclose()
        await server.until(lambda: steps.by_text["b"].connection not in server.live)  # at once, though "a" goes on
        await steps.finish("a")
        assert text_of(events(await first.read())) == ""
        await first.aclose()
        await sockets.aclose()


async def test_a_connection_takes_calls_again_when_what_was_cancelled_on_it_has_ended() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url, apart=0.0)
        await known(sockets, server)
        stays, goes = await start(sockets, server, "stays"), await start(sockets, server, "goes")
        await goes.aclose()
        await steps.finish("goes")
        await steps.by_text["stays"].say(DELTA, delta="x")
        for _ in range(2):
            await anext(stays.chunks())
        third = await start(sockets, server, "third")
        assert sockets.opened == 1
        for reply in (stays, third):
            await reply.aclose()
        await sockets.aclose()


async def test_more_calls_than_connections_go_by_post() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url, lanes=1, connections=2)
        await known(sockets, server)
        replies = [await start(sockets, server, text) for text in ("a", "b", "c")]
        assert replies[2] == "posted"
        for reply in replies[:2]:
            await reply.aclose()
        await sockets.aclose()


async def test_the_limit_of_a_connection_sends_on_who_waits_and_lets_finish_who_began() -> None:
    steps = Stepwise()

    async def answer(asked: Asked) -> None:
        if asked.text == "waits" and asked.connection is steps.by_text["began"].connection:
            error = {"type": "invalid_request_error", "code": "websocket_connection_limit_reached", "message": "60 min"}
            await asked.connection.send(json.dumps({"type": "error", "error": error, "status": 400}))
        else:
            await steps(asked)

    async with Server(answer) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        began = await start(sockets, server, "began")
        waits = await start(sockets, server, "waits")
        assert steps.by_text["waits"].connection is not steps.by_text["began"].connection
        for text, reply in (("began", began), ("waits", waits)):
            await steps.by_text[text].say(DELTA, delta=text)
            await steps.finish(text)
            assert text_of(events(await reply.read())) == text
            await reply.aclose()
        await server.until(lambda: len(server.live) == 1)
        await sockets.aclose()


async def test_an_error_for_nobody_is_the_one_that_waits() -> None:
    steps = Stepwise()

    async def answer(asked: Asked) -> None:
        if asked.text == "waits":
            asked.lane = None
            await asked.say("error", status=500, error={"type": "server_error", "message": "no"})
        else:
            await steps(asked)

    async with Server(answer) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        began = await start(sockets, server, "began")
        waits = await start(sockets, server, "waits")
        assert waits.status == 500
        await waits.aclose()
        await steps.finish("began")
        assert text_of(events(await began.read())) == ""
        await began.aclose()
        await sockets.aclose()


async def test_what_is_of_the_connection_disturbs_nobody() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        replies = {text: await start(sockets, server, text) for text in "ab"}
        connection = steps.by_text["a"].connection
        await connection.send('{"type":"codex.rate_limits","rate_limits":{}}')
        await connection.send('{"type":"response.output_text.delta","stream_id":"nobody","delta":"x"}')
        await connection.send('{"type":"error","stream_id":"nobody","error":{"message":"x"}}')
        for text, reply in replies.items():
            await steps.finish(text)
            assert text_of(events(await reply.read())) == ""
            await reply.aclose()
        await sockets.aclose()


@pytest.mark.parametrize("message", ['{"type":"response.output_text.delta","delta":"whose?"}', "garbage", "[]", ""])
async def test_what_cannot_be_told_apart_fails_all_and_silently_none(message: str) -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        replies = [await start(sockets, server, text) for text in "ab"]
        await steps.by_text["a"].connection.send(message)
        for reply in replies:
            with pytest.raises(InvalidResponse):
                await reply.read()
            await reply.aclose()
        await server.until(lambda: not server.live)
        await sockets.aclose()


async def test_each_reply_of_a_connection_that_breaks_has_an_error_of_its_own() -> None:
    """Calls write into theirs: one that was shared told a client the beginning of another's answer."""
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url)
        await known(sockets, server)
        replies = [await start(sockets, server, text) for text in ("a", "b")]
        await sockets.aclose()
        errors: list[Disconnected] = []
        for reply in replies:
            with pytest.raises(Disconnected) as raised:
                await reply.read()
            errors.append(raised.value)
            await reply.aclose()
        assert errors[0] is not errors[1]


async def test_a_slow_reader_holds_its_server_up_and_memory_does_not_grow() -> None:
    sent = 0

    async def answer(asked: Asked) -> None:
        nonlocal sent
        await asked.say("response.created")
        for _ in range(400):
            await asked.say(DELTA, delta="x" * 100_000)
            sent += 1
        await asked.say("response.completed")

    async with Server(answer) as server:
        sockets = transport(server.url, ping=0.02, pong=0.02, stall=0.0)  # pongs wait behind what is not read
        response = await start(sockets, server, "slow")
        (connection,) = next(iter(sockets._keys.values())).connections
        for _ in range(3000):
            await asyncio.sleep(0)
        assert connection._held
        assert sent < 400
        assert response._lane._size < LANE_BYTES + 200_000
        found = events(await response.read())
        assert len(text_of(found)) == 400 * 100_000
        await response.aclose()
        await sockets.aclose()


async def test_a_slow_reader_is_dropped_before_others_wait_for_ever() -> None:
    steps = Stepwise()
    async with Server(steps) as server:
        sockets = transport(server.url, stall=0.02)
        await known(sockets, server)
        slow, quick = await start(sockets, server, "slow"), await start(sockets, server, "quick")
        for _ in range(4):
            await steps.by_text["slow"].say(DELTA, delta="x" * 400_000)
        await steps.by_text["quick"].say(DELTA, delta="through")
        await steps.finish("quick")
        assert text_of(events(await quick.read())) == "through"
        await quick.aclose()
        with pytest.raises(Disconnected):
            await slow.read()
        await slow.aclose()
        await sockets.aclose()
