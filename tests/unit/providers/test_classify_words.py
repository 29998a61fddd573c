"""Errors that only a vendor's words name, and words in any amount."""

import json
import time
from typing import Any

import pytest

from libria_providers.dialects.classify import failed, stated
from libria_providers.dialects.phrases import PHRASES
from libria_providers.dialects.said import LONGEST, LOOKED_AT, clean

MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "one",
    ["A", "<", ">", "<title>", "</title>", "<html><title", "-", "*", "-*", "**a", "sk-", "A1", "_", "eyJ", " ", "\n"],
)
@pytest.mark.parametrize("start", ["", "<html>"])
def test_a_megabyte_of_words_froze_the_daemon(start: str, one: str) -> None:
    words = start + one * (MEGABYTE // len(one))
    began = time.process_time()
    shown = clean(words)
    assert time.process_time() - began < 0.5  # 25 s for 60,000 once, with all of it read
    assert len(shown) <= LONGEST
    assert shown == clean(words[: LOOKED_AT + 1])  # no more than that is looked at


def test_a_megabyte_within_an_error() -> None:
    body = json.dumps({"error": {"message": "A" * MEGABYTE, "code": "B" * MEGABYTE}}).encode()
    error = failed(400, {}, body)
    assert len(error.message) < 500
    assert error.code is None


def test_a_key_that_the_cut_halves_is_not_shown() -> None:
    words = "a" + " " * (LOOKED_AT - 12) + "abcdef0123456789" * 4
    assert clean(words) == "a"


def test_title_of_a_page() -> None:
    page = '<!DOCTYPE html><html><head><title lang="en">502 Bad\nGateway</title></head>' + "<p>x</p>" * 9000
    assert clean(page) == "502 Bad Gateway"


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        # As recorded, beginning with DeepSeek, OpenRouter, Ollama's cloud, Cohere, Vertex, xAI, Gemini.
        (400, {"error": {"message": "This model's maximum context length is 1048565 tokens. However, you",
                         "type": "invalid_request_error", "code": "invalid_request_error"}}, "contextTooLong"),
        (400, {"error": {"message": "This endpoint's maximum context length is 200000 tokens. However",
                         "code": 400, "metadata": {"provider_name": None}}}, "contextTooLong"),
        (400, {"error": {"message": "prompt too long; exceeded max context length by 1119046 tokens (ref: 9",
                         "type": "invalid_request_error", "code": None}}, "contextTooLong"),
        (400, {"error_type": "TOO_MANY_TOKENS", "message": "too many tokens: size limit exceeded by 25836 tokens."},
         "contextTooLong"),
        (400, {"error": {"code": 400, "message": "The input token count (1250074) exceeds the maximum number of "
                         "tokens allowed (1048576).", "status": "INVALID_ARGUMENT"}}, "contextTooLong"),
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided. You can obtain an API key from"},
         "credentialRejected"),
        (400, {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}},
         "credentialRejected"),
        # As reported.
        (400, {"type": "error", "error": {"type": "invalid_request_error",
               "message": "prompt is too long: 211015 tokens > 200000 maximum"}}, "contextTooLong"),
        (400, {"type": "error", "error": {"type": "invalid_request_error",
               "message": "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000"}},
         "contextTooLong"),
        (400, {"type": "error", "error": {"type": "invalid_request_error",
               "message": "Your credit balance is too low to access the Anthropic API."}}, "quotaExhausted"),
        (400, {"object": "error", "message": "Too large.", "type": "invalid_request_error", "code": "3051"},
         "contextTooLong"),
        (400, {"object": "error", "message": "Too large.", "type": "invalid_request_error", "code": 3051},
         "contextTooLong"),
        (400, {"error": {"message": "a" * 500 + " maximum context length is 1"}}, "contextTooLong"),
        # Words are last: a code, or a status under which nobody says them so, comes before.
        (400, {"error": {"message": "prompt is too long:", "code": "model_not_found"}}, "modelNotFound"),
        (500, {"error": {"message": "prompt is too long:"}}, "overloaded"),
        (429, {"error": {"message": "credit balance is too low"}}, "rateLimited"),
    ],
)  # fmt: skip
def test_no_code_says_it(status: int, said: Any, kind: str) -> None:
    assert failed(status, {}, json.dumps(said).encode()).kind == kind


def test_within_a_stream() -> None:
    said = {"error": {"message": "This model's maximum context length is 5 tokens", "type": "BadRequestError"}}
    assert stated(said).kind == "contextTooLong"


def test_phrases_are_lower_case_and_never_make_a_call_be_sent_again() -> None:
    assert all(phrase == phrase.lower() for phrase in PHRASES)
    assert not any(kind.retryable for kind in PHRASES.values())


def test_a_code_that_is_a_status_is_no_code() -> None:
    assert failed(401, {}, b'{"error": {"code": "401", "message": "m"}}').code is None
    assert failed(400, {}, b'{"message": "m", "code": "1300"}').code == "1300"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        # LM Studio answers 200 where it has nothing; it was sent again and again as Overloaded.
        ({"error": "Unexpected endpoint or method. (POST /v1/chat/completion)"}, "badRequest"),
        ({"error": {"message": "m", "code": 502}}, "overloaded"),
        ({"error": {"message": "m", "type": "server_error"}}, "overloaded"),
        ({"error": "llama runner process has terminated"}, "overloaded"),
    ],
)
def test_words_alone_instead_of_a_reply(said: Any, kind: str) -> None:
    assert stated(said).kind == kind


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_an_error_in_another_encoding(encoding: str) -> None:
    body = json.dumps({"error": {"message": "Größe", "code": "context_length_exceeded"}}, ensure_ascii=False)
    error = failed(400, {}, body.encode(encoding))
    assert error.kind == "contextTooLong"
    assert error.message.endswith(": Größe")
