"""Find the user's daemon, or have it started: one, however many ask at once."""

import socket
from time import monotonic, sleep

from libria import paths
from libria.connect.hello import hello
from libria.connect.lock import NoDaemon, StartLock
from libria.connect.peer import same_user

__all__ = ["NoDaemon", "StartLock", "connected", "daemon_socket", "end_hung", "ensure_daemon", "running_socket"]

CONNECT_SECONDS = 5.0
"""For a running daemon to accept."""

OTHERS_SECONDS = 30.0
"""For the daemon that somebody else is starting; longer than a start may take (`start.START_SECONDS`)."""

LOOK_SECONDS = 0.01
"""Between two looks for it."""


def daemon_socket(client: str = "", *, moves: bool = False) -> socket.socket:
    """A connection to the daemon, greeted with this process's environment and the `client`'s name; starts it if
    it must. `moves`: whoever reads it understands what a daemon says of its own end."""
    for _ in range(3):  # one that runs may end between our look and our word
        ensure_daemon()
        found = running_socket(client, moves=moves)
        if found is not None:
            return found
    raise NoDaemon(f"The daemon ended right after it had started; see {paths.log_file()}.")


def running_socket(client: str = "", *, moves: bool = False) -> socket.socket | None:
    """A greeted connection to the daemon that runs, or None."""
    connection = connected()
    if connection is None:
        return None
    try:
        connection.sendall(hello(paths.config_file(), client, moves=moves))
    except OSError:
        connection.close()  # it is just ending
        return None
    return connection


def ensure_daemon() -> str:
    """The path of the daemon's socket, at which it listens when this returns."""
    probe = connected()
    lock = None
    until = monotonic() + OTHERS_SECONDS
    while probe is None:
        lock = lock or StartLock()
        if lock.take():
            try:
                probe = connected()  # another may have started it meanwhile
                if probe is None:
                    from libria.connect.start import start

                    start(lock)
                    return _place()
            finally:
                lock.release()
        elif monotonic() > until:
            raise NoDaemon(f"Another process has been starting the daemon for {OTHERS_SECONDS:g} s; end that one.")
        else:
            sleep(LOOK_SECONDS)
            probe = connected()
    probe.close()
    return _place()


def connected() -> socket.socket | None:
    """An ungreeted connection, None where nobody listens. Raises NoDaemon for one that does not accept, or is
    not ours: the greeting holds keys."""
    if not hasattr(socket, "AF_UNIX"):
        return _by_port()
    path = str(paths.socket_path())
    try:
        if not paths.check_private_dir(paths.socket_path().parent):
            return None
    except OSError as error:
        raise NoDaemon(str(error)) from None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(path)
        connection.settimeout(None)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return _by_port()
    except OSError as error:
        connection.close()
        raise NoDaemon(f"The daemon at {path} does not accept ({error}); end its process.") from None
    if not same_user(connection):
        connection.close()
        raise NoDaemon(f"The socket {path} belongs to another user; remove it or set LIBRIA_HOME.")
    return connection


def _by_port() -> socket.socket | None:
    """To a daemon that listens on loopback: where there are no Unix sockets, or the config wants none."""
    if not paths.port_file().exists():
        return None
    from libria.connect import loopback

    try:
        return loopback.connected()
    except OSError as error:
        raise NoDaemon(str(error)) from None


def _place() -> str:
    """Where scripts find the daemon: its socket, else the file that names its port."""
    path = paths.socket_path()
    return str(path if path.exists() or not paths.port_file().exists() else paths.port_file())


def end_hung(connection: socket.socket) -> None:
    """Kill the daemon at the other end of `connection`, which does not answer any more, and return once it is
    gone. Raises NoDaemon with a sentence when that cannot be."""
    from libria.connect.process import Process

    Process(connection).kill()
