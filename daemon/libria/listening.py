"""The daemon's socket: bound under another name, and put in its place when it is answered."""

import os
import socket
from contextlib import suppress

from libria import paths
from libria.config import ConfigError, load
from libria.connect import loopback
from libria.connect.daemon import connected
from libria.connect.lock import NoDaemon

NEW_NAME = "libria.new"
"""No longer than the socket's own name, whose length the kernel bounds."""


class Listening:
    """Made by whoever holds StartLock, and published before that is let go: so there is never a socket in its
    place that nobody will answer. `succeeds`: a daemon may be running, in whose place this one comes."""

    secrets: loopback.Secrets | None = None  # of a port

    def __init__(self, *, succeeds: bool = False) -> None:
        self.path = str(paths.socket_path())
        paths.ensure_private_dir(paths.runtime_dir())
        folder = paths.ensure_private_dir(paths.socket_path().parent)
        if not succeeds:
            _refuse_second()
        self._new = str(folder / NEW_NAME)
        with suppress(FileNotFoundError):
            os.unlink(self._new)  # of one that died before it was ready
        self.socket = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            self.socket.bind(self._new)
        finally:
            os.umask(mask)
        self._file = _identity(self._new)
        self.socket.listen(512)
        self.socket.setblocking(False)

    def publish(self) -> None:
        """What lies there is replaced in the same moment: a dead daemon's socket, or the predecessor's."""
        os.rename(self._new, self.path)

    def ours(self) -> bool:
        """Whether who connects now comes to this process."""
        return _identity(self.path) == self._file

    def withdraw(self) -> None:
        """Take the socket away, never one that a later daemon has put there."""
        with suppress(OSError):
            if self.ours():
                os.unlink(self.path)

    def close(self) -> None:
        """Of one that will not be published."""
        self.socket.close()
        with suppress(OSError):
            os.unlink(self._new)


class Port(Listening):
    """On loopback, where there are no Unix sockets or the config wants none. Its place is the file that names it."""

    def __init__(self, *, succeeds: bool = False) -> None:
        paths.ensure_private_dir(paths.runtime_dir())
        if not succeeds:
            _refuse_second()
        self.socket, self._secrets = loopback.listen()
        self.secrets = self._secrets
        host, port = self.socket.getsockname()
        self.path = f"{host}:{port}"

    def publish(self) -> None:
        loopback.publish(self.socket, self._secrets)
        with suppress(OSError):
            paths.socket_path().unlink()  # of a daemon that is dead, or has handed over: it is looked at first

    def ours(self) -> bool:
        return loopback.published(self._secrets)

    def withdraw(self) -> None:
        with suppress(OSError):
            if self.ours():
                paths.port_file().unlink()

    def close(self) -> None:
        self.socket.close()


def open_listening(*, succeeds: bool) -> Listening:
    """By Unix socket, or by port. Raises OSError with a sentence."""
    return (Port if _by_port() else Listening)(succeeds=succeeds)


def _by_port() -> bool:
    if not hasattr(socket, "AF_UNIX"):
        return True
    try:
        return load(paths.config_file()).daemon.transport == "tcp"
    except ConfigError:
        return False  # is said once it serves


def _refuse_second() -> None:
    other = connected()
    if other is not None:
        other.close()
        raise NoDaemon("A daemon is running already; end it with: libria stop")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
