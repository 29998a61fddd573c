"""Every recording through the SSE reader and its dialect, in any pieces."""

from collections.abc import Iterable

from wire_expectations import Heard, check
from wire_recordings import Recording

from libria_providers.errors import ProviderError
from libria_providers.sse import SSEReader


def read(recording: Recording, pieces: Iterable[bytes]) -> Heard:
    heard = Heard([])
    dialect, quirks = recording.dialect, recording.quirks
    try:
        if not 200 <= recording.status < 300:
            raise dialect.error(recording.status, recording.headers, recording.body)
        if not recording.streamed:
            heard.events += dialect.whole(recording.body, quirks)
            return heard
        reader, decoder = SSEReader(), dialect.decoder(quirks)
        for piece in pieces:
            for event, data in reader.feed(piece):
                heard.events += decoder.feed(event, data)
        for event, data in reader.end():
            heard.events += decoder.feed(event, data)
        heard.events += decoder.end()
    except ProviderError as error:
        heard.error = error
    return heard


def test_whole(recording: Recording) -> None:
    check(recording, read(recording, [recording.body]))


def test_as_recorded(chunked: Recording) -> None:
    check(chunked, read(chunked, chunked.pieces()))


def test_byte_by_byte(stream: Recording) -> None:
    body = stream.body
    check(stream, read(stream, (body[at : at + 1] for at in range(len(body)))))
