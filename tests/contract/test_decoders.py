"""Every recording through its exchange, in any pieces."""

import pytest
from wire_exceptions import EXCEPTIONS, Departure
from wire_exchanges import answerer
from wire_expectations import Heard, check
from wire_recordings import Recording, recordings
from wire_replay import read

from libria_providers.errors import ProviderError


def test_whole(recording: Recording) -> None:
    _check(recording, [recording.body])


def test_as_recorded(chunked: Recording) -> None:
    _check(chunked, chunked.pieces())


def test_byte_by_byte(stream: Recording) -> None:
    body = stream.body
    _check(stream, [body[at : at + 1] for at in range(len(body))])


@pytest.mark.parametrize("departure", EXCEPTIONS, ids=lambda one: f"{one.field}: {one.reason}"[:50])
def test_an_exception_is_for_some_recording(departure: Departure) -> None:
    assert any(departure.concerns(one) for one in recordings())


def _check(recording: Recording, pieces: list[bytes]) -> None:
    who = answerer(recording)
    if recording.endpoint == "models":
        check(recording, _models(recording), who)
    else:
        check(recording, read(recording, who, pieces), who)


def _models(recording: Recording) -> Heard:
    who = answerer(recording)
    try:
        listed = who.row.dialect.models(recording.body, "p")
        return Heard(models=[one.id.removeprefix("p/") for one in listed])
    except ProviderError as error:
        return Heard(error=error)
