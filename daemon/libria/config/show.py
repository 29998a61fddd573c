"""The configuration in force as TOML, each setting with where it is from."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from libria.config.lines import line_of
from libria.config.model import Config

Location = tuple[str, ...]

HIDDEN = "…"  # a header's value may be a secret of the user's own kind


def show(config: Config, text: str, file: Path) -> str:
    """`text` is what `file` holds, and what `config` was read from. The output is TOML too."""
    lines: list[str] = []
    for name in type(config).model_fields:
        lines += _table(getattr(config, name), (name,), text, file)
    return "\n".join(lines).strip() + "\n"


def _table(value: BaseModel | Mapping[str, Any], location: Location, text: str, file: Path) -> Iterator[str]:
    items = [(name, getattr(value, name)) for name in type(value).model_fields] if isinstance(value, BaseModel) else (
        list(value.items())
    )
    inner = [(name, item) for name, item in items if isinstance(item, BaseModel | Mapping)]
    plain = [(name, item) for name, item in items if not isinstance(item, BaseModel | Mapping)]
    if plain or not inner:
        yield ""
        yield f"[{'.'.join(map(_key, location))}]"
    for name, item in plain:
        yield _setting((*location, name), item, text, file)
    for name, item in inner:
        yield from _table(item, (*location, name), text, file)


def _setting(location: Location, value: Any, text: str, file: Path) -> str:
    key = _key(location[-1])
    if value is None:
        return f"# {key} is not set"
    line = line_of(text, location)
    own = line is not None and _is_set(text, location)
    origin = f"{file.name}:{line}" if own else "default"
    return f"{key} = {_value(_masked(location, value))}  # {origin}"


def _is_set(text: str, location: Location) -> bool:
    import tomllib

    tree: Any = tomllib.loads(text)
    for step in location:
        if not isinstance(tree, dict) or step not in tree:
            return False
        tree = tree[step]
    return True


def _masked(location: Location, value: Any) -> Any:
    if "headers" in location[-2:]:
        return HIDDEN
    if location == ("redis", "url"):
        password = urlsplit(value).password
        return value.replace(f":{password}@", f":{HIDDEN}@") if password else value
    return value


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
