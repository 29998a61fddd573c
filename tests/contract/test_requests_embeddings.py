"""What we ask for embeddings is what the vendors' own descriptions allow."""

from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from wire_recordings import schema, shared

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_embeddings import OpenAIEmbeddings
from libria_providers.types import Call, Embed

ASKED = {
    "one": Embed(("a",)),
    "several": Embed(("a", "b", "ä\n")),
    "smaller": Embed(("a",), 256),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_openai(asked: Embed, encoding: Any) -> None:
    _check("openai", asked, Quirks(embed_encoding=encoding))


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_mistral(asked: Embed, encoding: Any) -> None:
    _check("mistral", asked, Quirks(embed_encoding=encoding, dimensions_name="output_dimension"))


def test_the_checks_see_a_wrong_word() -> None:
    with pytest.raises(AssertionError):
        _check("mistral", Embed(("a",), 256), Quirks())
    with pytest.raises(AssertionError):
        _check("openai", Embed(("a",)), Quirks(embed_encoding="base64_int8"))


def _check(name: str, asked: Embed, quirks: Quirks) -> None:
    if shared() is None:
        pytest.skip("the vendors' descriptions are not on this machine")
    body = msgspec.json.decode(OpenAIEmbeddings().encode(Call("p/m", ask=asked), "m", quirks).body)
    errors = [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(body)]
    assert not errors


@cache
def _validator(name: str) -> Any:
    if name == "openai":
        document, of = schema("openai-openapi.json"), "CreateEmbeddingRequest"
    else:
        root = shared()
        assert root is not None
        text = (root / "wire" / "specs" / "mistral-openapi.yaml").read_text(encoding="utf-8")
        document, of = yaml.safe_load(text), "EmbeddingRequest"
    wanted = {**document["components"]["schemas"][of], "additionalProperties": False}
    return jsonschema.Draft202012Validator({**wanted, "components": document["components"]})
