"""The names of the simulator's models: what to answer, and what goes wrong on the way.

    name   = [PREFIX "/"] word *("+" word)
    word   = NAME [":" ARGUMENT]

The first word may be a model (`story`, `fast:2000`); without one the model is `story`. Every other
word is an option. `WORDS` is the whole vocabulary; the README's table is checked against it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["flag", "number", "count", "fraction", "status", "text"]
Group = Literal["pace", "answer", "fault"]

MOST_DELTAS = 5_000_000


@dataclass(frozen=True, slots=True)
class Word:
    """One option. `default` counts where the argument is left out; None means it must be given.
    What is in the group "fault" is what `once` and `times` switch off."""

    group: Group
    kind: Kind
    default: float | None
    about: str


MODELS: Mapping[str, str] = {
    "story": "a story of a few hundred words, 80 deltas a second",
    "code": "a short Python program, 80 deltas a second",
    "reason": "reasoning, then the answer, 80 deltas a second",
    "echo": "the last user text, as fast as it goes",
    "tools": "calls the first tool; after a tool result answers with text that quotes it",
    "parallel-tools": "calls every tool (a single one twice); after the results answers with text",
    "json": "a valid instance of the schema in the response format",
    "fast": "N deltas (default 200) as fast as they go",
}

WORDS: Mapping[str, Word] = {
    "rate": Word("pace", "number", None, "N deltas a second; 0 for no pause"),
    "count": Word("pace", "count", None, "exactly N deltas of text: repeated or cut short"),
    "think": Word("answer", "flag", 1, "reasoning before the answer, with any model"),
    "say": Word("answer", "text", None, "this text, percent-encoded"),
    "cached": Word("answer", "count", 64, "N input tokens are reported as read from the cache"),
    "limits": Word("answer", "flag", 1, "the vendor's rate-limit headers"),
    "length": Word("answer", "fraction", 0.5, "finishes at this part of the text, for its length"),
    "filter": Word("answer", "fraction", 0.5, "finishes at this part, for the content filter"),
    "refusal": Word("answer", "flag", 1, "the model refuses, in the vendor's way"),
    "once": Word("fault", "flag", 1, "faults only for the first call of this exact name"),
    "times": Word("fault", "count", None, "faults only for the first N calls of this exact name"),
    "status": Word("fault", "status", None, "this HTTP status with the vendor's error body"),
    "quota": Word("fault", "flag", 1, "no credit is left: 429, or 402, as the vendor says it"),
    "context-length": Word("fault", "flag", 1, "400: the prompt is too long"),
    "prompt-filter": Word("fault", "flag", 1, "400, or as the vendor says it: the prompt was filtered"),
    "no-prefill": Word("fault", "flag", 1, "400 when the last message is the assistant's"),
    "retry-after": Word("fault", "text", None, "this header"),
    "retry-after-ms": Word("fault", "text", None, "this header"),
    "x-should-retry": Word("fault", "text", None, "this header, true or false"),
    "header": Word("fault", "text", None, "any header: NAME=VALUE"),
    "headers": Word("fault", "number", None, "MS milliseconds before the status line"),
    "first": Word("fault", "number", None, "MS milliseconds between the headers and the first delta"),
    "trickle": Word("fault", "number", 10, "seven bytes at a time, one piece every MS milliseconds"),
    "reset": Word("fault", "flag", 1, "TCP reset before any byte"),
    "close": Word("fault", "flag", 1, "orderly close before any byte"),
    "silent": Word("fault", "flag", 1, "reads the request and never answers"),
    "stale": Word("fault", "flag", 1, "closes without a byte, but only on a connection used before"),
    "drop": Word("fault", "flag", 1, "promises keep-alive and closes after the answer"),
    "cut": Word("fault", "fraction", 0.5, "TCP reset at this part of the deltas"),
    "cut-fin": Word("fault", "fraction", 0.5, "orderly close at this part, in the middle of the body"),
    "end": Word("fault", "fraction", 0.5, "the body ends well at this part, but the answer does not"),
    "stall": Word("fault", "fraction", 0.5, "silent for ever from this part on"),
    "error": Word("fault", "fraction", 0.5, "the vendor's error event at this part"),
    "malformed": Word("fault", "count", 10, "the Nth event is broken JSON"),
    "no-done": Word(
        "fault", "flag", 1, "without the vendor's mark of the end, if it has one: `[DONE]`, `message_stop`"
    ),
    "no-finish": Word("fault", "flag", 1, "without the event that says why it finished"),
    "html": Word("fault", "flag", 1, "200 with a page of text/html"),
    "json-body": Word("fault", "flag", 1, "one JSON body, although a stream was asked for"),
    "error-200": Word("fault", "flag", 1, "200 with an error body"),
    "comments": Word("fault", "count", 5, "a keep-alive comment, blank line or ping before every Nth event"),
    "crlf": Word("fault", "flag", 1, "lines end in CRLF"),
    "split": Word("fault", "count", 7, "HTTP chunks (or frames) of N bytes, whatever the events are"),
}


class UnknownModel(Exception):
    """The name is not in the grammar: the simulator answers as vendors do to an unknown model."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed name. `deltas` is the argument of `fast`."""

    model: str
    deltas: int
    options: Mapping[str, str]

    def __contains__(self, word: str) -> bool:
        return word in self.options

    def number(self, word: str) -> float:
        """The numeric argument of an option that is there."""
        return _number(word, self.options[word])

    def find(self, *words: str) -> str | None:
        """The first of `words` that is there."""
        return next((word for word in words if word in self.options), None)

    def plus(self, other: "Spec") -> "Spec":
        return Spec(self.model, self.deltas, {**self.options, **other.options})

    def without_faults(self) -> "Spec":
        kept = {word: text for word, text in self.options.items() if WORDS[word].group != "fault"}
        return Spec(self.model, self.deltas, kept)


