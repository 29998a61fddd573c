"""The folders and files: whose they are, who else may change them, whether there is room."""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from libria.paths import cache_dir, config_file, runtime_dir, socket_path, state_dir

NO_ROOM = 16 * 1024 * 1024
"""Bytes. With less, the log and the cache fail soon; calls do not."""


@dataclass(frozen=True, slots=True)
class Place:
    """`path` may not be there yet. `fault` says what is wrong with it and what to do."""

    what: str
    path: str
    exists: bool
    mode: str | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that are free for the `what`."""

    what: str
    path: str
    free: int


def places() -> list[Place]:
    socket = socket_path()
    folders = {"runtime": runtime_dir(), "socket": socket.parent, "state": state_dir(), "cache": cache_dir()}
    once = {path: what for what, path in reversed(folders.items())}
    found = [_folder(f"{what} folder", path) for path, what in reversed(once.items())]
    found.append(_place("socket", socket, "socket"))
    found.append(_place("config", config_file(), "file"))
    found.append(_place("config folder", config_file().parent, "config folder"))
    return found


def rooms() -> list[Room]:
    return list(_rooms())


def _rooms() -> Iterator[Room]:
    for what, path in (("log", state_dir()), ("cache", cache_dir())):
        there = _nearest(path)
        try:
            yield Room(what, str(there), shutil.disk_usage(there).free)
        except OSError:
            continue  # what is wrong with it is said of the folder


def _folder(what: str, path: Path) -> Place:
    place = _place(what, path, "folder")
    nearest = _nearest(path)
    if place.fault is None and not os.access(nearest, os.W_OK | os.X_OK):
        why = f"{nearest} cannot be written; correct that or set LIBRIA_HOME to a folder that can"
        return Place(what, place.path, place.exists, place.mode, why)
    return place


def _place(what: str, path: Path, kind: str) -> Place:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return Place(what, str(path), False, None, None)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        return Place(what, str(path), False, None, f"{path} cannot be looked at ({reason})")
    return Place(what, str(path), True, oct(stat.S_IMODE(found.st_mode))[2:], _fault(path, found, kind))


def _fault(path: Path, found: os.stat_result, kind: str) -> str | None:
    """The daemon's own folders are closed to others when it starts; what others may change is refused."""
    ours = kind in ("folder", "socket")
    if ours and stat.S_ISLNK(found.st_mode):
        return f"{path} is a symbolic link, which is not safe here; remove it or set LIBRIA_HOME"
    if not ours and stat.S_ISLNK(found.st_mode):
        try:
            found = path.stat()
        except OSError:
            return f"{path} is a link to what cannot be read; correct it"
    if kind == "folder" and not stat.S_ISDIR(found.st_mode):
        return f"{path} is no folder; move it away or set LIBRIA_HOME"
    if kind == "socket" and not stat.S_ISSOCK(found.st_mode):
        return f"{path} is no socket; remove it"
    if found.st_uid != os.geteuid() and (ours or found.st_uid != 0):
        return f"{path} belongs to another user; remove it or set LIBRIA_HOME"
    loose = 0o077 if kind == "socket" else 0o002 if kind in ("file", "config folder") else 0o022
    if found.st_mode & loose and not (kind == "config folder" and found.st_mode & stat.S_ISVTX):
        mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
        return f'other users can change {path}; look what is in it, then run: chmod {mode} "{path}"'
    return None


def _nearest(path: Path) -> Path:
    """`path`, or the folder nearest above it that is there."""
    for place in (path, *path.parents):
        if place.exists():
            return place
    return Path("/")
