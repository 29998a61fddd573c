"""One scenario of trouble: what the caller was told, what the provider saw, and what must hold after any of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from e2e_client import PROMPT, WITHIN, Chat, Client

from libria_providers.simulator import Simulator
from libria_providers.simulator.record import Seen

Json = Any

MOST_ATTEMPTS = 4
"""On a target that fails."""

ANSWERED = 0.1
CLOSED = 0.25
"""Seconds after a cancel, as the contract has them: until the caller is answered, until the provider is left."""

on_the_socket = pytest.mark.parametrize("mode", ["socket"])
"""For what goes beyond the scenarios: the code that it meets is the same in all modes, and a process takes a second."""

TOTAL = 600.0
"""Seconds of a call that names no limit."""


@dataclass(frozen=True)
class Told:
    """What a caller got: a result, or the data of an error of code -32803. `seconds` are from the request to it."""

    chat: Chat
    seconds: float
    total: float
    result: Json = None
    error: Json = None

    @property
    def attempts(self) -> list[Json]:
        return (self.error or self.result)["attempts"]  # type: ignore[no-any-return]  # JSON

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Whose attempt it was (the provider's name), and what came of it."""
        return [(attempt["target"].partition("/")[0], attempt["outcome"]) for attempt in self.attempts]

    def kinds(self) -> list[str]:
        """What its progress was, each run of the same once."""
        kinds = [value["kind"] for value in self.chat.progress]
        return [kind for place, kind in enumerate(kinds) if kinds[place - 1 : place] != [kind]]


@dataclass
class Scenario:
    client: Client
    sim: Simulator
    told: list[Told] = field(default_factory=list[Told])
    left: list[Chat] = field(default_factory=list[Chat])  # cancelled, or of a client that went away

    async def ask(self, model: str, prompt: str = PROMPT, **params: Json) -> Told:
        """Ask, and wait for what comes of it."""
        start = now()
        chat = self.client.chat(model, prompt, **params)
        response = await chat.response()
        error = response.get("error")
        assert error is None or error["code"] == -32803, error
        total = params.get("timeouts", {}).get("total", TOTAL)
        told = Told(chat, now() - start, total, response.get("result"), error and error["data"])
        self.told.append(told)
        return told

    async def cancel(self, chat: Chat, *, leaves: int = 1) -> None:
        """Cancel, and see that the caller is answered in time, and that the provider sees `leaves` requests end so."""
        self.left.append(chat)
        before = sum(map(is_hung_up, self.sim.calls))
        start = now()
        chat.cancel()
        answered, *left = await asyncio.gather(
            moment(chat.response()), *(hung_up(self.sim, before + number + 1) for number in range(leaves))
        )
        assert (await chat.error()).code == -32800
        assert answered - start <= ANSWERED, f"answered after {answered - start:.3f} s"
        assert max(left, default=start) - start <= CLOSED, f"left after {max(left) - start:.3f} s"

    @property
    def gaps(self) -> list[float]:
        """Seconds from one request to the next, as the provider saw them."""
        times = [call.time for call in self.sim.calls]
        return [after - before for before, after in pairwise(times)]


@asynccontextmanager
async def scenario(client: Client, sim: Simulator, then: str) -> AsyncIterator[Scenario]:
    """Runs the test's body, then sees that the bounds held, and that `then`, which is well, is answered at once."""
    run = Scenario(client, sim)
    yield run
    for told in run.told:
        await _within_bounds(told)
    seen = len(sim.calls)
    attempts = [call for call in sim.calls if not is_replaced(call)]
    told = sum(len(told.attempts) for told in run.told)
    assert run.left or len(attempts) <= told, "a request that no attempt tells of"
    healthy = client.chat(then)
    result = await healthy.result()
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["ok"]
    assert (result["model"], result["content"]) == (then, healthy.text())
    assert result["content"]
    assert not {"retrying", "fallback"} & set(healthy.states())
    assert len(sim.calls) == seen + 1
    await nothing_left(client, sim)
    for chat in run.left:
        _silent_afterwards(chat)


async def _within_bounds(told: Told) -> None:
    assert told.seconds <= told.total + CLOSED, f"answered after {told.seconds:.3f} s of {told.total:g}"
    by_target = Counter(attempt["target"] for attempt in told.attempts)
    assert max(by_target.values(), default=0) <= MOST_ATTEMPTS
    if told.chat.token is None:
        return
    await told.chat.in_order()
    whole = told.result["content"] if told.error is None else told.error.get("partialText", "")
    assert told.chat.text() == whole


def _silent_afterwards(chat: Chat) -> None:
    """Answered once at most, and no progress after that."""
    messages = chat.client.messages
    answers = [place for place, one in enumerate(messages) if "method" not in one and one["id"] == chat.id]
    assert len(answers) <= 1
    for place in answers:
        assert not [one for one in messages[place:] if one.get("params", {}).get("token", one) == chat.token]


async def nothing_left(client: Client, sim: Simulator) -> None:
    """No call in flight, no connection in use, at either side."""
    async with asyncio.timeout(WITHIN):
        while (status := await client.request("libria/status", {}))["calls"] or any(in_use(status, sim)):
            pass  # each time a round trip to the daemon
    if sim.calls:
        await sim.wait_for(lambda call: call.state != "open", count=len(sim.calls))


def in_use(status: Json, sim: Simulator) -> list[int]:
    """Of each pool for this provider."""
    return [pool["inUse"] for pool in status["pools"] if pool["address"].startswith(sim.url)]


def now() -> float:
    """The same clock as that of what the simulator saw."""
    return asyncio.get_running_loop().time()


async def moment(happens: Awaitable[object]) -> float:
    """When it happened."""
    await happens
    return now()


async def hung_up(sim: Simulator, count: int = 1) -> float:
    """When the provider saw the `count`th of those who left before the end."""
    await sim.wait_for(is_hung_up, count=count, within=WITHIN)
    return sorted(call.ended for call in sim.calls if is_hung_up(call))[count - 1]


async def spend(client: Client, *targets: str) -> dict[str, Json]:
    """What the books say of `targets`."""
    rows = {row["target"]: row for row in (await client.request("libria/status", {}))["spend"]}
    return {target: rows.get(target, {}) for target in targets}


def difference(after: Json, before: Json) -> Json:
    """Of two lines of the books; without the input, which the provider counts in its own way."""
    names = [name for name in after if name not in ("target", "inputTokens")]
    return {name: after[name] - before.get(name, 0) for name in names}


def is_replaced(call: Seen) -> bool:
    """Whether its connection, which was used before, was closed without a byte: it may have been dead for long, and
    the same attempt goes on with another."""
    return call.use > 1 and call.state == "done" and not call.sent


def is_hung_up(call: Seen) -> bool:
    return call.state == "hung up"
