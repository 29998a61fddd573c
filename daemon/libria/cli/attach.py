"""Files as parts of a message: text fenced under its name, images and PDFs as they are."""

import re
import stat
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, BinaryIO

from libria.cli.output import Wrong

Json = Any

MAX_BYTES = 20_000_000
"""Of an image or a PDF; no provider takes more."""

MAX_TEXT_BYTES = 4_000_000
"""Of a text: a million tokens, more than any model reads."""

MAX_ALL_BYTES = 64_000_000
"""Of all together; the daemon takes messages of 128 MiB, and base64 is a third longer."""

IMAGES = {".png", ".jpg", ".jpeg", ".jpe", ".gif", ".webp"}
OTHER_IMAGES = {".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff", ".ico", ".psd", ".jxl"}

_NO_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parts(files: list[str]) -> list[dict[str, Json]]:
    """A part for each of `files`: a path, "-" for standard input, or the http address of an image, which the provider
    fetches. Raises Wrong with a sentence for the first that cannot be one."""
    found: list[dict[str, Json]] = []
    left = MAX_ALL_BYTES
    for file in files:
        if re.match(r"https?://", file):
            found.append({"type": "image", "url": file})
            continue
        data = _read(file)
        left -= len(data)
        if left < 0:
            raise Wrong(f"The attached files are more than {MAX_ALL_BYTES // 10**6} MB together; attach fewer.")
        found.append(_part(_shown(file), Path(file).suffix.lower(), data))
    return found


def describe(part: dict[str, Json], file: str) -> str:
    """A few words on what became of `file`."""
    match part["type"]:
        case "text":
            return f"{_shown(file)} (text, {len(part['text']):,} characters)"
        case "image" if "url" in part:
            return f"{_shown(file)} (image, fetched by the provider)"
        case _:
            return f"{_shown(file)} ({part['mediaType']}, {_size(len(part['data']) * 3 // 4)})"


def _size(number: int) -> str:
    return f"{number} bytes" if number < 1000 else f"{number // 1000:,} kB"


def _part(name: str, suffix: str, data: bytes) -> dict[str, Json]:
    if not data:
        raise Wrong(f"{name} is empty; there is nothing to attach.")
    media_type = _media_type(data)
    if media_type is not None:
        if len(data) > MAX_BYTES:
            raise Wrong(f"{name} is larger than {MAX_BYTES // 10**6} MB, which no provider takes; make it smaller.")
        encoded = b64encode(data).decode("ascii")
        if media_type == "application/pdf":
            return {"type": "file", "data": encoded, "mediaType": media_type, "name": name.rpartition("/")[2]}
        return {"type": "image", "data": encoded, "mediaType": media_type}
    text = _text(data)
    if text is None:
        raise Wrong(f"{name} {_what_else(suffix)}")
    if suffix in IMAGES:
        raise Wrong(f"{name} is no image, although its name says so.")
    if len(data) > MAX_TEXT_BYTES:
        raise Wrong(f"{name} is a text of more than {MAX_TEXT_BYTES // 10**6} MB, which no model reads; attach a part.")
    return {"type": "text", "text": fenced(name, text, suffix)}


def _what_else(suffix: str) -> str:
    if suffix in OTHER_IMAGES:
        return "is an image of a kind that models do not take; convert it to PNG, JPEG, GIF or WebP."
    if suffix in IMAGES:
        return "is no image, although its name says so."
    return "is neither text nor an image (PNG, JPEG, GIF, WebP) nor a PDF."


def _media_type(data: bytes) -> str | None:
    """By its first bytes: names lie, and standard input has none."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if data.startswith(b"%PDF-") else None


def _text(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if _NO_TEXT.search(data):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # an old editor's


def fenced(name: str, text: str, suffix: str = "") -> str:
    """`text` between fences that do not occur in it, below its name."""
    longest = max(map(len, re.findall(r"^\s*(`{3,})", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    language = suffix[1:] if re.fullmatch(r"\.\w{1,12}", suffix) else ""
    return f"{name}:\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n\n"


def _read(file: str) -> bytes:
    """One byte more than may be, so that what is longer is seen to be; a device may have no end."""
    if file == "-":
        return _taken(sys.stdin.buffer) if sys.stdin is not None else b""
    path = Path(file).expanduser()
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            raise Wrong(f"{_shown(file)} is a folder; attach its files one by one.")
        with path.open("rb") as stream:
            return _taken(stream)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "there can be no such file"
        raise Wrong(f"{_shown(file)} cannot be read ({reason.lower()}).") from None


def _taken(stream: BinaryIO) -> bytes:
    return stream.read(MAX_BYTES + 1)


def _shown(file: str) -> str:
    return "standard input" if file == "-" else _CONTROLS.sub("?", file)
