"""Who gets in, who has to go, and how much all together may hold."""

import asyncio
import logging
import socket
from typing import Any, cast

import pytest

from libria.connect.loopback import Secrets
from libria.rpc import gate as gates
from libria.rpc.codes import RpcError
from libria.rpc.gate import STRANGERS, Bounds, Gate, Why

MB = 1024 * 1024


class Guest:
    def __init__(self) -> None:
        self.why: Why | None = None
        self.error: RpcError | None = None
        self.gone = asyncio.Event()

    def turn_away(self, why: Why, error: RpcError) -> None:
        self.why, self.error = why, error
        self.gone.set()


class Transport:
    """Of one end of a socket pair, which is this user's own."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def get_extra_info(self, name: str) -> object:
        return self._end if name == "socket" else None


def enter(gate: Gate, guest: Guest) -> bool:
    one, other = socket.socketpair()
    with one, other:
        return gate.enter(guest, cast(asyncio.BaseTransport, Transport(one)))


async def test_this_user_gets_in_and_another_is_counted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(Bounds())
    assert enter(gate, Guest())
    monkeypatch.setattr(gates, "same_user", lambda _connection: False)
    with caplog.at_level(logging.WARNING, logger="libria"):
        guests = [Guest() for _ in range(100)]
        assert not any(enter(gate, guest) for guest in guests)
    assert {guest.why for guest in guests} == {"foreign"}
    assert gate.turned_away["foreign"] == 100
    assert len(caplog.records) == 7  # 1, 2, 4 … 64: a disk is not filled by knocking


async def test_one_session_more_than_there_may_be_is_told_and_a_place_that_came_free_is_given() -> None:
    gate = Gate(Bounds(sessions=2))
    inside = [Guest(), Guest()]
    assert all(enter(gate, guest) for guest in inside)
    late = Guest()
    assert not enter(gate, late)
    assert late.why == "full"
    assert late.error is not None
    assert "2 clients" in late.error.message
    gate.leave(inside[0])
    assert enter(gate, Guest())


async def test_who_says_nothing_has_to_go_and_who_spoke_stays() -> None:
    gate = Gate(Bounds(first_frame=0.02))
    silent, heard = Guest(), Guest()
    gate.expect(heard)()
    gate.expect(silent)
    async with asyncio.timeout(10):
        await silent.gone.wait()
    assert silent.why == "silent"
    assert heard.why is None
    Gate(Bounds(first_frame=None)).expect(heard)()  # this process's own client may take its time


@pytest.mark.parametrize(
    ("held", "away"),
    [
        ([4, 4, 2], []),
        ([4, 4, 4], [0]),  # who has been silent for longest
        ([0.01, 4, 4, 4], [1]),  # not who holds next to nothing
        ([4, 4, 4, 4], [0, 1]),
        ([11], [0]),
    ],
)
async def test_all_unfinished_frames_together_are_bounded(held: list[float], away: list[int]) -> None:
    gate = Gate(Bounds(held=10 * MB))
    guests = [Guest() for _ in held]
    for guest, size in zip(guests, held, strict=True):
        gate.holds(guest, int(size * MB))
    assert [i for i, guest in enumerate(guests) if guest.why == "hoarding"] == away


async def test_what_was_finished_or_left_is_room_again() -> None:
    gate = Gate(Bounds(held=10 * MB))
    first, second, third = Guest(), Guest(), Guest()
    gate.holds(first, 9 * MB)
    gate.holds(first, 0)
    gate.holds(second, 9 * MB)
    gate.leave(second)
    gate.holds(third, 9 * MB)
    assert [guest.why for guest in (first, second, third)] == [None] * 3


TOKEN = "f" * 64
FIRST = b'{"jsonrpc":"2.0","id":"libria/token","method":"libria/token","params":{"token":"%b"}}'


@pytest.mark.parametrize(
    "body",
    [
        None,  # no frame at all
        b"",
        b"{}",
        b"\xff",
        b"[" * 5000,
        FIRST % b"",
        FIRST % (b"f" * 63),
        FIRST % (b"f" * 63 + b"e"),
        FIRST % (b"f" * 65),
        FIRST % "é".encode(),
        (FIRST % TOKEN.encode()).replace(b"libria/token", b"libria/status"),
        b'{"jsonrpc":"2.0","id":1,"method":"libria/token","params":{"token":null}}',
    ],
)
async def test_a_stranger_with_another_word_is_told_nothing(body: bytes | None) -> None:
    gate = Gate(Bounds(), Secrets(TOKEN, "a" * 64))
    guest = Guest()
    assert enter(gate, guest)
    assert gate.is_strange(guest)
    assert gate.admit(guest, body) is None
    assert guest.why == "stranger"


async def test_a_stranger_with_the_word_hears_the_proof_once() -> None:
    gate = Gate(Bounds(), Secrets(TOKEN, "a" * 64))
    guest = Guest()
    enter(gate, guest)
    answer = gate.admit(guest, FIRST % TOKEN.encode())
    assert answer == b'{"jsonrpc":"2.0","id":"libria/token","result":{"proof":"%b"}}' % (b"a" * 64)
    assert not gate.is_strange(guest)


async def test_strangers_that_wait_push_each_other_out_and_nobody_else() -> None:
    gate = Gate(Bounds(first_frame=0.01), Secrets(TOKEN, "a" * 64))
    known = Guest()
    enter(gate, known)
    gate.admit(known, FIRST % TOKEN.encode())
    waiting = [Guest() for _ in range(STRANGERS + 3)]
    for guest in waiting:
        assert enter(gate, guest)
    assert [guest.why for guest in waiting] == ["stranger"] * 3 + [None] * STRANGERS
    gate.expect(waiting[-1])
    async with asyncio.timeout(10):
        await waiting[-1].gone.wait()
    assert waiting[-1].why == "stranger"  # who is late is told no reason either
    assert known.why is None


def test_half_of_the_descriptors_are_for_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_files(files: int) -> int:
        monkeypatch.setattr(gates.resource, "getrlimit", lambda _which: (files, files))
        return gates.bounds_here().sessions

    assert [with_files(files) for files in (64, 1024, 10**6, cast(Any, gates.resource).RLIM_INFINITY)] == [
        32,
        512,
        1000,
        1000,
    ]
