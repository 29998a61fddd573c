"""Half characters are replaced, whole ones and look-alikes are not."""

import json

import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Dialect, Quirks
from libria_providers.dialects.openai_chat import OpenAIChat
from libria_providers.surrogates import mended
from libria_providers.types import Delta


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'"a\ud83d"', "a\ufffd"),
        (r'"\ude00b"', "\ufffdb"),
        (r'"\uD83D\u0041"', "\ufffdA"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (r'"\ud83d\ude00"', None),
        (r'"\\ud83d"', None),
        (r'"\u00e4"', None),
        ('"plain"', None),
    ],
)
def test_mended(text: str, shown: str | None) -> None:
    found = mended(text.encode())
    assert (json.loads(found) if found is not None else None) == shown


@pytest.mark.parametrize(
    ("dialect", "data"),
    [
        (OpenAIChat(), rb'{"choices":[{"index":0,"delta":{"content":"a\ud83d"}}]}'),
        (
            AnthropicMessages(),
            rb'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}}',
        ),
    ],
)
def test_a_delta_that_ends_in_half_a_character_is_read(dialect: Dialect, data: bytes) -> None:
    assert dialect.decoder(Quirks()).feed("", data) == [Delta("a\ufffd")]
