"""What a caller wants in the provider's request body as it is: `providerOptions`."""

from collections.abc import Mapping

from libria_providers.dialects.said import items, mapping
from libria_providers.types import Json


def merge(body: dict[str, Json], options: Mapping[str, Json]) -> dict[str, Json]:
    """`body` with `options` in it: an object goes into an object, tools go behind the call's own (a
    vendor's server tools), anything else replaces what is there."""
    for name, value in options.items():
        if isinstance(value, dict) and isinstance(body.get(name), dict):
            merge(mapping(body[name]), mapping(value))
        elif name == "tools" and isinstance(value, list) and isinstance(body.get(name), list):
            body[name] = [*items(body[name]), *items(value)]
        else:
            body[name] = value
    return body
