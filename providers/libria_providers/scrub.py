"""Keep keys and prompts out of the vendor's words: an error may quote what it was sent."""

import json

import msgspec

from libria_providers.types import Call, Embed, Fill, Image, Text

RUN = 16
"""Characters that a message may share with the prompt by chance, less one."""

TAIL = 4
"""Characters that the end of a message that was cut off may share with it."""

CUT = "…"

SHORTEST_KEY = 8
"""Nothing shorter is a secret, and a dummy such as `x` would spoil our own words."""

SEARCHED = 200_000
"""Characters of the prompt that are looked at; an error quotes its beginning or its end."""


def scrub(message: str, key: str | None, call: Call | None) -> str:
    """`message` without `key` and without any longer run of what the call asked."""
    if key and len(key) >= SHORTEST_KEY:
        message = _without_start(message.replace(key, "[key]"), key)
    if call is None or len(message) < RUN:
        return message
    prompt = _prompt(call)
    shown: list[str] = []
    start = 0
    while start < len(message):
        end = _longest(message, start, prompt)
        if end:
            shown.append("[…]")
            start = end
        else:
            shown.append(message[start])
            start += 1
    return _without_tail("".join(shown), prompt)


def _without_start(message: str, key: str) -> str:
    """Where a message was cut off in the middle of a key, the first half of it is at its end."""
    if not message.endswith(CUT):
        return message
    stem = message.removesuffix(CUT)
    for length in range(len(key) - 1, TAIL - 1, -1):
        if stem.endswith(key[:length]):
            return f"{stem[:-length]}[key]{CUT}"
    return message


def _without_tail(message: str, prompt: str) -> str:
    """Where a message was cut off (see dialects/said.py) the run of the prompt at its end is a short one."""
    if not message.endswith(CUT):
        return message
    stem = message.removesuffix(CUT)
    for length in range(RUN - 1, TAIL - 1, -1):
        if stem[-length:] in prompt:
            return stem[:-length] + CUT
    return message


def _longest(message: str, start: int, prompt: str) -> int:
    """Where the run of `prompt` that begins at `start` ends, 0 where none does."""
    end = start + RUN
    if end > len(message) or message[start:end] not in prompt:
        return 0
    while end < len(message) and message[start : end + 1] in prompt:
        end += 1
    return end


def _prompt(call: Call) -> str:
    pieces = [call.system or "", *(tool.description or "" for tool in call.tools)]
    if isinstance(call.ask, Fill):
        pieces += [call.ask.prefix, call.ask.suffix]
    elif isinstance(call.ask, Embed):
        pieces += call.ask.input
    for message in call.messages:
        pieces += [msgspec.json.encode(call.arguments).decode() for call in message.tool_calls]
        if isinstance(message.content, str):
            pieces.append(message.content)
        else:
            pieces += [part.text for part in message.content if isinstance(part, Text)]
            pieces += [part.url for part in message.content if isinstance(part, Image) and part.url]
    whole = "\n".join(pieces)
    if len(whole) > SEARCHED:
        whole = whole[: SEARCHED // 2] + "\n" + whole[-SEARCHED // 2 :]
    plain = " ".join(whole.split())  # the vendor's words were folded the same way
    written = {json.dumps(whole, ensure_ascii=ascii)[1:-1] for ascii in (False, True)}  # who quotes the whole request
    return "\n".join([plain, *sorted(written - {plain})])
