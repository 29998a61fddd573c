"""Whatever becomes of a body on its way, reading it gives events or one ProviderError, and soon."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from fuzz_body import ROUNDS, dice, hear
from wire_exchanges import answerer
from wire_expectations import Heard
from wire_recordings import Recording

from libria_providers.errors import ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Finish

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 2**70, 1.5, 1e300, "", "x", "stop", "error", "0", "null", "{", '{"a":1}', "\ud800",
    [], {}, [None], [[]], [{}], [1, "a"], {"": None}, {"type": "text", "text": "t"}, {"error": "e"},
)  # fmt: skip

MARKS = (b"\n", b"\r", b'"', b"{", b"}", b"[", b"\\", b"\x00", b"\xff", b",")


def test_events_lost_doubled_or_out_of_order(stream: Recording) -> None:
    for rng in _rounds(stream):
        pieces = _pieces(stream.body)
        for _ in range(min(rng.choice([1, 1, 1, 3]), len(pieces))):
            match rng.randrange(4):
                case 0:
                    pieces.pop(rng.randrange(len(pieces)))
                case 1:
                    pieces.insert(rng.randrange(len(pieces)), rng.choice(pieces))
                case 2:
                    rng.shuffle(pieces)
                case _:
                    pieces.reverse()
        _check(stream, pieces)


def test_bytes_flipped_lost_or_added(recording: Recording) -> None:
    for rng in _rounds(recording):
        body = bytearray(recording.body)
        for _ in range(rng.choice([1, 1, 4, 40])):
            at = rng.randrange(len(body)) if body else 0
            match rng.randrange(4):
                case 0:
                    body[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    body[at:at] = rng.randbytes(rng.choice([1, 3, 30]))
                case 2:
                    del body[at : at + rng.choice([1, 5, 500])]
                case _:
                    body[at : at + 1] = rng.choice(MARKS)
        _check(recording, _cut(bytes(body), rng))


def test_any_value_in_place_of_another(recording: Recording) -> None:
    """A field has another type, is missing or is new: what a gateway or the next version may send."""
    for rng in _rounds(recording):
        pieces = _pieces(recording.body) if recording.streamed else [recording.body]
        for _ in range(rng.choice([1, 1, 2, 8])):
            at = rng.randrange(len(pieces))
            pieces[at] = _changed(pieces[at], rng)
        _check(recording, pieces)


def _rounds(recording: Recording) -> Iterator[random.Random]:
    for number in range(ROUNDS):
        yield dice(f"{recording.file} {number}")


def _pieces(body: bytes) -> list[bytes]:
    """Each event or line, with what ends it."""
    events = re.findall(rb".+?(?:(?:\r?\n){2}|\Z)", body, re.DOTALL)
    return events if len(events) > 2 else re.findall(rb"[^\n]*\n|[^\n]+\Z", body)


def _cut(body: bytes, rng: random.Random) -> list[bytes]:
    places = sorted(rng.randrange(len(body) + 1) for _ in range(rng.choice([0, 1, 5])))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


def _changed(piece: bytes, rng: random.Random) -> bytes:
    """`piece` with one value of its JSON replaced, removed or added."""
    start = re.search(rb"[{\[]", piece)
    if start is None:
        return piece
    end = max(piece.rfind(b"}"), piece.rfind(b"]")) + 1
    try:
        value = json.loads(piece[start.start() : end])
    except ValueError:
        return piece
    places = list(_places(value))
    holder, key = rng.choice(places) if places else (value, None)
    if key is None:
        value = rng.choice(ODD)
    elif rng.randrange(5) == 0:
        del holder[key]
    elif rng.randrange(5) == 0 and isinstance(holder, dict):
        _, other = rng.choice(places)
        holder[str(other)] = rng.choice(ODD)
    else:
        holder[key] = rng.choice(ODD)
    return piece[: start.start()] + json.dumps(value).encode() + piece[end:]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index) within `value`."""
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(inner)


def _check(recording: Recording, pieces: list[bytes]) -> None:
    who = answerer(recording)
    body = b"".join(pieces)
    if recording.endpoint == "models":
        try:
            for model in who.row.dialect.models(body, "p"):
                assert isinstance(model.id, str)
        except ProviderError as error:
            _check_error(error)
        return
    if not 200 <= recording.status < 300:
        _check_error(who.exchange.error(recording.status, recording.headers, body))
        return
    heard = hear(who.exchange, who.quirks, pieces, stream=recording.streamed)
    finishes = [event for event in heard.events if isinstance(event, Finish)]
    assert len(finishes) == (heard.error is None)
    if heard.error is not None:
        _check_error(heard.error)
    else:
        _check_answer(heard)


def _check_error(error: ProviderError) -> None:
    assert error.message.isprintable()
    assert len(error.message) < 500
    assert error.code is None or isinstance(error.code, str)
    assert error.request_id is None or isinstance(error.request_id, str)
    assert error.retry_after is None or error.retry_after > 0


def _check_answer(heard: Heard) -> None:
    """It is last, and everything in it can be said in the result of a call."""
    finish = heard.finish
    usage = finish.usage
    numbers = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert all(number is None or type(number) is int for number in numbers), usage
    assert isinstance(finish.served_model, str)
    answer = Answer()
    for event in heard.events:
        answer.add(event)
    for said in (answer.text, answer.reasoning, *(text for call in answer.tool_texts() for text in call)):
        said.encode()
    assert finish.opaque is None or json.dumps(finish.opaque, allow_nan=False).encode()
    assert all(identity for identity, _, _ in answer.tool_texts())
