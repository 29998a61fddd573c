"""The files of a task's output, put below a folder: what a model named stays in it."""

from pathlib import Path
from typing import Any

from libria.tasks.paths import safe

Json = Any


class NotWritten(Exception):
    """Why, in a sentence. Nothing was written."""


def write(folder: Path, files: list[dict[str, Json]], *, force: bool) -> list[Path]:
    """The files' places. Raises NotWritten before the first is written; OSError where the disk does not take one."""
    places = [(_place(folder, file["path"]), file["content"]) for file in files]
    if not force:
        there = [place for place, content in places if place.exists() and _differs(place, content)]
        if there:
            more = f" and {len(there) - 1} more" if len(there) > 1 else ""
            raise NotWritten(f"{there[0]}{more} would be overwritten, so nothing was written; --force overwrites.")
    for place, content in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8", errors="replace", newline="")
    return [place for place, _ in places]


def _place(folder: Path, path: str) -> Path:
    """The daemon has looked at it already; whoever writes looks for himself. A link may lead out of the folder."""
    sound = safe(path)
    if sound is None:
        raise NotWritten(f"The path {path!r} leaves the folder, so nothing was written.")
    place = folder
    for part in sound.split("/"):
        place = place / part
        if place.is_symlink():
            raise NotWritten(f"{place} is a link, which is not followed, so nothing was written; remove it.")
    if place.is_dir():
        raise NotWritten(f"{place} is a folder, so nothing was written.")
    return place


def _differs(place: Path, content: str) -> bool:
    try:
        return place.read_bytes() != content.encode("utf-8", "replace")
    except OSError:
        return True
