"""What one daemon knows and another takes over: limits, learned limits, pauses, breakers, answers; versions."""

import socket
import threading
from pathlib import Path

import msgspec
import pytest

from libria.config import Config
from libria.connect.process import Process
from libria.connect.upgrade import offers, older
from libria.engine import Engine
from libria.handover import handed, inherit, limits_of, state_of
from libria.layers.allowance import Rates
from libria.layers.breaker import HeldCircuit
from libria.layers.windows import Want
from libria.testing import FakeClock, FakeService
from libria_providers.types import Headroom


@pytest.mark.parametrize(
    ("versions"),
    [
        ["0.9", "0.10.dev1", "0.10a1", "0.10rc1", "0.10rc2", "0.10", "0.10.post1", "0.10.1", "0.11", "1.0.0", "10.0"],
        ["1.2.3", "1.2.10", "1.10.0"],
    ],
)
def test_versions_in_order(versions: list[str]) -> None:
    for i, one in enumerate(versions):
        for j, other in enumerate(versions):
            assert older(one, other) == (i < j), (one, other)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0.0"), ("1.0+local", "1.0"), ("1.0RC1", "1.0.rc1"), ("", "?")])
def test_versions_that_are_the_same(one: str, other: str) -> None:
    assert not older(one, other)
    assert not older(other, one)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    return Engine(Config(), clock, alone=True)


@pytest.fixture
def successor(engine: Engine, clock: FakeClock) -> Engine:
    return Engine(Config(), clock, alone=True)


def wire(sections: object) -> dict[str, msgspec.Raw]:
    """As they come over the socket."""
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": "x", "result": {"willing": True, "state": sections}})
    found = handed(body)
    assert found is not None
    return found


async def test_what_was_used_stays_used_and_comes_free_when_it_would_have(
    engine: Engine, successor: Engine, clock: FakeClock
) -> None:
    want = Want("key::requests:60", 1, 3, 60.0)
    assert await engine.stock.local.take([want]) == 0
    await clock.advance(10)
    assert await engine.stock.local.take([want]) == 0
    before = wire(state_of(engine))
    inherit(successor, before)
    assert await engine.stock.local.take([want]) == 0, "the older one serves until the other listens"
    inherit(successor, wire(limits_of(engine)), before)
    assert successor.stock.local.used(want) == 3
    wait = await successor.stock.local.take([want])
    assert wait == pytest.approx(await engine.stock.local.take([want]), abs=0.01)
    await clock.advance(wait)
    assert await successor.stock.local.take([want]) == 0


async def test_what_was_learned_is_known(engine: Engine, successor: Engine, clock: FakeClock) -> None:
    said = Headroom("requests", 7, 5, 30.0, 60.0)
    old = engine.limiter.limit(FakeService([]), "openai/m", "key", Rates(), Rates())
    [lane] = [lane for turns in engine.limiter._keys.values() for lane in turns.lanes.values()]
    lane.allowance.learn([said], clock.now())
    lane.at_once.told = True
    lane.at_once.failed(clock.now(), clock.now())
    [turns] = engine.limiter._keys.values()
    turns.strikes, turns.paused_until, turns.shunned_until = 2, clock.now() + 5, clock.now() + 90
    await engine.stock.local.pause(f"{turns.hash}:", 5.0)
    inherit(successor, wire(state_of(engine)))
    assert successor.limiter.snapshot() == []
    new = successor.limiter.limit(FakeService([]), "openai/m", "key", Rates(), Rates())
    ours, theirs = successor.limiter.snapshot(), engine.limiter.snapshot()
    assert ours == theirs
    assert (ours[0].paused, ours[0].limits[0].limit, ours[0].limits[0].learned) == (90.0, 7, True)
    assert await successor.stock.local.paused(f"{turns.hash}:") == 5.0
    assert (old, new) != (None, None)
    other = successor.limiter.limit(FakeService([]), "openai/m", "another key", Rates(), Rates())
    assert successor.limiter.snapshot()[-1].limits == ()
    assert other is not None


def test_a_broken_target_is_left_alone_by_the_next_one_too(engine: Engine, successor: Engine) -> None:
    held = {"name": HeldCircuit(5, 1, 17.5, "overloaded")}
    engine.held_circuits = lambda: held  # type: ignore[method-assign]  # of targets that no test has here
    inherit(successor, wire(state_of(engine)))
    assert successor._inherited == held


async def test_answers_in_memory_in_their_order(engine: Engine, successor: Engine) -> None:
    for number in range(3):
        engine.stock.memory.put(b"\x00key %d" % number, b"\xffanswer %d" % number, 60.0, {"model": "m"})
    assert engine.stock.memory.find(b"\x00key 0")
    inherit(successor, wire(state_of(engine)))
    assert successor.stock.memory.find(b"\x00key 1") == b"\xffanswer 1"
    [newest, *_] = engine.stock.memory.held(10**6)
    assert newest.key == b"\x00key 0"
    assert [answer.key for answer in engine.stock.memory.held(350)] == [b"\x00key 0"], "as much as there is room for"
    assert (await successor.stock.memory.stats()).models["m"].entries == 3


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"now": "soon", "windows": 3, "limits": [], "circuits": {"a": 1}, "answers": {"b": None}},
        {"windows": {"windows": [["key"]]}},
        {"now": 1e12, "windows": {"windows": [{"key": "k::", "seconds": 60, "slots": [[1e12, 5]]}]}},
        {"what is new": {"in": "a later version"}},
    ],
)
def test_what_another_version_says_otherwise_is_left_out(successor: Engine, sections: dict[str, object]) -> None:
    inherit(successor, wire(sections))
    assert successor.stock.local.used(Want("k::", 0, 5, 60.0)) == 0


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (b'{"id":"x","result":{"willing":false}}', None),
        (b'{"id":"x","error":{"code":-32601,"message":"There is no method."}}', None),
        (b'{"id":"x","result":{"willing":true}}', {}),
    ],
)
def test_who_does_not_hand_over(response: bytes, found: object) -> None:
    assert handed(response) == found


@pytest.mark.parametrize("garbage", [b"", b"[]", b'{"result":[]}', b'{"result":{"willing":1}}', b"\xff"])
def test_garbage_is_no_response(garbage: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        handed(garbage)


@pytest.mark.parametrize(
    ("answer", "offered"),
    [
        (b'{"jsonrpc":"2.0","id":"libria/look","result":{"willing":true}}', True),
        (b'{"jsonrpc":"2.0","id":"libria/look","result":{"willing":false}}', False),
        (b'{"jsonrpc":"2.0","id":"libria/look","error":{"code":-32601,"message":"no such method"}}', False),
        (b"not JSON", False),
        (None, False),
    ],
)
def test_a_daemon_that_cannot_hand_over_is_left_as_it_is(answer: bytes | None, offered: bool) -> None:
    ours, theirs = socket.socketpair()

    def daemon() -> None:
        assert b"libria/handOver" in theirs.recv(4096)
        if answer is not None:
            theirs.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))
        theirs.close()

    thread = threading.Thread(target=daemon)
    thread.start()
    with ours:
        assert offers(ours) is offered
    thread.join()


def test_nobody_kills_itself() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(OSError, match="cannot be found"):
        Process(ours).kill()
