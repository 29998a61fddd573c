"""`libria serve`: the shared daemon, from its socket to its end."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING

from libria import paths
from libria.config import Config, ConfigError, changed, load, stamp
from libria.connect.daemon import connected
from libria.connect.lock import NoDaemon, StartLock
from libria.connect.upgrade import hand_over
from libria.guard import guard_process
from libria.listening import Listening, open_listening
from libria.watch import Watch

if TYPE_CHECKING:  # heavy: a daemon that cannot bind need not import them
    from libria.engine import Engine
    from libria.log.log import Log
    from libria.rpc.server import Server

log = logging.getLogger("libria.serve")

LOOK_SECONDS = 0.25
"""How often at most the config file is looked at; it is, when there is a request."""


SETTLE_SECONDS = 0.1
"""How long a changed file must have been as it is."""

PLACE_SECONDS = 30.0
"""How often it is looked whether the socket is still there, besides with each look at the config."""

DESCRIPTORS = 65536


def main(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria serve",
        description="Run the shared daemon in the foreground. Editors and scripts start it by themselves; "
        "this is for service managers and for looking at it.",
        allow_abbrev=False,
    )
    parser.add_argument("--ready", type=int, metavar="FD", help="write “ready” to this descriptor once it listens")
    parser.add_argument("--lock", type=int, metavar="FD", help="the starter's lock, held until then")
    parser.add_argument("--succeed", action="store_true", help="take over from the daemon that runs, if it is older")
    options = parser.parse_args(argv)
    tell = _Starter(options.ready)
    lock = StartLock(-1 if options.lock is None else options.lock)
    try:
        if options.ready is None:
            lock.__enter__()  # else the starter holds it
        place = open_listening(succeeds=options.succeed)
    except OSError as error:
        tell.failed(_sentence(error))
        return 1
    guard_process()
    record = _start_log()
    _raise_descriptors()
    try:
        return _run(_serve(place, lock, tell, record, succeeds=options.succeed))
    finally:
        record.close()


def serve_one(connection: socket.socket) -> None:
    """Serve this one client and return when it has left."""
    logging.getLogger("libria").addHandler(logging.NullHandler())
    _run(_serve_one(connection))


async def _serve(listening: Listening, lock: StartLock, tell: "_Starter", record: "Log", *, succeeds: bool) -> int:
    try:
        server = await _ready(listening, record, succeeds=succeeds)
    except Exception as error:  # noqa: BLE001  # whatever it is, whoever waits hears of it
        listening.close()
        log.error("could not start: %s", type(error).__name__)
        tell.failed(_sentence(error))
        return 1
    watch = _watch()
    lock.release()
    tell.ready()
    log.info("listening")
    await server.ended.wait()
    await server.engine.aclose()
    if watch is not None:
        watch.close()
    log.info("ended")
    return 0


def _watch() -> Watch | None:
    """Who says how this loop is when it cannot say so itself; the daemon does without where there is no room for it."""
    try:
        return Watch(asyncio.get_running_loop())
    except OSError:
        log.warning("nobody watches this daemon's loop: the socket for that cannot be made")
        return None


async def _ready(listening: Listening, record: "Log", *, succeeds: bool) -> "Server":
    """One that serves; the socket is put in its place last, so that nobody connects to what may yet fail."""
    with _loading():
        from libria.rpc.server import Server

        source = _Source()
        engine = source.engine(record=record)
    server = Server(engine, address=listening.path, gone=listening.withdraw, secrets=listening.secrets)
    source.attach(server)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, server.drain)
    await server.listen(listening.socket)
    if succeeds:
        _take_over(engine, listening)
    else:
        listening.publish()

    def look() -> None:
        if not listening.ours():
            log.warning("this daemon's socket was taken away; it ends when its calls are answered")
            server.move()

    def look_again() -> None:
        look()
        loop.call_later(PLACE_SECONDS, look_again)

    source.look = look
    loop.call_later(PLACE_SECONDS, look_again)
    return server


def _take_over(engine: "Engine", listening: Listening) -> None:
    """From the older daemon that runs. Until this one is published the older serves on; where it does not answer,
    or dies, this one begins with nothing. Raises NoDaemon where it does not want to."""
    from libria.handover import handed, inherit

    connection = connected()
    if connection is None:
        listening.publish()
        return
    with connection:
        before = None
        try:
            before = handed(hand_over(connection, "state"))
            if before is None:
                raise NoDaemon("The daemon that runs does not hand over to this version.")
            inherit(engine, before)
        except NoDaemon:
            raise
        except (OSError, ValueError):
            log.warning("the older daemon did not say what it knows; this one begins with nothing")
        listening.publish()
        try:
            inherit(engine, handed(hand_over(connection, "done")) or {}, before)
        except (OSError, ValueError):
            log.warning("the older daemon did not hear that its place is taken; it will see it")


async def _serve_one(connection: socket.socket) -> int:
    with _loading():
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


@contextlib.contextmanager
def _loading() -> Generator[None]:
    """Modules and what they make stay for good: the collector need not look for garbage among them, now or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class _Source:
    """The config file, looked at again when there is a request and time has passed; with it goes `look`."""

    def __init__(self) -> None:
        self._path = paths.config_file()
        self._stamp = stamp(self._path)
        self._looked = 0.0
        self._problem: str | None = None
        self.look: Callable[[], None] = lambda: None
        try:
            self._config = load(self._path)
        except ConfigError as error:
            self._config = Config()
            self._complain(error)

    def engine(self, *, alone: bool = False, record: "Log | None" = None) -> "Engine":
        from libria.clock import SystemClock
        from libria.engine import Engine

        self._clock = SystemClock()
        self._engine = Engine(self._config, self._clock, alone=alone, log=record)
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
        self.look()
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
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

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


def _sentence(error: Exception) -> str:
    """What the starter is told. Errors of ours are sentences; of others the kind says more than nothing."""
    if isinstance(error, ImportError):
        return f"Libria is not installed whole ({error}); install it again."
    if isinstance(error, OSError) and error.errno is None:
        return str(error)
    if isinstance(error, OSError):
        place = error.filename2 or error.filename or paths.runtime_dir()
        return f"The daemon cannot start ({error.strerror}: {place}); correct that or set LIBRIA_HOME."
    return f"The daemon failed as it started ({type(error).__name__}); see {paths.log_file()}."


def _raise_descriptors() -> None:
    """Each client and each call takes one; 1024 is what a shell gives, for select(), which is not used here."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _start_log() -> "Log":
    """Where it cannot be written, the daemon works all the same."""
    from libria.log.start import start

    with contextlib.suppress(OSError):
        paths.ensure_private_dir(paths.state_dir())
    return start(paths.log_file())


def _run(main: Coroutine[object, object, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
