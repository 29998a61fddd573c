"""The thread that says how the loop is: it turns, it is busy, it is stuck, and where."""

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

from libria.watch import Watch, ask


async def test_a_loop_that_turns(tmp_path: Path) -> None:
    watch = Watch(asyncio.get_running_loop(), tmp_path / "w")
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o600
    said = await asyncio.to_thread(ask, tmp_path / "w")
    watch.close()
    assert said is not None
    assert (said["pid"], said["turned"], said["where"]) == (os.getpid(), True, [])
    assert os.listdir(tmp_path) == []


async def test_a_loop_that_hangs_and_one_that_computes(tmp_path: Path) -> None:
    watch = Watch(asyncio.get_running_loop(), tmp_path / "w")

    def hangs_here() -> None:
        asker.join()

    def computes_here() -> None:
        while asker.is_alive():
            pass

    for block, busy in ((hangs_here, False), (computes_here, True)):
        said: list[dict[str, Any] | None] = []
        asker = threading.Thread(target=lambda said=said: said.append(ask(tmp_path / "w")))
        asker.start()
        block()
        [answer] = said
        assert answer is not None
        assert (answer["turned"], answer["busy"]) == (False, busy)
        assert any("test_watch.py" in place and block.__name__ in place for place in answer["where"])
        assert answer["seconds"] >= 0.9
        await asyncio.sleep(0)  # it turns again
    watch.close()


async def test_a_later_one_takes_the_name_and_keeps_it(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    first, second = Watch(loop, tmp_path / "w"), Watch(loop, tmp_path / "w")
    first.close()
    assert await asyncio.to_thread(ask, tmp_path / "w") is not None
    second.close()
    second.close()
    assert await asyncio.to_thread(ask, tmp_path / "w") is None
