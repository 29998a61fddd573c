"""JSON Schema: whether something is one, and what is wrong with a value by it.

The library is loaded with the first question (25 ms). Nothing is fetched for a `$ref`, and no pattern takes long,
whatever it is matched against: schemas come from others.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from jsonschema_rs import Validator

Json = Any  # whatever JSON can say

MOST = 20
"""Faults that are named; more help nobody."""

DEPTH = 200
"""Lists and objects within each other."""

SHORT = 40
"""Characters of a value that are shown, so that a fault can be found and no text is told again."""

LONG = 200
"""Characters of a path, and of what is said of it."""

BACKTRACKS = 100_000
"""Of one pattern at one text: a few milliseconds."""


def check_schema(schema: Json) -> str | None:
    """Why `schema` is no JSON Schema, as one sentence; None when it is one. `$schema` names its draft, else 2020-12."""
    found = _validator(schema)
    return found if isinstance(found, str) else None


def faults(schema: Json, value: Json) -> list[str]:
    """What is wrong with `value` (as `json.loads` gives it), a sentence each: its path, the value where it is short,
    and what it should be; empty when it is valid. Raises ValueError with a sentence for what is no schema."""
    validator = _validator(schema)
    if isinstance(validator, str):
        raise ValueError(validator)
    if _deeper(value, DEPTH):
        return ["the value: it is nested too deep."]
    sentences: list[str] = []
    try:
        for error in validator.iter_errors(value):
            sentences.append(_sentence(error.instance_path, error.instance, error.message))
            if len(sentences) == MOST:
                break
    except UnicodeEncodeError:
        return ["the value: it holds half of a surrogate pair, which is no text."]
    return sentences


def _deeper(value: Json, most: int) -> bool:
    """The library goes down by calling itself and ends the process where its stack ends."""
    level: list[Json] = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in cast("Iterable[Json]", outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def path_text(path: Sequence[str | int]) -> str:
    """`["people", 0, "first name"]` as `people[0]["first name"]`."""
    text = ""
    for step in path:
        if isinstance(step, str) and step.isidentifier():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def _validator(schema: Json) -> "Validator | str":
    """Or why there is none."""
    from jsonschema_rs import FancyRegexOptions, ValidationError, validator_for

    if not isinstance(schema, dict | bool):
        return "a JSON Schema is an object (or true or false)"
    if _deeper(schema, DEPTH):
        return "it is nested too deep"
    try:
        return validator_for(
            cast("dict[str, Json] | bool", schema),
            mask=_MASK,
            retriever=_fetch_nothing,
            pattern_options=FancyRegexOptions(backtrack_limit=BACKTRACKS),
        )
    except ValidationError as error:
        place = path_text(error.instance_path)
        return f"{f'at {place}: ' if place else ''}{_shown(error.instance, error.message)}"
    except ValueError:
        return "it holds half of a surrogate pair, which is no text"


_MASK = "it"


def _fetch_nothing(uri: str) -> NoReturn:
    raise LookupError("nothing is fetched: put it into the schema, under $defs")


def _sentence(path: Sequence[str | int], value: Json, message: str) -> str:
    return f"{_cut(path_text(path)) or 'the value'}: {_shown(value, message)}."


def _shown(value: Json, message: str) -> str:
    """The library's words, with the value in them where it is short."""
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, str | int | float | None) else ""
    if shown and len(shown) <= SHORT and message.startswith(f"{_MASK} "):
        message = shown + message.removeprefix(_MASK)
    return _cut(" ".join(message.split()))


def _cut(words: str) -> str:
    return words if len(words) <= LONG else words[: LONG - 1] + "…"
