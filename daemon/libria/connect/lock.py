"""What is held around check, remove and bind, by whoever starts a daemon and by the daemon until it listens."""

import errno
import fcntl
import os
from time import monotonic, sleep

from libria import paths

LOCK = "start.lock"

LOCK_SECONDS = 30.0
LOOK_SECONDS = 0.01


class NoDaemon(OSError):
    """The daemon could be neither found nor started; the message says what to do."""


class StartLock:
    """The kernel gives it back with the last process that holds `descriptor`, however that ends."""

    def __init__(self, descriptor: int = -1) -> None:
        self.descriptor = descriptor

    def take(self) -> bool:
        """Whether it is ours now; at once."""
        if self.descriptor < 0:
            self._open()
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
                return False
            self.release()
            raise NoDaemon(
                f"The folder {paths.runtime_dir()} cannot lock files ({error.strerror}), so nothing could keep two "
                "daemons apart; set LIBRIA_HOME to a folder on this machine's own disk."
            ) from None
        return True

    def release(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> "StartLock":
        until = monotonic() + LOCK_SECONDS
        while not self.take():
            if monotonic() > until:
                self.release()
                raise NoDaemon(f"Another process has been starting the daemon for {LOCK_SECONDS:g} s; end that one.")
            sleep(LOOK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _open(self) -> None:
        try:
            folder = paths.ensure_private_dir(paths.runtime_dir())
            paths.ensure_private_dir(paths.socket_path().parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self.descriptor = os.open(os.path.join(folder, LOCK), flags, 0o600)
        except OSError as error:
            raise NoDaemon(_unusable(error)) from None


def _unusable(error: OSError) -> str:
    if error.errno is None:
        return str(error)  # a sentence already
    if error.errno == errno.ELOOP:
        return f"{error.filename} is a symbolic link, which is not safe here; remove it."
    return f"{error.strerror}: {error.filename}; set LIBRIA_HOME to a folder that can be written."
