"""Tokens estimated, for a provider that does not count them."""

import msgspec

from libria_providers.reply import Batches, Reply
from libria_providers.types import Call, Counted, Fill, Finish, Text, Usage

BYTES_PER_TOKEN = 4
MESSAGE_TOKENS = 4  # around each message: its role and what parts it from the next
PART_TOKENS = 1000  # an image or a file, whose size on the wire says little


def estimated(call: Call) -> Reply:
    """A reply that holds the count, without asking anybody."""
    return Reply(_said(tokens(call)), target=call.model, close=_nothing_to_close)


def tokens(call: Call) -> int:
    """Of the messages, the system text, the tools and what is to be filled in: UTF-8 bytes by a common divisor."""
    size = len((call.system or "").encode("utf-8", "replace"))
    if isinstance(call.ask, Fill):
        size += len((call.ask.prefix + call.ask.suffix).encode("utf-8", "replace"))
    parts = 0
    for message in call.messages:
        content = (Text(message.content),) if isinstance(message.content, str) else message.content
        for part in content:
            if isinstance(part, Text):
                size += len(part.text.encode("utf-8", "replace"))
            else:
                parts += 1
        size += sum(len(tool.name) + len(msgspec.json.encode(tool.arguments)) for tool in message.tool_calls)
    for tool in call.tools:
        size += len(tool.name) + len(tool.description or "") + len(msgspec.json.encode(tool.parameters))
    around = MESSAGE_TOKENS * (len(call.messages) + len(call.tools) + bool(call.system))
    return -(-size // BYTES_PER_TOKEN) + around + PART_TOKENS * parts


async def _said(count: int) -> Batches:
    yield [Counted(count, exact=False), Finish("stop", Usage(input_tokens=count))]


async def _nothing_to_close() -> None:
    pass
