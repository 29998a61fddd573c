"""JSON Schemas as TypeScript declarations: what people read, and what editors' code imports."""

from collections.abc import Mapping
from typing import Any, cast

Schema = Mapping[str, Any]  # a JSON Schema is JSON


def declarations(schemas: Mapping[str, Schema], prefix: str = "") -> str:
    """One `interface` for each named object schema, `type` for the rest, in the order given; `prefix` before each."""
    return "\n\n".join(_declaration(name, schema, prefix) for name, schema in schemas.items())


def _declaration(name: str, schema: Schema, prefix: str) -> str:
    about = _comment(schema.get("description"), "") + prefix
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{about}type {name} = {type_of(schema)};"
    required = set(schema.get("required", ()))
    lines = [f"{about}interface {name} {{"]
    for key, value in schema["properties"].items():
        lines.append(
            f"{_comment(value.get('description'), '  ')}  {key}{'' if key in required else '?'}: {type_of(value)};"
        )
    return "\n".join([*lines, "}"])


def type_of(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(map(_literal, schema["enum"]))
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = [type_of(kind) for kind in schema[word] if kind.get("type") != "null"]
            return " | ".join(dict.fromkeys(kinds))
    if "allOf" in schema:
        return type_of(schema["allOf"][0])
    kind = schema.get("type")
    if kind == "array":
        inner = type_of(schema.get("items", {}))
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {type_of(cast(Schema, values)) if isinstance(values, Mapping) else 'unknown'}>"
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}.get(
        str(kind), "unknown"
    )


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _comment(text: str | None, indent: str) -> str:
    return f"{indent}/** {' '.join(text.split())} */\n" if text else ""
