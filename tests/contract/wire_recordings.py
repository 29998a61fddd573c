"""The recorded exchanges: where they are, and what one holds."""

import csv
import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

# What a proxy adds or takes away; the bodies are stored decoded.
_DROPPED = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive")
_MODEL_IN_URL = re.compile(r"/models/([^/?]+?):[a-zA-Z]+(?:\?|$)|/model/([^/]+)/")  # Google's, Amazon's


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """One exchange. `expected` is its line of INDEX.tsv; `asked` the JSON of the request, where it is known."""

    file: str
    expected: dict[str, str] = field(repr=False)
    url: str = field(repr=False)
    asked: dict[str, Any] = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    streamed: bool
    chunk_sizes: tuple[int, ...] = field(repr=False)

    @property
    def provider(self) -> str:
        return self.expected["provider"]

    @property
    def endpoint(self) -> str:
        return self.expected["endpoint"]

    @property
    def category(self) -> str:
        return self.expected["category"]

    @property
    def model(self) -> str:
        """The one that was asked for, else the one that answered."""
        named = self.asked.get("model")
        in_url = _MODEL_IN_URL.search(self.url)
        found = named if isinstance(named, str) else in_url and (in_url[1] or in_url[2])
        return found or self.expected["model"] or "model"

    @property
    def path(self) -> str | None:
        """Where it was asked; None where nobody recorded that."""
        made_up = any(word in self.expected["fidelity"] for word in ("url-inferred", "documented", "composed"))
        return None if made_up else unquote(urlsplit(self.url).path)

    @property
    def is_error(self) -> bool:
        return bool(self.expected["error_where"])

    def pieces(self) -> list[bytes]:
        """The body in the network chunks in which it came; what they leave out is the last one."""
        found: list[bytes] = []
        at = 0
        for size in self.chunk_sizes:
            found.append(self.body[at : at + size])
            at += size
        found.append(self.body[at:])
        return [piece for piece in found if piece]


def shared() -> Path | None:
    """Where the recordings and the vendors' schemas are, None when they are not on this machine."""
    named = os.environ.get("LIBRIA_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared"
    return root if (root / "wire" / "recordings" / "INDEX.tsv").is_file() else None


def missing() -> None:
    """Skip, for there are no recordings; where everything is required, fail for it."""
    why = "no recordings: set LIBRIA_SHARED, or put them in ../shared beside the repository"
    if os.environ.get("LIBRIA_TEST_REQUIRE") == "all":
        pytest.fail(why)
    pytest.skip(why)


@cache
def recordings() -> tuple[Recording, ...]:
    """All of them; none when they are not on this machine."""
    root = shared()
    if root is None:
        return ()
    folder = root / "wire" / "recordings"
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        # A quote within a field is a character as any other.
        lines = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(_read(folder, line) for line in lines)


def schema(path: str) -> Any:
    """A JSON document below `wire/specs`."""
    root = shared()
    if root is None:
        raise FileNotFoundError(path)
    return json.loads((root / "wire" / "specs" / path).read_text(encoding="utf-8"))


def _read(folder: Path, line: dict[str, str]) -> Recording:
    record = json.loads((folder / line["file"]).read_text(encoding="utf-8"))
    request, response = record["request"], record["response"]
    body = response.get("body") if response.get("body_sse") is None else response["body_sse"]
    streamed = line["stream"] == "1" and 200 <= int(line["status"]) < 300
    headers = {name.lower(): _joined(value) for name, value in (response.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/event-stream" if streamed else "application/json")
    return Recording(
        file=line["file"],
        expected=line,
        url=request["url"],
        asked=_asked(request.get("body")),
        status=int(line["status"]),
        headers={name: value for name, value in headers.items() if name not in _DROPPED},
        body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
        streamed=streamed,
        chunk_sizes=tuple(response.get("chunk_sizes") or ()),
    )


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _asked(body: Any) -> dict[str, Any]:
    try:
        value = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
