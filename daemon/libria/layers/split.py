"""Split: embeddings in as many requests as the provider takes at once.

Position: outermost. Once per call; each part goes through everything below by itself, so it is cached,
limited and tried again by itself. Raises what the first part to fail raised; the others are cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from libria.layers.service import Service
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.types import Call, Embed, Finish, Usage, Vectors

AT_ONCE = 4
"""Parts of one call under way together."""


class Split:
    """`size` gives how many texts the call's provider takes in one request."""

    def __init__(self, inner: Service, size: Callable[[Call], Awaitable[int]]) -> None:
        self._inner = inner
        self._size = size

    async def send(self, call: Call) -> Reply:
        if not isinstance(call.ask, Embed):
            return await self._inner.send(call)
        texts, size = call.ask.input, max(1, await self._size(call))
        if len(texts) <= size:
            return await self._inner.send(call)
        parts = [replace(call, ask=replace(call.ask, input=texts[at : at + size])) for at in range(0, len(texts), size)]
        replies = await self._all(parts)
        age = max((reply.age for reply in replies if reply.age is not None), default=None)
        if any(reply.age is None for reply in replies):
            age = None  # a hit is one that cost nothing
        return Reply(_joined(replies), target=replies[0].target, close=_nothing_to_close, age=age)

    async def _all(self, parts: Sequence[Call]) -> list[Reply]:
        """The replies, read to their ends."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(part: Call) -> Reply:
            async with turns:
                reply = await self._inner.send(part)
                await reply.read()
                return reply

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(part)) for part in parts]
        except BaseExceptionGroup as failed:
            raise next(error for error in failed.exceptions if isinstance(error, ProviderError)) from None
        return [task.result() for task in tasks]


async def _joined(replies: Sequence[Reply]) -> Batches:
    answers = [reply.answer or Answer() for reply in replies]
    finishes = [answer.finish for answer in answers if answer.finish is not None]
    if len(finishes) < len(answers):
        raise InvalidResponse("A part of the embeddings is missing; ask again.")
    usages = [finish.usage for finish in finishes]
    vectors = [list(vector) for answer in answers for vector in answer.vectors]
    usage = Usage(sum(usage.input_tokens for usage in usages))  # there is nothing else that embeddings use
    yield [Vectors(vectors), Finish("stop", usage, finishes[0].served_model)]


async def _nothing_to_close() -> None:
    pass
