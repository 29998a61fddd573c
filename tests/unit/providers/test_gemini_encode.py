"""A call in Gemini's format: what is said, where it goes, what is refused."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.dialects.gemini import Gemini
from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.rows import google
from libria_providers.types import (
    Call,
    File,
    Image,
    Message,
    Part,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)  # fmt: skip

PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),), stream=False)
HI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
TOOL = Tool("f", {"properties": {"a": {"type": "string"}}, "additionalProperties": False}, "Does it")
ROWS = {row.name: row for row in google.ROWS}


def body(call: Call, quirks: Quirks | None = None) -> dict[str, Any]:
    return msgspec.json.decode(Gemini().encode(call, "m", quirks or Quirks()).body, type=dict[str, Any])


OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({"stream": True}, {}),
        ({"system": "Be brief."}, {"systemInstruction": {"parts": [{"text": "Be brief."}]}}),
        (
            {
                "max_tokens": 5, "temperature": 0.0, "top_p": 0.5, "stop": ("a", "b"), "seed": 0,
                "provider_options": {"generationConfig": {"topK": 3, "seed": 4}, "safetySettings": []},
            },
            {
                "generationConfig": {
                    "maxOutputTokens": 5, "temperature": 0.0, "topP": 0.5, "stopSequences": ["a", "b"], "seed": 4,
                    "topK": 3,
                },
                "safetySettings": [],
            },
        ),
        ({"response_format": ResponseFormat("text")}, {}),
        ({"response_format": ResponseFormat("json")}, {"generationConfig": {"responseMimeType": "application/json"}}),
        (
            {"response_format": ResponseFormat("jsonSchema", "x", {"$ref": "#/$defs/a"})},
            {
                "generationConfig": {
                    "responseMimeType": "application/json",
                    "responseJsonSchema": {"$ref": "#/$defs/a"},
                }
            },
        ),
        ({"tool_choice": ToolChoice("required")}, {}),  # of what?
        (
            {"tools": (TOOL, Tool("g", {})), "provider_options": {"tools": [{"googleSearch": {}}]}},
            {
                "tools": [
                    {
                        "functionDeclarations": [
                            {
                                "name": "f",
                                "description": "Does it",
                                "parametersJsonSchema": {"type": "object", **TOOL.parameters},
                            },
                            {"name": "g"},
                        ]
                    },
                    {"googleSearch": {}},
                ]
            },
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), OPTIONS)
def test_option(changes: dict[str, Any], said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, **changes)) == {**HI, **said}


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("tool", "f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choice(choice: ToolChoice, config: dict[str, Any]) -> None:
    said = body(replace(PLAIN, tools=(TOOL,), tool_choice=choice))
    assert said["toolConfig"] == {"functionCallingConfig": config}


@pytest.mark.parametrize(
    ("model", "wanted", "config"),
    [
        ("gemini-3.8-flash", ReasoningOptions(), {}),
        ("gemini-3.8-flash", ReasoningOptions("high"), {"thinkingLevel": "HIGH"}),
        ("gemini-3.8-flash", ReasoningOptions("minimal"), {"thinkingLevel": "LOW"}),
        ("gemini-4-argon", ReasoningOptions("minimal", 500), {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", ReasoningOptions("minimal"), {"thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", ReasoningOptions("minimal"), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.5-flash-lite", ReasoningOptions("minimal"), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", ReasoningOptions("medium"), {"thinkingLevel": "MEDIUM"}),
        ("models/gemini-3-pro-preview", ReasoningOptions("medium"), {"thinkingLevel": "HIGH"}),
        ("gemini-3.8-flash", ReasoningOptions(max_tokens=500), {"thinkingBudget": 500}),
        ("gemini-2.5-pro", ReasoningOptions("low"), {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", ReasoningOptions("high", 500), {"thinkingBudget": 500}),
        ("gemini-2.5-flash", ReasoningOptions(), {}),
        ("gemma-4-31b-it", ReasoningOptions("low"), {"thinkingLevel": "MINIMAL"}),
        ("gemma-4-31b-it", ReasoningOptions("medium"), {"thinkingLevel": "HIGH"}),
    ],
)
def test_reasoning(model: str, wanted: ReasoningOptions, config: dict[str, Any]) -> None:
    for row in ROWS.values():
        said = body(replace(PLAIN, reasoning=wanted), row.quirks_of(model))
        assert said["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, **config}


def test_what_a_family_cannot() -> None:
    row = ROWS["gemini"]
    for model, changes in (
        ("gemini-2.0-flash", {"reasoning": ReasoningOptions("low")}),
        ("gemma-3-27b-it", {"tools": (TOOL,)}),
        ("gemma-3n-e4b-it", {"response_format": ResponseFormat("json")}),
    ):
        with pytest.raises(BadRequest, match=model):
            refuse(replace(PLAIN, **changes), model, row.quirks_of(model))
    with pytest.raises(BadRequest, match=r"reasoning\.maxTokens"):
        body(replace(PLAIN, reasoning=ReasoningOptions(max_tokens=9)), row.quirks_of("gemma-4-31b-it"))


def test_gemma_reads_the_system_text_as_the_users() -> None:
    call = replace(PLAIN, system="Be brief.", messages=(Message("system", "Be kind."), *PLAIN.messages))
    first = {"role": "user", "parts": [{"text": "Be brief.\n\nBe kind."}]}
    assert body(call, ROWS["gemini"].quirks_of("gemma-3-27b-it")) == {"contents": [first, *HI["contents"]]}
    assert "systemInstruction" in body(call, ROWS["gemini"].quirks_of("gemma-4-31b-it"))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Text("a"), {"text": "a"}),
        (Image(data="AA", media_type="image/webp"), {"inlineData": {"mimeType": "image/webp", "data": "AA"}}),
        (Image(data="AA"), {"inlineData": {"mimeType": "image/png", "data": "AA"}}),
        (Image(url="data:image/gif;base64,AA=="), {"inlineData": {"mimeType": "image/gif", "data": "AA=="}}),
        (Image(url="data:;base64,AA"), {"inlineData": {"mimeType": "image/png", "data": "AA"}}),
        (Image(url="https://x.org/a.webp?b=c"), {"fileData": {"mimeType": "image/webp", "fileUri": "https://x.org/a.webp?b=c"}}),
        (Image(url="gs://b/a"), {"fileData": {"mimeType": "image/jpeg", "fileUri": "gs://b/a"}}),
        (Image(url="https://x.org/a", media_type="image/png"), {"fileData": {"mimeType": "image/png", "fileUri": "https://x.org/a"}}),
        (File("AA", "application/pdf", "a.pdf"), {"inlineData": {"mimeType": "application/pdf", "data": "AA"}}),
    ],
)  # fmt: skip
def test_part(part: Part, said: dict[str, Any]) -> None:
    assert body(replace(PLAIN, messages=(Message("user", (part,)),)))["contents"][0]["parts"] == [said]


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        ("gemini-3.8-flash", False, "/models/gemini-3.8-flash:generateContent"),
        ("gemini-3.8-flash", True, "/models/gemini-3.8-flash:streamGenerateContent?alt=sse"),
        ("models/a", False, "/models/a:generateContent"),
        ("tunedModels/a", False, "/tunedModels/a:generateContent"),
        ("a/b?c#d", False, "/models/a%2Fb%3Fc%23d:generateContent"),
        ("../x", False, "/models/..%2Fx:generateContent"),
        ("a@001", False, "/models/a@001:generateContent"),
    ],
)
def test_path(model: str, stream: bool, path: str) -> None:
    assert Gemini().encode(replace(PLAIN, stream=stream), model, Quirks()).path == path


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (Message("user", (Image(url="data:image/svg+xml,<svg/>"),)), "base64"),
        (Message("assistant", (Image(data="AA"),)), "assistant"),
        (Message("system", (Image(data="AA"),)), "system"),
        (Message("tool", "x"), "toolCallId"),
        (Message("tool", "x", tool_call_id="nobody's"), "nobody's"),
    ],
)
def test_what_cannot_be_said(message: Message, named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        body(replace(PLAIN, messages=(*PLAIN.messages, message)))


def test_a_turn_that_said_nothing_is_left_out() -> None:
    call = replace(PLAIN, messages=(*PLAIN.messages, Message("assistant"), Message("user", "Well?")))
    assert [content["role"] for content in body(call)["contents"]] == ["user", "user"]


def test_calls_that_another_model_made() -> None:
    """Fallback within a tool loop: Gemini 3 wants a signature on the first call of a turn."""
    calls = (ToolCall("toolu_1", "f", {"a": 1}), ToolCall("toolu_2", "f", {}))
    turn = Message("assistant", "I look.", calls, opaque={"dialect": "anthropic", "content": []})
    results = (Message("tool", "two", tool_call_id="toolu_2"), Message("tool", "one", tool_call_id="toolu_1"))
    call = replace(PLAIN, messages=(*PLAIN.messages, turn, *results))
    quirks = ROWS["gemini"].quirks_of("gemini-3.8-flash")
    first: dict[str, Any] = {"functionCall": {"name": "f", "args": {"a": 1}}}
    second: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}
    signed = {**first, "thoughtSignature": "skip_thought_signature_validator"}
    answers = {
        "role": "user",
        "parts": [
            {"functionResponse": {"name": "f", "response": {"output": "one"}}},
            {"functionResponse": {"name": "f", "response": {"output": "two"}}},
        ],
    }
    assert body(call, quirks)["contents"][1:] == [
        {"role": "model", "parts": [{"text": "I look."}, signed, second]},
        answers,
    ]
    older = ROWS["gemini"].quirks_of("gemini-2.5-pro")
    assert body(call, older)["contents"][1:] == [
        {"role": "model", "parts": [{"text": "I look."}, first, second]},
        answers,
    ]


def test_media_in_a_result() -> None:
    turn = Message("assistant", "", (ToolCall("1", "f", {}),))
    result = Message("tool", (Text("a"), Image(data="AA"), Text("b")), tool_call_id="1")
    call = replace(PLAIN, messages=(*PLAIN.messages, turn, result))
    said: dict[str, Any] = {"name": "f", "response": {"output": "ab"}}
    media = {"inlineData": {"mimeType": "image/png", "data": "AA"}}
    assert body(call)["contents"][-1]["parts"] == [{"functionResponse": {**said, "parts": [media]}}]
    beside = body(call, Quirks(media_in_results=False))["contents"][-1]["parts"]
    assert beside == [{"functionResponse": said}, media]
