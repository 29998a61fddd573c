"""The configuration in force as TOML, each setting with where it is from."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from libria.config.lines import line_of
from libria.config.model import Config

Location = tuple[str, ...]
Tree = dict[str, Any]

HIDDEN = "…"  # a header's value may be a secret of the user's own kind


def show(config: Config, text: str, file: Path) -> str:
    """`text` is what `file` holds, and what `config` was read from. The output is TOML too."""
    lines: list[str] = []
    for name, section in config.model_dump().items():
        lines += _table(section, (name,), text, file)
    return "\n".join(lines).strip() + "\n"


def _table(table: Tree, location: Location, text: str, file: Path) -> Iterator[str]:
    plain = {name: value for name, value in table.items() if not isinstance(value, dict)}
    if plain or not table:
        yield ""
        yield f"[{'.'.join(map(_key, location))}]"
    for name, value in plain.items():
        yield _setting((*location, name), value, text, file)
    for name, value in table.items():
        if name not in plain:
            yield from _table(value, (*location, name), text, file)


def _setting(location: Location, value: Any, text: str, file: Path) -> str:
    key = _key(location[-1])
    if value is None:
        return f"# {key} is not set"
    line = line_of(text, location)
    own = line is not None and _is_set(text, location)
    origin = f"{file.name}:{line}" if own else "default"
    return f"{key} = {_value(_masked(location, value))}  # {origin}"


def _is_set(text: str, location: Location) -> bool:
    tree: Any = tomllib.loads(text)
    for step in location:
        tree = tree.get(step)
        if tree is None:
            return False
    return True


def _masked(location: Location, value: Any) -> Any:
    if "headers" in location[-2:]:
        return HIDDEN
    if location == ("redis", "url"):
        password = urlsplit(str(value)).password
        return str(value).replace(f":{password}@", f":{HIDDEN}@") if password else value
    return value


def _value(value: Any) -> str:
    """TOML takes JSON's strings, numbers, booleans and lists as they are."""
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
