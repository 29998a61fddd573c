"""JSON out of an answer that should be nothing else: found among words, and mended where only its form is wrong.

Our own few rules rather than a library that always makes something: what is not understood must be asked for
again, and a repair that guesses drops a file without a word.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

from libria.tasks.fences import blocks
from libria_providers.types import Json

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|[^"\[\]{},]+|"', re.DOTALL)
_BEGINS = re.compile(r"\{\s*\"|\[\s*[\[{\"]")
_WORDS = {"True": "true", "False": "false", "None": "null"}
_WORD = re.compile(r"\b(True|False|None)\b")

LOOKS = 20
"""Fenced blocks of an answer that may be the JSON."""


class NoJson(Exception):
    """What is wrong with it, for whoever has to write it again."""


def json_in(text: str) -> Json:
    """The JSON value that `text` is, or that it holds in a fence or among words. Raises NoJson."""
    first: Exception | None = None
    for candidate in _candidates(text):
        for attempt in (candidate, _mended(candidate)):
            try:
                value: Json = json.loads(attempt, strict=False, parse_constant=_no_constant)
            except (ValueError, RecursionError) as error:
                first = first or error
            else:
                return value
    reason = f"{first.msg} at line {first.lineno}" if isinstance(first, json.JSONDecodeError) else "it is not JSON"
    raise NoJson(reason)


def _candidates(text: str) -> Iterator[str]:
    """The largest first: a piece of something broken is not what was meant."""
    yield text.strip()
    for block in blocks(text)[:LOOKS]:
        yield block.content.strip()
    decoder = json.JSONDecoder(strict=False)
    found = _BEGINS.search(text)
    if found is not None:
        with suppress(ValueError, RecursionError):
            _, end = decoder.raw_decode(text, found.start())
            yield text[found.start() : end]
    for opens, closes in ("{}", "[]"):
        begin, end = text.find(opens), text.rfind(closes)
        if 0 <= begin < end:
            yield text[begin : end + 1]


def _mended(text: str) -> str:
    """Without commas before a closing bracket, and Python's words made JSON's; what is in strings stays as it is."""
    pieces = _PIECE.findall(text)
    kept: list[str] = []
    for piece in pieces:
        if piece in ("]", "}"):
            blank = kept.pop() if kept and not kept[-1].strip() else ""
            if kept and kept[-1] == ",":
                kept.pop()
            kept.append(blank)
        elif piece[0] != '"':
            piece = _WORD.sub(lambda found: _WORDS[found[1]], piece)
        kept.append(piece)
    return "".join(kept)


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
