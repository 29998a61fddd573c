"""Pictures and files for a message's `content`."""

import base64
import mimetypes
import os
from typing import Any

Json = Any  # whatever JSON can say


def image(source: "str | os.PathLike[str] | bytes", media_type: str | None = None) -> dict[str, Json]:
    """A picture from a file, from bytes (then `media_type` is needed), or by its https address, which the provider
    fetches. Raises OSError, and ValueError for what does not say that it is a picture."""
    if isinstance(source, str) and source.startswith(("https://", "http://")):
        return {"type": "image", "url": source}
    data, found, _ = _read(source, media_type)
    if not found.startswith("image/"):
        raise ValueError(f"{found} is no picture; name its media_type, or send it with file().")
    return {"type": "image", "data": data, "mediaType": found}


def file(source: "str | os.PathLike[str] | bytes", media_type: str | None = None) -> dict[str, Json]:
    data, found, name = _read(source, media_type)
    return {"type": "file", "data": data, "mediaType": found, **({"name": name} if name else {})}


def _read(source: "str | os.PathLike[str] | bytes", media_type: str | None) -> tuple[str, str, str]:
    if isinstance(source, bytes):
        content, name = source, ""
    else:
        name = os.path.basename(source)
        with open(source, "rb") as opened:
            content = opened.read()
    found = media_type or (mimetypes.guess_type(name)[0] if name else None) or "application/octet-stream"
    return base64.b64encode(content).decode("ascii"), found, name
