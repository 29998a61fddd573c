"""INDEX.tsv has the vendor's numbers; this is our one arithmetic over them."""

import re

import wire_bodies
from wire_recordings import Recording

from libria_providers.dialects.base import Quirks
from libria_providers.types import Usage

_INPUT = re.compile("prompt|input", re.IGNORECASE)
_CACHED = re.compile("cache", re.IGNORECASE)
_REASONING = re.compile("reason|thought|thinking", re.IGNORECASE)


def expected_usage(recording: Recording, quirks: Quirks) -> Usage:
    """Input is all of it, cached or not; output is all of it, reasoning included."""
    line = recording.expected
    into, out = int(line["usage_in"] or 0), int(line["usage_out"] or 0)
    cached = int(line["cached_in"]) if line["cached_in"] else None
    reasoning = int(line["reasoning_out"]) if line["reasoning_out"] else None
    written = 0
    vendor = recording.endpoint.partition(".")[0]
    if vendor == "anthropic":
        written = wire_bodies.greatest(recording, "cache_creation_input_tokens")
        into += (cached or 0) + written
    elif vendor == "bedrock":
        written = wire_bodies.greatest(recording, "cacheWriteInputTokens")
        into += wire_bodies.greatest(recording, "cacheReadInputTokens") + written
    elif vendor == "gemini":
        into += wire_bodies.greatest(recording, "toolUsePromptTokenCount")
        out += reasoning or 0
    elif quirks.reasoning_outside_output:
        out += reasoning or 0
    return Usage(into, out, cached or None, reasoning or None, written or None)


def comparable(recording: Recording, expected: Usage, got: Usage) -> Usage:
    """`got` as the index would have it. Of some vendors it leaves out the input of embeddings, what is said
    of caches and of reasoning: there any number that the body says is right, as is 0 for nothing."""
    into, cached, reasoning = got.input_tokens, got.cached_input_tokens or None, got.reasoning_tokens or None
    written = got.cache_write_input_tokens or None
    if not recording.expected["usage_in"] and into in _numbers(recording, _INPUT):
        into = 0
    if expected.cached_input_tokens is None and cached in _numbers(recording, _CACHED):
        cached = None
    if expected.reasoning_tokens is None and reasoning in _numbers(recording, _REASONING):
        reasoning = None
    if expected.cache_write_input_tokens is None and written in _numbers(recording, _CACHED):
        written = None
    return Usage(into, got.output_tokens, cached, reasoning, written)


def _numbers(recording: Recording, named: re.Pattern[str]) -> set[int]:
    fields = wire_bodies.fields(list(wire_bodies.values(recording)))
    return {value for name, value in fields if isinstance(value, int) and named.search(name)}
