"""What each vendor of OpenAI's chat format is told otherwise, and what it is never asked."""

import json
from dataclasses import replace
from typing import Any

import pytest

from libria_providers.dialects.openai_chat_decode import ChatDecoder
from libria_providers.errors import BadRequest
from libria_providers.refusals import refuse
from libria_providers.registry import ROWS, address
from libria_providers.types import (
    Call,
    File,
    Finish,
    Message,
    Reasoning,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolCall,
    ToolChoice,
)  # fmt: skip

PLAIN = Call("p/m", (Message("user", "Hi"),))
TOOL = Tool("f", {"type": "object", "properties": {}})
SCHEMA = ResponseFormat("jsonSchema", "x", {"type": "object"})


def said(name: str, model: str, **changes: Any) -> dict[str, Any]:
    """What goes on the wire besides what always does. Raises BadRequest."""
    row, call = ROWS[name], replace(PLAIN, **changes)
    quirks = row.quirks_of(model)
    refuse(call, model, quirks)
    body: dict[str, Any] = json.loads(row.dialect.encode(call, model, quirks).body)
    for usual in ("model", "messages", "stream", "stream_options", "tools"):
        body.pop(usual, None)
    return body


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("together", "https://api.together.ai/v1"),
        ("fireworks", "https://api.fireworks.ai/inference/v1"),
        ("perplexity", "https://api.perplexity.ai"),
        ("huggingface", "https://router.huggingface.co/v1"),
        ("moonshot", "https://api.moonshot.ai/v1"),
        ("zai", "https://api.z.ai/api/paas/v4"),
        ("alibaba", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        ("vercel-gateway", "https://ai-gateway.vercel.sh/v1"),
        ("nvidia", "https://integrate.api.nvidia.com/v1"),
        ("sambanova", "https://api.sambanova.ai/v1"),
        ("voyage", "https://api.voyageai.com/v1"),
    ],
)
def test_address(name: str, url: str) -> None:
    assert address(ROWS[name], None, {}) == url


def test_an_address_of_older_times() -> None:
    old = {"TOGETHER_BASE_URL": "https://api.together.xyz/v1"}
    assert address(ROWS["together"], None, old) == "https://api.together.xyz/v1"


@pytest.mark.parametrize(
    ("name", "model", "reasoning", "body"),
    [
        ("groq", "openai/gpt-oss-20b", ReasoningOptions("minimal"), {"reasoning_effort": "low"}),
        ("groq", "qwen/qwen3-32b", ReasoningOptions("low"),
         {"reasoning_format": "parsed", "reasoning_effort": "default"}),
        ("cerebras", "qwen-3-32b", None, {"reasoning_format": "parsed"}),
        ("cerebras", "kimi-k3", ReasoningOptions("medium"), {"reasoning_effort": "high"}),
        ("together", "x", ReasoningOptions("minimal"), {"reasoning_effort": "low"}),
        ("perplexity", "sonar-pro", ReasoningOptions("minimal"), {"reasoning_effort": "minimal"}),
        ("deepseek", "deepseek-flash", ReasoningOptions("medium"), {"reasoning_effort": "medium"}),
        ("xai", "grok-4.3", ReasoningOptions("minimal"), {"reasoning_effort": "low"}),
        ("moonshot", "kimi-k3", ReasoningOptions("medium"), {"reasoning_effort": "high"}),
        ("moonshot", "kimi-k2.6", ReasoningOptions("medium"), {"thinking": {"type": "enabled"}}),
        ("zai", "glm-4.7", ReasoningOptions("low"), {"thinking": {"type": "enabled"}, "tool_stream": True}),
        ("zai", "glm-4.5v", ReasoningOptions(), {"thinking": {"type": "enabled"}}),
        ("zai", "glm-5.3", ReasoningOptions("medium"), {"reasoning_effort": "high", "tool_stream": True}),
        ("alibaba", "qwen-plus", ReasoningOptions("low"), {"enable_thinking": True}),
        ("alibaba", "qwen-plus", ReasoningOptions(max_tokens=99), {"enable_thinking": True, "thinking_budget": 99}),
        ("openrouter", "x", ReasoningOptions(max_tokens=99), {"reasoning": {"max_tokens": 99}}),
        ("vercel-gateway", "x/y", ReasoningOptions("high"), {"reasoning": {"effort": "high"}}),
    ],
)  # fmt: skip
def test_reasoning(name: str, model: str, reasoning: ReasoningOptions | None, body: dict[str, Any]) -> None:
    assert said(name, model, reasoning=reasoning) == body


