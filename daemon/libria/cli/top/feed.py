"""What `libria top` shows, fetched in a thread of its own: however long the daemon takes, keys are heard."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from libria.cli.silent import silent
from libria.cli.words import harmless
from libria.client.channel import Channel
from libria.client.errors import CallFailed

Json = Any

EVERY_SECONDS = 0.5

ANSWER_SECONDS = 1.0
"""For the daemon; then its watch is asked how it is."""

RECENT_SECONDS = 600.0
"""Targets that were not asked for so long, and hold nobody up, are left out."""

ASKED: dict[str, Json] = {
    "parts": ["process", "today", "clients", "calls", "breakers", "targets"],
    "recent": RECENT_SECONDS,
}

INVALID_PARAMS = -32602

NONE_RUNS = "No daemon runs; waiting for one (the next `libria ask` or editor starts it)."


@dataclass(frozen=True, slots=True)
class Picture:
    """The newest status (None: there was none yet), and what is the matter since. `cpu` is the share of one core."""

    status: dict[str, Json] | None = None
    trouble: str | None = None
    news: str | None = None
    cpu: float | None = None


@dataclass(slots=True)
class Feed:
    """`changed` is called, in the feed's thread, after each look."""

    changed: Callable[[], None] = lambda: None
    picture: Picture = field(default_factory=Picture)
    _client: Channel | None = None
    _pid: int | None = None
    _news: str | None = None
    _params: dict[str, Json] = field(default_factory=lambda: ASKED)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="feed", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def look(self) -> None:
        """Once, whatever comes of it. Raises what cannot pass by itself: a socket that is another user's."""
        since = monotonic()
        try:
            status = self._status()
        except TimeoutError:
            self._hang_up()
            self._trouble(str(silent(self._pid, since)["message"]))
        except CallFailed as error:  # it drains
            self._hang_up()
            self._trouble(error.message)
        except ConnectionError:
            self._hang_up()
            self._trouble("The daemon has ended; waiting for the next.")
        else:
            if status is None:
                before = self.picture.status is not None
                self._trouble("The daemon has ended; waiting for the next." if before else NONE_RUNS)
            else:
                self._show(harmless(status))

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except OSError as error:
                self._hang_up()
                self._trouble(str(error))
            self.changed()
            self._ended.wait(EVERY_SECONDS)
        self._hang_up()

    def _status(self) -> dict[str, Json] | None:
        if self._client is None:
            from libria.connect import running_socket
            from libria.connect.peer import pid_of

            connection = running_socket("libria top")
            if connection is None:
                return None
            self._pid = pid_of(connection)
            connection.settimeout(ANSWER_SECONDS)
            self._client = Channel(connection)
        try:
            status: dict[str, Json] = self._client.request("libria/status", self._params)
        except CallFailed as error:
            if error.code != INVALID_PARAMS or not self._params:
                raise
            self._params = {}  # a daemon of an earlier version
            status = self._client.request("libria/status", self._params)
        return status

    def _show(self, status: dict[str, Json]) -> None:
        before = self.picture.status
        same = before is not None and before.get("pid") == status.get("pid")
        if before is not None and not same:
            self._news = f"Another daemon has taken over (process {status.get('pid')})."
        elif self.picture.trouble and before is not None:
            self._news = "The daemon answers again."
        elif self._news and self.picture.news == self._news and status.get("uptimeSeconds", 0) > 10:
            self._news = None
        self.picture = Picture(status, None, self._news, _cpu(before, status) if same else None)

    def _trouble(self, sentence: str) -> None:
        self.picture = Picture(self.picture.status, sentence)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _cpu(before: dict[str, Json] | None, status: dict[str, Json]) -> float | None:
    if before is None or not before.get("process") or not status.get("process"):
        return None
    took = status["uptimeSeconds"] - before["uptimeSeconds"]
    used = status["process"]["cpuSeconds"] - before["process"]["cpuSeconds"]
    return used / took if took > 0 else None
