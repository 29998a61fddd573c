"""Ids of tool calls for a provider that is particular about them.

A conversation may go on with another provider than the one that made up an id. Each id that does not
fit gets one that does, made from it alone: the same in the call, in its result and in every later
request. Ids that fit stay as they are.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from libria_providers.types import Message


@dataclass(frozen=True, slots=True)
class IdRule:
    """`pattern` is what an id must match as a whole; any `length` hexadecimal digits must."""

    pattern: str
    length: int


class ToolIds:
    """What the ids in `messages` become, by `rule`; without one they stay."""

    def __init__(self, rule: IdRule | None, messages: Sequence[Message]) -> None:
        self._new: dict[str, str] = {}
        if rule is None:
            return
        fits = re.compile(rule.pattern).fullmatch
        known = list(dict.fromkeys(identity for message in messages for identity in _ids(message)))
        taken = {identity for identity in known if fits(identity)}
        for identity in known:
            if not fits(identity):
                self._new[identity] = _made(identity, rule.length, taken)

    def __getitem__(self, identity: str) -> str:
        return self._new.get(identity, identity)


def _ids(message: Message) -> list[str]:
    found = [tool_call.id for tool_call in message.tool_calls]
    return [*found, message.tool_call_id] if message.tool_call_id else found


def _made(identity: str, length: int, taken: set[str]) -> str:
    attempt = 0
    while True:
        salted = f"{identity}\n{attempt}" if attempt else identity
        made = hashlib.sha256(salted.encode("utf-8", "replace")).hexdigest()[:length]
        if made not in taken:
            taken.add(made)
            return made
        attempt += 1
