"""A schema within the limits of Claude's structured outputs."""

from typing import Any

import pytest

from libria_providers.dialects.anthropic_schema import closed

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "fitted"),
    [
        ({}, {}),
        ({"type": "object"}, {"type": "object"}),  # nothing is listed: closed, it could only be empty
        ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": TEXT}),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"], "additionalProperties": False},
        ),
        (
            {"type": "object", "properties": {"minimum": {"type": "integer", "minimum": 0, "maximum": 9}}},
            {
                "type": "object",
                "properties": {"minimum": {"type": "integer", "description": "(minimum: 0, maximum: 9)"}},
                "additionalProperties": False,
            },
        ),
        (
            {"type": "array", "items": {**TEXT, "description": "a word", "maxLength": 3}, "minItems": 1},
            {"type": "array", "items": {**TEXT, "description": "a word (maxLength: 3)"}, "minItems": 1},
        ),
        ({"items": TEXT, "minItems": 2}, {"items": TEXT, "description": "(minItems: 2)"}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": TEXT}}}},
            {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": TEXT}, "additionalProperties": False}}},
        ),
        (
            {"oneOf": [{"properties": {"a": TEXT}}, {"type": "null"}]},
            {"anyOf": [{"properties": {"a": TEXT}, "additionalProperties": False}, {"type": "null"}]},
        ),
        ({"enum": ["a", 1], "type": "string", "default": "a"}, {"enum": ["a", 1], "type": "string", "default": "a"}),
        ({"properties": 1, "items": True, "anyOf": None}, {"properties": {}, "items": True, "anyOf": []}),
    ],
)  # fmt: skip
def test_closed(schema: dict[str, Any], fitted: dict[str, Any]) -> None:
    before = repr(schema)
    assert closed(schema) == fitted
    assert repr(schema) == before
    assert closed(fitted) == fitted
