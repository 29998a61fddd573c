"""Marks for the provider's prompt cache, where they pay.

A mark has everything up to it stored: for 5 minutes, at a quarter more than the input's price, and
read again at a tenth of it or less. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
So a call is marked once a conversation has an assistant's turn in it: the next turn is likely. What
is too short for the model (512 to 4096 tokens) is not stored and costs nothing more. A single
question is not marked, whatever its size: nobody knows if it is asked again.

Three of the four marks that the API allows: the end of the system text (or of the tools), which
other conversations share; the end of the user's turn before the last answer, where the last request
wrote; and the end of the last one. `cache_control`, `messages` or `system` in providerOptions says
that the caller does it: then there are no marks of ours.
"""

from collections.abc import Mapping

from libria_providers.dialects.said import items, mapping
from libria_providers.types import Json

_MARK: Json = {"type": "ephemeral"}
_CALLERS = ("cache_control", "messages", "system")


def mark(said: dict[str, Json], options: Mapping[str, Json]) -> None:
    """Into the body `said`, before the caller's `options` are."""
    turns = items(said["messages"])
    roles = [mapping(turn).get("role") for turn in turns]
    if "assistant" not in roles or any(name in options for name in _CALLERS):
        return
    if "system" in said:
        said["system"] = _marked(said["system"])
    elif "tools" in said:
        said["tools"] = _marked(said["tools"])
    ends = [at for at, role in enumerate(roles) if role == "user" and roles[at + 1 : at + 2] != ["user"]]
    for at in ends[-2:]:
        turns[at] = {**mapping(turns[at]), "content": _marked(mapping(turns[at])["content"])}


def _marked(content: Json) -> Json:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else items(content)
    return [*blocks[:-1], {**mapping(blocks[-1]), "cache_control": _MARK}]
