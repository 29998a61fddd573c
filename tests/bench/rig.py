"""A simulator and a private home in which a daemon may run; gone with everything in it at the end."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ENDING = 10.0
"""Seconds for a process of ours to end."""


class Rig:
    """`env` is what every process of ours is started with: the keys and addresses lead to the
    simulator at `url`, and nothing of the user's own Libria is seen."""

    def __enter__(self) -> Self:
        self.home = Path(tempfile.mkdtemp(prefix="libria-bench-"))
        self._simulator = subprocess.Popen(
            [sys.executable, "-m", "libria_providers.simulator", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_clean_environment(),
            text=True,
        )
        assert self._simulator.stdout is not None
        self.url = self._simulator.stdout.readline().strip()
        self.port = int(self.url.rpartition(":")[2])
        self.env = {
            **_clean_environment(),
            "LIBRIA_HOME": str(self.home),
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "bench",
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tell_log()
        try:
            self._end_daemon()
        finally:
            self._simulator.terminate()
            self._simulator.wait(ENDING)
            shutil.rmtree(self.home, ignore_errors=True)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "libria", *arguments]

    def libria(self, *arguments: str) -> str:
        """Run a command of ours to its end; what it printed."""
        done = subprocess.run(
            self.command(*arguments), env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
        return done.stdout

    def socket(self) -> str:
        """The path of the daemon's socket; starts the daemon if it must."""
        return self.libria("socket").strip()

    def daemon_pid(self) -> int | None:
        status = json.loads(self.libria("status", "--json"))
        return status["pid"] if status["running"] else None

    def _tell_log(self) -> None:
        """What the daemon said, for whoever looks at a failure."""
        with contextlib.suppress(OSError):
            lines = (self.home / "state" / "libria.log").read_text(encoding="utf-8").splitlines()
            print("the daemon's log:", *lines[-20:], sep="\n  ", file=sys.stderr)

    def _end_daemon(self) -> None:
        pid = self.daemon_pid()
        if pid is None:
            return
        with contextlib.suppress(subprocess.CalledProcessError):
            self.libria("stop", "--wait", str(ENDING))
        until = time.monotonic() + ENDING
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)


def _clean_environment() -> dict[str, str]:
    """Without proxies, and without what points to the user's own Libria."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LIBRIA_") and not name.lower().endswith("_proxy")
    }
