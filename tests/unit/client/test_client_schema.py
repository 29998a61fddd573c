"""What a model is told of a function, and what becomes of the arguments that it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypedDict

import pytest

from libria.client.arguments import Wrong, bound, converted
from libria.client.schema import Schemas, tool_spec

Json = Any


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """Where something is.

    Args:
        x: to the right
    """

    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


@dataclass
class Tree:
    name: str
    children: list["Tree"] = field(default_factory=list)


class Row(TypedDict, total=False):
    key: str
    value: int


PAIR = {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}

SCHEMAS: list[tuple[Any, Json]] = [
    (str, {"type": "string"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, {"type": "null"}),
    (Any, {}),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (Sequence[str], {"type": "array", "items": {"type": "string"}}),
    (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (tuple[int, str], PAIR),
    (Optional[str], {"type": ["string", "null"]}),  # noqa: UP045  # as scripts write it
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (Mapping[str, Any], {"type": "object", "additionalProperties": {}}),
    (str | None, {"type": ["string", "null"]}),
    (int | str, {"type": ["integer", "string"]}),
    (list[int] | None, {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (Literal["a", 1], {"enum": ["a", 1]}),
    (Colour, {"type": "string", "enum": ["red", "blue"]}),
    (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
    (Path, {"type": "string"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (date, {"type": "string", "format": "date"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "schema"), SCHEMAS, ids=lambda value: str(value)[:40])
def test_a_type_has_a_schema(kind: Any, schema: Json) -> None:
    assert Schemas().of(kind) == schema


def test_classes_are_named_and_may_hold_themselves() -> None:
    schemas = Schemas()
    assert schemas.of(Tree) == {"$ref": "#/$defs/Tree"}
    assert schemas.of(Point) == {"$ref": "#/$defs/Point"}
    assert schemas.of(Row) == {"$ref": "#/$defs/Row"}
    assert schemas.named["Tree"] == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
        "required": ["name"],
        "additionalProperties": False,
    }
    assert schemas.named["Point"]["description"] == "Where something is."
    assert schemas.named["Point"]["properties"]["x"] == {"type": "number", "description": "to the right"}
    assert schemas.named["Point"]["required"] == ["x"]
    assert schemas.named["Row"]["required"] == []


def weather(city: str, days: int = 3, /, *, unit: Literal["C", "F"] = "C", near: Point | None = None) -> str:
    """How it will be.

    More of it.

    Args:
        city: where, by
            its English name
        unit (str): of the temperature

    Returns:
        words
    """
    return f"{city} {days} {unit} {near}"


def sphinx(a, b=()):  # type: ignore[no-untyped-def]  # as scripts are
    """Short.

    :param a: the first
    :param int b: the second
    :returns: nothing
    """


def test_a_function_is_described_by_its_hints_and_its_docstring() -> None:
    spec = tool_spec(weather)
    assert spec["name"] == "weather"
    assert spec["description"] == "How it will be.\n\nMore of it."
    parameters = spec["parameters"]
    assert parameters["required"] == ["city"]
    assert parameters["properties"]["city"] == {"type": "string", "description": "where, by its English name"}
    assert parameters["properties"]["days"] == {"type": "integer", "default": 3}
    assert parameters["properties"]["unit"]["description"] == "of the temperature"
    assert parameters["properties"]["near"]["anyOf"][0] == {"$ref": "#/$defs/Point"}
    assert set(parameters["$defs"]) == {"Point"}
    told = tool_spec(sphinx)
    assert told["description"] == "Short."
    assert told["parameters"]["properties"] == {"a": {"description": "the first"}, "b": {"description": "the second"}}


class Machine:
    def __init__(self) -> None:
        self.started = 0

    def start(self, times: int) -> int:
        """Starts it."""
        self.started += times
        return self.started


def test_a_method_is_a_tool() -> None:
    spec = tool_spec(Machine().start)
    assert (spec["name"], list(spec["parameters"]["properties"])) == ("start", ["times"])


def anything(**options: int) -> None: ...


def odd(value: complex) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [(anything, "options"), (odd, r"odd\(value\).*no JSON Schema"), (lambda x: x, "needs a name")],
)
def test_what_a_model_cannot_be_told_of(function: Callable[..., object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        tool_spec(function)


def test_arguments_become_what_the_hints_promise() -> None:
    places, names = bound(weather, {"city": "Bern", "days": 2.0, "unit": "F", "near": {"x": 1, "tags": ["a"]}})
    assert places == ["Bern", 2]
    assert names == {"unit": "F", "near": Point(1.0, 0.0, ["a"])}
    assert weather(*places, **names).startswith("Bern 2 F Point(")  # type: ignore[arg-type]  # that is the point


CONVERTED: list[tuple[Any, Json, object]] = [
    (float, 1, 1.0),
    (int, 2.0, 2),
    (Colour, "red", Colour.RED),
    (set[int], [1, 1, 2], {1, 2}),
    (tuple[int, str], [1, "a"], (1, "a")),
    (list[Point], [{"x": 1.5}], [Point(1.5)]),
    (dict[str, Colour], {"a": "blue"}, {"a": Colour.BLUE}),
    (int | str, "1", "1"),
    (int | None, None, None),
    (date, "2026-01-02", date(2026, 1, 2)),
    (Path, "a/b", Path("a/b")),
    (Tree, {"name": "a", "children": [{"name": "b"}]}, Tree("a", [Tree("b")])),
    (Row, {"key": "k"}, {"key": "k"}),
    (Annotated[int, "n"], 3, 3),
    (Any, [1, {}], [1, {}]),
]


@pytest.mark.parametrize(("kind", "value", "result"), CONVERTED, ids=lambda value: str(value)[:30])
def test_a_value_becomes_what_its_type_says(kind: Any, value: Json, result: object) -> None:
    found = converted(kind, value, "it")
    assert found == result
    assert type(found) is type(result)


WRONG: list[tuple[Any, Json, str]] = [
    (int, "three", r"it has to be a whole number, not 'three'"),
    (int, True, "a whole number"),
    (int, 1.5, "a whole number"),
    (str, 5, "a text"),
    (Colour, "green", "one of 'red', 'blue'"),
    (Literal[1, 2], True, "one of 1, 2"),
    (list[int], [1, "a"], r"it\[1\] has to be a whole number"),
    (list[int], "a", "a list"),
    (tuple[int, int], [1], "2 items"),
    (Point, {"y": 1}, "it.x is missing"),
    (Point, {"x": 1, "z": 2}, "it has no 'z'; it has: x, y, tags"),
    (list[Point], [{"x": "a"}], r"it\[0\].x has to be a number"),
    (date, "tomorrow", "a date as text"),
    (int | None, "a", "a whole number, not 'a'. Or: it has to be null"),
]


@pytest.mark.parametrize(("kind", "value", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_value_is_told_to_the_model(kind: Any, value: Json, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        converted(kind, value, "it")


def test_wrong_names_are_told_to_the_model() -> None:
    with pytest.raises(Wrong, match="'town'; there are: city, days, unit, near"):
        bound(weather, {"town": "Bern"})
    with pytest.raises(Wrong, match="'city' is missing"):
        bound(weather, {})
