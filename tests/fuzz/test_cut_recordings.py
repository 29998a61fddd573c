"""The end of bytes before the provider's last word is never a success with less than the whole.

That is the silent failure which the vendors' own SDKs have: they return what had come."""

import json
import random
import re
from contextlib import suppress

from fuzz_body import ROUNDS, dice, hear
from wire_exchanges import Answerer, answerer
from wire_expectations import STOP_REASONS, Heard
from wire_recordings import Recording

from libria_providers.errors import ProviderError
from libria_providers.types import Finish, Vectors

BROKEN = ("interrupted", "disconnected", "invalidResponse")


def test_a_stream_cut_anywhere(stream: Recording) -> None:
    """At the ends of events, and at random places within them."""
    who = answerer(stream)
    body = stream.body
    whole = _hear(who, stream, [body])
    for at in _places(body, dice(stream.file)):
        cut = _hear(who, stream, [body[:at]])
        _check(stream, cut, whole, f"cut at {at} of {len(body)}: …{body[max(0, at - 60) : at]!r}")


def test_a_connection_that_breaks(stream: Recording) -> None:
    """As above, but the bytes end with a reset of the connection; it may be seen within a chunk."""
    who = answerer(stream)
    whole = _hear(who, stream, [stream.body])
    pieces = [piece + b"\n\n" for piece in re.split(rb"(?:\r?\n){2}", stream.body)]
    for count in {0, 1, len(pieces) // 2, len(pieces) - 2, len(pieces) - 1} - {-1}:
        _check(stream, _hear(who, stream, pieces[:count]), whole, f"{count} of {len(pieces)} events")


def test_a_body_cut_anywhere(whole_body: Recording) -> None:
    who = answerer(whole_body)
    body = whole_body.body
    whole = _hear(who, whole_body, [body])
    for at in _places(body, dice(whole_body.file)):
        for stream in (True, False):
            cut = hear(who.exchange, who.quirks, [body[:at]], stream=stream)
            where = f"cut at {at} of {len(body)}, stream={stream}: …{body[max(0, at - 60) : at]!r}"
            _check(whole_body, cut, whole, where)


def test_a_list_cut_anywhere(listed: Recording) -> None:
    dialect = answerer(listed).row.dialect
    whole = dialect.models(listed.body, "p")
    for at in _places(listed.body, dice(listed.file)):
        with suppress(ProviderError):
            assert dialect.models(listed.body[:at], "p") == whole


def _places(body: bytes, rng: random.Random) -> list[int]:
    """Where to cut: around the ends of lines, most of all the last ones, and anywhere."""
    ends = [match.end() for match in re.finditer(rb"\r?\n|\r", body)]
    lines = {*ends[-8:], *rng.sample(ends, min(len(ends), ROUNDS))}
    anywhere = {rng.randrange(len(body)) for _ in range(ROUNDS)} | set(range(max(0, len(body) - ROUNDS), len(body)))
    return sorted({at - back for at in lines for back in (0, 1, 2) if at >= back} | anywhere)


def _hear(who: Answerer, recording: Recording, pieces: list[bytes]) -> Heard:
    return hear(who.exchange, who.quirks, pieces, stream=recording.streamed)


def _check(recording: Recording, cut: Heard, whole: Heard, where: str) -> None:
    # OpenRouter says an error after a stop reason: up to there it is a success.
    said = recording.expected["finish_reason"].lower() in STOP_REASONS
    finishes = [event for event in cut.events if isinstance(event, Finish)]
    if not finishes:
        assert cut.error is not None, where
        # Where the whole is an error, it or half of it may have come before the cut.
        assert whole.error or cut.error.kind in BROKEN, f"{cut.error.kind} {cut.error.message} {where}"
        assert whole.text.startswith(cut.text), where
        return
    assert cut.error is None, where
    assert whole.error is None or said, f"a success where the whole is none: {where}"
    assert cut.text == whole.text, f"a success with less than the whole: {where}"
    assert cut.reasoning == whole.reasoning, f"a success with less than the whole: {where}"
    assert _calls(cut) == _calls(whole), f"a success with less than the whole: {where}"
    if whole.error is None:
        assert cut.finish.stop_reason == whole.finish.stop_reason, where
    assert [e for e in cut.events if isinstance(e, Vectors)] == [e for e in whole.events if isinstance(e, Vectors)]


def _calls(heard: Heard) -> str:
    """Without the ids that some vendors do not say and we make up."""
    return json.dumps([[name, arguments] for _, name, arguments in heard.tool_calls()], sort_keys=True)
