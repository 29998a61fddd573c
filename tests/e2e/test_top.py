"""`libria top` in a real terminal: what is seen of a daemon that works, is throttled, ends and comes again."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from e2e_client import Client
from e2e_home import Home, provider_env
from e2e_terminal import Screen

from libria_providers.simulator import Simulator

LONG = "openai/rate:50+count:20000"


async def joined(home: Home, sim: Simulator) -> Client:
    client = await home.join()
    env = {"libria": {"env": provider_env(sim)}}
    await client.initialize(clientInfo={"name": "an \x1b[31meditor", "version": "7.1"}, initializationOptions=env)
    return client


async def test_a_stream_under_way_is_seen_and_q_restores_the_terminal(own_home: Home, sim: Simulator) -> None:
    async with await joined(own_home, sim) as client:
        await client.chat(LONG).seen("delta")
        with Screen(own_home, "top") as top:
            seen = await top.until(lambda text: re.search(r"streaming +[1-9]", text))
            assert LONG in seen
            assert "an [31meditor" in seen, "what a client calls itself steers no terminal"
            assert top.lines[0].startswith("libria top")
            assert "q ends" in top.lines[23]
            assert not top.restored
            top.type("p")
            await top.until(lambda text: "held" in text)
            top.type("pq")
            assert await top.ended() == 0
            assert top.restored


async def test_a_paused_target_comes_first(own_home: Home, sim: Simulator) -> None:
    async with await joined(own_home, sim) as client:
        await client.chat("openai/fast:2").result()
        client.chat("groq/status:429+retry-after:50")
        with Screen(own_home, "top") as top:
            seen = await top.until(lambda text: "paused" in text)
            assert "! groq/status:429+retry-after:50 is paused for" in seen
            assert seen.rindex("groq/status:429") < seen.rindex("openai/fast:2")
            assert re.search(r"groq/status:429\S* +(waiting|retrying)", seen)


async def test_daemons_come_and_go_and_none_is_started(own_home: Home, sim: Simulator) -> None:
    with Screen(own_home, "top") as top:
        await top.until(lambda text: "No daemon runs" in text)
        assert own_home.processes("serve") == []
        async with await joined(own_home, sim) as client:
            await top.until(lambda text: "process" in text and "No daemon" not in text)
            [pid] = own_home.processes("serve")
            os.kill(pid, signal.SIGKILL)
            await client.closed.wait()
        await top.until(lambda text: "The daemon has ended" in text)
        assert own_home.processes("serve") == []
        async with await joined(own_home, sim):
            [other] = own_home.processes("serve")
            await top.until(lambda text: f"Another daemon has taken over (process {other})" in text)
        os.kill(other, signal.SIGSTOP)
        try:
            await top.until(lambda text: "is stopped" in text and f"kill -CONT {other}" in text)
        finally:
            os.kill(other, signal.SIGCONT)
        await top.until(lambda text: "answers again" in text)
        top.type("q")
        assert await top.ended() == 0
        assert top.restored


async def test_forty_columns_no_colour_and_a_change_of_size(own_home: Home, sim: Simulator) -> None:
    async with await joined(own_home, sim) as client:
        await client.chat(LONG).seen("delta")
        with Screen(own_home, "top", columns=40, rows=12, NO_COLOR="1") as top:
            await top.until(lambda text: "streaming" in text)
            assert all(len(line) <= 40 for line in top.lines)
            assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", top.written)
            await top.until(lambda text: re.search(r"↓[1-9]", text))
            top.type("\x1b[F")
            await top.until(lambda text: "↓0" in text and "redis off" in text)
            top.type("\x1b[H")
            top.resize(120, 40)
            await top.until(lambda text: "an [31meditor" in text and "↓" not in text)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda top: top.type("\x03"), 130),
        (lambda top: os.kill(top.process.pid, signal.SIGTERM), 143),
        (lambda top: os.kill(top.process.pid, signal.SIGHUP), 129),
    ],
)
async def test_however_it_ends_the_terminal_is_as_before(
    own_home: Home, end: Callable[[Screen], None], code: int
) -> None:
    with Screen(own_home, "top") as top:
        await top.until(lambda text: "No daemon runs" in text)
        end(top)
        assert await top.ended() == code
        assert top.restored


async def test_without_a_terminal_it_is_one_plain_picture(own_home: Home, sim: Simulator) -> None:
    assert await own_home.command("top") == (
        0, "No daemon is running; the next `libria ask` or editor starts one.\n", "",
    )  # fmt: skip
    async with await joined(own_home, sim) as client:
        await client.chat(LONG).seen("delta")
        code, out, err = await own_home.command("top")
        assert (code, err) == (0, "")
        rows = out.splitlines()
        assert rows[0].startswith("libria top")
        assert [row for row in rows if row.startswith("Calls")]
        assert any("streaming" in row for row in rows)
        assert "\x1b" not in out
        with Screen(own_home, "top", "--once") as top:
            assert await top.ended() == 0
            assert "streaming" in top.text
            assert b"\x1b[?1049h" not in top.written
