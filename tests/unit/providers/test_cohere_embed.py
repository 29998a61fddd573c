"""Cohere's embeddings, and where Cohere is."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.cohere_embed import CohereEmbed
from libria_providers.errors import BadRequest, ProviderError
from libria_providers.registry import address, find, headers, key
from libria_providers.types import Call, Embed, Event, Finish, Usage, Vectors

EMBED = CohereEmbed()


def asked(ask: Embed, **options: Any) -> Any:
    request = EMBED.encode(Call(model="cohere/e", ask=ask, provider_options=options), "e", Quirks())
    assert request.path == "/v2/embed"
    return msgspec.json.decode(request.body)


@pytest.mark.parametrize(
    ("ask", "options", "said"),
    [
        (Embed(("a", "b")), {}, {}),
        (Embed(("a", "b"), 256), {}, {"output_dimension": 256}),
        (Embed(("a", "b")), {"input_type": "search_query", "truncate": "NONE"},
         {"input_type": "search_query", "truncate": "NONE"}),
    ],
)  # fmt: skip
def test_encode(ask: Embed, options: dict[str, Any], said: dict[str, Any]) -> None:
    base = {"model": "e", "input_type": "search_document", "embedding_types": ["float"], "texts": ["a", "b"]}
    assert asked(ask, **options) == base | said


def test_only_embeddings() -> None:
    with pytest.raises(BadRequest):
        EMBED.encode(Call(model="cohere/e"), "e", Quirks())


META = {"billed_units": {"input_tokens": 7, "image_tokens": 0}}


@pytest.mark.parametrize(
    ("body", "events"),
    [
        ({"embeddings": {"float": [[1.5, 2], [3, 4]]}, "meta": META},
         [Vectors([[1.5, 2.0], [3.0, 4.0]]), Finish("stop", Usage(7))]),
        ({"embeddings": {"float": None, "int8": [[1, -2]]}}, [Vectors([[1.0, -2.0]]), Finish("stop")]),
        ({"embeddings": [[1, 2]], "meta": {"tokens": {"input_tokens": 3.0}}},
         [Vectors([[1.0, 2.0]]), Finish("stop", Usage(3))]),
    ],
)  # fmt: skip
def test_whole(body: dict[str, Any], events: list[Event]) -> None:
    assert EMBED.whole(msgspec.json.encode(body), Quirks()) == events


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"message":"no"}', "overloaded"),
        (b"{}", "invalidResponse"),
        (b'{"embeddings":{"float":[]}}', "invalidResponse"),
        (b'{"embeddings":{"float":[["x"]]}}', "invalidResponse"),
        (b"no", "invalidResponse"),
    ],
)
def test_no_embeddings_in_a_200(body: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        EMBED.whole(body, Quirks())
    assert caught.value.kind == kind


@given(st.binary(max_size=30) | st.sampled_from([b'{"embeddings":{"float":[[1]]},"meta":7}', b'{"error":{}}', b"null"]))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_garbage(body: bytes) -> None:
    with suppress(ProviderError):
        assert isinstance(EMBED.whole(body, Quirks())[-1], Finish)


def test_row() -> None:
    row = find("cohere")
    assert address(row, None, {}) == "https://api.cohere.com"
    assert address(row, None, {"CO_API_URL": "http://h:1/"}) == "http://h:1"
    assert key(row, {"COHERE_API_KEY": "b", "CO_API_KEY": "a"}) == ("CO_API_KEY", "a")
    assert headers(row, {}, ("CO_API_KEY", "k")) == {"authorization": "Bearer k"}
    assert row.quirks_of("embed-v4.0").embed_batch == 96
