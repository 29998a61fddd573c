"""Where we answer otherwise than the expectations say, on purpose: a table, each line with its reason.

An exception is for one field of what is checked; the others hold. One that no longer differs fails."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wire_recordings import Recording


@dataclass(frozen=True, slots=True)
class Departure:
    """`field` is the name in wire_expectations.py, or "exchange" for a recording that nobody reads."""

    field: str
    concerns: Callable[[Recording], bool]
    reason: str


EXCEPTIONS: tuple[Departure, ...] = (
    Departure(
        "path",
        lambda one: one.endpoint == "ollama.embed" and "/api/embeddings" in one.url,
        "/api/embed supersedes it, and takes many texts: https://docs.ollama.com/api/embed",
    ),
    Departure(
        "path",
        lambda one: one.endpoint == "llamacpp.completion" and one.url.endswith("/completion"),
        "/infill is asked, whose replies are the same: it puts a model's own marks around prefix and suffix",
    ),
    Departure(
        "path",
        lambda one: one.endpoint == "openai.embeddings" and one.url.endswith("/embedding"),
        "llama.cpp's own address; the one that is asked is OpenAI's, beside it",
    ),
    Departure(
        "path",
        lambda one: one.endpoint == "models" and one.provider == "bedrock",
        "recorded of Bedrock's OpenAI-compatible address; the row asks the API that lists what Converse takes",
    ),
)

used: dict[Departure, set[str]] = defaultdict(set)
"""The recordings for which each was needed, for the summary."""


def but_for_exceptions(
    recording: Recording, wrong: Mapping[str, tuple[Any, Any]], checked: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """`wrong` without what the table allows, and with what it allows for nothing."""
    left = dict(wrong)
    for exception in EXCEPTIONS:
        if exception.field in checked and exception.concerns(recording):
            if exception.field in wrong:
                used[exception].add(recording.file)
                left.pop(exception.field, None)
            else:
                left[exception.field] = ("as expected", f"an exception: {exception.reason}")
    return left
