"""A model with tools, in Libria's own Python client: python agent.py MODEL PROMPT."""

import sys
from datetime import date
from pathlib import Path
from typing import Literal

from libria.client import Client, Delta, LibriaError, Status


def weekday(day: date) -> str:
    """Which day of the week a date is.

    Args:
        day: the date, as 2026-01-31
    """
    return f"{day:%A}"


def look(folder: str = ".", kind: Literal["files", "folders"] = "files") -> list[str]:
    """What is in a folder."""
    return sorted(one.name for one in Path(folder).iterdir() if one.is_dir() == (kind == "folders"))


def main(model: str, prompt: str) -> int:
    def show(event: object) -> None:
        if isinstance(event, Delta):
            print(event.text, end="", flush=True)
        elif isinstance(event, Status):
            print(f"[{event.state}]", file=sys.stderr)

    with Client(model=model) as client:
        try:
            run = client.run_tools(prompt, [weekday, look], max_rounds=5, on_event=show)
        except LibriaError as error:
            print(f"{error.message} ({error.kind})", file=sys.stderr)
            return 1
    calls = ", ".join(f"{one.call.name} → {one.content[:60]}" for one in run.outcomes)
    print(f"\n({calls}; {run.result.usage.output_tokens} tokens)")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        raise SystemExit(2)
    raise SystemExit(main(*sys.argv[1:]))
