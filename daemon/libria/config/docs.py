"""The reference of `config.toml` in Markdown, out of its schema; `python -m libria.rpc.docs` writes it."""

import json
from collections.abc import Iterator
from typing import Any

from libria.config.model import json_schema

Json = Any

HEAD = """# config.toml

*Written by `python -m libria.rpc.docs` from what `libria config schema` prints; a test fails when it is stale.*

`libria config path` says where the file is, or would be; `LIBRIA_CONFIG` names another one. `libria config check` says
what is wrong with it, `libria config show` what is in force and where each setting is from. An edit takes effect within
a second, without a restart; a file that is broken changes nothing and says so. Nothing needs to be set. A name that is
not listed here is a mistake, and said to be one. All times are in seconds, all sizes in bytes.

An editor that checks TOML takes the schema: `libria config schema >schema.json`, and `#:schema schema.json` as the
file's first line.
"""

KEYS = {
    "aliases": "NAME",
    "providers": "NAME",
    "limits": '"PROVIDER/MODEL"',
    "hedge_after": "ALIAS",
    "budgets": "NAME",
}
"""What the user calls an entry of these."""

EXAMPLES = {
    "aliases": 'fast = ["groq/llama-3.3-70b-versatile", "openai/gpt-5-mini"]',
    "hedge_after": "fast = 1.5",
}


def reference() -> str:
    schema = json_schema()
    sections = [_section(schema, name, shape) for name, shape in schema["properties"].items()]
    return "\n".join([HEAD, *sections])


def _section(schema: Json, name: str, shape: Json) -> str:
    entry, key = shape.get("additionalProperties"), KEYS.get(name)
    inner = _resolved(schema, entry or shape)
    about = [text for text in (shape.get("description"), inner.get("description")) if text]
    if "properties" not in inner:
        example = f"```toml\n[{name}]\n{EXAMPLES[name]}\n```"
        return "\n".join([f"## [{name}]\n", *(f"{text}\n" for text in about), example, ""])
    heading = f"## [{name}.{key}]" if key else f"## [{name}]"
    table = "| setting | takes | default | |\n| --- | --- | --- | --- |\n" + "\n".join(_rows(schema, inner))
    return "\n".join([f"{heading}\n", *(f"{text}\n" for text in about), f"{table}\n"])


def _rows(schema: Json, section: Json) -> Iterator[str]:
    for name, shape in section["properties"].items():
        cells = (f"`{name}`", _takes(schema, shape), _default(shape, name in section.get("required", ())))
        yield f"| {' | '.join((*cells, _cell(shape.get('description', ''))))} |"


def _takes(schema: Json, shape: Json) -> str:
    """The forms in which a setting can be written."""
    if "anyOf" in shape:
        said = [_takes(schema, one) for one in shape["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(said))
    shape = _resolved(schema, shape)
    if "enum" in shape:
        return " or ".join(f"`{json.dumps(one)}`" for one in shape["enum"])
    match shape["type"]:
        case "object" if "properties" in shape:
            return "a table of " + ", ".join(f"`{name}`" for name in shape["properties"])
        case "object":
            return "a table of texts"
        case "array":
            return "a list of texts"
        case "boolean":
            return "`true` or `false`"
        case "string":
            return "text"
        case "integer":
            return f"a whole number{_range(shape)}"
        case _:
            return f"a number{_range(shape)}"


def _range(shape: Json) -> str:
    bounds = (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
    said = [f"{words} {shape[name]:,}" for name, words in bounds if name in shape]
    return f", {', '.join(said)}" if said else ""


def _default(shape: Json, required: bool) -> str:
    value = shape.get("default")
    if required:
        return "must be said"
    if value is None or value in ("", [], {}) or isinstance(value, dict):
        return "–"
    if isinstance(value, float):
        return f"`{value:.3g}`" if value < 1 else f"`{value:g}`"
    return f"`{json.dumps(value)}`"


def _resolved(schema: Json, shape: Json) -> Json:
    """`shape`, or what it refers to; what it says of itself goes before that."""
    if "$ref" not in shape:
        return shape
    return schema["$defs"][shape["$ref"].rpartition("/")[2]]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
