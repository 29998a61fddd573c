"""Replies of Bedrock's Converse, streamed and whole."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.bedrock_converse import BedrockConverse
from libria_providers.errors import Interrupted, InvalidResponse, ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCall, ToolCallDelta, Usage

DIALECT = BedrockConverse()
Pair = tuple[str, Any]


def start(index: int = 0, **start: Any) -> Pair:
    return "contentBlockStart", {"contentBlockIndex": index, "start": start}


def delta(index: int = 0, **delta: Any) -> Pair:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def stop(index: int = 0) -> Pair:
    return "contentBlockStop", {"contentBlockIndex": index, "p": "abc"}


def ended(reason: str = "end_turn") -> Pair:
    return "messageStop", {"stopReason": reason}


BEGUN: Pair = ("messageStart", {"role": "assistant"})
USAGE = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}
META: Pair = ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 7}})
USE = {"toolUseId": "t1", "name": "f"}


def stream(*pairs: Pair) -> list[Event]:
    decoder, events = DIALECT.decoder(Quirks()), list[Event]()
    for name, value in pairs:
        events += decoder.feed(name, value if isinstance(value, bytes) else msgspec.json.encode(value))
    return events + decoder.end()


def whole(*content: Any, reason: str = "end_turn", **fields: Any) -> list[Event]:
    said = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason, "usage": USAGE}
    return DIALECT.whole(msgspec.json.encode(said | fields), Quirks())


def finish(events: list[Event]) -> Finish:
    assert isinstance(events[-1], Finish)
    assert sum(isinstance(event, Finish) for event in events) == 1
    return events[-1]


def answer(events: list[Event]) -> Answer:
    found = Answer()
    for event in events:
        found.add(event)
    return found


@pytest.mark.parametrize(
    ("pairs", "events"),
    [
        # Text has no start; what nobody knows is ignored.
        ([BEGUN, delta(text="a"), delta(text=""), delta(text="b"), stop(), ended(), META], [Delta("a"), Delta("b")]),
        ([BEGUN, ("initial-response", b""), ("later", {"x": 1}), delta(citation={}), delta(text="a"), ended(), META],
         [Delta("a")]),
        ([delta(reasoningContent={"text": "r"}), delta(reasoningContent={"signature": "s"}), delta(1, text="a"),
          ended(), META], [Reasoning("r"), Delta("a")]),
        ([start(toolUse=USE), delta(toolUse={"input": '{"x"'}), delta(toolUse={"input": ":1}"}), stop(),
          ended("tool_use"), META],
         [ToolCallDelta(0, "", "t1", "f"), ToolCallDelta(0, '{"x"'), ToolCallDelta(0, ":1}")]),
        # Without arguments there is no piece, or an empty one.
        ([start(1, toolUse=USE), stop(1), ended("tool_use"), META], [ToolCallDelta(0, "", "t1", "f")]),
        ([start(1, toolUse=USE), delta(1, toolUse={"input": ""}), stop(1), ended("tool_use"), META],
         [ToolCallDelta(0, "", "t1", "f")]),
        # A tool that the provider runs itself is no call of ours.
        ([start(toolUse={**USE, "type": "server_tool_use"}), delta(toolUse={"input": "{}"}), stop(),
          start(1, toolResult={"toolUseId": "t1"}), delta(1, toolResult=[{"text": "x"}]), stop(1),
          delta(2, text="a"), ended(), META], [Delta("a")]),
    ],
)  # fmt: skip
def test_stream(pairs: list[Pair], events: list[Event]) -> None:
    found = stream(*pairs)
    assert found[:-1] == events
    assert finish(found).usage == Usage(3, 5)


def test_parallel_calls() -> None:
    other = {"toolUseId": "t2", "name": "g"}
    events = stream(
        BEGUN, delta(text="I look."), stop(),
        start(1, toolUse=USE), delta(1, toolUse={"input": '{"x":1}'}), stop(1),
        start(2, toolUse=other), stop(2), ended("tool_use"), META,
    )  # fmt: skip
    assert answer(events).tool_calls() == (ToolCall("t1", "f", {"x": 1}), ToolCall("t2", "g", {}))
    assert finish(events).stop_reason == "toolUse"
    assert finish(events).opaque is None


@pytest.mark.parametrize(
    ("reason", "called", "ours"),
    [
        ("end_turn", False, "stop"),
        ("stop_sequence", False, "stop"),
        ("end_turn", True, "toolUse"),
        ("tool_use", True, "toolUse"),
        ("max_tokens", False, "length"),
        ("model_context_window_exceeded", False, "length"),
        ("content_filtered", False, "contentFilter"),
        ("guardrail_intervened", False, "contentFilter"),
        ("what is new", False, "stop"),
    ],
)
def test_stop_reason(reason: str, called: bool, ours: str) -> None:
    call = [start(1, toolUse=USE), delta(1, toolUse={"input": "{}"})] if called else []
    assert finish(stream(delta(text="a"), *call, ended(reason), META)).stop_reason == ours
    blocks = [{"toolUse": {**USE, "input": {}}}] if called else [{"text": "a"}]
    assert finish(whole(*blocks, reason=reason)).stop_reason == ours


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_what_nobody_can_use(reason: str) -> None:
    with pytest.raises(ProviderError) as caught:
        stream(delta(text="a"), ended(reason), META)
    assert (caught.value.kind, caught.value.code) == ("overloaded", reason)


def test_finish_waits_for_the_usage() -> None:
    decoder = DIALECT.decoder(Quirks())
    assert decoder.feed("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"a"}}') == [Delta("a")]
    assert not decoder.ending
    assert decoder.feed("messageStop", b'{"stopReason":"end_turn"}') == []
    assert decoder.ending
    assert decoder.feed("metadata", msgspec.json.encode(META[1])) == [Finish("stop", Usage(3, 5))]
    assert decoder.feed("metadata", b"{}") == decoder.end() == []


def test_an_end_of_bytes() -> None:
    assert finish(stream(delta(text="a"), ended())).usage == Usage()
    for pairs in ([], [delta(text="a")], [delta(text="a"), stop(), META]):
        with pytest.raises(Interrupted):
            stream(*pairs)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        # What was cached is beside the input: recorded in cline/cline#4683.
        ({"inputTokens": 4, "outputTokens": 832, "totalTokens": 2326, "cacheReadInputTokens": 1490,
          "cacheWriteInputTokens": 0}, Usage(1494, 832, 1490)),
        ({"inputTokens": 4, "outputTokens": 2, "totalTokens": 16, "cacheReadInputTokens": 0,
          "cacheWriteInputTokens": 10}, Usage(14, 2, 0, cache_write_input_tokens=10)),
        # Unless the total says otherwise.
        ({"inputTokens": 14, "outputTokens": 2, "totalTokens": 16, "cacheReadInputTokens": 10}, Usage(14, 2, 10)),
        ({"inputTokens": 4, "outputTokens": 2, "cacheReadInputTokens": 10}, Usage(14, 2, 10)),
        ({"inputTokens": "4", "outputTokens": 2.0, "totalTokens": []}, Usage(4, 2)),
        ({}, Usage()),
        (None, Usage()),
    ],
)  # fmt: skip
def test_usage(usage: Any, counted: Usage) -> None:
    assert finish(stream(delta(text="a"), ended(), ("metadata", {"usage": usage}))).usage == counted
    assert finish(whole({"text": "a"}, usage=usage)).usage == counted


SIGNED = {"reasoningContent": {"reasoningText": {"text": "think", "signature": "sig"}}}
REDACTED = {"reasoningContent": {"redactedContent": "YWJj"}}
CALLED = {"toolUse": {**USE, "input": {"x": 1}}}


def test_opaque_is_what_came() -> None:
    streamed = stream(
        delta(reasoningContent={"text": "thi"}), delta(reasoningContent={"text": "nk"}),
        delta(reasoningContent={"signature": "si"}), delta(reasoningContent={"signature": "g"}), stop(),
        delta(1, reasoningContent={"redactedContent": "YQ=="}), delta(1, reasoningContent={"redactedContent": "YmM="}),
        delta(2, text="a"), delta(2, text="b"), stop(2), delta(3, text=" \n"),
        start(4, toolUse=USE), delta(4, toolUse={"input": '{"x":1}'}), ended("tool_use"), META,
    )  # fmt: skip
    content = [SIGNED, REDACTED, {"text": "ab"}, CALLED]
    assert finish(streamed).opaque == {"dialect": "bedrock-converse", "content": content}
    assert finish(whole(*content)).opaque == {"dialect": "bedrock-converse", "content": content}
    assert finish(whole({"text": "a"}, CALLED)).opaque is None


def test_opaque_of_the_providers_own_tools() -> None:
    server = {**USE, "type": "server_tool_use"}
    result = {"toolUseId": "t1", "type": "grounding", "status": "success"}
    events = stream(
        start(toolUse=server), delta(toolUse={"input": '{"q":1}'}), stop(),
        start(1, toolResult=result), delta(1, toolResult=[{"text": "a"}]), delta(1, toolResult=[{"json": {}}]),
        delta(2, text="b"), ended(), META,
    )  # fmt: skip
    assert finish(events).opaque == {
        "dialect": "bedrock-converse",
        "content": [
            {"toolUse": {**server, "input": {"q": 1}}},
            {"toolResult": {**result, "content": [{"text": "a"}, {"json": {}}]}},
            {"text": "b"},
        ],
    }
    assert finish(events).stop_reason == "stop"


def test_whole() -> None:
    cited = {"citationsContent": {"content": [{"text": "b"}, {"text": "c"}], "citations": [{"title": "t"}]}}
    events = whole(SIGNED, {"text": "a"}, cited, CALLED, {"toolUse": {"toolUseId": "t2", "name": "g"}})
    assert events[:-1] == [
        Reasoning("think"), Delta("a"), Delta("b"), Delta("c"), ToolCallDelta(0, "", "t1", "f"),
        ToolCallDelta(0, '{"x":1}'), ToolCallDelta(1, "", "t2", "g"), ToolCallDelta(1, "{}"),
    ]  # fmt: skip
    assert finish(events).stop_reason == "toolUse"
    assert cited in (finish(events).opaque or {})["content"]


@pytest.mark.parametrize("pieces", [[], [""], ['{"x"']])
def test_a_call_that_the_limit_cut_off(pieces: list[str]) -> None:
    cut = [delta(1, toolUse={"input": piece}) for piece in pieces]
    events = stream(delta(0, reasoningContent={"text": "r"}), start(1, toolUse=USE), *cut, ended("max_tokens"), META)
    assert answer(events).tool_calls() == ()
    assert finish(events).stop_reason == "length"
    assert all("toolUse" not in block for block in (finish(events).opaque or {})["content"])


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("throttlingException", {"message": "Too many tokens"}, "rateLimited"),
        ("validationException", {"message": "no"}, "badRequest"),
        ("validationException", {"message": "Input is too long for requested model."}, "contextTooLong"),
        ("modelStreamErrorException", {"originalStatusCode": 500, "originalMessage": "oops"}, "overloaded"),
        ("internalServerException", {"message": "x"}, "overloaded"),
        ("serviceUnavailableException", {}, "overloaded"),
        ("modelTimeoutException", {"message": "x"}, "overloaded"),
        ("whatIsNew", b"", "overloaded"),
        ("", b"\xff", "overloaded"),
    ],
)
def test_an_exception_within_a_stream(name: str, said: Any, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        stream(delta(text="a"), (f"exception/{name}", said))
    assert caught.value.kind == kind
    assert caught.value.status is None
    assert caught.value.code == (name[:1].upper() + name[1:] or None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}', "badRequest"),
        (b'{"message":"Too many requests","__type":"ThrottlingException"}', "rateLimited"),
        (b'{"message":"what"}', "overloaded"),
        (b'{"error": "Unexpected endpoint or method. (POST /model/x)"}', "badRequest"),
        (b"{}", "invalidResponse"),
        (b'{"stopReason":"end_turn"}', "invalidResponse"),
        (b"[]", "invalidResponse"),
        (b"no", "invalidResponse"),
    ],
)
def test_no_reply_in_a_200(body: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        DIALECT.whole(body, Quirks())
    assert caught.value.kind == kind


@pytest.mark.parametrize("pair", [("", b"{}"), ("messageStop", b"no"), ("contentBlockDelta", b"")])
def test_what_is_not_the_format(pair: Pair) -> None:
    with pytest.raises(InvalidResponse):
        stream(pair)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (("contentBlockDelta", b'{"contentBlockIndex":"0","delta":{"text":"a\xff","x":1}}'), "a\ufffd"),
        (("contentBlockDelta", {"contentBlockIndex": None, "delta": {"text": 5, "toolUse": []}}), "5"),
        (("contentBlockDelta", {"delta": {"toolUse": {"input": {"x": 1}}}}), ""),
    ],
)
def test_what_does_not_quite_fit(event: Pair, text: str) -> None:
    found = answer(stream(event, ended(), META))
    assert found.text == text
    assert all(arguments == '{"x":1}' for _, _, arguments in found.tool_texts())
