"""Start a daemon that outlives whoever starts it."""

import fcntl
import os
import select
import sys
from time import monotonic

from libria import paths
from libria.connect.lock import NoDaemon, StartLock

START_SECONDS = 20.0
"""For a daemon to be ready; a laptop that wakes up is slow."""

SUCCEED_SECONDS = 30.0
"""For one that takes another's state over as well."""

READY, LOCK = 3, 4
"""The descriptors that the daemon is given, besides the standard three."""


def start(lock: StartLock, *, succeed: bool = False) -> None:
    """Return once it listens. The caller holds `lock`; the daemon holds it too until then, so that nobody
    else starts one when the caller is killed meanwhile. `succeed`: it is to take over from the one that runs."""
    ready, says = os.pipe()
    log, began = _log()
    child = os.fork()
    if child == 0:
        _become_daemon(says, log, lock.descriptor, succeed)
    os.close(says)
    os.close(log)
    os.waitpid(child, 0)
    try:
        _await(ready, began, SUCCEED_SECONDS if succeed else START_SECONDS)
    finally:
        os.close(ready)


def _become_daemon(says: int, log: int, lock: int, succeed: bool) -> None:
    """In the child: leave the starter's terminal, process group, folder, mask and descriptors, then be
    `libria serve`."""
    try:
        env = dict(os.environ)
        for name in ("LIBRIA_HOME", "LIBRIA_CONFIG"):
            if env.get(name):
                env[name] = os.path.abspath(os.path.expanduser(env[name]))
        if "PYTHONPATH" in env:
            env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, env["PYTHONPATH"].split(os.pathsep)))
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        os.umask(0o077)
        _keep_only(os.open(os.devnull, os.O_RDWR), log, says, lock)
        _unblock_signals()
        arguments = [sys.executable, "-P", "-m", "libria", "serve", "--ready", str(READY), "--lock", str(LOCK)]
        os.execve(sys.executable, arguments + (["--succeed"] if succeed else []), env)
    finally:
        os._exit(127)


def _keep_only(nothing: int, log: int, says: int, lock: int) -> None:
    """An editor's own descriptors must not stay open in a process that outlives it."""
    kept = (nothing, log, log, says, lock)
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(kept)) for descriptor in kept]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place)  # inheritable
    os.closerange(LOCK + 1, os.sysconf("SC_OPEN_MAX"))


def _unblock_signals() -> None:
    import signal

    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _await(ready: int, began: int, seconds: float) -> None:
    """Read "ready", or why there will be no daemon."""
    said = b""
    until = monotonic() + seconds
    while not said.endswith(b"\n"):
        if not select.select([ready], [], [], max(0.0, until - monotonic()))[0]:
            raise NoDaemon(f"The daemon was not ready within {seconds:g} s; see {paths.log_file()}.")
        piece = os.read(ready, 4096)
        if not piece:
            break
        said += piece
    if said != b"ready\n":
        why = said.decode("utf-8", "replace").strip()
        raise NoDaemon(why or _last_words(began))


def _last_words(began: int) -> str:
    """What the interpreter itself said, of a daemon that ended before it could say anything."""
    last = ""
    try:
        with open(paths.log_file(), "rb") as file:
            file.seek(began)
            lines = file.read(65536).decode("utf-8", "replace").split("\n")
        said = [line.strip() for line in lines if line.strip() and line[:1] not in "{ \t"]
        last = f" ({said[-1][:200]})" if said else ""
    except OSError:
        pass
    return f"The daemon ended while it started{last}; see {paths.log_file()}."


def _log() -> tuple[int, int]:
    """Where its standard error goes, and how long that is already."""
    try:
        paths.ensure_private_dir(paths.state_dir())
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        log = os.open(paths.log_file(), flags, 0o600)
        return log, os.fstat(log).st_size
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), 0  # a full or read-only disk stops nobody
