"""Criteria that are checked without a model: each gives whether it is met, and what is wrong in a sentence."""

import json

from libria.schemas import faults
from libria.tasks.command import run
from libria.tasks.mend import NoJson, json_in
from libria.tasks.messages import Output
from libria.tasks.order import Command, Contains, Criterion, MaxLength, Prose, Regex, Schema, Wanted

SHOWN = 200
"""Characters of the issues' quotes."""


async def check(criterion: Criterion, output: Output, wanted: Wanted, *, allow_commands: bool) -> str | None:
    """Why `criterion` is not met, None where it is. Not for prose."""
    assert not isinstance(criterion, Prose)
    if isinstance(criterion, Command):
        if not allow_commands:
            return "commands are not allowed: set allow_commands = true in [tasks] of the config to run them"
        return await run(criterion, output, wanted)
    subject = _subject(output, wanted, criterion.path)
    if subject is None:
        return f"there is no file {criterion.path}" if criterion.path else "name the file with path: there are several"
    if isinstance(criterion, Schema):
        return _schema(criterion, subject)
    if isinstance(criterion, Regex):
        return _regex(criterion, subject)
    if isinstance(criterion, Contains):
        return None if criterion.text in subject else f"it does not contain {_quoted(criterion.text)}"
    length = len(subject)
    return None if length <= criterion.length else f"it has {length} characters, {criterion.length} are allowed"


def named(criterion: Criterion) -> str:
    """The criterion in words, for the model and for people."""
    if isinstance(criterion, Prose):
        return criterion.text
    if isinstance(criterion, Command):
        return f"the command succeeds: {' '.join(criterion.argv)}"
    what = f"the file {criterion.path}" if criterion.path else "it"
    if isinstance(criterion, Schema):
        return f"{what} is valid JSON by this schema: {json.dumps(criterion.schema, ensure_ascii=False)}"
    if isinstance(criterion, Regex):
        return f"{what} matches the regular expression {criterion.pattern}"
    if isinstance(criterion, Contains):
        return f"{what} contains {_quoted(criterion.text)}"
    assert isinstance(criterion, MaxLength)
    return f"{what} has at most {criterion.length} characters"


def _subject(output: Output, wanted: Wanted, path: str | None) -> str | None:
    """What is looked at. Without a `path`, all files of several one after another, which no JSON is."""
    if path is not None:
        return next((file.content for file in output.files if file.path == path), None)
    if wanted == "files":
        return "\n".join(file.content for file in output.files)
    return output.code if wanted == "code" else output.summary


def _schema(criterion: Schema, subject: str) -> str | None:
    try:
        value = json_in(subject)
    except NoJson as error:
        return f"it is no JSON: {error}"
    found = faults(criterion.schema, value)
    return _cut(" ".join(found[:5])) if found else None


def _regex(criterion: Regex, subject: str) -> str | None:
    """By the engine of JSON Schema's `pattern`, whose search ends: a pattern from outside may backtrack for ever."""
    found = faults(pattern_schema(criterion.pattern), subject)
    if not found:
        return None
    if "backtracking" in found[0]:
        return f"the expression {_quoted(criterion.pattern)} takes too long here; write it with less repetition"
    return f"it does not match the regular expression {_quoted(criterion.pattern)}"


def pattern_schema(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": pattern}


def _quoted(text: str) -> str:
    return f"“{_cut(text)}”"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
