"""Writes the table of providers in README.md from the registry: `python -m libria_providers.docs [--check]`."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from libria_providers.registry import ROWS
from libria_providers.row import Row

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- providers: written by libria_providers.docs -->", "<!-- /providers -->"


def table(rows: Iterable[Row]) -> str:
    """A line a provider, in Markdown."""
    lines = [
        "| name | provider | dialect | key | address | default model |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        keys = " or ".join(f"`{name}`" for name in row.key_env) or "none"
        if row.local and row.key_env:
            keys += " (only if the server wants one)"
        address = "".join(f"`{name}`, else " for name in row.base_url_env)
        address += row.base_url or "given at run time"
        model = f"`{row.default_model}`" if row.default_model else "the server's own"
        lines.append(
            f"| `{row.name}` | [{row.title}]({row.docs}) | {row.dialect.name} | {keys} | {address} | {model} |"
        )
    return "\n".join(lines)


def updated(readme: str) -> str:
    """`readme` with the table of today. Raises ValueError when it has no place for it."""
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"README.md has no {START} … {END}")
    return f"{before}{START}\n{table(ROWS.values())}\n{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when stale")
    arguments = parser.parse_args()
    readme = README.read_text(encoding="utf-8")
    fresh = updated(readme)
    if fresh == readme:
        return 0
    if arguments.check:
        print("providers/README.md is stale: run python -m libria_providers.docs", file=sys.stderr)
        return 1
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