FORCED = {"type": "function", "function": {"name": "f"}}
OFF = {"thinking": {"type": "disabled"}}


@pytest.mark.parametrize(
    ("name", "model", "choice", "body"),
    [
        ("groq", "m", ToolChoice("tool", "f"), {"tool_choice": FORCED}),
        ("deepseek", "deepseek-flash", ToolChoice("auto"), {"tool_choice": "auto"}),
        ("deepseek", "deepseek-flash", ToolChoice("tool", "f"), {"tool_choice": FORCED, **OFF}),
        ("deepseek", "deepseek-flash", ToolChoice("required"), {"tool_choice": "required", **OFF}),
        ("moonshot", "kimi-k2.6", ToolChoice("tool", "f"), {"tool_choice": FORCED, **OFF}),
        ("moonshot", "kimi-k3", ToolChoice("required"), {"tool_choice": "required"}),
        ("moonshot", "kimi-k2.7-code", ToolChoice("none"), {"tool_choice": "none"}),
    ],
)
def test_tool_choice(name: str, model: str, choice: ToolChoice, body: dict[str, Any]) -> None:
    assert said(name, model, tools=(TOOL,), tool_choice=choice) == body


@pytest.mark.parametrize(
    ("name", "model", "changes", "why"),
    [
        ("deepseek", "deepseek-reasoner", {"tools": (TOOL,), "tool_choice": ToolChoice("required")}, "toolChoice"),
        ("deepseek", "deepseek-flash",
         {"tools": (TOOL,), "tool_choice": ToolChoice("required"), "reasoning": ReasoningOptions("low")}, "reasoning"),
        ("deepseek", "deepseek-flash", {"response_format": SCHEMA}, "jsonSchema"),
        ("moonshot", "kimi-k3", {"tools": (TOOL,), "tool_choice": ToolChoice("tool", "f")}, "toolChoice"),
        ("moonshot", "kimi-k2.7-code", {"tools": (TOOL,), "tool_choice": ToolChoice("required")}, "toolChoice"),
        ("moonshot", "kimi-k2.6", {"temperature": 0.3}, "temperature"),
        ("moonshot", "moonshot-v1-8k", {"reasoning": ReasoningOptions("low")}, "reasoning"),
        ("moonshot", "kimi-k3", {"reasoning": ReasoningOptions(max_tokens=9)}, "reasoning.maxTokens"),
        ("zai", "glm-5.3", {"tools": (TOOL,), "tool_choice": ToolChoice("required")}, "toolChoice"),
        ("zai", "glm-5.3", {"response_format": SCHEMA}, "jsonSchema"),
        ("perplexity", "sonar", {"tools": (TOOL,)}, "tools"),
        ("perplexity", "sonar", {"response_format": ResponseFormat("json")}, "json"),
        ("alibaba", "qwen-plus", {"response_format": SCHEMA}, "jsonSchema"),
        ("xai", "grok-4.3", {"stop": ("a",)}, "stop"),
        ("xai", "grok-code-fast-1", {"reasoning": ReasoningOptions("low")}, "reasoning"),
        ("xai", "grok-4.20-non-reasoning", {"reasoning": ReasoningOptions("low")}, "reasoning"),
        ("groq", "m", {"messages": (Message("user", (File("AA", "application/pdf"),)),)}, "files"),
        ("voyage", "voyage-4", {}, "embeddings"),
    ],
)  # fmt: skip
def test_refused_in_words(name: str, model: str, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        said(name, model, **changes)


@pytest.mark.parametrize(
    ("name", "model", "changes"),
    [
        ("xai", "grok-4.20-non-reasoning", {"stop": ("a",), "temperature": 0.3}),
        ("xai", "grok-4.3", {"reasoning": ReasoningOptions("low"), "response_format": SCHEMA}),
        ("moonshot", "moonshot-v1-8k", {"temperature": 0.3}),
        ("moonshot", "kimi-k2.6", {"temperature": 1, "response_format": SCHEMA}),
        ("alibaba", "qwen3.8-flash", {"response_format": SCHEMA}),
        ("perplexity", "sonar", {"response_format": SCHEMA, "stop": ("a",)}),
    ],
)
def test_not_refused(name: str, model: str, changes: dict[str, Any]) -> None:
    said(name, model, **changes)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("perplexity", {"type": "file_url", "file_url": {"url": "AA"}, "file_name": "a.pdf"}),
        ("vercel-gateway",
         {"type": "file", "file": {"filename": "a.pdf", "media_type": "application/pdf", "data": "AA"}}),
        ("openrouter",
         {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}}),
    ],
)  # fmt: skip
def test_a_file(name: str, part: dict[str, Any]) -> None:
    row = ROWS[name]
    call = replace(PLAIN, messages=(Message("user", (File("AA", "application/pdf", "a.pdf"),)),))
    assert json.loads(row.dialect.encode(call, "m", row.quirks).body)["messages"][0]["content"] == [part]


