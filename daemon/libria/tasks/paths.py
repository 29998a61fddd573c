"""Paths that a model names: data, relative, and never out of the folder that a client writes them to."""

import re

LONGEST = 400
"""Characters of a path; file systems take 255 bytes for each part of one."""

_BAD = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are devices to Windows: https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""


def safe(path: str) -> str | None:
    """The path without `./`, or None where it is not one that may be written below a folder."""
    path = path.strip()
    if not path or len(path) > LONGEST or _BAD.search(path) or path[0] in "/~":
        return None
    parts = [part for part in path.split("/") if part != "."]
    if not parts or path.endswith("/"):
        return None
    for part in parts:
        if part in ("", "..") or part != part.strip() or part.endswith(".") or len(part.encode()) > 255:
            return None
        if _RESERVED.fullmatch(part):
            return None
    return "/".join(parts)
