"""A function call's arguments that come in pieces: each names its place by a JSON path.

Vertex does so when toolConfig.functionCallingConfig.streamFunctionCallArguments is set:
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling
"""

import re
from itertools import pairwise
from typing import cast

from libria_providers.dialects.said import items, mapping
from libria_providers.types import Json

# What RFC 9535 calls a singular query, in all its spellings: .name, [0], ['name'], ["name"].
_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_ESCAPE = re.compile(r"\\(.)")
_DEEPEST = 100  # steps; what is deeper is no argument of a tool
_VALUES = ("stringValue", "numberValue", "boolValue")


def put(arguments: dict[str, Json], piece: Json) -> None:
    """Put one of `partialArgs` into `arguments`: the pieces of a string are joined. What has no
    readable place is left out."""
    fields = mapping(piece)
    where = fields.get("jsonPath")
    if not isinstance(where, str) or not where.startswith("$"):
        return
    steps = [
        int(number) if number else name or _ESCAPE.sub(r"\1", single or double)
        for name, number, single, double in _STEP.findall(where)
    ]
    if not 0 < len(steps) <= _DEEPEST or not isinstance(steps[0], str):
        return
    value = next((fields[name] for name in _VALUES if fields.get(name) is not None), None)
    if value is None and "nullValue" not in fields:
        return  # the end of a place that was filled before
    holder: Json = arguments
    for step, following in pairwise(steps):
        holder = _inner(holder, step, [] if isinstance(following, int) else {})
    _set(holder, steps[-1], value)


def _inner(holder: Json, step: str | int, empty: Json) -> Json:
    """What is at `step`, made where it is not there yet; None where there can be nothing."""
    if isinstance(step, int) and isinstance(holder, list):
        array = items(cast(Json, holder))
        if step >= len(array):
            array.append(empty)
        return array[min(step, len(array) - 1)]
    if isinstance(step, str) and isinstance(holder, dict):
        return cast(dict[str, Json], holder).setdefault(step, empty)
    return None


def _set(holder: Json, step: str | int, value: Json) -> None:
    if isinstance(step, int) and isinstance(holder, list):
        array = items(cast(Json, holder))
        if step >= len(array):
            array.append(value)
        else:
            array[step] = _joined(array[step], value)
    elif isinstance(step, str) and isinstance(holder, dict):
        fields = cast(dict[str, Json], holder)
        fields[step] = _joined(fields.get(step), value)


def _joined(old: Json, new: Json) -> Json:
    return old + new if isinstance(old, str) and isinstance(new, str) else new
