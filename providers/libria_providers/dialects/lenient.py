"""What can be read of an event that is not quite what its format says.

Only for when the strict reading has failed: a field that matters is converted where its meaning is
plain (a number in a string, a string that came as a number), anything else that does not fit is left
out, as if it had not been said. So no vendor's odd extra field costs a whole reply.
"""

from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from libria_providers.dialects.said import UNREADABLE, items, mapping
from libria_providers.surrogates import mended
from libria_providers.types import Json

T = TypeVar("T", bound=msgspec.Struct)
_LEFT_OUT: Any = object()


def read(data: bytes, wanted: type[T]) -> T | None:
    """`data` as far as it is a `wanted`, None when it is no JSON object."""
    data = mended(data) or data
    try:
        value = msgspec.json.decode(data.decode("utf-8", "replace"))
    except UNREADABLE:
        return None
    return _struct(mapping(value), wanted) if isinstance(value, dict) else None


def _struct(value: dict[str, Json], wanted: type[T]) -> T:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(wanted):
        if field.encode_name in value:
            fitted = _fitted(value[field.encode_name], field.type)
            if fitted is not _LEFT_OUT:
                fields[field.name] = fitted
    return wanted(**fields)


def _fitted(value: Json, wanted: Any) -> Any:
    if wanted is Any:
        return value
    options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    for option in options:
        if option is msgspec.Raw:
            return msgspec.Raw(msgspec.json.encode(value))
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            if isinstance(value, dict):
                return _struct(mapping(value), option)
        elif get_origin(option) is list:
            if isinstance(value, list):
                of = get_args(option)[0]
                return [one for one in (_fitted(item, of) for item in items(value)) if one is not _LEFT_OUT]
        else:
            try:
                converted: Any = msgspec.convert(value, cast(Any, option), strict=option is str)
                return converted
            except msgspec.ValidationError:
                continue
    if str in options and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _LEFT_OUT
