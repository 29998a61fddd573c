"""The names of models that were seen last, for completing them without waiting for anybody."""

import json
import os
from pathlib import Path
from typing import Any, cast

from libria.paths import ensure_private_dir, state_dir

Json = Any

WAIT = 2.0
"""Seconds for a daemon that runs to say which models there are, while somebody waits for a completion."""


def file() -> Path:
    return state_dir() / "models.json"


def known() -> list[str]:
    """As remembered last; none where nothing was, or it cannot be read."""
    try:
        names: Json = json.loads(file().read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [one for one in cast("list[object]", names) if isinstance(one, str)] if isinstance(names, list) else []


def remember(names: list[str]) -> None:
    """What cannot be written is not remembered; nobody is told, since nothing is lost."""
    if not names:
        return
    new = file().with_suffix(f".{os.getpid()}")
    try:
        ensure_private_dir(state_dir())
        new.write_text(json.dumps(names), encoding="utf-8")
        new.replace(file())
    except OSError:
        new.unlink(missing_ok=True)


def asked() -> list[str]:
    """From the daemon that runs, else as remembered. Starts none, and waits no longer than a person does."""
    from libria.client.channel import attach
    from libria.client.errors import CallFailed

    try:
        client = attach()
        if client is None:
            return known()
        with client:
            client.connection.settimeout(WAIT)
            found = client.request("libria/models", {})
    except (OSError, CallFailed):
        return known()
    names = [model["id"] for model in found["models"]]
    remember(names)
    return names or known()
