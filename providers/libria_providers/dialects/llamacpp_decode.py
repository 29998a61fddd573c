"""Reads what llama.cpp's server says in its own format at /infill and /completion, streamed or whole.

https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-completion-given-a-prompt-it-returns-the-predicted-completion
"""

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.said import UNREADABLE, any_json, items, mapping
from libria_providers.errors import Interrupted, InvalidResponse
from libria_providers.types import Delta, Event, Finish, Usage

_NOT_ITS_FORMAT = "The provider sent something that is not llama.cpp's completion; check its address."
_NOTHING = (b"", b"null", b'""', b"{}", b"false")
_Number = int | float | None


class Timings(msgspec.Struct):
    cache_n: _Number = None
    prompt_n: _Number = None
    predicted_n: _Number = None


class Piece(msgspec.Struct):
    """One event, or a whole reply; the one with `stop` is the last. `stop_type` is eos, word or limit;
    older servers say `stopped_limit`. `tokens_evaluated` is the whole prompt, cached or not."""

    index: int = 0
    content: str | None = None
    stop: bool | None = None
    stop_type: str | None = None
    stopped_limit: bool | None = None
    model: str | None = None
    tokens_evaluated: _Number = None
    tokens_predicted: _Number = None
    timings: Timings | None = None
    error: msgspec.Raw = msgspec.Raw()


class InfillDecoder:
    """Finish comes with the event that says `stop`."""

    ending = False  # nothing follows that event, and until it anything may
    _json = msgspec.json.Decoder(Piece)

    def __init__(self) -> None:
        self._finished = False

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished or not data.strip() or data[:6] == b"[DONE]":
            return []
        if event == "error":
            raise stated(any_json(data))
        try:
            piece = self._json.decode(data)
        except UNREADABLE:
            better = lenient.read(data, Piece)
            if better is None:
                raise InvalidResponse(_NOT_ITS_FORMAT) from None
            piece = better
        if piece.error and bytes(piece.error) not in _NOTHING:
            raise stated(any_json(data))
        if piece.content is None and piece.stop is None:
            return self._unknown(data)
        events: list[Event] = []
        if piece.index == 0:
            if piece.content:
                events.append(Delta(piece.content))
            if piece.stop:
                events.append(self._finish(piece))
        return events

    def end(self) -> list[Event]:
        if self._finished:
            return []
        raise Interrupted("The provider broke off before the end of its reply; try again.")

    def whole(self, body: bytes) -> list[Event]:
        """One object, or an array of such where several were asked for."""
        value = any_json(body)
        bodies = [msgspec.json.encode(one) for one in items(value)] or [body]
        events = [event for one in bodies for event in self.feed("", one)]
        if not self._finished:
            raise InvalidResponse(_NOT_ITS_FORMAT)
        return events

    def _unknown(self, data: bytes) -> list[Event]:
        """Progress of the prompt and what else may be added says nothing; in its place, an error may."""
        said = mapping(any_json(data))
        if "message" in said and ("code" in said or "type" in said):
            raise stated(any_json(data))
        return []

    def _finish(self, piece: Piece) -> Finish:
        self._finished = True
        timings = piece.timings or Timings()
        cached = None if timings.cache_n is None else int(timings.cache_n)
        into = piece.tokens_evaluated
        if into is None and timings.prompt_n is not None:
            into = timings.prompt_n + (cached or 0)
        out = timings.predicted_n if piece.tokens_predicted is None else piece.tokens_predicted
        cut = piece.stop_type == "limit" or (piece.stop_type is None and bool(piece.stopped_limit))
        usage = Usage(int(into or 0), int(out or 0), cached)
        return Finish("length" if cut else "stop", usage, piece.model or "")
