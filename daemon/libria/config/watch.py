"""Whether a file is another than it was, without reading it."""

from pathlib import Path

Stamp = tuple[int, int, int]
"""Modification time in nanoseconds, size, inode: an editor that saves by renaming changes the
inode even where time and size stay. All zero where there is no file."""


def stamp(path: Path) -> Stamp:
    """Take it before reading the file, so that a change in between is seen the next time."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def changed(path: Path, before: Stamp) -> Stamp | None:
    """The new stamp, or None when nothing changed."""
    now = stamp(path)
    return now if now != before else None
