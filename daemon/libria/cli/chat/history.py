"""What was typed before, for the arrow keys: one JSON text a line, bounded, readable by this user alone."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

from libria.paths import ensure_private_dir, state_dir

MOST = 1000
"""Entries; twice as many may lie in the file before it is written anew."""

MAX_ENTRY = 20_000
"""Characters; what is longer was pasted and is not typed again."""


def file() -> Path:
    return state_dir() / "chat-history.jsonl"


class Typed(History):
    """`problem` says what was wrong with the file; one that is damaged is put aside, and its sound lines go on.
    Without `keep` what is typed is for this talk's arrow keys alone."""

    def __init__(self, *, keep: bool = True) -> None:
        super().__init__()
        self._keep = keep
        self.problem: str | None = None
        self._lines = self._read()

    def load_history_strings(self) -> Iterable[str]:
        """The latest first, as the library wants them."""
        return reversed(self._lines)

    def store_string(self, string: str) -> None:
        if not self._keep or len(string) > MAX_ENTRY:
            return
        try:
            ensure_private_dir(state_dir())
            opened = os.open(file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with open(opened, "a", encoding="utf-8", errors="replace") as out:
                out.write(json.dumps(string) + "\n")
        except OSError as error:
            self.problem = f"What you type cannot be kept ({(error.strerror or str(error)).lower()})."

    def _read(self) -> list[str]:
        try:
            data = file().read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problem = f"{file()} cannot be read ({(error.strerror or 'unknown reason').lower()})."
            return []
        lines = data.splitlines()
        found = [text for line in lines if (text := _text(line)) is not None]
        if len(found) < len(lines):
            aside = file().with_suffix(".damaged")
            try:
                file().replace(aside)
            except OSError:
                self.problem = f"{file()} is damaged."
                return found[-MOST:]
            self.problem = f"What you typed before is damaged in part; the file is now {aside}."
            self._write(found[-MOST:])
        elif len(found) > 2 * MOST:
            self._write(found[-MOST:])
        return found[-MOST:]

    def _write(self, lines: list[str]) -> None:
        """By renaming: two chats may be open."""
        new = file().with_suffix(f".{os.getpid()}")
        try:
            opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(opened, "w", encoding="utf-8", errors="replace") as out:
                out.writelines(json.dumps(line) + "\n" for line in lines)
            new.replace(file())
        except OSError:
            new.unlink(missing_ok=True)


def _text(line: bytes) -> str | None:
    try:
        text = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(text, str) else None
