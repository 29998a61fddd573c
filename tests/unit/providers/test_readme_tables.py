"""The tables of the README are those of the registry, and their words are true."""

import pytest

from libria_providers import docs
from libria_providers.registry import ROWS


def test_they_are_not_stale() -> None:
    readme = docs.README.read_text(encoding="utf-8")
    assert docs.updated(readme) == readme, "run python -m libria_providers.docs"


def test_no_place_for_them() -> None:
    with pytest.raises(ValueError, match="providers"):
        docs.updated("# Providers")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("deepseek", "yes | yes | yes | yes | no | no | own endpoint | no | estimate"),
        ("perplexity", "yes | no | yes | yes | yes | yes | by prompt | yes | estimate"),
        ("alibaba", "yes | yes | yes | yes | no | by model | by prompt | yes | estimate"),
        ("voyage", "no | no | no | no | no | no | no | yes | no"),
    ],
)
def test_what_can_be_asked(name: str, cells: str) -> None:
    assert docs.support([ROWS[name]]).splitlines()[2] == f"| `{name}` | {cells} |"


def test_every_row_is_in_both() -> None:
    for table in docs.TABLES.values():
        lines = table(ROWS.values()).splitlines()
        assert len(lines) == len(ROWS) + 2
        assert len({line.count(" | ") for line in lines}) == 1
