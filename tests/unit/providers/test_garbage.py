"""Whatever a provider sends, every exchange of the registry answers with events or with a ProviderError."""

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_chat_echo import ECHOES
from libria_providers.errors import ProviderError
from libria_providers.registry import ROWS
from libria_providers.row import Row
from libria_providers.types import Finish

sys.path.insert(0, str(Path(__file__).parent))

from garbage_words import exchanges, words  # found through the line above

EXCHANGES = exchanges()
QUIRKS = Quirks(echo=tuple(ECHOES), reasoning_outside_output=True)
ODD = ["stop", "error", "404", "{", '{"a":1}', "AAAA", ""]

every = pytest.mark.parametrize("name", EXCHANGES)
some = settings(deadline=None, max_examples=25, derandomize=True)


@cache
def data(name: str) -> st.SearchStrategy[bytes]:
    """Bodies and the data of events that are nearly of this format."""
    known = st.sampled_from(words(EXCHANGES[name]))
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-5, 600), st.floats(), st.text(max_size=5), st.sampled_from(ODD), known
    )
    value = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known, inner, max_size=6),
        max_leaves=25,
    )
    objects = st.dictionaries(known, value, min_size=1, max_size=6)
    json = st.one_of(objects, objects, value).map(msgspec.json.encode)
    return st.one_of(json, json, st.binary(max_size=40), st.just(b"[DONE]"))


@every
@given(st.data())
@some
def test_stream(name: str, draw: st.DataObject) -> None:
    try:
        decoder = EXCHANGES[name].decoder(QUIRKS)
    except ProviderError:
        return  # what never streams says so
    kinds = st.one_of(st.sampled_from(["", "message", "error"]), st.sampled_from(words(EXCHANGES[name])))
    events = []
    for event, said in draw.draw(st.lists(st.tuples(kinds, data(name)), max_size=6)):
        with suppress(ProviderError):
            events += decoder.feed(event, said)
        assert isinstance(decoder.ending, bool)
    with suppress(ProviderError):
        events += decoder.end()
    finishes = [event for event in events if isinstance(event, Finish)]
    assert len(finishes) <= 1
    assert not finishes or events[-1] is finishes[0]


@every
@given(st.data())
@some
def test_whole(name: str, draw: st.DataObject) -> None:
    body = draw.draw(data(name))
    with suppress(ProviderError):
        events = EXCHANGES[name].whole(body, QUIRKS)
        assert [event for event in events if isinstance(event, Finish)] == events[-1:]


@every
@given(
    st.data(),
    st.integers(100, 999),
    st.dictionaries(st.sampled_from(["retry-after", "date", "request-id", "x-amzn-errortype"]), st.text(max_size=9)),
)
@some
def test_error(name: str, draw: st.DataObject, status: int, headers: dict[str, str]) -> None:
    error = EXCHANGES[name].error(status, headers, draw.draw(data(name)))
    assert isinstance(error, ProviderError)
    assert error.message.isprintable()


@pytest.mark.parametrize("row", {row.dialect.name: row for row in ROWS.values()}.values(), ids=lambda row: row.name)
@given(st.data())
@some
def test_models(row: Row, draw: st.DataObject) -> None:
    with suppress(ProviderError):
        for model in row.dialect.models(draw.draw(data(row.dialect.name)), "p"):
            assert model.id.startswith("p/")


@every
@given(st.binary(max_size=60), st.binary(min_size=1, max_size=1))
@some
def test_frames(name: str, body: bytes, mark: bytes) -> None:
    reader = EXCHANGES[name].frames(mark)
    if reader is not None:
        with suppress(ProviderError):
            for event, said in [*reader.feed(body), *reader.end()]:
                assert isinstance(event, str)
                assert isinstance(said, bytes)
