"""How deep is too deep, by the levels and not by the brackets."""

import json
from typing import Any

import pytest

from libria.rpc.nesting import MAX_LEVELS, too_deep


def lists(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def objects(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": 1, "b": value}
    return value


@pytest.mark.parametrize(
    ("value", "deep"),
    [
        (1, False),
        (lists(MAX_LEVELS), False),
        (lists(MAX_LEVELS + 1), True),
        (objects(MAX_LEVELS), False),
        (objects(MAX_LEVELS + 1), True),
        ({"a": [{"b": lists(MAX_LEVELS - 3)}]}, False),
        ({"a": [{"b": lists(MAX_LEVELS - 2)}]}, True),
        ([[] for _ in range(10_000)], False),
        ({"text": "[{" * 10_000}, False),
        ([*([1] * 1000), lists(MAX_LEVELS)], True),
    ],
)
def test_levels(value: Any, deep: bool) -> None:
    assert too_deep(json.dumps(value).encode(), value) is deep
