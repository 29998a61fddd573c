"""The daemon, asked how it is by one connection of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, cast

from libria import __version__
from libria.client.channel import Channel, attach
from libria.client.errors import CallFailed
from libria.paths import socket_path

Json = Any

SECONDS = 2.5
"""For all of its answers."""

SILENT = "it does not answer; see libria status, and end it with libria stop"


@dataclass(frozen=True, slots=True)
class DaemonState:
    """`fault` says why a daemon that is there does not speak. `status`, `cache` and `keys` are its answers to
    `libria/status`, `libria/cacheStats` and `libria/keys`, empty where it gave none."""

    running: bool
    socket: str
    version: str | None = None
    pid: int | None = None
    fault: str | None = None
    status: Mapping[str, Json] = field(default_factory=dict[str, Json])
    cache: Mapping[str, Json] = field(default_factory=dict[str, Json])
    keys: Mapping[str, Json] = field(default_factory=dict[str, Json])


def asked() -> Callable[[], DaemonState]:
    """Asks it from now on; what is returned waits for the answers, and goes without those that do not come."""
    said: dict[str, Json] = {}
    thread = Thread(target=_ask, args=(said,), daemon=True)  # one that hangs must not hold up the doctor's end
    thread.start()

    def state() -> DaemonState:
        thread.join(SECONDS)
        return _state(dict(said))

    return state


def _ask(said: dict[str, Json]) -> None:
    try:
        client = attach()
        if client is None:
            said["running"] = False
            return
        said["running"] = True
        with client:
            said["status"] = client.request("libria/status", {})
            if said["status"].get("version") == __version__:  # another may not have these
                said["keys"] = _or_nothing(client, "libria/keys")
                said["cache"] = _or_nothing(client, "libria/cacheStats")
    except (OSError, CallFailed) as error:
        said["fault"] = str(error)


def _or_nothing(client: Channel, method: str) -> dict[str, Json]:
    try:
        return cast("dict[str, Json]", client.request(method, {}))
    except CallFailed:
        return {}


def _state(said: dict[str, Json]) -> DaemonState:
    status: dict[str, Json] = said.get("status") or {}
    fault = said.get("fault")
    if not fault and not status and said.get("running") is not False:
        fault = SILENT
    return DaemonState(
        running=said.get("running") is not False,
        socket=str(socket_path()),
        version=status.get("version"),
        pid=status.get("pid"),
        fault=fault if not status else None,
        status=status,
        cache=said.get("cache") or {},
        keys=said.get("keys") or {},
    )
