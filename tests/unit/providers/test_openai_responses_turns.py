"""What of a reply in the Responses format goes back with the next call, and how."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.openai_responses import OpenAIResponses
from libria_providers.errors import ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Call, Finish, Message

DIALECT, QUIRKS = OpenAIResponses(), Quirks()


def thought(number: int = 1, **changes: Any) -> dict[str, Any]:
    """As OpenAI says it: with an id, an empty summary and the encrypted reasoning."""
    sealed = f"gAAAA{number}"
    return {
        "id": f"rs_{number}",
        "type": "reasoning",
        "content": [],
        "encrypted_content": sealed,
        "summary": [],
        **changes,
    }


def call(number: int, arguments: str = "{}") -> dict[str, Any]:
    return {
        "id": f"fc_{number}", "type": "function_call", "status": "completed", "arguments": arguments,
        "call_id": f"call_{number}", "name": "f",
    }  # fmt: skip


def text(words: str, **changes: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": words}
    return {"id": "msg_1", "type": "message", "status": "completed", "content": [part], "role": "assistant", **changes}


def answer(*output: dict[str, Any], **changes: Any) -> Answer:
    body = {"object": "response", "status": "completed", "output": list(output), **changes}
    found = Answer()
    for event in DIALECT.whole(json.dumps(body).encode(), QUIRKS):
        found.add(event)
    return found


def sent(*messages: Message, **changes: Any) -> list[Any]:
    request = DIALECT.encode(Call(model="p/m", messages=messages, **changes), "m", QUIRKS)
    return msgspec.json.decode(request.body, type=dict[str, Any])["input"]


def back(*output: dict[str, Any], **changes: Any) -> list[Any]:
    return sent(answer(*output, **changes).message())


SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}}
OPEN: dict[str, Any] = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "t"}]}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
SAID = {"type": "message", "role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        pytest.param([thought(), text("a")], [thought(), SAID], id="reasoning as it was, text without its id"),
        pytest.param([text("a"), call(1)], [SAID, CALL], id="nothing to keep"),
        pytest.param([text("a", phase="commentary"), call(1)], [{**SAID, "phase": "commentary"}, CALL], id="a phase"),
        pytest.param([thought(), SEARCH, thought(2), text("a")], [thought(), SEARCH, thought(2), SAID],
                     id="a server's tool in its place"),
        pytest.param([thought(encrypted_content=None), call(1)], [CALL], id="the id of what was not stored"),
        pytest.param([{"type": "reasoning", "id": "r"}, text("a")], [SAID], id="no encrypted content"),
        pytest.param([OPEN, call(1)], [OPEN, CALL], id="reasoning in plain text"),
        pytest.param([text("a", phase="final_answer"), thought()], [{**SAID, "phase": "final_answer"}],
                     id="reasoning that nothing follows"),
        pytest.param([thought(), call(1, "")], [thought(), CALL], id="no arguments"),
        pytest.param([thought(), {**call(1), "namespace": "n"}], [thought(), {**CALL, "namespace": "n"}],
                     id="a call's namespace"),
        pytest.param([{"type": "compaction", "id": "cmp", "encrypted_content": "g"}, text("a")],
                     [{"type": "compaction", "id": "cmp", "encrypted_content": "g"}, SAID], id="what is not known"),
    ],
)  # fmt: skip
def test_back(output: list[dict[str, Any]], wanted: list[Any]) -> None:
    assert back(*output) == wanted


def test_a_plain_answer_needs_nothing_opaque() -> None:
    finish = answer(text("a"), call(1)).finish
    assert finish is not None
    assert finish.opaque is None


def test_what_was_cut_off_stays_behind() -> None:
    output = [thought(), call(1), thought(2), call(2, '{"a'), {**SEARCH, "status": "in_progress"}]
    said = answer(*output, status="incomplete", incomplete_details={"reason": "max_output_tokens"}).message()
    assert [one.id for one in said.tool_calls] == ["call_1"]
    assert sent(said) == [thought(), CALL]


def test_a_server_that_stores() -> None:
    """With store of providerOptions the ids are what the server wants."""
    said = answer(thought(encrypted_content=None), call(1)).message()
    assert sent(said, provider_options={"store": True}) == [thought(encrypted_content=None), call(1)]


def test_three_turns() -> None:
    """A loop of parallel calls: the client only appends what it got, and the results."""
    messages: list[Message] = [Message("user", "Go.")]
    wanted: list[Any] = [{"role": "user", "content": "Go."}]
    for turn in (1, 3, 5):
        answered = answer(thought(turn), call(turn), call(turn + 1)).message()
        messages.append(answered)
        wanted.append(thought(turn))
        wanted += [{**CALL, "call_id": f"call_{number}"} for number in (turn, turn + 1)]
        for tool_call in answered.tool_calls:
            messages.append(Message("tool", "r", tool_call_id=tool_call.id))
            wanted.append({"type": "function_call_output", "call_id": tool_call.id, "output": "r"})
        assert sent(*messages) == wanted


@pytest.mark.parametrize("again", ["encrypted anew", None])
def test_the_encrypted_reasoning_of_the_done_item(again: str | None) -> None:
    """Of the item that is added it may be half; the reply may have it in another form, or leave it out:
    earendil-works/pi#6608"""
    decoder = DIALECT.decoder(QUIRKS)
    for kind, value in (("added", thought(encrypted_content="half")), ("done", thought())):
        event = {"type": f"response.output_item.{kind}", "output_index": 0, "item": value}
        assert decoder.feed("", json.dumps(event).encode()) == []
    reply = {"status": "completed", "output": [thought(encrypted_content=again), text("a")]}
    finish = decoder.feed("", json.dumps({"type": "response.completed", "response": reply}).encode())[-1]
    assert isinstance(finish, Finish)
    assert sent(Message("assistant", "a", opaque=finish.opaque)) == [thought(), SAID]


