"""Instances of JSON Schemas."""

from typing import Any

import pytest

from libria_providers.simulator.schema import instance

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "children"],
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "example"),
        ({"type": "string", "minLength": 9, "maxLength": 9}, "example.."),
        ({"type": "string", "maxLength": 2}, "ex"),
        ({"type": "string", "format": "date"}, "2026-01-02"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 0}, 0),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5, "multipleOf": 4}, 8),
        ({"type": "integer", "minimum": 5.5}, 6),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "number", "multipleOf": 0.25, "maximum": 0.6}, 0.5),
        ({"type": "number", "minimum": 7}, 8),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.2}, 1.1),
        ({"type": "number", "minimum": 0, "maximum": 0.5}, 0.25),
        ({"type": ["null", "boolean"]}, True),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "object", "properties": {"user_name": {"type": "string"}}}, {"user_name": "user name"}),
        (
            {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]},
            {"a": 1, "b": 2},
        ),
        ({"type": "object", "required": ["x"]}, {"x": "x"}),
        ({"type": "object"}, {}),
        (True, None),
    ],
)
def test_instance(schema: Any, expected: Any) -> None:
    assert instance(schema) == expected


def test_recursive_schema_ends() -> None:
    made = instance(TREE)
    while made["children"]:
        made = made["children"][0]
    assert made["name"] == "name"
