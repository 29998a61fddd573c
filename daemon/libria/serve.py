"""`libria serve`: the shared daemon, from its socket to its end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from libria import paths
from libria.config import Config, ConfigError, changed, load, stamp
from libria.connect.daemon import NoDaemon, StartLock, running_socket

if TYPE_CHECKING:  # heavy: a daemon that cannot bind need not import them
    from libria.engine import Engine
    from libria.rpc.server import Server

log = logging.getLogger("libria.serve")

LOOK_SECONDS = 0.25
"""How often at most the config file is looked at; it is, when there is a request."""


SETTLE_SECONDS = 0.1
"""How long a changed file must have been as it is."""


def main(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria serve",
        description="Run the shared daemon in the foreground. Editors and scripts start it by themselves; "
        "this is for service managers and for looking at it.",
        allow_abbrev=False,
    )
    parser.add_argument("--ready", type=int, metavar="FD", help="write “ready” to this descriptor once it listens")
    options = parser.parse_args(argv)
    tell = _Starter(options.ready)
    try:
        if options.ready is None:
            with StartLock():
                listener = _bind()
        else:
            listener = _bind()  # the starter holds the lock
    except (NoDaemon, OSError) as error:
        tell.failed(str(error))
        return 1
    _start_log()
    return _run(_serve(listener, tell))


def serve_one(connection: socket.socket) -> None:
    """Serve this one client and return when it has left."""
    logging.getLogger("libria").addHandler(logging.NullHandler())
    _run(_serve_one(connection))


async def _serve(listener: socket.socket, tell: "_Starter") -> int:
    from libria.rpc.server import Server

    path = listener.getsockname()
    source = _Source()
    engine = source.engine()
    server = Server(engine, address=path, gone=_unlinking(path))
    source.attach(server)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.drain)
    await server.listen(listener)
    tell.ready()
    log.info("listening")
    await server.ended.wait()
    await engine.aclose()
    log.info("ended")
    return 0


async def _serve_one(connection: socket.socket) -> int:
    from libria.rpc.server import Server

    source = _Source()
    engine = source.engine(alone=True)
    server = Server(engine, address=None, gone=lambda: None)
    source.attach(server)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.drain)
    connection.setblocking(False)
    await loop.connect_accepted_socket(server.connection, connection)
    await server.ended.wait()
    await engine.aclose()
    return 0


class _Source:
    """The config file, looked at again when there is a request and time has passed."""

    def __init__(self) -> None:
        self._path = paths.config_file()
        self._stamp = stamp(self._path)
        self._looked = 0.0
        self._problem: str | None = None
        try:
            self._config = load(self._path)
        except ConfigError as error:
            self._config = Config()
            self._complain(error)

    def engine(self, *, alone: bool = False) -> "Engine":
        from libria.clock import SystemClock
        from libria.engine import Engine

        self._clock = SystemClock()
        self._engine = Engine(self._config, self._clock, alone=alone)
        self._engine.start()
        return self._engine

    def attach(self, server: "Server") -> None:
        self._server = server
        server.refresh = self._refresh
        server.config_problem = self._problem
        self._apply()

    def _refresh(self) -> None:
        now = self._clock.now()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        new = changed(self._path, self._stamp)
        if new is None or 0 <= self._clock.wall() - new[0] / 1e9 < SETTLE_SECONDS:
            return  # an editor that empties the file before it writes is not done yet
        self._stamp = new
        try:
            self._config = load(self._path)
        except ConfigError as error:
            self._complain(error)
            self._server.config_problem = self._problem
            return
        self._problem = self._server.config_problem = None
        log.info("the config has changed and is in force")
        self._engine.reconfigure(self._config)
        self._apply()

    def _apply(self) -> None:
        daemon = self._config.daemon
        logging.getLogger("libria").setLevel(daemon.log_level.upper())
        self._server.idle_exit = daemon.idle_exit

    def _complain(self, error: ConfigError) -> None:
        self._problem = f"The config is not in force until it is mended: {error}"
        log.warning("%s", self._problem)


class _Starter:
    """Whoever started this daemon and waits to hear."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def ready(self) -> None:
        self._say("ready")

    def failed(self, why: str) -> None:
        if self._descriptor is None:
            sys.stderr.write(f"libria: {why}\n")
        self._say(why.replace("\n", " "))

    def _say(self, text: str) -> None:
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            os.write(self._descriptor, f"{text}\n".encode())
            os.close(self._descriptor)
        self._descriptor = None


def _bind() -> socket.socket:
    """The listening socket, 0600 in a folder of ours. The caller holds StartLock."""
    path = str(paths.socket_path())
    other = running_socket()
    if other is not None:
        other.close()
        raise NoDaemon("A daemon is running already; end it with: libria stop")
    paths.ensure_private_dir(paths.runtime_dir())
    paths.ensure_private_dir(Path(path).parent)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # stale: nobody answers
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(512)
    listener.setblocking(False)
    return listener


def _unlinking(path: str) -> Callable[[], None]:
    """Take our own socket away, never one that a later daemon has put there."""
    inode = os.stat(path).st_ino

    def unlink() -> None:
        with contextlib.suppress(OSError):
            if os.stat(path).st_ino == inode:
                os.unlink(path)

    return unlink


def _start_log() -> None:
    """One line an event, on standard error, which the starter made the log file."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("libria")
    logger.addHandler(handler)
    logger.propagate = False


def _run(main: Coroutine[object, object, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