def parse(name: str) -> Spec:
    """Raises UnknownModel, whose text says which word is not understood."""
    words = _without_prefix(name).split("+")
    model, _, argument = words[0].partition(":")
    deltas = 200
    if model in MODELS:
        words = words[1:]
        if argument and model != "fast":
            raise UnknownModel(f"`{model}` takes no argument")
        if argument:
            deltas = int(_checked("fast", "count", argument))
    elif model in WORDS:
        model = "story"
    options: dict[str, str] = {}
    for text in words:
        word, colon, argument = text.partition(":")
        known = WORDS.get(word)
        if known is None:
            raise UnknownModel(f"`{word}` is not a word of the simulator")
        if known.kind == "flag" and colon:
            raise UnknownModel(f"`{word}` takes no argument")
        if not colon and known.default is None:
            raise UnknownModel(f"`{word}` needs an argument")
        if colon:
            _checked(word, known.kind, argument)
        options[word] = argument
    return Spec(model, deltas, options)


def _without_prefix(name: str) -> str:
    head = name.split("+")[0].split(":")[0]
    return name[head.rfind("/") + 1 :]


def _number(word: str, argument: str) -> float:
    if argument:
        return float(argument)
    default = WORDS[word].default
    assert default is not None, f"{word} has neither argument nor default"
    return default


def _checked(word: str, kind: Kind, argument: str) -> float:
    if kind == "text":
        if argument and argument.isprintable():
            return 0
        raise UnknownModel(f"`{word}` needs a printable argument")
    try:
        number = float(argument)
    except ValueError:
        raise UnknownModel(f"`{word}` takes a number, not `{argument}`") from None
    whole = number == int(number) if math.isfinite(number) else False
    good = {
        "flag": False,
        "number": math.isfinite(number) and number >= 0,
        "count": whole and 0 < number <= MOST_DELTAS,
        "fraction": 0 <= number <= 1,
        "status": whole and 400 <= number <= 599,
    }[kind]
    if not good:
        raise UnknownModel(f"`{word}` does not take `{argument}`")
    return number
