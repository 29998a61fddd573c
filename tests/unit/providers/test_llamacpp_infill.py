"""llama.cpp's own code completion."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.completions_fill import CannotFill
from libria_providers.dialects.llamacpp_infill import LlamaCppFill
from libria_providers.errors import BadRequest, Interrupted, InvalidResponse, ProviderError
from libria_providers.types import Call, Delta, Event, Fill, Finish, Message, Usage

FILL = Call(model="llamacpp/m", ask=Fill("a = ", "\nb"))
LAST = {"content": "", "stop": True, "stop_type": "eos", "model": "m", "tokens_evaluated": 6, "tokens_predicted": 2}


def test_body() -> None:
    request = LlamaCppFill().encode(FILL, "m", Quirks())
    assert (request.path, request.root) == ("/infill", True)
    plain = {"model": "m", "input_prefix": "a = ", "input_suffix": "\nb", "n_predict": 512, "stream": True}
    assert msgspec.json.decode(request.body) == plain
    call = Call(
        model="llamacpp/m",
        ask=FILL.ask,
        stream=False,
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        stop=("x",),
        seed=3,
        provider_options={"top_k": 1},
    )
    said = msgspec.json.decode(LlamaCppFill().encode(call, "m", Quirks()).body)
    options = {"n_predict": 9, "stream": False, "temperature": 0.0, "top_p": 0.5, "stop": ["x"], "seed": 3, "top_k": 1}
    assert said == plain | options
    with pytest.raises(BadRequest):
        LlamaCppFill().encode(Call(model="llamacpp/m", messages=(Message("user", "Hi"),)), "m", Quirks())


def run(*pieces: dict[str, Any] | bytes, event: str = "") -> list[Event]:
    decoder = LlamaCppFill().decoder(Quirks())
    events: list[Event] = []
    for piece in pieces:
        events += decoder.feed(event, piece if isinstance(piece, bytes) else msgspec.json.encode(piece))
    return events + decoder.end()


@pytest.mark.parametrize(
    ("last", "finish"),
    [
        (LAST, Finish("stop", Usage(6, 2), "m")),
        ({**LAST, "stop_type": "word"}, Finish("stop", Usage(6, 2), "m")),
        ({**LAST, "stop_type": "limit"}, Finish("length", Usage(6, 2), "m")),
        ({**LAST, "stop_type": None, "stopped_limit": True}, Finish("length", Usage(6, 2), "m")),  # before 2025
        ({**LAST, "timings": {"cache_n": 5, "prompt_n": 1, "predicted_n": 2}}, Finish("stop", Usage(6, 2, 5), "m")),
        (
            {"content": "", "stop": True, "timings": {"cache_n": 5, "prompt_n": 1, "predicted_n": 2}},
            Finish("stop", Usage(6, 2, 5)),
        ),
    ],
)
def test_stream(last: dict[str, Any], finish: Finish) -> None:
    first = {"index": 0, "content": "1", "stop": False, "tokens_predicted": 1, "tokens_evaluated": 6}
    progress = {"prompt_progress": {"total": 6, "processed": 6}}
    other = {"index": 1, "content": "x", "stop": True}
    assert run(progress, first, other, last, first, b"[DONE]") == [Delta("1"), finish]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("", {"error": {"code": 500, "message": "boom", "type": "server_error"}}),
        ("error", {"code": 500, "message": "boom", "type": "server_error"}),
        ("", {"code": 500, "message": "boom", "type": "server_error"}),
    ],
)
def test_error_within(event: str, said: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="boom"):
        run(said, event=event)


def test_cut_or_none_of_it() -> None:
    with pytest.raises(Interrupted):
        run({"content": "1", "stop": False})
    with pytest.raises(InvalidResponse):
        run(b"<html>")


def test_whole() -> None:
    exchange = LlamaCppFill()
    reply = msgspec.json.encode({**LAST, "content": "1"})
    assert exchange.whole(reply, Quirks()) == [Delta("1"), Finish("stop", Usage(6, 2), "m")]
    assert exchange.whole(b"[" + reply + b"]", Quirks()) == [Delta("1"), Finish("stop", Usage(6, 2), "m")]
    for body in (b"{}", b"[]", b"x", b'{"content": "1"}'):
        with pytest.raises(InvalidResponse):
            exchange.whole(body, Quirks())


def test_a_model_without_marks_can_still_be_asked_in_words() -> None:
    body = {"error": {"code": 501, "message": "Infill is not supported by this model", "type": "not_supported_error"}}
    error = LlamaCppFill().error(501, {}, msgspec.json.encode(body))
    assert isinstance(error, CannotFill)
    assert (error.kind, error.status, error.code) == ("badRequest", 501, "not_supported_error")
    assert not isinstance(LlamaCppFill().error(400, {}, b"{}"), CannotFill)
    loading = b'{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}'
    assert LlamaCppFill().error(503, {}, loading).kind == "overloaded"
