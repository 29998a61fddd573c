"""Whatever a WebSocket says, a call over it ends, in an error or in what the server said it finished."""

import asyncio
import gc
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.errors import CredentialRejected, Disconnected, Interrupted, ProviderError, RateLimited
from libria_providers.provider import Credential, Provider
from libria_providers.registry import ROWS
from libria_providers.types import Delta, Finish, Timeouts
from libria_providers.websocket.transport import SocketTransport

sys.path.insert(0, str(Path(__file__).parent))

from websocket_server import Asked, Server, transport

ROW = replace(ROWS["openai"], dialect=OpenAIResponses(), routes=(), prefix="/v1")
QUICK = Timeouts(first_token=0.1, idle=0.1)


def provider(server: Server, sockets: SocketTransport) -> Provider:
    address = server.url.removesuffix("/v1/responses")
    return Provider(ROW, address=address, credential=Credential("X", "k"), pool=sockets, headers={"authorization": "k"})


async def outcome(server: Server, **habits: float) -> list[object] | ProviderError:
    """The events of a call, or its error."""
    sockets = transport(server.url, **habits)
    sockets._pool.error = Disconnected("posted")
    try:
        async with asyncio.timeout(5):
            return [event async for event in provider(server, sockets).stream_message("m", "hi", timeouts=QUICK)]
    except ProviderError as error:
        return error
    finally:
        assert sockets.in_use == 0
        await sockets.aclose()


COMPLETED = {"status": "completed", "model": "m-1", "output": [], "usage": {"input_tokens": 3, "output_tokens": 2}}


async def test_a_provider_over_a_websocket() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("response.created", response={"status": "in_progress"})
        await asked.say("response.output_text.delta", delta="he", output_index=0, content_index=0)
        await asked.say("response.output_text.delta", delta="llo", output_index=0, content_index=0)
        await asked.say("response.completed", response=COMPLETED)

    async with Server(answer) as server:
        found = await outcome(server)
    assert isinstance(found, list)
    assert "".join(event.text for event in found if isinstance(event, Delta)) == "hello"
    assert isinstance(found[-1], Finish)
    assert found[-1].usage.output_tokens == 2
    assert server.asked[0].fields["type"] == "response.create"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "invalid_api_key", CredentialRejected), (429, "rate_limit_exceeded", RateLimited)],
)
@pytest.mark.parametrize("begun", [False, True])
async def test_an_error_event_is_classified_as_the_dialect_does(
    status: int, code: str, kind: type[ProviderError], begun: bool
) -> None:
    async def answer(asked: Asked) -> None:
        if begun:
            await asked.say("response.created", response={"status": "in_progress"})
        error = {"type": "x", "code": code, "message": "no", "headers": {"retry-after": "7"}}
        await asked.say("error", status=status, error=error)

    async with Server(answer) as server:
        error = await outcome(server)
    assert type(error) is kind
    assert begun or error.retry_after == 7


async def test_a_reply_that_breaks_off_is_interrupted() -> None:
    async def answer(asked: Asked) -> None:
        await asked.say("response.created", response={"status": "in_progress"})
        await asked.say("response.output_text.delta", delta="he", output_index=0, content_index=0)
        await asked.connection.close()

    async with Server(answer) as server:
        assert isinstance(await outcome(server), Interrupted)


async def test_a_done_after_the_end_leaves_the_connection_as_it_is() -> None:
    async def answer(asked: Asked) -> None:
        await asked.connection.send("[DONE]")
        await asked.say("response.completed", response=COMPLETED)
        await asked.connection.send("[DONE]")

    async with Server(answer) as server:
        sockets = transport(server.url)
        for _ in range(3):
            assert (await provider(server, sockets).send_message("m", "hi")).answer is not None
        assert sockets.opened == 1
        await sockets.aclose()


class World:
    """One loop and one server for all examples."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.crashes: list[dict[str, object]] = []
        self.runner.get_loop().set_exception_handler(lambda _loop, crash: self.crashes.append(crash))
        self.script: list[str | bytes] = []
        self.close = False
        self.server = self.runner.run(self._open())

    async def _open(self) -> Server:
        return await Server(self._answer, echo=True).__aenter__()

    async def _answer(self, asked: Asked) -> None:
        for message in self.script:
            if isinstance(message, str):
                message = message.replace("LANE", str(asked.lane))
            await asked.connection.send(message)
        if self.close:
            await asked.connection.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.runner.run(world.server.__aexit__())
    world.runner.close()


KINDS = ["response.created", "response.output_text.delta", "response.output_item.added", "response.failed",
         "response.completed", "response.incomplete", "error", "", None, 7, [], "codex.rate_limits"]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(KINDS),
        "stream_id": st.sampled_from(["LANE", "other", "", None, 3, {}]),
        "response": values,
        "error": values | st.fixed_dictionaries({"code": values, "message": values, "headers": values}),
        "status": values,
        "delta": values,
        "item": values,
        "output_index": values,
        "detail": values,
    },
)
words = st.one_of(fields.map(json.dumps), values.map(json.dumps), st.text(max_size=20), st.binary(max_size=20))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(words, max_size=5), close=st.booleans())
def test_garbage_never_hangs_and_is_never_a_silent_success(
    world: World, script: list[str | bytes], close: bool
) -> None:
    world.script, world.close = script, close
    found = world.runner.run(outcome(world.server))
    gc.collect(0)  # which tells of a task that crashed
    assert not world.crashes
    if isinstance(found, list):
        assert type(found[-1]) is Finish
        assert any(end in str(message) for message in script for end in ("completed", "incomplete"))
