"""Find the user's daemon, or start it: one, however many ask at once."""

import fcntl
import os
import socket
import struct
import sys

from libria import paths
from libria.connect.hello import hello

START_SECONDS = 20.0
"""For a daemon to be ready; a laptop that wakes up is slow."""

CONNECT_SECONDS = 5.0
"""For a running daemon to accept."""

LOCK = "start.lock"


class NoDaemon(OSError):
    """The daemon could be neither found nor started; the message says what to do."""


def daemon_socket(client: str = "") -> socket.socket:
    """A connection to the daemon, greeted with this process's environment and the `client`'s name;
    starts it if it must."""
    found = running_socket(client)
    if found is not None:
        return found
    ensure_daemon()
    found = running_socket(client)
    if found is None:
        raise NoDaemon("The daemon ended right after it had started; see its log with: libria status")
    return found


def running_socket(client: str = "") -> socket.socket | None:
    """A greeted connection to the daemon that runs, or None."""
    connection = _connect()
    if connection is None:
        return None
    try:
        connection.sendall(hello(paths.config_file(), client))
    except OSError:
        connection.close()  # it is just ending
        return None
    return connection


def ensure_daemon() -> str:
    """The path of the daemon's socket, at which it listens when this returns."""
    path = str(paths.socket_path())
    probe = _connect()
    if probe is None:
        with StartLock():
            probe = _connect()  # another may have started it meanwhile
            if probe is None:
                _start()
                return path
    probe.close()
    return path


class StartLock:
    """Held around check, remove and bind, by whoever starts a daemon."""

    def __enter__(self) -> None:
        try:
            folder = paths.ensure_private_dir(paths.runtime_dir())
            paths.ensure_private_dir(paths.socket_path().parent)
            self._file = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NoDaemon(_unusable(error)) from None
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _unusable(error: OSError) -> str:
    if error.errno is None:
        return str(error)  # a sentence already
    return f"{error.strerror}: {error.filename}; set LIBRIA_HOME to a folder that can be written."


def _connect() -> socket.socket | None:
    """None where nobody listens. Raises NoDaemon for one that does not accept, or is not ours: the
    greeting holds keys."""
    path = str(paths.socket_path())
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(path)
        connection.settimeout(None)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except NotADirectoryError:
        connection.close()
        raise NoDaemon(f"{path} cannot be: a file is where a folder should be; set LIBRIA_HOME to another.") from None
    except OSError as error:
        connection.close()
        raise NoDaemon(f"The daemon at {path} does not accept ({error}); end its process.") from None
    if not same_user(connection):
        connection.close()
        raise NoDaemon(f"The socket {path} belongs to another user; remove it or set LIBRIA_HOME.")
    return connection


def same_user(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's. Where the kernel does not tell, the
    folder's mode must do (`paths.ensure_private_dir`)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        paths.ensure_private_dir(paths.socket_path().parent)
        return True
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return bool(uid == os.geteuid())


def _start() -> None:
    """Start a daemon that outlives us, and return once it listens. The caller holds StartLock."""
    ready, says = os.pipe()
    log = _log()
    child = os.fork()
    if child == 0:
        _become_daemon(says, log)
    os.close(says)
    os.close(log)
    os.waitpid(child, 0)
    try:
        _await(ready)
    finally:
        os.close(ready)


def _become_daemon(says: int, log: int) -> None:
    """In the child: leave the starter's terminal, process group and folder, then be `libria serve`."""
    try:
        env = dict(os.environ)
        for name in ("LIBRIA_HOME", "LIBRIA_CONFIG"):
            if env.get(name):
                env[name] = os.path.abspath(os.path.expanduser(env[name]))
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.set_inheritable(says, True)
        os.execve(sys.executable, [sys.executable, "-P", "-m", "libria", "serve", "--ready", str(says)], env)
    finally:
        os._exit(127)


def _await(ready: int) -> None:
    """Read "ready", or why there will be no daemon."""
    import select

    said = b""
    while not said.endswith(b"\n"):
        if not select.select([ready], [], [], START_SECONDS)[0]:
            raise NoDaemon(f"The daemon was not ready within {START_SECONDS:g} s; see {paths.log_file()}.")
        piece = os.read(ready, 4096)
        if not piece:
            break
        said += piece
    if said != b"ready\n":
        why = said.decode("utf-8", "replace").strip()
        raise NoDaemon(why or f"The daemon ended while it started; see {paths.log_file()}.")


def _log() -> int:
    try:
        paths.ensure_private_dir(paths.state_dir())
        return os.open(paths.log_file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)  # a full or read-only disk stops nobody
