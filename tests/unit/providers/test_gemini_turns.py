"""Several turns: a client appends nothing but `message` and the tools' results."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.gemini import Gemini
from libria_providers.opaque import readable, signed
from libria_providers.reply import Answer
from libria_providers.rows import google
from libria_providers.types import Call, Finish, Message, Tool

GEMINI = Gemini()
ROW = google.ROWS[0]
MODEL = "gemini-3.8-flash"
QUIRKS = ROW.quirks_of(MODEL)


def call_part(name: str, **fields: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {"n": name}, **fields}}


# One reply a list, one chunk a list of parts; what must come back is the last column.
REPLIES: list[tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]] = [
    (  # text, two calls without ids, a signature on the first; as Gemini 2.5 and Vertex say it
        [
            [{"text": "I "}],
            [{"text": "look."}],
            [{**call_part("f"), "thoughtSignature": "A"}, call_part("f")],
        ],
        [{"text": "I look."}, {**call_part("f"), "thoughtSignature": "A"}, call_part("f")],
    ),
    (  # calls with ids in chunks of their own; as Gemini 3 says it
        [
            [{"text": "why", "thought": True}],
            [{"text": " not", "thought": True}],
            [{**call_part("f", id="x1"), "thoughtSignature": "B"}],
            [call_part("g", id="x2")],
            [{"text": ""}],
        ],
        [
            {"text": "why not", "thought": True},
            {**call_part("f", id="x1"), "thoughtSignature": "B"},
            call_part("g", id="x2"),
        ],
    ),
    (  # text whose signature comes on a part of its own, and parts of a server's tools
        [
            [{"text": "So"}, {"text": " it is", "thoughtSignature": "C"}],
            [{"text": " done"}, {"executableCode": {"language": "PYTHON", "code": "1"}}],
            [{"text": "."}, {"text": "!"}],
            [{"text": "", "thoughtSignature": "D"}],
        ],
        [
            {"text": "So"},
            {"text": " it is", "thoughtSignature": "C"},
            {"text": " done"},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"text": ".!"},
            {"text": "", "thoughtSignature": "D"},
        ],
    ),
]


def answer(number: int, chunks: list[list[dict[str, Any]]], *, stream: bool) -> Message:
    """The reply's message, after the crossing of a wire."""
    bodies = [
        {"candidates": [{"content": {"role": "model", "parts": parts}}], "responseId": f"r{number}"} for parts in chunks
    ]
    bodies[-1]["candidates"][0]["finishReason"] = "STOP"  # type: ignore[index]
    if stream:
        decoder = GEMINI.decoder(QUIRKS)
        events = [event for body in bodies for event in decoder.feed("", msgspec.json.encode(body))] + decoder.end()
    else:
        parts = [part for chunk in chunks for part in chunk]
        one = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "responseId": f"r{number}"}
        events = GEMINI.whole(msgspec.json.encode(one), QUIRKS)
    read = Answer()
    for event in signed(events, "gemini"):
        read.add(event)
    message = read.message()
    return replace(message, opaque=msgspec.json.decode(msgspec.json.encode(message.opaque)))


@pytest.mark.parametrize("stream", [True, False])
def test_three_turns(stream: bool) -> None:
    messages: list[Message] = [Message("user", "Go")]
    sent: list[dict[str, Any]] = []
    for number, (chunks, _) in enumerate(REPLIES):
        message = answer(number, chunks, stream=stream)
        messages.append(message)
        # The results come in whichever order the tools are done.
        messages += [
            Message("tool", f"{call.name}{number}{at}", tool_call_id=call.id)
            for at, call in reversed(list(enumerate(message.tool_calls)))
        ]
        asked = Call(model=f"gemini/{MODEL}", messages=tuple(messages), tools=(Tool("f", {}), Tool("g", {})))
        sent = msgspec.json.decode(GEMINI.encode(readable(asked, "gemini"), MODEL, QUIRKS).body)["contents"]
    said = [content["parts"] for content in sent if content["role"] == "model"]
    assert said == [parts for _, parts in REPLIES]
    results = [content["parts"] for content in sent[1:] if content["role"] == "user"]
    assert results == [
        [
            {"functionResponse": {"name": "f", "response": {"output": "f00"}}},
            {"functionResponse": {"name": "f", "response": {"output": "f01"}}},
        ],
        [
            {"functionResponse": {"name": "f", "response": {"output": "f10"}, "id": "x1"}},
            {"functionResponse": {"name": "g", "response": {"output": "g11"}, "id": "x2"}},
        ],
    ]
    assert [content["role"] for content in sent] == ["user", "model", "user", "model", "user", "model"]


def test_ids_are_unique_in_the_conversation() -> None:
    ids = [
        call.id for number, (chunks, _) in enumerate(REPLIES) for call in answer(number, chunks, stream=True).tool_calls
    ]
    assert len(set(ids)) == len(ids) == 4


def test_what_is_plain_carries_nothing() -> None:
    assert answer(0, [[{"text": "a"}], [{"text": "b", "thought": True}, call_part("f")]], stream=True).opaque is None


def test_another_providers_signatures_stay_away() -> None:
    """Vertex and AI Studio speak one format and cannot read each other's."""
    message = answer(0, REPLIES[0][0], stream=True)
    asked = readable(Call(model="vertex/m", messages=(Message("user", "Go"), message)), "vertex")
    parts = msgspec.json.decode(GEMINI.encode(asked, MODEL, QUIRKS).body)["contents"][1]["parts"]
    assert parts == [
        {"text": "I look."},
        {**call_part("f"), "thoughtSignature": "skip_thought_signature_validator"},
        call_part("f"),
    ]


def test_a_turn_that_the_client_changed_is_built_anew() -> None:
    message = answer(1, REPLIES[1][0], stream=True)
    fewer = replace(message, tool_calls=message.tool_calls[:1])
    asked = Call(model="gemini/m", messages=(Message("user", "Go"), fewer))
    parts = msgspec.json.decode(GEMINI.encode(asked, MODEL, QUIRKS).body)["contents"][1]["parts"]
    assert parts == [{**call_part("f"), "thoughtSignature": "skip_thought_signature_validator"}]


def test_an_image_goes_back() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "AA"}, "thoughtSignature": "E"}
    message = answer(0, [[{"text": "Here"}, image]], stream=True)
    assert message.content == "Here"
    asked = Call(model="gemini/m", messages=(Message("user", "Draw"), message, Message("user", "Redder")))
    sent = msgspec.json.decode(GEMINI.encode(asked, MODEL, QUIRKS).body)["contents"]
    assert sent[1]["parts"] == [{"text": "Here"}, image]


def test_a_broken_opaque_costs_no_turn() -> None:
    broken: list[dict[str, Any]] = [{}, {"parts": "x"}, {"parts": []}]
    for opaque in ({"dialect": "gemini", **rest} for rest in broken):
        asked = Call(model="gemini/m", messages=(Message("user", "a"), Message("assistant", "b", opaque=opaque)))
        sent = msgspec.json.decode(GEMINI.encode(asked, MODEL, QUIRKS).body)["contents"]
        assert sent[1]["parts"] == [{"text": "b"}]


def test_finish_names_the_dialect() -> None:
    finish = GEMINI.whole(b'{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"F"}]}}]}', QUIRKS)[-1]
    assert isinstance(finish, Finish)
    assert finish.opaque == {"dialect": "gemini", "parts": [{"text": "", "thoughtSignature": "F"}]}
