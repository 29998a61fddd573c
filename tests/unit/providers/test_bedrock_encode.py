"""What is said to Bedrock's Converse."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.errors import BadRequest
from libria_providers.rows.bedrock import ROWS
from libria_providers.types import (
    Call,
    File,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)  # fmt: skip

ROW = next(row for row in ROWS if row.name == "bedrock")
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PLAIN = Call(model="bedrock/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}}, "The weather")
OTHER = Tool("other", {})
SPEC = {"toolSpec": {"name": "weather", "description": "The weather", "inputSchema": {"json": WEATHER.parameters}}}
USER = {"role": "user", "content": [{"text": "Hi"}]}


def body(call: Call, model: str = CLAUDE) -> Any:
    request = ROW.dialect.encode(call, model, ROW.quirks_of(model))
    return msgspec.json.decode(request.body)


def messages(*turns: Message, model: str = CLAUDE) -> Any:
    return body(replace(PLAIN, messages=turns, tools=(WEATHER,)), model)["messages"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (PLAIN, {}),
        (replace(PLAIN, stream=False), {}),
        (replace(PLAIN, system="Be brief."), {"system": [{"text": "Be brief."}]}),
        (
            replace(PLAIN, max_tokens=9, temperature=0.5, stop=("a", "b")),
            {"inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "stopSequences": ["a", "b"]}},
        ),
        (replace(PLAIN, top_p=0.9), {"inferenceConfig": {"topP": 0.9}}),
        (replace(PLAIN, tools=(WEATHER,)), {"toolConfig": {"tools": [SPEC]}}),
        (
            replace(PLAIN, tools=(OTHER,), tool_choice=ToolChoice("auto")),
            {
                "toolConfig": {
                    "tools": [
                        {"toolSpec": {"name": "other", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
                    ],
                    "toolChoice": {"auto": {}},
                }
            },
        ),
        (
            replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required")),
            {"toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}}},
        ),
        (
            replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("tool", "weather")),
            {"toolConfig": {"tools": [SPEC], "toolChoice": {"tool": {"name": "weather"}}}},
        ),
        # There is no choice "none".
        (replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("none")), {}),
        (replace(PLAIN, response_format=ResponseFormat("text")), {}),
        (
            replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
            {
                "outputConfig": {
                    "textFormat": {
                        "type": "json_schema",
                        "structure": {"jsonSchema": {"schema": '{"type":"object"}', "name": "thing"}},
                    }
                }
            },
        ),
        (
            replace(PLAIN, max_tokens=9, provider_options={"inferenceConfig": {"topP": 0.1}, "serviceTier": {}}),
            {"inferenceConfig": {"maxTokens": 9, "topP": 0.1}, "serviceTier": {}},
        ),
    ],
)
def test_body(call: Call, said: dict[str, Any]) -> None:
    assert body(call) == {"messages": [USER], **said}


@pytest.mark.parametrize(
    ("stream", "model", "path"),
    [
        (True, "amazon.nova-lite-v1:0", "/model/amazon.nova-lite-v1%3A0/converse-stream"),
        (False, "a", "/model/a/converse"),
        (False, "arn:aws:bedrock:eu-west-1:1:inference-profile/x",
         "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse"),
    ],
)  # fmt: skip
def test_path(stream: bool, model: str, path: str) -> None:
    request = ROW.dialect.encode(replace(PLAIN, stream=stream), model, ROW.quirks)
    assert request.path == path
    assert ("eventstream" in request.headers.get("accept", "")) == stream


def test_conversation() -> None:
    """What stands in a row is one message; the system text is beside them."""
    call = replace(
        PLAIN,
        system="One.",
        tools=(WEATHER,),
        messages=(
            Message("system", "Two."),
            Message("user", "a"),
            Message("user", (Text("b"), Text(" "))),
            Message("assistant", "c", tool_calls=(ToolCall("1", "weather", {"x": 1}), ToolCall("2", "weather", {}))),
            Message("tool", "sun", tool_call_id="1"),
            Message("tool", (Text("rain"), Image(data="AAAA", media_type="image/png")), tool_call_id="2"),
            Message("tool", "", tool_call_id="3"),
            Message("user", "d"),
            Message("assistant", " "),
            Message("system", " "),
            Message("user", "e"),
        ),
    )
    said = body(call)
    assert said["system"] == [{"text": "One."}, {"text": "Two."}]
    assert said["messages"] == [
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {
            "role": "assistant",
            "content": [
                {"text": "c"},
                {"toolUse": {"toolUseId": "1", "name": "weather", "input": {"x": 1}}},
                {"toolUse": {"toolUseId": "2", "name": "weather", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "1", "content": [{"text": "sun"}]}},
                {
                    "toolResult": {
                        "toolUseId": "2",
                        "content": [{"text": "rain"}, {"image": {"format": "png", "source": {"bytes": "AAAA"}}}],
                    }
                },
                {"toolResult": {"toolUseId": "3", "content": []}},
                {"text": "d"},
                {"text": "e"},
            ],
        },
    ]


@pytest.mark.parametrize("left", [{}, {"tools": (WEATHER,), "tool_choice": ToolChoice("none")}])
def test_a_conversation_that_goes_on_without_its_tools(left: dict[str, Any]) -> None:
    turns = (
        Message("user", "Hi"),
        Message("assistant", tool_calls=(ToolCall("1", "weather", {}),)),
        Message("tool", "sun", tool_call_id="1"),
    )
    (tool,) = body(replace(PLAIN, messages=turns, **left))["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] not in ("weather", "")


def test_ids_that_would_be_refused() -> None:
    long = "x" * 65
    calls = (ToolCall("a b", "f", {}), ToolCall(long, "f", {}), ToolCall("fine-1_", "f", {}))
    results = tuple(Message("tool", "r", tool_call_id=call.id) for call in calls)
    _, asked, answered = messages(Message("user", "Hi"), Message("assistant", tool_calls=calls), *results)
    ids = [block["toolUse"]["toolUseId"] for block in asked["content"]]
    assert ids == [block["toolResult"]["toolUseId"] for block in answered["content"]]
    assert len(set(ids)) == 3
    assert ids[2] == "fine-1_"
    assert all(len(identity) <= 64 and " " not in identity for identity in ids)


SIGNED = {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}}
REDACTED = {"reasoningContent": {"redactedContent": "YQ=="}}
UNSIGNED = {"reasoningContent": {"reasoningText": {"text": "t"}}}
SAID = {"text": "a"}
CALL = {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}


@pytest.mark.parametrize(
    ("model", "content", "said"),
    [
        (CLAUDE, [SIGNED, REDACTED, SAID, CALL], [SIGNED, REDACTED, SAID, CALL]),
        (CLAUDE, [UNSIGNED, SAID], [SAID]),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", [SIGNED, SAID], [SIGNED, SAID]),
        # Another model of this provider goes on with the conversation.
        ("amazon.nova-lite-v1:0", [SIGNED, SAID, CALL], [SAID, CALL]),
        ("us.deepseek.r1-v1:0", [UNSIGNED, SAID], [SAID]),
        # Reasoning alone is taken for words to be gone on with.
        (CLAUDE, [SIGNED], None),
    ],
)
def test_opaque(model: str, content: list[Any], said: list[Any] | None) -> None:
    turn = Message("assistant", "a", opaque={"dialect": "bedrock-converse", "content": content})
    found = messages(Message("user", "Hi"), turn, Message("user", "Go on."), model=model)
    assert [one["content"] for one in found if one["role"] == "assistant"] == ([said] if said else [])
    foreign = replace(turn, opaque={"dialect": "anthropic", "content": content})
    assert messages(Message("user", "Hi"), foreign)[1]["content"] == [SAID]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Image(data="AA", media_type="image/jpeg"), {"image": {"format": "jpeg", "source": {"bytes": "AA"}}}),
        (Image(data="AA"), {"image": {"format": "png", "source": {"bytes": "AA"}}}),
        (Image(url="data:image/webp;base64,AA"), {"image": {"format": "webp", "source": {"bytes": "AA"}}}),
        (
            Image(url="s3://bucket/a.jpg"),
            {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}},
        ),
        (
            File("AA", "application/pdf", "My report_v1.2.pdf"),
            {"document": {"format": "pdf", "name": "My report v1 2 pdf", "source": {"bytes": "AA"}}},
        ),
        (
            File("AA", "text/x-python", "é"),
            {"document": {"format": "txt", "name": "document", "source": {"bytes": "AA"}}},
        ),
        (
            File("AA", "text/markdown; charset=utf-8"),
            {"document": {"format": "md", "name": "document", "source": {"bytes": "AA"}}},
        ),
    ],
)
def test_part(part: Image | File, block: Any) -> None:
    assert messages(Message("user", (Text("a"), part))) == [{"role": "user", "content": [{"text": "a"}, block]}]


def test_documents_of_one_name() -> None:
    file = File("AA", "text/csv", "x" * 300)
    (said,) = messages(Message("user", (file, file)), Message("user", (file,)))
    names = [block["document"]["name"] for block in said["content"]]
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 200


@pytest.mark.parametrize(
    ("model", "reasoning", "more", "said"),
    [
        (CLAUDE, ReasoningOptions("low"), {"temperature": 0.5, "top_p": 0.5}, {
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}},
            "inferenceConfig": {"maxTokens": 2048 + ROW.quirks_of(CLAUDE).answer_tokens},
        }),
        (CLAUDE, ReasoningOptions(max_tokens=3000), {"max_tokens": 5000}, {
            "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 3000}},
            "inferenceConfig": {"maxTokens": 5000},
        }),
        ("us.amazon.nova-2-lite-v1:0", ReasoningOptions("minimal"), {"max_tokens": 9}, {
            "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
            "inferenceConfig": {"maxTokens": 9},
        }),
        ("us.amazon.nova-2-lite-v1:0", ReasoningOptions("high"), {"temperature": 0.5}, {
            "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        }),
        ("openai.gpt-oss-120b-1:0", ReasoningOptions(), {"temperature": 0.5}, {
            "additionalModelRequestFields": {"reasoning_effort": "medium"}, "inferenceConfig": {"temperature": 0.5},
        }),
    ],
)  # fmt: skip
def test_reasoning(model: str, reasoning: ReasoningOptions, more: dict[str, Any], said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, reasoning=reasoning, **more), model) == {"messages": [USER], **said}


def test_an_effort_for_claude() -> None:
    quirks = replace(ROW.quirks_of(CLAUDE), adaptive_thinking=True)
    call = replace(PLAIN, reasoning=ReasoningOptions("minimal"), max_tokens=9)
    said = msgspec.json.decode(ROW.dialect.encode(call, CLAUDE, quirks).body)
    assert said["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
    assert said["outputConfig"] == {"effort": "low"}
    with pytest.raises(BadRequest, match=r"reasoning\.maxTokens"):
        ROW.dialect.encode(replace(PLAIN, reasoning=ReasoningOptions(max_tokens=2000)), CLAUDE, quirks)


def test_no_thinking_in_the_middle_of_a_turn_that_began_without() -> None:
    turns = (
        Message("user", "Hi"),
        Message("assistant", tool_calls=(ToolCall("1", "weather", {}),)),
        Message("tool", "sun", tool_call_id="1"),
    )
    call = replace(PLAIN, messages=turns, tools=(WEATHER,), reasoning=ReasoningOptions("low"))
    assert "additionalModelRequestFields" not in body(call)
    assert "additionalModelRequestFields" in body(replace(call, messages=turns[:1]))


@pytest.mark.parametrize(
    ("call", "model", "names"),
    [
        (replace(PLAIN, seed=7), CLAUDE, "seed"),
        (replace(PLAIN, temperature=0.5, top_p=0.5), CLAUDE, "topP"),
        (replace(PLAIN, response_format=ResponseFormat("jsonSchema")), "anthropic.claude-3-haiku", "jsonSchema"),
        (replace(PLAIN, messages=(Message("assistant", "x"),)), "global.anthropic.claude-opus-4-8", "assistant"),
        (
            replace(PLAIN, tools=(WEATHER,), tool_choice=ToolChoice("required"), reasoning=ReasoningOptions("low")),
            CLAUDE,
            "toolChoice",
        ),
        (replace(PLAIN, response_format=ResponseFormat("json")), CLAUDE, "responseFormat json"),
        (replace(PLAIN, reasoning=ReasoningOptions("low")), "meta.llama", "reasoning"),
        (replace(PLAIN, reasoning=ReasoningOptions("low"), max_tokens=1000), CLAUDE, "maxTokens"),
        (replace(PLAIN, reasoning=ReasoningOptions(max_tokens=100)), CLAUDE, "reasoning.maxTokens"),
        (replace(PLAIN, reasoning=ReasoningOptions(max_tokens=9000), max_tokens=9000), CLAUDE, "reasoning.maxTokens"),
        (replace(PLAIN, reasoning=ReasoningOptions(max_tokens=9)), "openai.x", "reasoning.maxTokens"),
        (replace(PLAIN, reasoning=ReasoningOptions("high"), max_tokens=9), "amazon.nova-2-lite-v1:0", "maxTokens"),
        (replace(PLAIN, messages=(Message("user", (Image(url="https://h/a.png"),)),)), CLAUDE, "image"),
        (replace(PLAIN, messages=(Message("user", (Image(data="A", media_type="image/tiff"),)),)), CLAUDE, "image"),
        (replace(PLAIN, messages=(Message("user", (File("A", "application/zip"),)),)), CLAUDE, "application/zip"),
        (replace(PLAIN, messages=(Message("tool", "x"),)), CLAUDE, "toolCallId"),
        (replace(PLAIN, messages=(Message("system", (Image(data="A"),)),)), CLAUDE, "system"),
        (replace(PLAIN, messages=(Message("assistant", (Image(data="A"),)),)), CLAUDE, "assistant"),
    ],
)
def test_what_cannot_be_said(call: Call, model: str, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        body(call, model)
