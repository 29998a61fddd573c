"""What the simulator says is what the vendors' own SDKs take: whole replies and every event of a stream."""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from websockets.asyncio.client import connect

from libria_providers.simulator import Simulator

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "contract"))

from simulated import SCHEMA, post
from wire_recordings import missing, schema, shared

USER = {"role": "user", "content": "a b c d"}
CHAT = {"messages": [USER], "tools": [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]}
RESPONSES = {
    "input": "a b c d",
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "low"},
    "tools": [{"type": "function", "name": "look", "parameters": SCHEMA}],
}
ANTHROPIC = {"max_tokens": 99, "messages": [USER], "tools": [{"name": "look", "input_schema": SCHEMA}]}
GEMINI = {
    "contents": [{"role": "user", "parts": [{"text": "a b c d"}]}],
    "tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": SCHEMA}]}],
}
PROMPT = {"prompt": "a b c d", "suffix": "e"}

# Format: path, body, schema of the whole reply, and of an event. The SDK has none for a completion's event:
# its type wants a finish reason in each, where null is recorded.
FORMATS: dict[str, tuple[str, dict[str, Any], str, str | None]] = {
    "openai": ("/v1/chat/completions", CHAT, "openai-3.54.0.ChatCompletion", "openai-3.54.0.ChatCompletionChunk"),
    "groq": ("/openai/v1/chat/completions", CHAT, "groq-1.7.0.ChatCompletion", "groq-1.7.0.ChatCompletionChunk"),
    "responses": ("/v1/responses", RESPONSES, "openai-3.54.0.Response", "openai-3.54.0.ResponseStreamEvent"),
    "anthropic": ("/v1/messages", ANTHROPIC, "anthropic-2.12.0.Message", "anthropic-2.12.0.RawMessageStreamEvent"),
    "gemini": (
        "/v1beta/models/{model}:generateContent",
        GEMINI,
        "google-genai-3.4.0.GenerateContentResponse",
        "google-genai-3.4.0.GenerateContentResponse",
    ),
    "cohere": ("/v2/chat", CHAT, "cohere-7.3.1.V2ChatResponse", "cohere-7.3.1.V2ChatStreamResponse"),
    "completions": ("/v1/completions", PROMPT, "openai-3.54.0.Completion", None),
    "fim": (
        "/v1/fim/completions",
        PROMPT,
        "mistralai-3.7.0.FIMCompletionResponse",
        "mistralai-3.7.0.CompletionChunk",
    ),
}  # fmt: skip
MODELS = ["echo+think+cached:2", "parallel-tools", "echo+length:0.5", "echo+filter", "echo+refusal", "echo+count:1"]


@pytest.fixture(autouse=True)
def _need_schemas() -> None:
    if shared() is None:
        missing()


@cache
def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(schema(f"sdk-schemas/{name}.schema.json"))


def check(name: str, said: Any) -> None:
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(said))
    assert error is None, f"{error.message} at {error.json_path} of {json.dumps(said)[:600]}"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", FORMATS)
async def test_whole_replies(name: str, model: str) -> None:
    path, body, whole, _ = FORMATS[name]
    async with Simulator(now=lambda: 1e9) as sim:
        reply = await post(sim, path.format(model=model), {"model": model, **body}, headers=HEADERS)
    check(whole, _as_documented(name, reply.json()))


@pytest.mark.parametrize("model", [*MODELS, "echo+error:0.5"])
@pytest.mark.parametrize("name", FORMATS)
async def test_events(name: str, model: str) -> None:
    path, body, _, one = FORMATS[name]
    if name == "gemini":
        path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    async with Simulator(now=lambda: 1e9) as sim:
        asked = {"model": model, "stream": True, **body}
        reply = await post(sim, path.format(model=model), asked, headers=HEADERS)
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: ") and line != "data: [DONE]"]
    assert lines
    for said in map(json.loads, lines):
        is_error = "error" in said or said.get("object") == "error"
        if one is not None and not is_error and said.get("type") != "ping":  # which SDKs pass over
            check(one, _as_documented(name, said))


def _as_documented(name: str, said: Any) -> Any:
    """Groq's SDK knows no content filter; the word is OpenAI's."""
    for choice in said.get("choices", ()) if name == "groq" else ():
        if choice["finish_reason"] == "content_filter":
            choice["finish_reason"] = "stop"
    return said


@pytest.mark.parametrize("model", [*MODELS, "status:429", "echo+error:0.5"])
async def test_messages_of_a_websocket(model: str) -> None:
    asked = {"type": "response.create", "model": model, "stream_id": "a", **RESPONSES}
    async with Simulator(now=lambda: 1e9) as sim, connect(f"ws{sim.url[4:]}/v1/responses", proxy=None) as connection:
        await connection.send(json.dumps(asked))
        said: dict[str, Any] = {"type": ""}
        while said["type"] not in ("error", "response.completed", "response.incomplete"):
            said = json.loads(await connection.recv())
            check("openai-3.54.0.ResponsesServerEvent", said)


HEADERS = {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/v1/embeddings", {"model": "fast", "input": ["x"]}, "openai-3.54.0.CreateEmbeddingResponse"),
        ("/v2/embed", {"model": "fast", "texts": ["x"], "input_type": "x"}, "cohere-7.3.1.EmbedByTypeResponse"),
        ("/v1/messages/count_tokens", {"model": "fast", "messages": [USER]}, "anthropic-2.12.0.MessageTokensCount"),
        ("/v1/messages", {"model": "status:429", **ANTHROPIC}, "anthropic-2.12.0.ErrorResponse"),
    ],
)
async def test_other_replies(path: str, body: Any, name: str) -> None:
    async with Simulator() as sim:
        check(name, (await post(sim, path, body, headers=HEADERS)).json())
