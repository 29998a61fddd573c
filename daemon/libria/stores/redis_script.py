"""Lua that runs within Redis, atomically; the texts lie beside this file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str

    @classmethod
    def read(cls, name: str) -> "Script":
        text = Path(__file__).with_name(f"{name}.lua").read_text(encoding="utf-8")
        # The name under which Redis itself keeps a script: nothing is kept secret by it.
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
