"""The content blocks of one reply: gives their deltas and keeps them verbatim for the next turn.

Thinking blocks with their signatures, redacted thinking and the blocks of server tools go back
unchanged and in order: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from collections.abc import Mapping
from zlib import crc32

import msgspec

from libria_providers.dialects.anthropic_wire import FORMAT_TOOL, NAME, Change
from libria_providers.dialects.said import UNREADABLE
from libria_providers.types import Delta, Event, Json, Reasoning, ToolCallDelta

# What a message holds without being opaque; `caller` is the model itself, unless code of its called.
_PLAIN = {"text": {"type", "text"}, "tool_use": {"type", "id", "name", "input"}}
_TEXT = ("text_delta", "")  # a new kind of change may have words that are not the answer's
_USUAL: tuple[Json, ...] = (None, [], {"type": "direct"})


class _Block:
    """`block` as the provider began it; `texts` the pieces since: of its text, its thinking or its
    input's JSON, whichever its type has. `call` is the number of the tool call that it is; `answer`
    when its input is the answer itself."""

    __slots__ = ("answer", "block", "call", "texts")

    def __init__(self, block: dict[str, Json], call: int | None, answer: bool) -> None:
        self.block = block
        self.call = call
        self.answer = answer
        self.texts: list[str] = []


class Blocks:
    def __init__(self) -> None:
        self.calls = 0
        self.message = ""  # the id of the message
        self._open: dict[int, _Block] = {}
        self._all: list[_Block] = []  # in the order in which they began
        # The call that has begun, as long as nothing else came: the token limit may have cut it off
        # before its first argument, and then it must not look like a call without arguments.
        self._begun: _Block | None = None

    def start(self, index: int, block: Mapping[str, Json]) -> list[Event]:
        kind = block.get("type")
        answer = kind == "tool_use" and block.get("name") == FORMAT_TOOL
        call = kind == "tool_use" and not answer
        opened = _Block(dict(block), self.calls if call else None, answer)
        if call and not _string(block, "id"):  # its result must name it
            opened.block["id"] = f"call_{crc32(self.message.encode()):08x}_{self.calls}"
        self._open[index] = opened
        self._all.append(opened)
        events = self._say_begun()
        if call:
            self.calls += 1
            self._begun = opened
        elif kind == "text" and (text := _string(block, "text")):
            events.append(Delta(text))
        elif kind == "thinking" and (text := _string(block, "thinking")):
            events.append(Reasoning(text))
        return events

    def _say_begun(self) -> list[Event]:
        opened, self._begun = self._begun, None
        if opened is None or opened.call is None:
            return []
        return [ToolCallDelta(opened.call, "", _string(opened.block, "id"), _string(opened.block, "name"))]

    def change(self, index: int, change: Change) -> list[Event]:
        opened = self._open.get(index)
        if change.text is not None and change.type in _TEXT:
            if opened is not None:
                opened.texts.append(change.text)
            return [Delta(change.text)] if change.text else []
        if opened is None:
            # Only text can be told without knowing what it belongs to.
            return []
        if change.partial_json is not None:
            opened.texts.append(change.partial_json)
            if opened.answer and change.partial_json:
                return [Delta(change.partial_json)]
            if opened.call is None or not change.partial_json:
                return []
            events = self._say_begun() if self._begun else []
            events.append(ToolCallDelta(opened.call, change.partial_json))
            return events
        if change.thinking is not None:
            opened.texts.append(change.thinking)
            return [Reasoning(change.thinking)] if change.thinking else []
        if change.signature is not None:
            opened.block["signature"] = change.signature
        elif change.citation is not None:
            cited = opened.block.get("citations")
            opened.block["citations"] = [*(cited if isinstance(cited, list) else []), change.citation]
        elif change.type == "compaction_delta":
            opened.block["content"] = change.content
            if change.encrypted_content is not None:
                opened.block["encrypted_content"] = change.encrypted_content
        return []

    def stop(self, index: int) -> list[Event]:
        """A call whose input came whole with its start has it given here, when no pieces followed."""
        opened = self._open.pop(index, None)
        if opened is None or "".join(opened.texts) or not opened.block.get("input"):
            return []
        if opened.answer:
            opened.texts.append(msgspec.json.encode(opened.block["input"]).decode())
            return [Delta(opened.texts[-1])]
        if opened.call is None:
            return []
        return [*self._say_begun(), ToolCallDelta(opened.call, msgspec.json.encode(opened.block["input"]).decode())]

    def end(self, cut: bool) -> list[Event]:
        """`cut` when the token limit or a refusal ended the message."""
        events: list[Event] = []
        for index in list(self._open):
            events += self.stop(index)
        if not cut:
            events += self._say_begun()
        elif self._begun is not None:
            self.calls -= 1
            self._all.remove(self._begun)
        return events

    def opaque(self, cut: bool, paused: bool) -> dict[str, Json] | None:
        """What the next turn must carry: all blocks that can be sent back, if any is more than text or
        a call. A `paused` turn goes on when it is the last message of the next request."""
        blocks = [block for opened in self._all if (block := _complete(opened, cut)) is not None]
        if paused and blocks:
            return {"dialect": NAME, "content": blocks, "paused": True}
        return None if all(map(_plain, blocks)) else {"dialect": NAME, "content": blocks}


def _plain(block: Mapping[str, Json]) -> bool:
    known = _PLAIN.get(str(block.get("type")))
    return known is not None and all(name in known or value in _USUAL for name, value in block.items())


def _complete(opened: _Block, cut: bool) -> dict[str, Json] | None:
    """None for what the API refuses to have back: empty text, thinking that was cut off before its
    signature, a call that was cut off (which the reply's calls leave out too)."""
    block, text = opened.block, "".join(opened.texts)
    if opened.answer:
        return {"type": "text", "text": text} if text else None
    kind = block.get("type")
    if kind in ("text", "thinking"):
        block[kind] = (_string(block, kind) or "") + text
        if kind == "text":
            return block if block[kind].strip() else None
        return None if block.get("signature") == "" else block
    if text and (opened.call is not None or "input" in block):
        try:
            block["input"] = msgspec.json.decode(text, type=dict[str, Json])
        except UNREADABLE:
            if cut:
                return None
            block["input"] = {}  # it must be an object to be sent back at all
    elif opened.call is not None:
        block.setdefault("input", {})  # llama.cpp leaves it out
    return block


def _string(block: Mapping[str, Json], key: str) -> str | None:
    value = block.get(key)
    return value if isinstance(value, str) else None
