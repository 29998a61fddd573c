"""The link to a real server: joined, lost in every way there is, and joined again."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from real_redis import Cut, RealRedis, binaries, free_port, options
from redis_waits import Join, comes, joined

from libria.clock import SystemClock
from libria.stores.redis_fault import Away
from libria.stores.redis_link import Link

MOST = 0.050
"""Seconds that a question may take, whatever befalls Redis."""


@pytest.mark.parametrize("name", binaries() or ["none"])
async def test_every_kind_of_server(name: str, binary: str, join: Join) -> None:
    server = RealRedis(binaries()[name])
    try:
        for url in (server.url, server.tcp):
            link = await join(url)
            assert await link.ask("SET", "a", "b") == b"OK"
            assert await link.ask("GET", "a") == b"b"
            state = link.state()
            assert (state.status, state.error) == ("connected", None)
            assert state.round_trip_ms is not None
    finally:
        server.end()


async def test_off_without_a_url(join: Join) -> None:
    link = await join(None, wait=False)
    assert link.state().status == "off"
    with pytest.raises(Away):
        await link.ask("GET", "a")


async def test_many_at_once_on_one_connection(server: RealRedis, link: Link) -> None:
    answers = await asyncio.gather(*(link.ask("ECHO", f"{i}") for i in range(500)))
    assert answers == [b"%d" % i for i in range(500)]
    assert server.connections() == 1


async def test_a_cancelled_question_leaves_no_answer_to_others(server: RealRedis, link: Link) -> None:
    late: list[object] = []
    for i in range(200):
        task = asyncio.create_task(link.ask("ECHO", f"gone {i}", late=late.append))
        for _ in range(i % 5):
            await asyncio.sleep(0)
        task.cancel()
        assert await link.ask("ECHO", f"{i}") == b"%d" % i
        await asyncio.gather(task, return_exceptions=True)
    assert late
    assert all(isinstance(said, bytes) and said.startswith(b"gone") for said in late)
    assert link.connected
    assert server.connections() == 1


async def test_an_error_of_one_command_is_not_the_connections(link: Link) -> None:
    await link.ask("SET", "a", "text")
    with pytest.raises(Away) as caught:
        await link.ask("HGET", "a", "b")
    assert caught.value.kind == "badAnswer"
    assert link.connected


async def test_our_own_slowness_is_not_its(link: Link) -> None:
    asking = asyncio.create_task(link.ask("PING"))
    await asyncio.sleep(0.0001)
    time.sleep(0.2)  # noqa: ASYNC251 - what keeps the loop busy
    assert await asking == b"PONG"
    assert link.state().error is None


async def test_very_many_at_once_are_no_reason_to_leave(link: Link) -> None:
    """Some of them have to go on without it."""
    said = await asyncio.gather(*(link.ask("SET", f"{i}", "x" * 1000) for i in range(5000)), return_exceptions=True)
    assert said.count(b"OK") >= 500
    assert link.connected
    assert link.state().error is None


async def test_a_crowd_does_not_wait_longer_than_one(server: RealRedis, link: Link) -> None:
    slowest = 0.0

    async def asking() -> None:
        nonlocal slowest
        for _ in range(20):
            began = time.monotonic()
            with contextlib.suppress(Away):
                await link.ask("PING")
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.02)

    crowd = [asyncio.create_task(asking()) for _ in range(100)]
    await asyncio.sleep(0.05)
    server.stop()
    await comes(lambda: not link.connected)
    await asyncio.gather(*crowd)
    assert slowest < 10 * MOST  # one after the other they would wait for two hundred times as long


@dataclass(frozen=True, slots=True)
class Fault:
    """`mend` makes it right again."""

    kind: str
    make: Callable[[RealRedis, Cut], object]
    mend: Callable[[RealRedis, Cut], object]


def _restarted(server: RealRedis, _: Cut) -> None:
    server.start()


FAULTS = {
    "stopped": Fault("timedOut", lambda s, _: s.stop(), lambda s, _: s.go_on()),
    "killed": Fault("disconnected", lambda s, _: s.kill(), _restarted),
    "cut": Fault("timedOut", lambda _, cut: cut.cut(), lambda _, cut: cut.mend()),
    # A pause ends by itself: while it lasts, nobody can even come to end it.
    "paused": Fault("timedOut", lambda s, _: s.ask("CLIENT", "PAUSE", 1500), lambda s, _: None),
    "paused for writing": Fault("timedOut", lambda s, _: s.ask("CLIENT", "PAUSE", 1500, "WRITE"), lambda s, _: None),
    "full": Fault(
        "full", lambda s, _: s.ask("CONFIG", "SET", "maxmemory", 1), lambda s, _: s.ask("CONFIG", "SET", "maxmemory", 0)
    ),
    "a replica": Fault(
        "readOnly", lambda s, _: s.ask("REPLICAOF", "127.0.0.1", 1), lambda s, _: s.ask("REPLICAOF", "NO", "ONE")
    ),
    "password changed": Fault(
        "credentialRejected",
        lambda s, _: (s.ask("CONFIG", "SET", "requirepass", "other"), setattr(s, "password", "other"), s.kick()),
        lambda s, _: (s.ask("CONFIG", "SET", "requirepass", ""), setattr(s, "password", "")),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_no_fault_slows_anybody_and_it_is_joined_again(
    name: str, server: RealRedis, join: Join, record_property: Callable[[str, object], None]
) -> None:
    fault = FAULTS[name]
    cut = Cut(server.port)
    try:
        link = await join(f"redis://127.0.0.1:{cut.port}")
        tasks = len(asyncio.all_tasks())
        await asyncio.to_thread(fault.make, server, cut)
        slowest, until = 0.0, time.monotonic() + 1.5
        kinds: set[str] = set()
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                await link.ask("SET", "a", "b")
            except Away as away:
                kinds.add(away.kind)
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.002)
        assert slowest < 10 * MOST  # the figure itself is the bench's
        assert link.state().status == "away"
        assert link.state().error in (fault.kind, "timedOut", "disconnected")
        assert fault.kind in kinds
        assert len(asyncio.all_tasks()) <= tasks
        await asyncio.to_thread(fault.mend, server, cut)
        took = await joined(link)
        record_property("slowest_ms", round(slowest * 1000, 1))
        record_property("rejoined_s", round(took, 2))
        print(f"\n{name}: slowest {slowest * 1000:.1f} ms, joined again after {took:.2f} s")
        assert took < 2.5
        assert await link.ask("SET", "a", "b") == b"OK"
        await comes(lambda: server.connections() == 1)
    finally:
        cut.end()


async def test_slow_while_it_loads(server: RealRedis, link: Link) -> None:
    server.ask("DEBUG", "POPULATE", 8000)
    server.ask("SAVE")
    server.kill()
    await comes(lambda: not link.connected)
    slow = options(key_load_delay=100, loading_process_events_interval_bytes=1024, dbfilename="dump.rdb")
    server.start(*slow, wait=False)
    kinds: set[object] = set()
    while not link.connected:
        kinds.add(link.state().error)
        await asyncio.sleep(0.02)
    assert "loading" in kinds


async def test_an_idle_link_finds_out_by_itself(server: RealRedis, link: Link) -> None:
    server.stop()
    await comes(lambda: not link.connected)
    assert link.state().error == "timedOut"


async def test_posts_alone_do_not_pile_up(server: RealRedis, link: Link) -> None:
    said: list[object] = []
    server.stop()
    for _ in range(300):
        link.post("SET", "a", b"x" * 10_000, done=said.append)
        await asyncio.sleep(0.01)
    await comes(lambda: len(said) == 300)
    assert not link.connected


async def test_a_server_that_is_not_there_yet(binary: str, join: Join) -> None:
    server = RealRedis(binary)
    server.kill()
    try:
        link = await join(server.url, wait=False)
        with pytest.raises(Away):
            await link.ask("GET", "a")
        server.start()
        await joined(link)
    finally:
        server.end()


async def test_password(binary: str, join: Join) -> None:
    server = RealRedis(binary, password="s3cret/@")
    try:
        quoted = "s3cret%2F%40"
        link = await join(f"redis://:{quoted}@127.0.0.1:{server.port}/1")
        assert await link.ask("PING") == b"PONG"
        assert link.state().url == f"redis://127.0.0.1:{server.port}/1"
        wrong = await join(f"redis://:nonsense@127.0.0.1:{server.port}", wait=False)
        await comes(lambda: wrong.state().error == "credentialRejected")
        assert "nonsense" not in str(wrong.state())
    finally:
        server.end()


async def test_tls(binary: str, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = trustme.CA()
    leaf = ca.issue_cert("localhost", "127.0.0.1")
    for name, blob in (("key", leaf.private_key_pem), ("ca", ca.cert_pem)):
        blob.write_to_path(tmp_path / name)
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert", append=True)
    port = free_port()
    tls = options(tls_port=port, tls_cert_file=tmp_path / "cert", tls_key_file=tmp_path / "key", tls_auth_clients="no")
    try:
        server = RealRedis(binary, *tls)
    except RuntimeError:
        pytest.skip("this server is built without TLS")
    try:
        link = await join(f"rediss://localhost:{port}?ssl_ca_certs={tmp_path / 'ca'}")
        assert await link.ask("PING") == b"PONG"
        stranger = await join(f"rediss://localhost:{port}", wait=False)
        await comes(lambda: stranger.state().error == "disconnected")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))
        assert await (await join(f"rediss://localhost:{port}")).ask("PING") == b"PONG"
    finally:
        server.end()


async def test_nothing_is_left_when_it_is_closed(server: RealRedis, caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    link = Link(server.url, SystemClock())
    link.start()
    await joined(link)
    asking = [asyncio.create_task(link.ask("PING")) for _ in range(50)]
    await asyncio.sleep(0)
    await link.aclose()
    for said in await asyncio.gather(*asking, return_exceptions=True):
        assert said == b"PONG" or isinstance(said, Away)
    gc.collect()
    assert asyncio.all_tasks() == before
    assert not caplog.records  # that it was closed is no news
    await comes(lambda: server.connections() == 0)
