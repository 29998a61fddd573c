"""A JSON Schema as Claude's structured outputs take it.

Objects must be closed, and limits of numbers, lengths and counts are a 400: such a schema, made for
another vendor, would refuse a fallback to Claude. So objects are closed where that changes nothing that
was listed, and a limit is told in the description instead.
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from collections.abc import Mapping

from libria_providers.dialects.said import items, mapping
from libria_providers.types import Json

_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
           "maxItems", "uniqueItems", "minProperties", "maxProperties")  # fmt: skip
_OF_NAMES = ("properties", "$defs", "definitions")  # a schema for each name
_OF_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")


def closed(schema: Mapping[str, Json]) -> dict[str, Json]:
    """`schema` within the limits. A free map (additionalProperties) stays: it cannot be said, and an
    answer that leaves it empty would be worse than the refusal."""
    fitted: dict[str, Json] = {}
    limits: list[str] = []
    for keyword, value in schema.items():
        if keyword in _LIMITS or (keyword == "minItems" and value not in (0, 1)):
            limits.append(f"{keyword}: {value}")
        elif keyword in _OF_NAMES:
            fitted[keyword] = {name: _fitted(one) for name, one in mapping(value).items()}
        elif keyword in _OF_SEVERAL:
            fitted["anyOf" if keyword == "oneOf" else keyword] = [_fitted(one) for one in items(value)]
        elif keyword == "items":
            fitted[keyword] = _fitted(value)
        else:
            fitted[keyword] = value
    if fitted.get("properties"):
        fitted.setdefault("additionalProperties", False)
    if limits:
        fitted["description"] = f"{fitted.get('description', '')} ({', '.join(limits)})".strip()
    return fitted


def _fitted(schema: Json) -> Json:
    return closed(mapping(schema)) if isinstance(schema, dict) else schema
