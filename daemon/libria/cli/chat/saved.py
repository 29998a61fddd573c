"""Conversations on disk: a file each, a JSON line for each thing that happened, readable by this user alone."""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from libria.cli.chat.talk import Talk, words
from libria.paths import ensure_private_dir, state_dir

Json = Any

MOST = 200
"""Conversations that are kept; the oldest go."""


def folder() -> Path:
    return state_dir() / "chats"


@dataclass(frozen=True)
class Summary:
    """`when` is the time of its last line, in seconds since 1970; `first` the words it began with."""

    id: str
    when: float
    model: str
    first: str


class Saved:
    """Writes one conversation as it goes on. The file is made with its first message; a disk that takes nothing is
    said once, by `problem`, and the talk goes on."""

    def __init__(self, id: str | None = None) -> None:
        self.id = id or f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}"
        self.problem: str | None = None
        self._begun = id is not None

    def turn(self, talk: Talk, *, back: int = 0) -> None:
        """The last question and answer of `talk`; `back`: messages before them that were taken back."""
        entry = {
            "model": talk.model, "system": talk.system, "back": back, "messages": talk.messages[-2:],
            "usd": talk.usd, "tokens": talk.tokens,
        }  # fmt: skip
        try:
            if not self._begun:
                ensure_private_dir(folder())
                _forget_the_oldest()
            line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            opened = os.open(folder() / f"{self.id}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(opened, "ab") as file:
                file.write(line + b"\n")
            self._begun = True
        except OSError as error:
            reason = error.strerror or str(error)
            self.problem = f"This conversation cannot be kept ({reason.lower().rstrip('.')}); /save FILE writes it."


def load(id: str) -> tuple[Talk, str | None]:
    """The conversation, and what was wrong with its file, whose sound lines count. Raises OSError with a sentence."""
    file = folder() / f"{id}.jsonl"
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise OSError(
            f"The conversation {id} cannot be read ({(error.strerror or 'unknown reason').lower()})."
        ) from None
    talk = Talk()
    bad = 0
    for line in lines:
        entry = _entry(line)
        if entry is None:
            bad += 1
            continue
        back: int = entry.get("back") or 0
        if back:
            del talk.messages[-back:]
        talk.messages += entry["messages"]
        talk.model, talk.system = entry.get("model"), entry.get("system")
        talk.usd, talk.tokens = entry.get("usd") or 0.0, entry.get("tokens") or 0
    count = f"{bad} lines" if bad > 1 else "a line"
    return talk, f"{file} is damaged; {count} of it could not be read." if bad else None


def summaries() -> list[Summary]:
    """The latest first."""
    found: list[Summary] = []
    for file in _files():
        with suppress(OSError):
            talk, _ = load(file.stem)
            first = next((words(one) for one in talk.messages if one["role"] == "user"), "")
            found.append(Summary(file.stem, file.stat().st_mtime, talk.model or "", " ".join(first.split())))
    return found


def ids() -> list[str]:
    """The latest first."""
    return [file.stem for file in _files()]


def latest() -> str | None:
    return next(iter(ids()), None)


def _files() -> list[Path]:
    try:
        return sorted(folder().glob("*.jsonl"), key=lambda file: (file.stat().st_mtime, file.stem), reverse=True)
    except OSError:
        return []


def _forget_the_oldest() -> None:
    for file in _files()[MOST - 1 :]:
        file.unlink(missing_ok=True)


def _entry(line: bytes) -> dict[str, Json] | None:
    try:
        entry: Json = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    found = cast("dict[str, Json]", entry)
    messages: Json = found.get("messages")
    if not isinstance(messages, list) or not all(
        isinstance(one, dict) and "role" in one for one in cast("list[object]", messages)
    ):
        return None
    return found
