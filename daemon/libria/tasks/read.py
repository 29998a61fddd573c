"""A model's answer made the output that a task wants."""

import re
from collections.abc import Sequence

import msgspec

from libria.tasks.fences import Block, blocks, without
from libria.tasks.mend import NoJson, json_in
from libria.tasks.messages import File, Output
from libria.tasks.order import Wanted
from libria.tasks.paths import safe
from libria_providers.types import Json

MOST_FILES = 1000
MOST_BYTES = 16 * 1024 * 1024
"""Of all files of one output."""

FILES_SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string", "description": "What was done, in a few sentences."},
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "Relative, with / between its parts."},
                    "content": {"type": "string", "description": "The whole file."},
                },
                "required": ["path", "content"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["summary", "files"],
    "additionalProperties": False,
}

_PATH = re.compile(r"[\w.@()+-]+(?:/[\w.@()+ -]+)*")
_TITLE = re.compile(r"(?:title|path|file|filename|name)\s*[=:]\s*[\"']?([^\"'\s}]+)")
_LABEL = re.compile(r"(?:file(?:name)?|path)\s*:\s*", re.IGNORECASE)
_NAMES = ("Makefile", "Dockerfile", "LICENSE", "README", "Procfile", "Justfile", "Rakefile", "Gemfile")


class Unreadable(Exception):
    """The answer is not what was asked for; the text says why, to the model and to people."""


class _Said(msgspec.Struct):
    files: list[File]
    summary: str = ""


def read(answer: str, wanted: Wanted) -> tuple[Output, list[str]]:
    """The output, and what is to be said about it. Nothing of the answer is lost. Raises Unreadable."""
    if not answer.strip():
        raise Unreadable("the answer is empty")
    if wanted == "text":
        return Output(summary=answer), []
    return _code(answer) if wanted == "code" else _files(answer)


def _code(answer: str) -> tuple[Output, list[str]]:
    found = blocks(answer)
    if not found:
        raise Unreadable("it holds no fenced block of code")
    longest = max(found, key=lambda block: len(block.content))
    if not longest.content.strip():
        raise Unreadable("its block of code is empty")
    said = without(answer, [longest])
    if len(found) == 1:
        return Output(code=longest.content, summary=said), []
    issue = f"The answer holds {len(found)} blocks of code: the longest is the code, the others are in the summary."
    return Output(code=longest.content, summary=said), [issue]


def _files(answer: str) -> tuple[Output, list[str]]:
    fault = ""
    if answer.lstrip().startswith(("{", "[", "```json\n")) or '"files"' in answer:
        try:
            return _from_json(json_in(answer)), []
        except NoJson as error:
            fault = f"its JSON cannot be read ({error})"
        except Unreadable as error:
            if not any(_path_of(block) for block in blocks(answer)):
                raise
            fault = str(error)
    try:
        return _from_fences(answer)
    except Unreadable as error:
        raise Unreadable(fault or str(error)) from None


def _from_json(value: Json) -> Output:
    try:
        said = msgspec.convert({"files": value} if isinstance(value, list) else value, _Said)
    except msgspec.ValidationError as error:
        raise Unreadable(f"its JSON is not of the form that was asked for ({error})") from None
    return Output(files=_checked([(file.path, file.content) for file in said.files]), summary=said.summary)


def _from_fences(answer: str) -> tuple[Output, list[str]]:
    found = blocks(answer)
    named = [(block, path) for block in found if (path := _path_of(block))]
    if not named:
        raise Unreadable("no file in it is named" if found else "it holds no files")
    files = _checked([(path, block.content) for block, path in named])
    output = Output(files=files, summary=without(answer, [block for block, _ in named]))
    rest = len(found) - len(named)
    return output, [f"The answer holds {rest} blocks without a file's name: they are in the summary."] if rest else []


def _checked(pairs: Sequence[tuple[str, str]]) -> list[File]:
    files: dict[str, File] = {}
    for path, content in pairs:
        sound = safe(path)
        shown = "".join(char if char.isprintable() else "?" for char in path)[:100]
        if sound is None:
            raise Unreadable(
                f"the path “{shown}” is not relative, or leaves its folder, or cannot be written everywhere"
            )
        if sound in files:
            raise Unreadable(f"the file “{shown}” is in it twice")
        files[sound] = File(path=sound, content=content)
    if not files:
        raise Unreadable("it holds no files")
    if len(files) > MOST_FILES:
        raise Unreadable(f"it holds more than {MOST_FILES} files")
    if sum(len(file.content.encode("utf-8", "replace")) for file in files.values()) > MOST_BYTES:
        raise Unreadable(f"its files are larger than {MOST_BYTES // 1024 // 1024} MiB together")
    return list(files.values())


def _path_of(block: Block) -> str | None:
    """In the block's own line, else in the line above it, as models write it."""
    titled = _TITLE.search(block.info)
    words = [titled[1]] if titled else block.info.replace(":", " ").split()
    for word in reversed(words):
        if _like_a_path(word):
            return word
    line = _LABEL.sub("", block.before.strip("#*_ \t")).strip("*_`: \t")
    ticked = re.findall(r"`([^`]+)`", block.before)
    for word in (*ticked, line):
        if _like_a_path(word):
            return str(word)
    return None


def _like_a_path(word: str) -> bool:
    """Also a bad one, which is then refused rather than overlooked."""
    if word.startswith(("../", "/", "~/", "./", "..\\")) and len(word) > 2 and " " not in word:
        return True
    if not _PATH.fullmatch(word):
        return False
    name = word.rsplit("/", 1)[-1]
    return "/" in word or name in _NAMES or bool(re.fullmatch(r"\.?[\w@+-][\w.@+-]*\.\w{1,10}|\.\w[\w.-]+", name))
