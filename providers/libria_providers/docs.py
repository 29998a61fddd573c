"""Writes the tables of README.md from the registry: `python -m libria_providers.docs [--check]`."""

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from libria_providers.dialects.base import Quirks
from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.registry import ROWS
from libria_providers.row import Row
from libria_providers.types import Call, File, Image, Message, ReasoningOptions, ResponseFormat, Tool

README = Path(__file__).parents[1] / "README.md"
Table = Callable[[Iterable[Row]], str]


def providers(rows: Iterable[Row]) -> str:
    """A line a provider, in Markdown: how it is reached."""
    lines = [
        "| name | provider | dialect | key | address | also read | default model |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        keys = " or ".join(f"`{name}`" for name in row.key_env) or "none"
        if row.local and row.key_env:
            keys += " (only if the server wants one)"
        address = "".join(f"`{name}`, else " for name in row.base_url_env)
        address += row.base_url or "given at run time"
        model = f"`{row.default_model}`" if row.default_model else "the server's own" if row.local else "none"
        also = ", ".join(f"`{name}`" for name in _also(row)) or "–"
        about = f"[{row.title}]({row.docs})"
        lines.append(f"| `{row.name}` | {about} | {row.dialect.name} | {keys} | {address} | {also} | {model} |")
    return "\n".join(lines)


def _also(row: Row) -> list[str]:
    """Variables that say more of the address, or are sent as a header."""
    names = (*row.locate_env, *(name for name, _ in row.env_headers))
    return [name for name in dict.fromkeys(names) if name not in (*row.key_env, *row.base_url_env)]


def support(rows: Iterable[Row]) -> str:
    """A line a provider, in Markdown: what can be asked of it."""
    names = ("name", *_CALLS, "code completion", "embeddings", "counting")
    lines = [f"| {' | '.join(names)} |", f"| {' | '.join('---' for _ in names)} |"]
    for row in rows:
        takes = {name: _takes(row, call) for name, call in _CALLS.items()}
        talks = takes["chat"] != "no"
        fill = "own endpoint" if row.fill is not None else "by prompt" if talks else "no"
        embed = "yes" if row.embed is not None else "no"
        count = "exact" if row.count is not None else "estimate" if talks else "no"
        lines.append(f"| {' | '.join((f'`{row.name}`', *takes.values(), fill, embed, count))} |")
    return "\n".join(lines)


_HI = Message("user", "Hi")
_CALLS = {
    "chat": Call("", (_HI,)),
    "tools": Call("", (_HI,), tools=(Tool("f", {"type": "object", "properties": {}}),)),
    "reasoning": Call("", (_HI,), reasoning=ReasoningOptions("medium")),
    "images": Call("", (Message("user", (Image(data="AAAA", media_type="image/png"),)),)),
    "files": Call("", (Message("user", (File("AAAA", "application/pdf"),)),)),
    "JSON schema": Call("", (_HI,), response_format=ResponseFormat("jsonSchema", "x", {"type": "object"})),
}


def _takes(row: Row, call: Call) -> str:
    """Whether `call` is sent, by the facts of the row and of each family of its models that it knows."""
    families = [replace(row.quirks, **profile.changes) for profile in row.profiles if profile.header is None]
    answers = {_is_sent(row, call, quirks) for quirks in (row.quirks, *families)}
    return "by model" if len(answers) > 1 else "yes" if answers == {True} else "no"


def _is_sent(row: Row, call: Call, quirks: Quirks) -> bool:
    try:
        refuse(call, "model", quirks)
        row.dialect.encode(call, "model", quirks)
    except BadRequest:
        return False
    return True


TABLES: dict[str, Table] = {"providers": providers, "support": support}


def updated(readme: str) -> str:
    """`readme` with the tables of today. Raises ValueError when it has no place for one."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name}: written by libria_providers.docs -->", f"<!-- /{name} -->"
        before, found, rest = readme.partition(start)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"README.md has no {start} … {end}")
        readme = f"{before}{start}\n{table(ROWS.values())}\n{end}{after}"
    return readme


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
