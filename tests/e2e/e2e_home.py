"""A private LIBRIA_HOME, the processes that live in it, and the ways in which a client joins."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from e2e_client import PROMPT, WITHIN, Client

from libria_providers.simulator import Simulator

KEYS = {
    "OPENAI_API_KEY": "fake-openai-key-of-the-tests",
    "ANTHROPIC_API_KEY": "fake-anthropic-key-of-the-tests",
    "GROQ_API_KEY": "fake-groq-key-of-the-tests",
}
NOWHERE = "http://127.0.0.1:1"
LOCAL = ("OLLAMA_HOST", "LLAMACPP_BASE_URL", "LMSTUDIO_BASE_URL", "VLLM_BASE_URL")
INHERITED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "COVERAGE_PROCESS_START", "TMPDIR")


OpenClient = Callable[..., Awaitable[Client]]
"""What the fixture `open_client` gives."""


def command() -> list[str]:
    """The installed `libria`, else the module."""
    installed = Path(sys.executable).with_name("libria")
    return [str(installed)] if os.access(installed, os.X_OK) else [sys.executable, "-m", "libria"]


def provider_env(sim: Simulator) -> dict[str, str]:
    """Fake keys, and the vendors' own variables pointed at the simulator."""
    addresses = {
        "OPENAI_BASE_URL": f"{sim.url}/v1",
        "ANTHROPIC_BASE_URL": sim.url,
        "GROQ_BASE_URL": sim.url,
    }
    return {**KEYS, **addresses, **dict.fromkeys(LOCAL, NOWHERE)}


@dataclass
class Home:
    path: Path
    log_mark: int = 0  # what the log held when the test began
    errors: list[Path] = field(default_factory=list[Path])  # standard error of the stdio processes

    @property
    def log(self) -> Path:
        return self.path / "state" / "libria.log"

    @property
    def config(self) -> Path:
        return self.path / "config" / "config.toml"

    @property
    def socket_file(self) -> Path:
        return self.path / "run" / "libria.sock"

    def write_config(self, text: str) -> None:
        """By renaming, as editors do: nobody reads half a file."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        new = self.config.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self.config)

    def env(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment of a tool: nothing of whoever runs the tests but what Python needs."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**kept, "HOME": str(self.path), "LIBRIA_HOME": str(self.path), **(more or {})}

    @staticmethod
    def python() -> list[str]:
        """The interpreter, which does not look for modules where it is started."""
        return [sys.executable, "-P"]

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command that does not talk to the test's own simulator (the loop stands still)."""
        return subprocess.run(  # our own command
            [*command(), *arguments], env=self.env(env), input=input if input is not None else "",
            capture_output=True, text=True, timeout=WITHIN, check=False,
        )  # fmt: skip

    async def command(
        self, *arguments: str, env: Mapping[str, str] | None = None, input: bytes = b""
    ) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            *command(), *arguments, env=self.env(env),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(WITHIN):
            out, err = await process.communicate(input)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def stdio(self, *options: str, env: Mapping[str, str] | None = None) -> "StdioClient":
        """A client over `libria stdio`, as an editor starts it."""
        errors = self.path / f"stdio-{len(self.errors)}.err"
        self.errors.append(errors)
        with errors.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *command(), "stdio", *options, env=self.env(env),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=file,
            )  # fmt: skip
        return StdioClient(process)

    async def join(self, path: str | None = None) -> Client:
        """A client on the socket of the daemon, which is started where none runs."""
        if path is None:
            code, out, err = await self.command("socket")
            assert code == 0, err
            path = out.rstrip("\n")
        return Client(*await asyncio.open_unix_connection(path))

    def processes(self, *words: str) -> list[int]:
        """All that live here, of those whose command line holds `words`."""
        mark = f"LIBRIA_HOME={self.path}"
        if not Path("/proc/self/environ").exists():
            lines = subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout.splitlines()
            found = [(int(line.split()[0]), line) for line in lines if mark in line]
            return [pid for pid, line in found if all(word in line for word in words)]
        pids: list[int] = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                here = mark.encode() in place.joinpath("environ").read_bytes().split(b"\0")
                if here and set(words) <= set(place.joinpath("cmdline").read_text().split("\0")):
                    pids.append(int(place.name))
            except OSError:
                continue  # ended meanwhile, or another user's
        return pids

    def end(self) -> None:
        """End the daemon as a service manager does, and see that nothing is left."""
        for pid in self.processes("serve"):
            os.kill(pid, signal.SIGTERM)
            wait_gone(pid)
        left = self.processes()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"processes that should have ended: {left}"
        self.check_log()

    def check_log(self) -> None:
        """No traceback, no key, no prompt."""
        for file in [self.log, *self.errors]:
            text = file.read_text(errors="replace") if file.exists() else ""
            assert "Traceback" not in text, text
            assert '"logger": "asyncio"' not in text, text
            assert '"logger": "crash"' not in text, text
            assert not any(key in text for key in KEYS.values()), "a key is in the log"
            assert PROMPT not in text, "a prompt is in the log"

    def report(self) -> str:
        """For a test that failed."""
        with_log = self.log.read_text(errors="replace")[self.log_mark :] if self.log.exists() else "(no log)\n"
        return with_log + "".join(
            f"--- {file.name}\n{text}" for file in self.errors if (text := file.read_text(errors="replace"))
        )


class StdioClient(Client):
    """A client that started its own `libria stdio`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        super().__init__(process.stdout, process.stdin)
        self.process = process

    async def close(self) -> None:
        self.go_on()
        self._writer.close()
        await self.exit_code()
        await super().close()

    async def exit_code(self) -> int:
        try:
            async with asyncio.timeout(WITHIN):
                await self.closed.wait()
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            raise TimeoutError(f"libria stdio did not end within {WITHIN:g} s") from None


def wait_gone(pid: int) -> None:
    """Return once process `pid`, which need not be our child, has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended = select.select([handle], [], [], WITHIN)[0]
    finally:
        os.close(handle)
    assert ended, f"process {pid} did not end within {WITHIN:g} s"
