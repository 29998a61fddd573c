"""Holds many streams open with httpx: python streams.py URL MODEL STREAMS REACHED. Stands alone.

Says "idle" on a line of its own after one call, "open" once each stream has had REACHED deltas, and
waits for a line on standard input after each.
"""

import asyncio
import json
import sys

import httpx


async def main(url: str, model: str, streams: int, reached: int) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        counts = [0]
        await stream(client, url, "fast:1", counts, 0)
        await told("idle")
        counts = [0] * streams
        tasks = [asyncio.create_task(stream(client, url, model, counts, number)) for number in range(streams)]
        while min(counts) < reached:  # noqa: ASYNC110  # an event would cost each delta something
            await asyncio.sleep(0.05)
        await told("open")
        for task in tasks:
            task.cancel()


async def stream(client: httpx.AsyncClient, url: str, model: str, counts: list[int], number: int) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Why share one daemon?"}], "stream": True}
    headers = {"authorization": "Bearer bench"}
    async with client.stream("POST", f"{url}/v1/chat/completions", json=body, headers=headers) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                choices = json.loads(line[6:])["choices"]
                counts[number] += bool(choices and choices[0]["delta"].get("content"))


async def told(word: str) -> None:
    print(word, flush=True)
    await asyncio.to_thread(sys.stdin.readline)


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
