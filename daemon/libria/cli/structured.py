"""`--schema`: the schema that an answer must keep to, and whether it did."""

import json
import re
from pathlib import Path
from typing import Any

from libria.cli.output import Wrong
from libria.schemas import check_schema, faults

Json = Any

MAX_BYTES = 1_000_000

_FENCED = re.compile(r"\s*```\w*\s*\n(.*)\n\s*```\s*", re.DOTALL)


def response_format(given: str) -> dict[str, Json]:
    """`given` is a file, or the schema itself. Raises Wrong with a sentence when it is none."""
    name, text, place = ("answer", given, "The schema") if given.lstrip()[:1] in ("{", "[") else _file(given)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}: {error.msg.lower()})" if isinstance(error, json.JSONDecodeError) else ""
        raise Wrong(f"{place} is no JSON{where}.") from None
    problem = check_schema(schema)
    if problem is None and not isinstance(schema, dict):
        problem = "it must be an object"
    if problem is not None:
        raise Wrong(f"{place} is no JSON Schema: {problem}.")
    return {"type": "jsonSchema", "name": name, "schema": schema}


def verdict(schema: Json, content: str) -> tuple[str, list[str]]:
    """The JSON text in `content`, and what is wrong with it: nothing when it keeps to the schema."""
    fenced = _FENCED.fullmatch(content)  # a model that was only asked in words likes to fence
    text = (fenced[1] if fenced else content).strip()
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return text, [f"line {error.lineno}, column {error.colno}: it is no JSON ({error.msg.lower()})."]
    except (ValueError, RecursionError):
        return text, ["the value: it is no JSON that can be read."]
    return text, faults(schema, value)


def _file(given: str) -> tuple[str, str, str]:
    """The name that the provider is told (letters, digits, dashes), the text, and what to call it."""
    path = Path(given).expanduser()
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "there can be no such file"
        raise Wrong(f"{given} cannot be read ({reason.lower()}).") from None
    if len(data) > MAX_BYTES:
        raise Wrong(f"{given} is larger than {MAX_BYTES // 10**6} MB; no provider takes such a schema.")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-")[:64] or "answer"
    return name, data.decode("utf-8-sig", "replace"), given


def _no_constant(name: str) -> Json:
    raise ValueError(name)
