"""`libria stdio --isolated`: the daemon within this process, for this client alone."""

import _thread
import socket

from libria.connect.pump import pump
from libria.serve import serve_one


def serve() -> int:
    """The same code as the shared daemon's, behind a socket pair instead of its socket."""
    ours, theirs = socket.socketpair()
    outcome: list[int] = []
    done = _thread.allocate_lock()
    done.acquire()

    def forward() -> None:
        outcome.append(pump(ours))
        done.release()

    _thread.start_new_thread(forward, ())
    serve_one(theirs)
    done.acquire()
    return outcome[0]
