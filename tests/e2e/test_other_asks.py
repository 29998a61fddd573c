"""Code completion, embeddings and token counts, as a client asks for them."""

import pytest
from e2e_client import Client, RpcFailed

from libria_providers.simulator import Simulator
from libria_providers.simulator.embeddings import DIMENSIONS, vector

QUESTION = [{"role": "user", "content": "How long is this?"}]


async def test_embed(client: Client, sim: Simulator) -> None:
    result = await client.request("libria/embed", {"model": "openai/fast", "input": ["one", "two", "one"]})
    assert result["model"] == "openai/fast"
    assert result["embeddings"] == [vector(text, DIMENSIONS) for text in ("one", "two", "one")]
    assert result["usage"]["inputTokens"] == 3
    assert sim.calls[0].path == "/v1/embeddings"


async def test_embed_dimensions_and_cache(client: Client, sim: Simulator) -> None:
    """Embeddings are deterministic: the same ones are not paid for twice."""
    asked = {"model": "openai/fast", "input": ["cached"], "dimensions": 3}
    first = await client.request("libria/embed", asked)
    again = await client.request("libria/embed", asked)
    assert first["embeddings"] == again["embeddings"] == [vector("cached", 3)]
    assert (first["cache"]["hit"], again["cache"]["hit"]) == (False, True)
    assert len(sim.calls) == 1


async def test_more_than_a_request_holds(client: Client, sim: Simulator) -> None:
    texts = [f"text {number}" for number in range(5000)]
    result = await client.request("libria/embed", {"model": "openai/fast", "input": texts, "dimensions": 2})
    assert result["embeddings"] == [vector(text, 2) for text in texts]
    assert sorted(len(call.body["input"]) for call in sim.calls) == [904, 2048, 2048]  # they are sent at once


async def test_embed_fails_as_chat_does(client: Client, sim: Simulator) -> None:
    with pytest.raises(RpcFailed) as failed:
        await client.request("libria/embed", {"model": "openai/story+status:401", "input": ["x"]})
    assert failed.value.data["kind"] == "credentialRejected"
    with pytest.raises(RpcFailed) as failed:
        await client.request("libria/embed", {"model": "anthropic/story", "input": ["x"]})
    assert failed.value.data["kind"] == "badRequest"
    assert "embeddings" in failed.value.message
    sim.script(["status:500", ""])
    result = await client.request("libria/embed", {"model": "openai/fast", "input": ["again"]})
    assert result["embeddings"] == [vector("again", DIMENSIONS)]


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("libria/embed", {"model": "openai/fast"}, "input"),
        ("libria/embed", {"model": "openai/fast", "input": []}, "input"),
        ("libria/embed", {"model": "openai/fast", "input": "x"}, "input"),
        ("libria/embed", {"model": "openai/fast", "input": ["x"], "fallbacks": ["a/b"]}, "fallbacks"),
        ("libria/complete", {"model": "openai/fast"}, "prefix"),
        ("libria/complete", {"prefix": "x", "messages": QUESTION}, "messages"),
        ("libria/countTokens", {"messages": QUESTION}, "model"),
        ("libria/countTokens", {"model": "openai/fast", "messages": []}, "messages"),
    ],
)
async def test_wrong_params(client: Client, method: str, params: object, named: str) -> None:
    with pytest.raises(RpcFailed) as failed:
        await client.request(method, params)
    assert failed.value.code == -32602
    assert named in failed.value.message


async def test_count_exactly(client: Client, sim: Simulator) -> None:
    result = await client.request("libria/countTokens", {"model": "anthropic/story", "messages": QUESTION})
    assert result["exact"] is True
    assert result["inputTokens"] > 0
    assert sim.calls[0].path == "/v1/messages/count_tokens"


async def test_count_by_estimate(client: Client, sim: Simulator) -> None:
    """Nobody is asked where the provider does not count, and more text is more tokens."""
    short = await client.request("libria/countTokens", {"model": "groq/story", "messages": QUESTION})
    long = await client.request(
        "libria/countTokens",
        {"model": "groq/story", "messages": QUESTION, "system": "x" * 400, "tools": [{"name": "t", "parameters": {}}]},
    )
    assert short["exact"] is long["exact"] is False
    assert long["inputTokens"] >= short["inputTokens"] + 100
    assert not sim.calls


async def test_complete_in_words(client: Client, sim: Simulator) -> None:
    """A chat model is asked in words and its answer streams; what is asked holds the code."""
    params = {
        "model": "groq/code", "prefix": "def add(a, b):\n", "suffix": "\n\nprint(add(1, 2))\n", "languageId": "python",
        "path": "sum.py", "partialResultToken": "t",
    }  # fmt: skip
    result = await client.request("libria/complete", params)
    deltas = [value["text"] for value in client.values("t") if value["kind"] == "delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == result["content"]
    assert result["stopReason"] == "stop"
    asked = sim.calls[0].raw.decode()
    for word in ("def add(a, b):", "print(add(1, 2))", "python", "sum.py"):
        assert word in asked
