"""A model's JSON to the values that a function's type hints promise."""

from collections import abc
from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from inspect import Parameter
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast, get_args, get_origin
from uuid import UUID

from libria.client.schema import MANY, MAPS, arguments_of, hints_of, is_record, members_of

Json = Any  # whatever JSON can say

TEXTS: dict[Any, Callable[[str], object]] = {
    Path: Path,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    UUID: UUID,
}
WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
MAKES: dict[Any, Callable[[list[Any]], object]] = {
    tuple: tuple, set: set, frozenset: frozenset, abc.Set: set, abc.Sequence: list,
}  # fmt: skip


class Wrong(Exception):
    """For the model to read: where, and what is expected there."""


def bound(function: Callable[..., object], given: dict[str, Json]) -> tuple[list[object], dict[str, object]]:
    """Arguments by place and by name. Raises Wrong."""
    hints = hints_of(function)
    parameters = arguments_of(function)
    unknown = sorted(set(given) - {one.name for one in parameters})
    if unknown:
        raise Wrong(f"There is no argument {unknown[0]!r}; there are: {', '.join(one.name for one in parameters)}.")
    places: list[object] = []
    names: dict[str, object] = {}
    for parameter in parameters:
        if parameter.name in given:
            value = converted(hints.get(parameter.name, Any), given[parameter.name], parameter.name)
        elif parameter.default is not Parameter.empty:
            value = parameter.default
        else:
            raise Wrong(f"The argument {parameter.name!r} is missing.")
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            places.append(value)
        else:
            names[parameter.name] = value
    return places, names


def converted(kind: Any, value: Json, place: str) -> Any:
    """Raises Wrong. What JSON blurs is let through: 2.0 is a whole number."""
    if kind in (Any, object):
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Annotated, Required, NotRequired):
        return converted(arguments[0], value, place)
    if origin is Literal:
        return _one_of(arguments, arguments, value, place)
    if origin in (Union, UnionType):
        return _either(arguments, value, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of(list(kind), [one.value for one in kind], value, place)
    if is_record(cast("object", kind)):
        return _object(cast("type", kind), value, place)
    if origin in MANY or kind in MANY:
        return _many(origin or kind, arguments, value, place)
    if origin in MAPS or kind in MAPS:
        entries = _expect(value, dict, "an object", place)
        return {
            key: converted(arguments[1], one, f"{place}.{key}") if arguments else one for key, one in entries.items()
        }
    if kind in TEXTS:
        try:
            return TEXTS[kind](_expect(value, str, "a text", place))
        except ValueError:
            raise Wrong(f"{place} has to be a {_name(kind)} as text, not {value!r}.") from None
    return _plain(NoneType if kind is None else kind, value, place)


def _plain(kind: Any, value: Json, place: str) -> Any:
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) and kind is not bool:
        raise Wrong(f"{place} has to be {WORDS.get(kind, _name(kind))}, not {value!r}.")
    return _expect(value, kind, WORDS.get(kind, _name(kind)), place)


def _either(kinds: tuple[Any, ...], value: Json, place: str) -> Any:
    wrongs: list[str] = []
    for kind in sorted(kinds, key=lambda one: one is not type(value)):  # its own type first: 1 | "1"
        try:
            return converted(kind, value, place)
        except Wrong as wrong:
            wrongs.append(str(wrong))
    raise Wrong(" Or: ".join(wrongs))


def _one_of(results: Any, values: Any, value: Json, place: str) -> Any:
    for result, one in zip(results, values, strict=True):
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return result
    raise Wrong(f"{place} has to be one of {', '.join(map(repr, values))}, not {value!r}.")


def _many(origin: Any, arguments: tuple[Any, ...], value: Json, place: str) -> Any:
    values = _expect(value, list, "a list", place)
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(values) != len(arguments):
            raise Wrong(f"{place} has to have {len(arguments)} items, not {len(values)}.")
        return tuple(
            converted(kind, one, f"{place}[{i}]") for i, (kind, one) in enumerate(zip(arguments, values, strict=True))
        )
    kind = arguments[0] if arguments else Any
    return MAKES.get(origin, list)([converted(kind, one, f"{place}[{i}]") for i, one in enumerate(values)])


def _object(kind: type, value: Json, place: str) -> Any:
    entries = _expect(value, dict, "an object", place)
    members, required = members_of(kind)
    for name in required:
        if name not in entries:
            raise Wrong(f"{place}.{name} is missing.")
    unknown = sorted(set(entries) - set(members))
    if unknown:
        raise Wrong(f"{place} has no {unknown[0]!r}; it has: {', '.join(members)}.")
    return kind(**{name: converted(members[name], one, f"{place}.{name}") for name, one in entries.items()})


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _expect(value: Json, kind: Any, words: str, place: str) -> Any:
    if not isinstance(value, kind):
        raise Wrong(f"{place} has to be {words}, not {value!r}.")
    return value
