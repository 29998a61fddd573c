"""The content blocks of one reply: gives their deltas and keeps them verbatim for the next turn.

Reasoning goes back with its signature, unchanged and in order, as do the tools that the provider ran itself:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ReasoningTextBlock.html
"""

import base64
from collections.abc import Mapping

import msgspec

from libria_providers.dialects.bedrock_wire import NAME, Piece, ReasoningPiece, Start, ToolUse
from libria_providers.dialects.said import UNREADABLE, items, mapping
from libria_providers.types import Delta, Event, Json, Reasoning, ToolCallDelta

_PLAIN = ("text", "toolUse")  # what a message holds without being opaque


class _Block:
    """`block` is the block so far but for its pieces: `texts` of its text, its reasoning or its input's
    JSON. `call` is the number of the tool call that it is, `said` whether that was told."""

    __slots__ = ("block", "call", "said", "texts")

    def __init__(self, block: dict[str, Json], call: int | None = None) -> None:
        self.block = block
        self.call = call
        self.said = False
        self.texts: list[str] = []


class Blocks:
    def __init__(self) -> None:
        self.calls = 0
        self._all: dict[int, _Block] = {}  # by the vendor's index, in the order in which they began

    def start(self, index: int, start: Start) -> list[Event]:
        if start.toolUse is not None:
            self._all[index] = self._tool(start.toolUse)
        elif start.toolResult is not None:
            self._all[index] = _Block({"toolResult": {**mapping(start.toolResult), "content": []}})
        return []

    def change(self, index: int, piece: Piece) -> list[Event]:
        """Blocks of text and of reasoning begin with their first piece."""
        opened = self._all.get(index)
        if piece.text is not None:
            if opened is None:
                opened = self._all[index] = _Block({"text": ""})
            opened.texts.append(piece.text)
            return [Delta(piece.text)] if piece.text else []
        if piece.reasoningContent is not None:
            if opened is None:
                opened = self._all[index] = _Block({"reasoningContent": {}})
            return _reason(opened, piece.reasoningContent)
        if piece.toolUse is not None:
            if opened is None:
                opened = self._all[index] = self._tool(piece.toolUse)
            pieces = piece.toolUse.input
            return self._argue(opened, pieces if isinstance(pieces, str) else _json(pieces))
        if piece.toolResult is not None and opened is not None:
            items(mapping(opened.block.get("toolResult")).get("content")).extend(items(piece.toolResult))
        return []

    def stop(self, index: int) -> list[Event]:
        """A call that ends without any piece of its input has no arguments."""
        opened = self._all.get(index)
        return [] if opened is None else _say(opened)

    def whole(self, block: Mapping[str, Json]) -> list[Event]:
        """A block that came whole."""
        index = len(self._all)
        if isinstance(use := block.get("toolUse"), dict):
            fields = mapping(use)
            begun = ToolUse(_string(fields, "toolUseId"), _string(fields, "name"), _string(fields, "type"))
            opened = self._all[index] = self._tool(begun)
            return [*_say(opened), *self._argue(opened, _json(fields.get("input")) or "{}")]
        opened = self._all[index] = _Block(dict(block))
        if text := _string(block, "text"):
            opened.texts.append(text)
            opened.block["text"] = ""
            return [Delta(text)]
        if text := _string(mapping(mapping(block.get("reasoningContent")).get("reasoningText")), "text"):
            return [Reasoning(text)]
        cited = items(mapping(block.get("citationsContent")).get("content"))
        return [Delta(text) for one in cited if (text := _string(mapping(one), "text"))]

    def end(self, cut: bool) -> list[Event]:
        """`cut` when the token limit ended the message: a call that had no argument yet must not look
        like one without arguments."""
        events: list[Event] = []
        for index, opened in list(self._all.items()):
            if opened.call is not None and not opened.said and cut:
                del self._all[index]
                self.calls -= 1
            else:
                events += _say(opened)
        return events

    def opaque(self, cut: bool) -> dict[str, Json] | None:
        """What the next turn must carry: all blocks that can be sent back, if any is more than text or
        a call of ours."""
        found = [block for opened in self._all.values() if (block := _complete(opened, cut)) is not None]
        if all(kind in _PLAIN and "type" not in mapping(inner) for block in found for kind, inner in block.items()):
            return None
        return {"dialect": NAME, "content": found}

    def _tool(self, use: ToolUse) -> _Block:
        fields: dict[str, Json] = {"toolUseId": use.toolUseId or f"call_{self.calls}", "name": use.name or ""}
        if use.type:
            return _Block({"toolUse": {**fields, "type": use.type}})
        self.calls += 1
        return _Block({"toolUse": fields}, self.calls - 1)

    def _argue(self, opened: _Block, arguments: str) -> list[Event]:
        if not arguments:
            return []
        opened.texts.append(arguments)
        return [] if opened.call is None else [*_say(opened), ToolCallDelta(opened.call, arguments)]


def _say(opened: _Block) -> list[Event]:
    if opened.call is None or opened.said:
        return []
    opened.said = True
    use = mapping(opened.block["toolUse"])
    return [ToolCallDelta(opened.call, "", _string(use, "toolUseId"), _string(use, "name"))]


def _reason(opened: _Block, piece: ReasoningPiece) -> list[Event]:
    content = mapping(opened.block.get("reasoningContent"))
    if piece.signature is not None:
        content["signature"] = (_string(content, "signature") or "") + piece.signature
    if piece.redactedContent is not None:
        content["redactedContent"] = _joined(_string(content, "redactedContent") or "", piece.redactedContent)
    if not piece.text:
        return []
    opened.texts.append(piece.text)
    return [Reasoning(piece.text)]


def _joined(data: str, more: str) -> str:
    """Two pieces of data, each of which is base64 by itself."""
    try:
        return base64.b64encode(base64.b64decode(data) + base64.b64decode(more)).decode()
    except ValueError:
        return data + more


def _json(value: Json) -> str:
    return msgspec.json.encode(value).decode() if value else ""


def _complete(opened: _Block, cut: bool) -> dict[str, Json] | None:
    """None for what the API refuses to have back: blank text, a call that was cut off."""
    block, text = opened.block, "".join(opened.texts)
    if "text" in block:
        return {"text": text} if text.strip() else None
    if "toolUse" in block:
        return _used(mapping(block["toolUse"]), text, cut)
    reasoning = mapping(block.get("reasoningContent"))
    if "reasoningContent" not in block or "reasoningText" in reasoning:
        return block  # it came whole
    if "redactedContent" in reasoning:
        return {"reasoningContent": {"redactedContent": reasoning["redactedContent"]}}
    signature = reasoning.get("signature")
    return {"reasoningContent": {"reasoningText": {"text": text, **({"signature": signature} if signature else {})}}}


def _used(use: dict[str, Json], text: str, cut: bool) -> dict[str, Json] | None:
    try:
        arguments = msgspec.json.decode(text, type=dict[str, Json]) if text.strip() else {}
    except UNREADABLE:
        if cut:
            return None
        arguments = {}  # it must be an object to be sent back at all
    return {"toolUse": {**use, "input": arguments}}


def _string(fields: Mapping[str, Json], key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) else None
