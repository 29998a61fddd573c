"""The recorded exchanges: where they are, what they hold, what a correct client gets out of each."""

import csv
import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from libria_providers.dialects.base import Dialect, Quirks
from libria_providers.registry import ROWS
from libria_providers.row import Row

# What a proxy adds or takes away; the bodies are stored decoded.
_DROPPED = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive")
_DIALECTS = {"openai.chat": "openai", "anthropic.messages": "anthropic"}  # endpoint -> a row that speaks it


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange. `expected` is its line of INDEX.tsv."""

    file: str
    expected: dict[str, str] = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    streamed: bool
    chunk_sizes: tuple[int, ...] = field(repr=False)

    @property
    def provider(self) -> str:
        return self.expected["provider"]

    @property
    def category(self) -> str:
        return self.expected["category"]

    @property
    def row(self) -> Row:
        """The provider's own row, else one that speaks its dialect plainly."""
        own = ROWS.get(self.provider)
        dialect = ROWS[_DIALECTS[self.expected["endpoint"]]].dialect
        if own is not None and own.dialect.name == dialect.name:
            return own
        return ROWS["anthropic"] if dialect.name == "anthropic" else ROWS["vllm"]

    @property
    def dialect(self) -> Dialect:
        return self.row.dialect

    @property
    def quirks(self) -> Quirks:
        return self.row.quirks

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


@cache
def recordings() -> tuple[Recording, ...]:
    """Those of the dialects that we speak; none when they are not on this machine."""
    root = shared()
    if root is None:
        return ()
    folder = root / "wire" / "recordings"
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        lines = list(csv.DictReader(index, delimiter="\t"))
    return tuple(_read(folder, line) for line in lines if line["endpoint"] in _DIALECTS)


def schema(path: str) -> Any:
    """A JSON document below `wire/specs`."""
    root = shared()
    if root is None:
        raise FileNotFoundError(path)
    return json.loads((root / "wire" / "specs" / path).read_text(encoding="utf-8"))


def _read(folder: Path, line: dict[str, str]) -> Recording:
    response = json.loads((folder / line["file"]).read_text(encoding="utf-8"))["response"]
    streamed = response.get("body_sse") is not None
    body = response["body_sse"] if streamed else response.get("body")
    headers = {name.lower(): value for name, value in (response.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/event-stream" if streamed else "application/json")
    return Recording(
        file=line["file"],
        expected=line,
        status=int(line["status"]),
        headers={name: value for name, value in headers.items() if name not in _DROPPED},
        body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
        streamed=streamed,
        chunk_sizes=tuple(response.get("chunk_sizes") or ()),
    )
