"""Checks that a reply to texts to be embedded has a vector for each: a missing one would shift the others."""

from contextlib import aclosing

from libria_providers.errors import InvalidResponse
from libria_providers.reply import Batches
from libria_providers.types import Embed, Vectors


async def complete(batches: Batches, asked: Embed) -> Batches:
    """`batches` as they are. Raises InvalidResponse."""
    async with aclosing(batches):
        async for batch in batches:
            for event in batch:
                if type(event) is Vectors and len(event.vectors) != len(asked.input):
                    raise InvalidResponse(
                        f"The provider sent {len(event.vectors)} embeddings for {len(asked.input)} texts; ask again."
                    )
            yield batch
