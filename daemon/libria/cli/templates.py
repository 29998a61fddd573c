"""Templates: prompts with a name, kept as files below the config folder.

`NAME.md` holds the prompt below a head of `name: value` lines between two lines of `---`; `NAME.toml` the same as
TOML, the prompt under `prompt`. In either, `{input}` is what was asked, and `{word}` what `-p word=…` says.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from libria.cli.output import Wrong
from libria.paths import config_dir

Json = Any

MAX_BYTES = 1_000_000

EFFORTS = ("minimal", "low", "medium", "high")

_NAME = re.compile(r"\w[\w.-]*")
_HEAD = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class Template:
    """`defaults` are those of its variables. What is None the template does not say."""

    prompt: str = ""
    description: str | None = None
    system: str | None = None
    model: str | None = None
    fallbacks: list[str] = field(default_factory=list[str])
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    schema: str | None = None
    defaults: dict[str, str] = field(default_factory=dict[str, str])

    def filled(self, input: str, given: Mapping[str, str], name: str) -> tuple[str, str | None]:
        """The prompt and the system prompt, every `{word}` replaced. `input` goes below a prompt that has no place
        for it. Raises Wrong for a word without a value, and for a value without a word."""
        wanted = {two for text in (self.prompt, self.system or "") for _, two in _PLACE.findall(text)} - {""}
        for word in sorted(given.keys() - wanted):
            raise Wrong(f"The template {name} has no place for {word!r}: there is no {{{word}}} in it.")
        values = {**self.defaults, **given}
        if "input" not in values and input.strip():
            values["input"] = input
        for word in sorted(wanted - values.keys()):
            if word == "input":
                raise Wrong(f"The template {name} wants an input: write it behind the options, or pipe it in.")
            raise Wrong(f"The template {name} wants a value for {{{word}}}: add -p {word}=…")
        prompt = _fill(self.prompt, values)
        if "input" not in wanted and input.strip():
            prompt = f"{prompt}\n\n{input}" if prompt.strip() else input
        return prompt, None if self.system is None else _fill(self.system, values)


def folder() -> Path:
    return config_dir() / "templates"


def names() -> list[str]:
    """In the order of the alphabet."""
    try:
        files = [file for file in folder().iterdir() if file.suffix in (".md", ".toml") and _NAME.fullmatch(file.stem)]
    except OSError:
        return []
    return sorted({file.stem for file in files})


def find(name: str) -> Path:
    """The file of template `name`, which may also be a path. Raises Wrong when there is none."""
    if "/" in name:
        return Path(name).expanduser()
    if not _NAME.fullmatch(name):
        raise Wrong(f"{name!r} can be no template's name: use letters, digits, dashes.")
    for suffix in (".toml", ".md"):
        if (file := folder() / f"{name}{suffix}").exists():
            return file
    near = _near(name)
    raise Wrong(f"There is no template {name!r}.{near} `libria template edit {name}` makes one.")


def load(file: Path) -> Template:
    """Raises Wrong with a sentence that names the file and what is wrong in it."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Wrong(f"{file} cannot be read ({(error.strerror or 'unknown reason').lower()}).") from None
    if len(data) > MAX_BYTES:
        raise Wrong(f"{file} is larger than {MAX_BYTES // 10**6} MB; that is no template.")
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    fields = _toml(file, text) if file.suffix == ".toml" else _markdown(file, text)
    return _checked(file, fields)


def _toml(file: Path, text: str) -> dict[str, Json]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"{file} is no TOML: {str(error)[:1].lower()}{str(error)[1:]}.") from None


def _markdown(file: Path, text: str) -> dict[str, Json]:
    head = _HEAD.match(text)
    if head is None:
        return {"prompt": text.strip()}
    fields: dict[str, Json] = {"prompt": text[head.end() :].strip()}
    for number, line in enumerate(head[1].splitlines(), 2):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not name:
            raise Wrong(f"{file}, line {number}: write it as name: value.")
        fields[name] = _scalar(name, value)
    return fields


def _scalar(name: str, value: str) -> Json:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    if name == "fallbacks":
        return [one.strip() for one in value.strip("[]").split(",") if one.strip()]
    if name in ("temperature", "max_tokens") and re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return value


def _checked(file: Path, fields: dict[str, Json]) -> Template:
    for name, value in fields.items():
        what = _WANTED.get(name)
        if what is None:
            raise Wrong(f"{file}: there is no {name!r} in a template; it may say {', '.join(_WANTED)}.")
        if not _is(what, value):
            raise Wrong(f"{file}: {name} must be {what}.")
    given = dict(fields)
    if "temperature" in given:
        given["temperature"] = float(given["temperature"])
    if "schema" in given and given["schema"].lstrip()[:1] != "{":
        given["schema"] = str(file.parent / Path(given["schema"]).expanduser())
    given["defaults"] = {name: str(value) for name, value in given.get("defaults", {}).items()}
    return Template(**given)


_WANTED = {
    "prompt": "a text",
    "description": "a text",
    "system": "a text",
    "model": "a text",
    "fallbacks": "a list of texts",
    "temperature": "a number, 0 or more",
    "max_tokens": "a whole number, 1 or more",
    "reasoning_effort": f"one of {', '.join(EFFORTS)}",
    "schema": "a text",
    "defaults": "a table of texts",
}


def _is(what: str, value: Json) -> bool:
    match what:
        case "a text":
            return isinstance(value, str)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in cast("list[object]", value))
        case "a number, 0 or more":
            return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        case "a whole number, 1 or more":
            return isinstance(value, int) and not isinstance(value, bool) and value > 0
        case "a table of texts":
            return isinstance(value, dict) and all(
                isinstance(one, str | int | float) for one in cast("dict[str, Json]", value).values()
            )
        case _:
            return value in EFFORTS


def _fill(text: str, values: Mapping[str, str]) -> str:
    """`{{word}}` is `{word}` itself; other braces are no places, so that code needs no care."""
    return _PLACE.sub(lambda found: f"{{{found[1]}}}" if found[1] else values[found[2]], text)


def _near(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, names(), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""
