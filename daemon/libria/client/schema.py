"""JSON Schema of a function's arguments, by its type hints and its docstring."""

import inspect
import re
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

Json = Any  # whatever JSON can say

PLAIN: dict[Any, dict[str, Json]] = {
    Any: {},
    object: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    dict: {"type": "object"},
    list: {"type": "array"},
    Path: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "time"},
    UUID: {"type": "string", "format": "uuid"},
}

MANY = (list, tuple, set, frozenset, abc.Sequence, abc.Iterable, abc.Collection, abc.Set)
MAPS = (dict, abc.Mapping, abc.MutableMapping)

_GOOGLE = re.compile(r"^(Args|Arguments|Parameters):$", re.MULTILINE)
_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):$", re.MULTILINE)
_ARGUMENT = re.compile(r"^\s{1,8}\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s+(.*(?:\n\s{5,}\S.*)*)", re.MULTILINE)
_SPHINX = re.compile(r"^\s*:param(?:\s+[^:]+)?\s+(\w+):\s*(.*(?:\n\s+[^:\s].*)*)", re.MULTILINE)


def tool_spec(function: Callable[..., object]) -> dict[str, Json]:
    """`{"name", "description", "parameters"}`. Raises TypeError with a sentence for what a model cannot be told of."""
    docs = inspect.getdoc(function) or ""
    described = _described(docs)
    hints = hints_of(function)
    schemas = Schemas()
    properties: dict[str, Json] = {}
    required: list[str] = []
    for parameter in arguments_of(function):
        kind = hints.get(parameter.name, Any)
        try:
            schema = schemas.of(kind)
        except TypeError as error:
            raise TypeError(f"{name_of(function)}({parameter.name}): {error}") from None
        if parameter.name in described and "description" not in schema:
            schema = {**schema, "description": described[parameter.name]}
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        elif _is_json(parameter.default):
            schema = {**schema, "default": parameter.default}
        properties[parameter.name] = schema
    parameters: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
    parameters["additionalProperties"] = False
    if schemas.named:
        parameters["$defs"] = schemas.named
    return {"name": name_of(function), "description": _first_part(docs), "parameters": parameters}


def name_of(function: Callable[..., object]) -> str:
    name = getattr(function, "__name__", None) or type(function).__name__
    if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII):
        raise TypeError(f"A tool needs a name of its own, at most 64 letters, digits and _: {name!r} is none.")
    return str(name)


def arguments_of(function: Callable[..., object]) -> list[inspect.Parameter]:
    """Raises TypeError for one that takes whatever comes."""
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"{name_of(function)} takes *{parameter.name}: a tool's arguments need names of their own.")
    return parameters


def hints_of(function: Callable[..., object]) -> dict[str, Any]:
    try:
        target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
        return get_type_hints(target, include_extras=True)
    except NameError as error:
        raise TypeError(f"A type of {name_of(function)} is not to be found: {error}") from None


class Schemas:
    """`named` are those of classes, which may hold each other."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Json]] = {}

    def of(self, kind: Any) -> dict[str, Json]:
        """Raises TypeError for a type that JSON has no words for."""
        if kind is None:
            return {"type": "null"}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _values([one.value for one in kind])
        if is_record(cast("object", kind)):
            return self._class(cast("type", kind))
        if kind in PLAIN:
            return dict(PLAIN[kind])
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            said = [one for one in arguments[1:] if isinstance(one, str)]
            return {**self.of(arguments[0]), **({"description": said[0]} if said else {})}
        if origin in (Required, NotRequired):
            return self.of(arguments[0])
        if origin is Literal:
            return _values(list(arguments))
        if origin in (Union, UnionType):
            return self._union([self.of(one) for one in arguments])
        if origin in MANY or kind in MANY:
            return self._many(origin or kind, arguments)
        if origin in MAPS or kind in MAPS:
            return {"type": "object", **({"additionalProperties": self.of(arguments[1])} if arguments else {})}
        raise TypeError(
            f"{kind!r} has no JSON Schema; use str, int, float, bool, list, dict, Literal, an Enum or a dataclass."
        )

    def _union(self, parts: list[dict[str, Json]]) -> dict[str, Json]:
        """`["string", "null"]` where that says it all: more vendors take it than anyOf."""
        if all(set(one) == {"type"} for one in parts):
            return {"type": [one["type"] for one in parts]}
        return {"anyOf": parts}

    def _many(self, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Json]:
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            items = [self.of(one) for one in arguments]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        schema: dict[str, Json] = {"type": "array"}
        if arguments:
            schema["items"] = self.of(arguments[0])
        if origin in (set, frozenset, abc.Set):
            schema["uniqueItems"] = True
        return schema

    def _class(self, kind: type) -> dict[str, Json]:
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}  # it may hold itself
            members, required = members_of(kind)
            docs = inspect.getdoc(kind) or ""
            described = _described(docs)
            properties = {
                member: {**self.of(type_), **({"description": described[member]} if member in described else {})}
                for member, type_ in members.items()
            }
            schema: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
            schema["additionalProperties"] = False
            if docs and not docs.startswith(f"{name}(") and kind.__doc__:  # a dataclass writes its own
                schema["description"] = _first_part(docs)
            self.named[name] = schema
        return {"$ref": f"#/$defs/{name}"}


def is_record(kind: object) -> bool:
    return isinstance(kind, type) and (is_dataclass(cast("object", kind)) or is_typeddict(cast("object", kind)))


def members_of(kind: type) -> tuple[dict[str, Any], list[str]]:
    """Of a dataclass or a TypedDict: names to types, and which have to be there."""
    hints = get_type_hints(kind, include_extras=True)
    if is_typeddict(kind):
        return hints, sorted(cast("Any", kind).__required_keys__)
    members = [one for one in fields(cast("Any", kind)) if one.init]
    required = [one.name for one in members if one.default is MISSING and one.default_factory is MISSING]
    return {one.name: hints[one.name] for one in members}, required


def _values(values: list[Json]) -> dict[str, Json]:
    kinds = {PLAIN[type(value)]["type"] for value in values if type(value) in PLAIN}
    return {"type": kinds.pop(), "enum": values} if len(kinds) == 1 else {"enum": values}


def _first_part(docs: str) -> str:
    """What comes before the arguments."""
    found = _SECTION.search(docs)
    text = docs[: found.start()] if found else docs
    return text.partition("\n:param")[0].partition("\n:return")[0].strip()


def _described(docs: str) -> Mapping[str, str]:
    """What a docstring says of each argument, in Google's way or Sphinx's."""
    found = dict(_SPHINX.findall(docs))
    start = _GOOGLE.search(docs)
    if start:
        end = _SECTION.search(docs, start.end())
        section = docs[start.end() : end.start() if end else len(docs)]
        found |= dict(_ARGUMENT.findall(section))
    return {name: " ".join(text.split()) for name, text in found.items()}


def _is_json(value: object) -> bool:
    return value is None or type(value) in (str, int, float, bool)
