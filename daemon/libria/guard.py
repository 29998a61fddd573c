"""What a process that holds keys does first: nothing of its memory is to come to a disk."""

import contextlib
import resource


def guard_process() -> None:
    """For this process and those that it starts. Does what it may; nothing here is a reason not to start.

    PR_SET_DUMPABLE would do more, and too much: /proc/PID/environ, fd and exe are then closed to the process's own
    user as well (tried on Linux 6.18), and with them `ps`, debuggers and whoever looks for a daemon of theirs."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A program that the kernel pipes dumps into (systemd-coredump, apport) gets them whatever that limit is; with this
    # they hold no memory. https://man7.org/linux/man-pages/man5/core.5.html
    with contextlib.suppress(OSError), open("/proc/self/coredump_filter", "wb") as file:
        file.write(b"0")
