"""What was asked and answered, for a log whose owner wants that in it."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from libria.log.clean import clean
from libria_providers.reply import Answer
from libria_providers.types import Call, Embed, File, Fill, Image, Json, Message, Part, Text

MOST = 100_000
"""Characters of one text."""

MOST_PIECES = 1000
"""Messages or texts of one call; the last ones."""


def asked(call: Call, keys: Sequence[str]) -> Json:
    if isinstance(call.ask, Fill):
        return {"prefix": clean(call.ask.prefix, keys, MOST), "suffix": clean(call.ask.suffix, keys, MOST)}
    if isinstance(call.ask, Embed):
        return [clean(text, keys, MOST) for text in call.ask.input[-MOST_PIECES:]]
    messages = [_message(message, keys) for message in call.messages[-MOST_PIECES:]]
    return [*([{"role": "system", "content": clean(call.system, keys, MOST)}] if call.system else []), *messages]


def said(answer: Answer, keys: Sequence[str]) -> Json:
    """Vectors say nothing to anybody."""
    tools = [{"name": name, "arguments": clean(arguments, keys, MOST)} for _, name, arguments in answer.tool_texts()]
    whole: Mapping[str, Json] = {
        "text": clean(answer.text, keys, MOST),
        "reasoning": clean(answer.reasoning, keys, MOST),
        "toolCalls": tools,
    }
    return {name: value for name, value in whole.items() if value}


def _message(message: Message, keys: Sequence[str]) -> Json:
    if isinstance(message.content, str):
        content: Json = clean(message.content, keys, MOST)
    else:
        content = [_part(part, keys) for part in message.content]
    said: dict[str, Json] = {"role": message.role, "content": content}
    if message.tool_calls:
        said["toolCalls"] = [
            {"name": call.name, "arguments": clean(str(dict(call.arguments)), keys, MOST)}
            for call in message.tool_calls
        ]
    return said


def _part(part: Part, keys: Sequence[str]) -> Json:
    """Pictures and files by their kind and size."""
    match part:
        case Text():
            return {"type": "text", "text": clean(part.text, keys, MOST)}
        case Image():
            link = None if part.url is None or part.url.startswith("data:") else clean(part.url, keys, MOST)
            return {"type": "image", "url": link, "characters": len(part.data or part.url or "")}
        case File():
            return {"type": "file", "name": part.name and clean(part.name, keys), "characters": len(part.data)}
        case _:
            assert_never(part)