def test_the_encrypted_reasoning_of_the_reply() -> None:
    decoder = DIALECT.decoder(QUIRKS)
    done = {"type": "response.output_item.done", "output_index": 0, "item": thought(encrypted_content=None)}
    reply = {"status": "completed", "output": [thought(), text("a")]}
    assert decoder.feed("", json.dumps(done).encode()) == []
    finish = decoder.feed("", json.dumps({"type": "response.completed", "response": reply}).encode())[-1]
    assert isinstance(finish, Finish)
    assert sent(Message("assistant", "a", opaque=finish.opaque)) == [thought(), SAID]


@pytest.mark.parametrize("ends", [{"output": []}, {}])
def test_what_was_said_in_pieces_only(ends: dict[str, Any]) -> None:
    decoder = DIALECT.decoder(QUIRKS)
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.done", "output_index": 0, "item": thought()},
        {"type": "response.output_item.added", "output_index": 1, "item": text("")},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "a"},
        {"type": "response.output_item.added", "output_index": 2, "item": call(1, "")},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
        {"type": "response.completed", "response": ends},
    ]
    found = Answer()
    for event in events:
        for one in decoder.feed("", json.dumps(event).encode()):
            found.add(one)
    assert sent(found.message()) == [thought(), SAID, CALL]


WORDS = [
    "type", "response.completed", "response.failed", "response.output_item.added", "response.output_item.done",
    "response.output_text.delta", "response.output_text.done", "response.function_call_arguments.delta",
    "response.function_call_arguments.done", "response.content_part.done", "response.reasoning_summary_part.done",
    "delta", "item", "part", "text", "id", "item_id", "output_index", "content_index", "response", "output", "content",
    "summary", "message", "function_call", "reasoning", "output_text", "refusal", "summary_text", "call_id", "name",
    "arguments", "usage", "input_tokens", "input_tokens_details", "cached_tokens", "incomplete_details", "reason",
    "status", "incomplete", "failed", "error", "code", "model", "encrypted_content", "choices", "object",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False, allow_infinity=False) | (
    st.sampled_from([*WORDS, "", '{"a":1}', "null", "\ud83d"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(VALUES, max_size=5), st.sampled_from(["", "ping", "response.completed", "response.output_item.done"]))
@settings(max_examples=150, deadline=None)
def test_garbage(values: list[Any], name: str) -> None:
    """Whatever is sent: events that end with one Finish, or a ProviderError; and it can be sent back."""
    found = Answer()
    decoder = DIALECT.decoder(QUIRKS)
    with suppress(ProviderError):
        for value in values:
            for event in decoder.feed(name, _json(value)):
                found.add(event)
        for event in decoder.end():
            found.add(event)
        sent(found.message())
    for value in values:
        with suppress(ProviderError):
            events = DIALECT.whole(_json(value), QUIRKS)
            assert isinstance(events[-1], Finish)
        sent(Message("assistant", "a", opaque={"dialect": DIALECT.name, "output": value}))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")
