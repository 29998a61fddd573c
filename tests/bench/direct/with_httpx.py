"""httpx as one would write it: stream the reply, split it in lines, decode each event."""

import json
import time
from dataclasses import dataclass

import httpx


@dataclass(slots=True)
class Streamed:
    """`first` is when the first delta was there, by perf_counter."""

    first: float = 0.0
    deltas: int = 0


async def stream(client: httpx.AsyncClient, url: str, model: str) -> Streamed:
    seen = Streamed()
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Why share one daemon?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"authorization": "Bearer bench"}
    async with client.stream("POST", f"{url}/v1/chat/completions", json=body, headers=headers) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            choices = json.loads(line[6:])["choices"]
            if choices and choices[0]["delta"].get("content"):
                seen.deltas += 1
                if seen.deltas == 1:
                    seen.first = time.perf_counter()
    return seen


def client() -> httpx.AsyncClient:
    """With room for as many streams as the bench opens."""
    return httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))
