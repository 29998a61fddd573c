"""What is wrong with a config file, said for the person who wrote it. No value is ever repeated:
it may be a key in the wrong place."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from libria.config.forms import NO_KEYS_HERE
from libria.config.lines import line_of
from libria.config.model import Config

Location = tuple[int | str, ...]

SECRET_NAMES = ("api_key", "apikey", "api-key", "key", "token", "secret", "password", "access_token", "auth_token")


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted ("retry.attempts"), empty for the whole file; `line` counts from 1."""

    path: str
    message: str
    line: int | None = None

    def sentence(self, file: Path) -> str:
        where = f"{file}:{self.line}" if self.line else str(file)
        return ": ".join(part for part in (where, self.path, self.message) if part) + "."


def problems(error: ValidationError, text: str) -> list[Problem]:
    """One for each fault, in the order of the file."""
    return sorted(_each(error, text), key=lambda problem: problem.line or 0)


def _each(error: ValidationError, text: str) -> Iterator[Problem]:
    for fault in error.errors(include_url=False, include_input=False):
        location = _without_markers(fault["loc"])
        yield Problem(dotted(location), _message(fault["type"], location, fault), line_of(text, location))


def _message(kind: str, location: Location, fault: Any) -> str:
    context: dict[str, Any] = fault.get("ctx") or {}
    match kind:
        case "extra_forbidden":
            return _unknown(location)
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"must be {context['expected']}"
        case "greater_than":
            return f"must be greater than {context['gt']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case _:
            return f"must be {_TYPES[kind]}" if kind in _TYPES else _lowered(fault["msg"])


_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string, in quotes",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "mapping_type": "a table",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _unknown(location: Location) -> str:
    name = str(location[-1])
    if location[0] == "providers" and name.lower() in SECRET_NAMES:
        return NO_KEYS_HERE
    allowed = _names_at(location[:-1])
    near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.6)
    if near:
        return f"there is no such setting; did you mean {near[0]}? Allowed here: {', '.join(allowed)}"
    return f"there is no such setting; allowed here: {', '.join(allowed)}"


def _names_at(location: Location) -> list[str]:
    """The settings of the table at `location`."""
    kind: Any = Config
    for step in location:
        if get_origin(kind) in (Union, UnionType):
            kind = next(side for side in get_args(kind) if side is not NoneType)
        kind = kind.model_fields[str(step)].annotation if _is_section(kind) else get_args(kind)[-1]
    return list(kind.model_fields)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _without_markers(location: Location) -> Location:
    """pydantic marks a fault in a table's name by "[key]" after it; the name itself stays."""
    return tuple(step for step in location if step != "[key]")


def dotted(location: Location) -> str:
    return ".".join(_quoted(str(step)) for step in location)


def _quoted(step: str) -> str:
    return step if all(letter.isalnum() or letter in "-_" for letter in step) else f'"{step}"'
