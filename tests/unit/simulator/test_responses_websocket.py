"""OpenAI's Responses over a WebSocket: lanes, faults within messages, and what the connection itself does."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from libria_providers.http import Pools
from libria_providers.simulator import Simulator
from libria_providers.websocket.transport import Sockets
from libria_providers.wiring import wiring

sys.path.insert(0, str(Path(__file__).parent))

from simulated import WORDS, ask, provider

ENDS = ("response.completed", "response.incomplete", "response.failed", "error")


@asynccontextmanager
async def dialled(sim: Simulator, **options: Any) -> AsyncIterator[ClientConnection]:
    address = sim.url.replace("http", "ws") + "/v1/responses"
    async with connect(address, proxy=None, close_timeout=0.1, **options) as connection:
        yield connection


async def create(connection: ClientConnection, model: str, lane: str | None = None, **more: Any) -> None:
    message: dict[str, Any] = {"type": "response.create", "model": model, "input": WORDS, **more}
    await connection.send(json.dumps({**message, "stream_id": lane} if lane else message))


async def reply(connection: ClientConnection) -> list[Any]:
    """The events up to the one that ends a reply."""
    found = [json.loads(await connection.recv())]
    while found[-1]["type"] not in ENDS:
        found.append(json.loads(await connection.recv()))
    return found


async def test_the_same_events_as_over_http() -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        for use in (1, 2):
            await create(connection, "echo")
            made = await reply(connection)
            assert "".join(event.get("delta", "") for event in made) == WORDS
            assert [event["sequence_number"] for event in made] == list(range(12))
            assert all("stream_id" not in event for event in made)
            call = sim.calls[-1]
            assert (call.path, call.use, call.connection, call.model) == ("/v1/responses", use, 1, "echo")
            assert (call.state, call.events, call.headers["upgrade"]) == ("done", 12, "websocket")


async def test_lanes_are_answered_at_once_and_each_in_order() -> None:
    async with Simulator(pace=2000) as sim, dialled(sim) as connection:
        await create(connection, "story", "slow")
        await create(connection, "echo", "quick")
        await create(connection, "code", "slow")
        seen: list[str] = []
        while len(seen) < 3:
            event = json.loads(await connection.recv())
            if event["type"] == "response.completed":
                seen.append(f"{event['stream_id']} {event['response']['model']}")
        assert seen == ["quick echo", "slow story", "slow code"]


async def test_as_many_lanes_as_the_vendor_has() -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        for number in range(33):
            await create(connection, "echo", f"lane-{number}")
            last = (await reply(connection))[-1]
            assert last["stream_id"] == f"lane-{number}"
        assert last["error"]["code"] == "websocket_stream_limit_reached"


@pytest.mark.parametrize("lane", [None, "a"])
async def test_an_error_says_its_status_and_headers(lane: str | None) -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await create(connection, "status:429+retry-after:3", lane)
        (error,) = await reply(connection)
        assert (error["status"], error["error"]["code"], error.get("stream_id")) == (429, "rate_limit_exceeded", lane)
        assert error["error"]["headers"]["retry-after"] == "3"
        await create(connection, "echo", lane)
        assert (await reply(connection))[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("message", "code"), [("{", "invalid_json"), ('{"type":"response.steer"}', "invalid_value"), ("[]", "invalid_json")]
)
async def test_what_is_no_message(message: str, code: str) -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await connection.send(message)
        (error,) = await reply(connection)
        assert (error["status"], error["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("model", "gone", "events"),
    [
        ("echo+cut:0.5", ConnectionClosedError, 6),
        ("echo+cut-fin:0.5", ConnectionClosedError, 6),
        ("echo+end:0.5", ConnectionClosedOK, 6),
        ("echo+drop", ConnectionClosedOK, 12),
        ("echo+reset", ConnectionClosedError, 0),
        ("echo+close", ConnectionClosedError, 0),
    ],
)
async def test_connections_end(model: str, gone: type[Exception], events: int) -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await create(connection, model)
        for _ in range(events):
            await connection.recv()
        with pytest.raises(gone):
            await connection.recv()
        assert sim.calls[0].events in (events, events + 1)  # the goodbye is one
        assert sim.calls[0].state == "done"


async def test_a_silent_lane_holds_up_no_other() -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await create(connection, "echo+stall:0.5", "a")
        await create(connection, "echo+silent", "b")
        await sim.wait_for(lambda call: call.model == "echo+silent")
        await create(connection, "echo", "c")
        while (event := json.loads(await connection.recv()))["type"] != "response.completed":
            assert event["stream_id"] != "b"
        assert event["stream_id"] == "c"
        await connection.close()
        await sim.wait_for(lambda call: call.state == "hung up", count=2)


async def test_fragments_and_pings() -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await create(connection, "echo+split:5+comments:1")
        pieces = [piece async for piece in connection.recv_streaming()]
        assert len(pieces) > 10
        assert json.loads("".join(pieces))["type"] == "response.created"
        assert (await reply(connection))[-1]["type"] == "response.completed"


async def test_a_broken_message_says_its_lane_first() -> None:
    async with Simulator() as sim, dialled(sim) as connection:
        await create(connection, "echo+malformed:1", "a")
        broken = await connection.recv()
        assert str(broken).startswith('{"stream_id":"a",')
        with pytest.raises(json.JSONDecodeError):
            json.loads(broken)


async def test_keys_are_checked_at_the_handshake() -> None:
    async with Simulator(key="right") as sim:
        with pytest.raises(InvalidStatus) as refused:
            async with dialled(sim):
                pass
        assert refused.value.response.status_code == 401
        async with dialled(sim, additional_headers={"authorization": "Bearer right"}) as connection:
            await create(connection, "echo")
            assert (await reply(connection))[-1]["type"] == "response.completed"
        assert "right" not in repr(sim.calls)


async def test_a_simulator_without_websockets() -> None:
    async with Simulator(websocket=False) as sim:
        with pytest.raises(InvalidStatus) as refused:
            async with dialled(sim):
                pass
        assert refused.value.response.status_code == 405


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    async with Simulator() as sim, dialled(sim, max_queue=1) as connection:
        await create(connection, "fast:30000")
        call = await sim.wait_for(lambda call: call.sent > 0)
        for _ in range(300):
            await asyncio.sleep(0)
        assert call.state == "open"
        assert len([event for event in await reply(connection) if "delta" in event]) == 30000


async def test_the_projects_own_client() -> None:
    async with Simulator(pace=0) as sim, Pools() as pools, Sockets() as sockets:
        name = "openai-responses"
        to = provider(sim, pools, name, sockets.open(pools.open(wiring(name, sim.url + "/v1", {}))))
        answers = await asyncio.gather(*[ask(to, "story") for _ in range(4)])
        assert len({answer.text for answer in answers}) == 1
        assert {call.headers.get("upgrade") for call in sim.calls} == {"websocket"}
