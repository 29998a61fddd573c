"""JSON Schemas and values by them: sentences with a path, and nothing that a schema could do to us."""

import subprocess
import sys
from typing import Any

import pytest

from libria.schemas import MOST, SHORT, check_schema, faults, path_text

Json = Any

NO_SCHEMA: dict[str, tuple[Json, str]] = {
    "a number": (5, "a JSON Schema is an object (or true or false)"),
    "a list": ([{}], "a JSON Schema is an object (or true or false)"),
    "a type that is none": ({"properties": {"a": {"type": "strng"}}}, 'at properties.a.type: "strng" is not'),
    "a pattern that is none": ({"properties": {"a-b": {"pattern": "("}}}, 'at properties["a-b"].pattern: "(" is not'),
    "another draft": ({"$schema": "mine"}, "Unknown meta-schema: 'mine'"),
    "an address": ({"$ref": "http://127.0.0.1:1/x.json"}, "nothing is fetched"),
    "a file": ({"$ref": "file:///etc/hosts"}, "nothing is fetched"),
    "half a pair": ({"title": "\ud800"}, "half of a surrogate pair"),
}


@pytest.mark.parametrize(("schema", "words"), NO_SCHEMA.values(), ids=NO_SCHEMA)
def test_what_is_no_schema_is_told_why(schema: Json, words: str) -> None:
    said = check_schema(schema)
    assert said is not None
    assert words in said
    assert "\n" not in said
    with pytest.raises(ValueError, match=r"."):
        faults(schema, 1)


@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07"])
def test_older_drafts_are_schemas(draft: str) -> None:
    schema = {"$schema": f"http://json-schema.org/{draft}/schema#", "type": "integer"}
    assert check_schema(schema) is None
    assert faults(schema, 1) == []
    assert faults(schema, "1") == ['the value: "1" is not of type "integer".']


PEOPLE: Json = {
    "type": "object",
    "properties": {
        "people": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"age": {"type": "integer"}, "first name": {"maxLength": 3}},
                "required": ["age"],
            },
        }
    },
}

WRONG: dict[str, tuple[Json, Json, list[str]]] = {
    "nothing": (PEOPLE, {"people": [{"age": 3}]}, []),
    "the value itself": (PEOPLE, [], ['the value: it is not of type "object".']),
    "deep in it": (PEOPLE, {"people": [{"age": "old"}]}, ['people[0].age: "old" is not of type "integer".']),
    "missing": (PEOPLE, {"people": [{}]}, ['people[0]: "age" is a required property.']),
    "a long text is not told again": (
        PEOPLE,
        {"people": [{"age": 1, "first name": "x" * SHORT}]},
        ['people[0]["first name"]: it is longer than 3 characters.'],
    ),
    "half a pair": ({"type": "string"}, "\ud800", ["the value: it holds half of a surrogate pair, which is no text."]),
}


@pytest.mark.parametrize(("schema", "value", "sentences"), WRONG.values(), ids=WRONG)
def test_a_value_is_told_what_is_wrong_and_where(schema: Json, value: Json, sentences: list[str]) -> None:
    assert faults(schema, value) == sentences


def test_no_more_faults_than_help() -> None:
    assert len(faults({"items": {"type": "integer"}}, ["x"] * 1000)) == MOST


def test_a_pattern_cannot_hold_us_up() -> None:
    """By steps counted, not by time: without the limit this never ends."""
    [sentence] = faults({"pattern": r"^(?:(a+)+\1)+$(?!x)"}, "a" * 3000 + "b")
    assert "backtracking" in sentence


def test_depth_and_circles_end() -> None:
    deep: Json = {}
    value: Json = []
    for _ in range(100_000):
        deep, value = {"not": deep}, [value]
    assert "nested too deep" in str(check_schema(deep))
    assert faults({"$ref": "#"}, 1) == []
    assert faults({"items": {"$ref": "#"}, "type": "array"}, value) == ["the value: it is nested too deep."]


def test_paths_read_like_code() -> None:
    assert path_text(["people", 0, "first name", "é", 1]) == 'people[0]["first name"].é[1]'


def test_the_library_is_loaded_with_the_first_question() -> None:
    code = "import sys, libria.schemas; print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
