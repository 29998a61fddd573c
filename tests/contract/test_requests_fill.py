"""What we send for code completion, and to Ollama, is what the vendors' own descriptions allow."""

from dataclasses import replace
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from wire_recordings import schema, shared

from libria_providers.dialects.completions import OpenAICompletions
from libria_providers.dialects.mistral_fim import MistralFim
from libria_providers.dialects.ollama import Ollama
from libria_providers.dialects.ollama_embed import OllamaEmbed
from libria_providers.dialects.ollama_fill import OllamaFill
from libria_providers.registry import find
from libria_providers.types import (
    Call,
    Embed,
    Fill,
    Image,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)

FILL = Call(model="p/m", ask=Fill("a = ", "\nb", "python", "a.py"))
FILLS = {
    "plain": FILL,
    "no suffix": replace(FILL, ask=Fill("a = ")),
    "nothing around": replace(FILL, ask=Fill("")),
    "not streamed": replace(FILL, stream=False),
    "options": replace(FILL, max_tokens=9, temperature=0.5, top_p=0.9, stop=("a", "b"), seed=7),
}
PLAIN = Call(model="p/m", messages=(Message("user", "Hi"),))
WEATHER = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}}, "The weather of a city")
TURN = (
    Message("system", "Be brief."),
    Message("user", (Text("What is it like?"), Image(data="AAAA", media_type="image/png"))),
    Message("assistant", "I look.", tool_calls=(ToolCall("call_1", "weather", {"city": "Bern"}),)),
    Message("tool", "sunny", tool_call_id="call_1"),
    Message("assistant", "", tool_calls=(ToolCall("call_2", "weather", {}), ToolCall("call_3", "weather", {}))),
    Message("tool", (Text("rain"),), tool_call_id="call_2"),
    Message("tool", "snow", tool_call_id="call_3"),
)
CHATS = {
    "plain": PLAIN,
    "not streamed": replace(PLAIN, stream=False),
    "options": replace(PLAIN, system="S", max_tokens=9, temperature=0.5, top_p=0.9, stop=("a",), seed=7),
    "conversation": replace(PLAIN, messages=TURN, tools=(WEATHER,)),
    "choice": replace(PLAIN, tools=(WEATHER, Tool("now", {})), tool_choice=ToolChoice("auto")),
    "json": replace(PLAIN, response_format=ResponseFormat("json")),
    "schema": replace(PLAIN, response_format=ResponseFormat("jsonSchema", "thing", {"type": "object"})),
    "reasoning": replace(PLAIN, reasoning=ReasoningOptions("low")),
    "little reasoning": replace(PLAIN, reasoning=ReasoningOptions("minimal")),
    "thinking back": replace(
        PLAIN, messages=(*PLAIN.messages, Message("assistant", "x", opaque={"dialect": "ollama", "thinking": "t"}))
    ),
}


@pytest.mark.parametrize("call", FILLS.values(), ids=FILLS)
def test_completions(call: Call) -> None:
    document = schema("openai-openapi.json")
    wanted = {"$ref": "#/components/schemas/CreateCompletionRequest", "components": document["components"]}
    known = set(document["components"]["schemas"]["CreateCompletionRequest"]["properties"])
    _check(OpenAICompletions().encode(call, "gpt-3.5-turbo-instruct", find("openai").quirks).body, wanted, known)


@pytest.mark.parametrize("call", FILLS.values(), ids=FILLS)
def test_mistral(call: Call) -> None:
    wanted = schema("sdk-schemas/mistralai-3.7.0.FIMCompletionRequest.schema.json")
    _check(MistralFim().encode(call, "m", find("mistral").quirks).body, wanted, {*wanted["properties"], "stream"})


@pytest.mark.parametrize("call", CHATS.values(), ids=CHATS)
def test_ollama_chat(call: Call) -> None:
    _check(Ollama().encode(call, "m", find("ollama").quirks).body, *_ollama("ChatRequest"))


@pytest.mark.parametrize("call", FILLS.values(), ids=FILLS)
def test_ollama_fill(call: Call) -> None:
    _check(OllamaFill().encode(call, "m", find("ollama").quirks).body, *_ollama("GenerateRequest"))


def test_ollama_embed() -> None:
    call = Call(model="p/m", ask=Embed(("a", "b"), 8))
    _check(OllamaEmbed().encode(call, "m", find("ollama").quirks).body, *_ollama("EmbedRequest"))


def _ollama(name: str) -> tuple[Any, set[str]]:
    root = shared()
    assert root is not None
    document = yaml.safe_load((root / "wire" / "specs" / "ollama-openapi.yaml").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}, set(
        schemas[name]["properties"]
    )


def _check(data: bytes, wanted: Any, known: set[str]) -> None:
    body = msgspec.json.decode(data)
    errors = [
        f"{error.json_path}: {error.message[:300]}"
        for error in jsonschema.Draft202012Validator(wanted).iter_errors(body)
    ]
    assert not errors
    assert set(body) <= known
