"""The words of a wire format, out of the code that reads it: fields and names that a random word never hits."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from libria_providers import dialects
from libria_providers.dialects.base import Exchange
from libria_providers.registry import ROWS

FOLDER = Path(dialects.__file__).parent
COMMON = ("said", "classify", "model_list")
WORD = re.compile(r"[\w.:/-]{1,60}")


def exchanges() -> dict[str, Exchange]:
    """Every one of the registry, by its name."""
    found: list[Exchange | None] = []
    for row in ROWS.values():
        found += [row.dialect, row.fill, row.embed, row.count, *(route.dialect for route in row.routes)]
    return {exchange.name: exchange for exchange in found if exchange is not None}


def words(exchange: Exchange) -> list[str]:
    modules = [base.__module__.rpartition(".")[2] for base in type(exchange).__mro__ if "libria" in base.__module__]
    families = {module.partition("_")[0] for module in modules} - {"whole", "base"}
    found: set[str] = set()
    for file in FOLDER.glob("*.py"):
        if file.stem in COMMON or file.stem.partition("_")[0] in families:
            found.update(_words(file))
    return sorted(found)


@cache
def _words(file: Path) -> frozenset[str]:
    return frozenset(word for word in _said(ast.parse(file.read_text(encoding="utf-8"))) if WORD.fullmatch(word))


def _said(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
