"""The daemon's process as it is known from a connection to it: to be told to end, or ended."""

import os
import select
import signal
import socket

from libria.connect.lock import NoDaemon
from libria.connect.peer import pid_of, same_user

GONE_SECONDS = 5.0
"""For a killed process to be gone."""


class Process:
    """The process that listens at the other end. Raises NoDaemon where it cannot be known for sure, or is
    another user's. `close` it, or `kill`."""

    def __init__(self, connection: socket.socket) -> None:
        pid = pid_of(connection)
        if pid is None or pid == os.getpid() or not same_user(connection):
            raise NoDaemon("The daemon does not answer, and its process cannot be found from here; end it.")
        self.pid = pid
        self._handle = -1
        if hasattr(os, "pidfd_open"):  # which stands for this process alone, even when it has ended
            try:
                self._handle = os.pidfd_open(pid)
            except ProcessLookupError:
                self.pid = 0
                return
            except OSError:
                pass  # a kernel before 5.3
        if _hung_up(connection):  # then its number may be another's already
            self.close()
            self.pid = 0

    def signal(self, number: int) -> None:
        """Nothing happens where it has ended already."""
        try:
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, number)
            elif self.pid:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            raise NoDaemon(f"The daemon (process {self.pid}) cannot be ended by this user.") from None

    def gone(self, seconds: float) -> bool:
        """Whether it ends within `seconds`."""
        if self._handle < 0:
            return not self.pid or _gone(self.pid, seconds)
        return bool(select.select([self._handle], [], [], seconds)[0])

    def kill(self) -> None:
        """End it at once; stopped or not, it is gone when this returns."""
        self.signal(signal.SIGKILL)
        gone = self.gone(GONE_SECONDS)
        self.close()
        if not gone:
            raise NoDaemon(f"The daemon (process {self.pid}) does not end; restart the machine.")

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _hung_up(connection: socket.socket) -> bool:
    """Whether nobody holds the other end any more, whatever is still to be read here."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def _gone(pid: int, seconds: float) -> bool:
    """Where the kernel has no handle of processes: looked at again and again."""
    from time import monotonic, sleep

    until = monotonic() + seconds
    while monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        sleep(0.02)
    return False