@pytest.mark.parametrize(
    ("name", "limit"),
    [("moonshot", "max_completion_tokens"), ("cerebras", "max_completion_tokens"), ("zai", "max_tokens"),
     ("alibaba", "max_tokens"), ("perplexity", "max_tokens"), ("fireworks", "max_tokens")],
)  # fmt: skip
def test_max_tokens(name: str, limit: str) -> None:
    assert said(name, "m", max_tokens=5)[limit] == 5


@pytest.mark.parametrize(
    ("name", "model", "blank"),
    [("deepseek", "deepseek-flash", ""), ("moonshot", "kimi-k2.6", " "), ("zai", "glm-5", "")],
)
def test_reasoning_goes_back_with_tool_calls(name: str, model: str, blank: str) -> None:
    row = ROWS[name]
    quirks = row.quirks_of(model)
    decoder = ChatDecoder(quirks)
    piece = {"reasoning_content": "Hm.", "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}
    events = decoder.feed("", json.dumps({"choices": [{"delta": piece, "finish_reason": "tool_calls"}]}).encode())
    events += decoder.feed("", b"[DONE]")
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert Reasoning("Hm.") in events
    call = ToolCall("c", "f", {})
    turns = (
        Message("user", "Hi"),
        Message("assistant", "", (call,), opaque=finish.opaque),
        Message("tool", "1", tool_call_id="c"),
        Message("assistant", "", (replace(call, id="d"),)),  # another provider's, or one that did not think
        Message("tool", "2", tool_call_id="d"),
        Message("assistant", "So.", opaque=finish.opaque),
    )
    body = json.loads(row.dialect.encode(replace(PLAIN, messages=turns), model, quirks).body)
    assert [message.get("reasoning_content") for message in body["messages"]] == [None, "Hm.", None, blank, None, None]


def test_no_reasoning_goes_back_to_a_model_that_has_none() -> None:
    quirks = ROWS["moonshot"].quirks_of("moonshot-v1-8k")
    call = replace(PLAIN, messages=(Message("assistant", "", (ToolCall("c", "f", {}),)),))
    body = json.loads(ROWS["moonshot"].dialect.encode(call, "moonshot-v1-8k", quirks).body)
    assert "reasoning_content" not in body["messages"][0]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "Invalid request: Your request exceeded model token limit: 262144 (requested: 2690",
                         "type": "invalid_request_error"}}, "contextTooLong"),
        (429, {"error": {"message": "busy", "type": "engine_overloaded_error"}}, "overloaded"),
        (429, {"error": {"message": "m", "type": "exceeded_current_quota_error"}}, "quotaExhausted"),
        (400, {"error": {"code": "invalid_parameter_error", "type": "invalid_request_error", "message":
               "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 983616]"}},
         "contextTooLong"),
        (400, {"error": {"code": "Arrearage", "message": "Access denied, please make sure your account is in good "
                         "standing.", "type": "Arrearage"}}, "quotaExhausted"),
        (400, {"code": "Client specified an invalid argument", "error":
               "This model's maximum prompt length is 131072 but the request contains 136973 tokens."},
         "contextTooLong"),
        (429, {"code": "Some resource has been exhausted", "error": "Your team x has either used all available credits "
               "or reached its monthly spending limit."}, "quotaExhausted"),
        (403, {"code": "permission-denied", "error": "Your team x has either used all available credits or reached its "
               "monthly spending limit."}, "quotaExhausted"),
        (429, {"error": {"code": "1113", "message": "Insufficient balance or no resource package. Please recharge."}},
         "quotaExhausted"),
        (429, {"error": {"code": "1302", "message": "High concurrency usage of this API"}}, "rateLimited"),
        (400, {"error": {"code": "1211", "message": "Unknown Model, please check the model code."}}, "modelNotFound"),
        (400, {"error": {"code": "1261", "message": "Prompt exceeds max length"}}, "contextTooLong"),
        (401, {"error": {"message": "Invalid API key provided.", "type": "invalid_api_key", "code": 401}},
         "credentialRejected"),
    ],
)  # fmt: skip
def test_errors(status: int, body: Any, kind: str) -> None:
    assert ROWS["xai"].dialect.error(status, {}, json.dumps(body).encode()).kind == kind
