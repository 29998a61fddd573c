"""What a reply leaves for the next turn, over several of them: a client only appends `message`."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.anthropic_thinking import BINDING_BETA
from libria_providers.dialects.anthropic_wire import FORMAT_TOOL
from libria_providers.reply import Answer
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import Call, Event, Message, ReasoningOptions, ToolCall

OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"
LOW = ReasoningOptions("low")
USER = Message("user", "u")
THINKING = {"type": "thinking", "thinking": "hm", "signature": "sig"}
REDACTED = {"type": "redacted_thinking", "data": "sealed"}
TEXT = {"type": "text", "text": "a"}


def use(identity: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": identity, "name": "f", "input": {"x": identity}, **more}


def answer(*blocks: dict[str, Any], reason: str = "end_turn", stream: bool = True) -> Answer:
    """What a reply of `blocks` adds up to, streamed in pieces or whole."""
    heard, exchange, quirks = Answer(), AnthropicMessages(), ROWS[0].quirks
    events: list[Event] = []
    if not stream:
        whole = {"type": "message", "model": "m", "content": blocks, "stop_reason": reason}
        events += exchange.whole(msgspec.json.encode(whole), quirks)
    else:
        decoder = exchange.decoder(quirks)
        said: list[dict[str, Any]] = [{"type": "message_start", "message": {"model": "m"}}]
        for at, block in enumerate(blocks):
            said += _streamed(at, block)
        said += [{"type": "message_delta", "delta": {"stop_reason": reason}}, {"type": "message_stop"}]
        for one in said:
            events += decoder.feed(one["type"], msgspec.json.encode(one))
    for event in events:
        heard.add(event)
    return heard


def _streamed(at: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    start = dict(block)
    changes: list[dict[str, Any]] = []
    if "signature" in block:
        start |= {"thinking": "", "signature": ""}
        changes = [{"type": "thinking_delta", "thinking": block["thinking"]}] if block["thinking"] else []
        changes += [{"type": "signature_delta", "signature": block["signature"]}]
    elif block["type"] == "text":
        start |= {"text": ""}
        start.pop("citations", None)
        changes = [{"type": "text_delta", "text": block["text"]}]
        changes += [{"type": "citations_delta", "citation": one} for one in block.get("citations") or ()]
    elif "input" in block:
        start |= {"input": {}}
        text = msgspec.json.encode(block["input"]).decode()
        changes = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", text[:3], text[3:])]
    said: list[dict[str, Any]] = [{"type": "content_block_start", "index": at, "content_block": start}]
    said += [{"type": "content_block_delta", "index": at, "delta": change} for change in changes]
    return [*said, {"type": "content_block_stop", "index": at}]


def sent(*messages: Message, model: str = OLD, reasoning: ReasoningOptions | None = LOW) -> dict[str, Any]:
    call = Call("p/m", messages, reasoning=reasoning, provider_options={"cache_control": None})
    request = AnthropicMessages().encode(call, model, ROWS[0].quirks_of(model))
    body = msgspec.json.decode(request.body, type=dict[str, Any])
    assert request.listed == (
        (("anthropic-beta", BINDING_BETA),) if "block_binding" in body.get("thinking", {}) else ()
    )
    return body


def results(message: Message) -> list[Message]:
    return [Message("tool", f"r {call.id}", tool_call_id=call.id) for call in message.tool_calls]


both = pytest.mark.parametrize("stream", [True, False])


@both
@pytest.mark.parametrize("model", [OLD, NEW])
def test_a_loop_of_parallel_calls_with_interleaved_thinking(model: str, stream: bool) -> None:
    turns = [
        [THINKING, REDACTED, TEXT, use("a"), use("b")],
        [{**THINKING, "thinking": "", "signature": "2"}, use("c"), {**THINKING, "signature": "3"}, use("d")],
        [{**THINKING, "signature": "4"}, TEXT],
        [TEXT, use("e")],
        [TEXT],
    ]
    messages: list[Message] = [USER]
    for turn in turns:
        heard = answer(
            *turn, reason="tool_use" if any("input" in block for block in turn) else "end_turn", stream=stream
        )
        messages += [heard.message(), *(results(heard.message()) or [USER])]
    said = sent(*messages, model=model)["messages"]
    assert [turn["content"] for turn in said if turn["role"] == "assistant"] == [*turns[:4], "a"]
    asked = [use for turn in turns for use in turn if use["type"] == "tool_use"]
    answered = [
        block for turn in said if turn["role"] == "user" and turn["content"] != "u" for block in turn["content"]
    ]
    assert [block["tool_use_id"] for block in answered] == [block["id"] for block in asked]


@pytest.mark.parametrize(
    ("blocks", "thinks"),
    [
        ([THINKING, use("a")], True),
        ([REDACTED, use("a")], True),
        ([TEXT, use("a")], False),  # another provider answered it
        ([use("a")], False),
        ([use("a"), THINKING], False),
    ],
)
def test_a_loop_begun_without_thinking_goes_on_without(blocks: list[dict[str, Any]], thinks: bool) -> None:
    """ "a final `assistant` message must start with a thinking block": only of a budget, and only
    until the turn is over."""
    opaque = {"dialect": "anthropic", "content": blocks}
    turn = Message("assistant", "", (ToolCall("a", "f", {}),), opaque=opaque)
    plain = Message("assistant", "x", (ToolCall("a", "f", {}),))
    for message, expected in ((turn, thinks), (plain, False)):
        loop = (USER, message, Message("tool", "r", tool_call_id="a"))
        assert ("thinking" in sent(*loop)) == expected
        assert "thinking" in sent(*loop, model="claude-opus-4-8")
        assert "thinking" in sent(*loop, Message("assistant", "done"), USER)
    assert "thinking" not in sent(USER, Message("assistant", "x"))


@both
def test_what_the_thinking_is_bound_to(stream: bool) -> None:
    """A client may shorten a conversation or change its tools: the newest models answer 400 to the
    thinking in it, unless they are told to leave it out."""
    turn = answer({**THINKING, "thinking": ""}, TEXT, stream=stream).message()
    binding = {"prefix_mismatch_behavior": "drop_block"}
    assert sent(USER, turn, USER, model=NEW, reasoning=None)["thinking"] == {
        "type": "adaptive",
        "block_binding": binding,
    }
    asked = sent(USER, turn, USER, model=NEW)["thinking"]
    assert asked == {"type": "adaptive", "display": "summarized", "block_binding": binding}
    for model in (OLD, "claude-opus-5"):
        assert "thinking" not in sent(USER, turn, USER, model=model, reasoning=None)
    assert "thinking" not in sent(USER, model=NEW, reasoning=None)
    assert "thinking" not in sent(USER, Message("assistant", "a"), USER, model=NEW, reasoning=None)


SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result", "url": "u"}]}
CITED = {**TEXT, "citations": [{"type": "web_search_result_location", "url": "u"}]}


@both
@pytest.mark.parametrize(
    "blocks",
    [
        [SEARCH, FOUND, CITED],
        [CITED],
        [
            {**SEARCH, "name": "bash_code_execution"},
            {"type": "bash_code_execution_tool_result", "content": {"stdout": "1"}},
        ],
        [
            {"type": "mcp_tool_use", "id": "m", "name": "f", "server_name": "s", "input": {}},
            {"type": "mcp_tool_result"},
        ],
        [{"type": "container_upload", "file_id": "f"}, TEXT],
        [{"type": "fallback", "from": "m"}, TEXT],
        [TEXT, use("a", caller={"type": "code_execution_20260120", "tool_id": "s"})],
        [TEXT, use("a", toolset_name="browser")],
    ],
)
def test_what_is_not_plain_goes_back_unchanged(blocks: list[dict[str, Any]], stream: bool) -> None:
    message = answer(*blocks, stream=stream).message()
    assert sent(USER, message, *results(message), USER)["messages"][1]["content"] == blocks


@both
def test_what_is_plain_is_not_opaque(stream: bool) -> None:
    heard = answer({**TEXT, "citations": None}, use("a", caller={"type": "direct"}), reason="tool_use", stream=stream)
    assert heard.message().opaque is None


@both
def test_a_pause(stream: bool) -> None:
    """The message goes back as it is and last, and the model goes on."""
    heard = answer(TEXT, SEARCH, reason="pause_turn", stream=stream)
    assert heard.finish is not None
    assert (heard.finish.stop_reason, heard.text) == ("stop", "a")
    for model in (OLD, NEW):
        said = sent(USER, heard.message(), model=model, reasoning=None)["messages"]
        assert said == [{"role": "user", "content": "u"}, {"role": "assistant", "content": [TEXT, SEARCH]}]


@both
@pytest.mark.parametrize("value", [{"a": 1}, {}])
def test_an_answer_that_is_a_tools_input_is_text(value: dict[str, Any], stream: bool) -> None:
    block = {"type": "tool_use", "id": "t", "name": FORMAT_TOOL, "input": value}
    heard = answer(block, reason="tool_use", stream=stream)
    assert heard.finish is not None
    assert heard.finish.stop_reason == "stop"
    assert heard.tool_calls() == ()
    assert heard.text == (msgspec.json.encode(value).decode() if value or stream else "")
    if value:
        assert sent(USER, heard.message(), USER, reasoning=None)["messages"][1]["content"] == '{"a":1}'


@both
def test_an_answer_beside_a_call(stream: bool) -> None:
    block = {"type": "tool_use", "id": "t", "name": FORMAT_TOOL, "input": {"a": 1}}
    heard = answer(block, use("b"), reason="tool_use", stream=stream)
    assert heard.finish is not None
    assert (heard.finish.stop_reason, heard.text) == ("toolUse", '{"a":1}')
    assert heard.tool_calls() == (ToolCall("b", "f", {"x": "b"}),)


def test_a_refusal_that_cuts_a_call_off() -> None:
    said = [
        {"type": "message_start", "message": {"model": "m"}},
        *_streamed(0, THINKING),
        {"type": "content_block_start", "index": 1, "content_block": use("a", input={})},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"x'}},
        {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": {"type": "refusal"}}},
        {"type": "message_stop"},
    ]
    decoder, heard = AnthropicMessages().decoder(ROWS[0].quirks), Answer()
    for one in said:
        for event in decoder.feed(str(one["type"]), msgspec.json.encode(one)):
            heard.add(event)
    assert heard.finish is not None
    assert heard.finish.stop_reason == "contentFilter"
    assert heard.message().tool_calls == ()
    assert heard.message().opaque == {"dialect": "anthropic", "content": [THINKING]}
