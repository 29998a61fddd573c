"""A valid instance of a JSON Schema: small, and the same every time."""

import math
from typing import Any, cast

Json = Any

_DEEPEST = 12  # optional properties are left out below a third of it, so that recursive schemas end

_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT1H",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "01234567-89ab-4cde-8f01-23456789abcd",
}


def instance(schema: Json) -> Json:
    """Knows types, enum, const, $ref, anyOf, oneOf, allOf, and the bounds of numbers, strings and
    arrays. Does not make strings for a `pattern`; uses the schema's own `examples` instead."""
    return _make(schema, schema, "example", 0)


def _make(schema: Json, root: Json, name: str, depth: int) -> Json:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    rules = cast(dict[str, Json], schema)
    if "const" in rules:
        return rules["const"]
    if rules.get("enum"):
        return rules["enum"][0]
    if rules.get("examples"):
        return rules["examples"][0]
    if isinstance(rules.get("$ref"), str):
        return _make(_resolve(rules["$ref"], root), root, name, depth + 1)
    if rules.get("allOf"):
        return _make(_merged(rules, root), root, name, depth + 1)
    for choice in ("anyOf", "oneOf"):
        if rules.get(choice):
            return _make(_shallowest(rules[choice]), root, name, depth + 1)
    kind = rules.get("type")
    if isinstance(kind, list):
        kind = next((one for one in cast(list[str], kind) if one != "null"), "null")
    if kind == "object" or (kind is None and "properties" in rules):
        return _object(rules, root, depth)
    if kind == "array":
        return _array(rules, root, name, depth)
    if kind in ("integer", "number"):
        return _number(rules, whole=kind == "integer")
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return _string(rules, name)


def _object(rules: dict[str, Json], root: Json, depth: int) -> dict[str, Json]:
    required = set(cast(list[str], rules.get("required", [])))
    properties = cast(dict[str, Json], rules.get("properties", {}))
    made: dict[str, Json] = {}
    for name, schema in properties.items():
        if name in required or depth < _DEEPEST // 3:
            made[name] = _make(schema, root, name, depth + 1)
    for name in sorted(required - made.keys()):
        made[name] = _make(rules.get("additionalProperties") or {}, root, name, depth + 1)
    return made


def _array(rules: dict[str, Json], root: Json, name: str, depth: int) -> list[Json]:
    least = int(rules.get("minItems", 0))
    if depth >= _DEEPEST // 3 and least == 0:
        return []
    ahead = cast(list[Json], rules.get("prefixItems", []))
    made = [_make(schema, root, name, depth + 1) for schema in ahead]
    if len(made) < max(least, 0 if ahead else 1) and rules.get("maxItems", 1) > 0:
        one = _make(rules.get("items", {}), root, name, depth + 1)
        made += [one] * (max(least, 1) - len(made))
    return made


def _number(rules: dict[str, Json], *, whole: bool) -> float:
    low, high = rules.get("minimum"), rules.get("maximum")
    above, below = rules.get("exclusiveMinimum"), rules.get("exclusiveMaximum")
    step = rules.get("multipleOf", 1 if whole else None)
    floor = low if above is None else above
    ceiling = high if below is None else below

    def low_enough(number: float) -> bool:
        return (high is None or number <= high) and (below is None or number < below)

    def high_enough(number: float) -> bool:
        return (low is None or number >= low) and (above is None or number > above)

    if step is None:
        if high_enough(1) and low_enough(1):
            return 1
        if floor is not None and ceiling is not None:
            return float(floor + ceiling) / 2
        return float(floor) + 1 if floor is not None else float(ceiling or 0) - 1
    number = math.ceil(1 / step) * step
    if not high_enough(number):
        number = math.floor(floor / step) * step
        number += 0 if high_enough(number) else step
    elif not low_enough(number):
        number = math.ceil(ceiling / step) * step
        number -= 0 if low_enough(number) else step
    return int(number) if whole else number


def _string(rules: dict[str, Json], name: str) -> str:
    text = _FORMATS.get(rules.get("format", ""), name.replace("_", " "))
    text += "." * (int(rules.get("minLength", 0)) - len(text))
    return text[: int(rules.get("maxLength", len(text)))]


def _resolve(reference: str, root: Json) -> Json:
    place = root
    for step in reference.removeprefix("#").split("/")[1:]:
        if not isinstance(place, dict):
            return {}
        place = cast(dict[str, Json], place).get(step.replace("~1", "/").replace("~0", "~"), {})
    return place


def _merged(rules: dict[str, Json], root: Json) -> dict[str, Json]:
    whole = {key: value for key, value in rules.items() if key != "allOf"}
    for part in cast(list[dict[str, Json]], rules["allOf"]):
        while isinstance(part.get("$ref"), str):
            part = _resolve(part["$ref"], root)
        for key, value in part.items():
            if key == "properties":
                whole[key] = {**whole.get(key, {}), **value}
            elif key == "required":
                whole[key] = [*whole.get(key, []), *value]
            else:
                whole.setdefault(key, value)
    return whole


def _shallowest(choices: list[Json]) -> Json:
    """The first choice that is neither null nor a reference, which might be the way back up."""

    def depth(choice: Json) -> int:
        rules = cast(dict[str, Json], choice) if isinstance(choice, dict) else {}
        return 2 if rules.get("type") == "null" else 1 if "$ref" in rules else 0

    return min(choices, key=depth)
