"""What of a reply's items the next turn must carry, and how they go back to a server that stored nothing.

Reasoning goes back before the call or the text that it led to, and server tools' calls with it:
https://platform.openai.com/docs/guides/reasoning#keeping-reasoning-items-in-context
"""

from collections.abc import Mapping, Sequence

import msgspec

from libria_providers.dialects.openai_responses_wire import NAME
from libria_providers.dialects.said import UNREADABLE, items, mapping
from libria_providers.dialects.tool_ids import ToolIds
from libria_providers.types import Json


def kept(output: Sequence[dict[str, Json]], cut: bool) -> dict[str, Json] | None:
    """None where a plain message says all of it. With `cut`, the token limit ended the reply."""
    whole = [item for item in output if not (cut and _broken(item))]
    return None if all(_plain(item) for item in whole) else {"dialect": NAME, "output": whole}


def spoken(text: str) -> dict[str, Json]:
    """A text of the assistant, as an input: the form of an output wants an id. llama.cpp takes no message
    of the assistant without a type."""
    return {"type": "message", "role": "assistant", "content": text}


def sent_back(output: Json, ids: ToolIds, *, stored: bool) -> list[Json]:
    """The items of an earlier reply as input; `stored` when the server has kept them."""
    sent = [_sent(item, ids, stored) for item in map(mapping, items(output)) if stored or not _empty(item)]
    # 400 "Item … of type 'reasoning' was provided without its required following item"
    while sent and mapping(sent[-1]).get("type") == "reasoning":
        sent.pop()
    return sent


def _sent(item: dict[str, Json], ids: ToolIds, stored: bool) -> Json:
    kind = item.get("type")
    call_id = item.get("call_id")
    if kind == "function_call" and isinstance(call_id, str) and call_id:
        item = {**item, "call_id": ids[call_id]}
    if stored or kind not in ("message", "function_call"):
        # An encrypted item is bound to its id (400 "Encrypted content item_id did not match"), which is
        # not looked up then, and Azure's Foundry demands it: Azure/azure-sdk-for-net#59967. Items of
        # server tools have no form without one.
        return item
    # The id of what was not stored may be looked up all the same, "Item with id … not found":
    # langchain-ai/langchain#38372. Without it both have a form of their own.
    if kind == "message":
        return {**spoken(words(item)), **({"phase": item["phase"]} if item.get("phase") else {})}
    arguments = item.get("arguments")
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode(arguments or {}).decode()
    rest = {name: value for name, value in item.items() if name not in ("id", "status")}
    return {**rest, "arguments": arguments.strip() or "{}"}


def _empty(item: dict[str, Json]) -> bool:
    """Nothing that this server could read: reasoning of which there is but the id of what was not
    stored, a message without words, an item without a type."""
    kind = item.get("type")
    if kind == "reasoning":
        return not item.get("encrypted_content") and not items(item.get("content"))
    return not kind or (kind == "message" and not words(item))


def words(item: Mapping[str, Json]) -> str:
    """The text of a message."""
    parts = [mapping(part) for part in items(item.get("content"))]
    texts = [part.get("text") or part.get("refusal") for part in parts]
    return "".join(text for text in texts if isinstance(text, str))


def _plain(item: dict[str, Json]) -> bool:
    """Text and calls, of which the message itself holds all. The phase of a text must come again:
    https://platform.openai.com/docs/guides/prompt-guidance"""
    kind = item.get("type")
    if kind == "function_call":
        return not item.get("namespace") and not item.get("caller")
    return kind == "message" and not item.get("phase")


def _broken(item: dict[str, Json]) -> bool:
    """What was cut off: a call, which the reply's calls leave out too, or a server's tool at work."""
    if item.get("type") != "function_call":
        return item.get("status") in ("in_progress", "searching")
    arguments = item.get("arguments")
    try:
        return not isinstance(msgspec.json.decode(arguments if isinstance(arguments, str) else ""), dict)
    except UNREADABLE:
        return not isinstance(arguments, dict)
