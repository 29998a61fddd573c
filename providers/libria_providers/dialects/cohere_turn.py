"""What one reply of Cohere's holds: gives its deltas and keeps what the next turn wants back.

Cohere's own SDK appends the answer's message as it is, thinking and tool plan included:
https://docs.cohere.com/v2/docs/tool-use-overview
"""

from zlib import crc32

import msgspec

from libria_providers.dialects.cohere_wire import NAME, Block, Said, WireToolCall
from libria_providers.types import Delta, Event, Json, Reasoning, ToolCallDelta


class Turn:
    """The tool plan, a plan in words before the calls, is no part of the answer and no reasoning: it
    only goes back."""

    def __init__(self) -> None:
        self.calls = 0
        self._plan: list[str] = []
        self._blocks: dict[int, tuple[str, list[str]]] = {}  # by the vendor's index, in order: type and texts
        self._indexes: dict[int, int] = {}  # the vendor's index of a tool call -> ours
        # The call that has begun, as long as nothing else came: the token limit may have cut it off
        # before its first argument, and then it must not look like a call without arguments.
        self._begun: tuple[int, str, str] | None = None

    def add(self, said: Said) -> list[Event]:
        """What came whole."""
        events: list[Event] = []
        if said.tool_plan:
            self._plan.append(said.tool_plan)
        content = said.content
        if isinstance(content, str):
            content = [Block(text=content)]
        elif isinstance(content, Block):
            content = [content]
        for block in content or ():
            events += self.block(len(self._blocks), block)
        calls = said.tool_calls
        for call in [calls] if isinstance(calls, WireToolCall) else calls or ():
            events += self.begin(self.calls, call)
            events += self.close()
        return events

    def plan(self, piece: str) -> None:
        self._plan.append(piece)

    def block(self, index: int, block: Block) -> list[Event]:
        """A content block or the next piece of one."""
        kind = "thinking" if block.thinking is not None and block.text is None else "text"
        known = self._blocks.get(index)
        if known is None:
            known = self._blocks[index] = (block.type if block.type in ("text", "thinking") else kind, [])
        text = block.thinking if kind == "thinking" else block.text
        if not text:
            return []
        known[1].append(text)
        return [Reasoning(text) if kind == "thinking" else Delta(text)]

    def begin(self, index: int, call: WireToolCall) -> list[Event]:
        events = self.close()
        function = call.function
        ours = self._indexes[index] = self.calls
        self.calls += 1
        name = (function.name if function else None) or ""
        identity = call.id or f"call_{crc32(name.encode('utf-8', 'replace')):08x}_{ours}"
        self._begun = (ours, identity, name)
        return events + self.argue(index, call)

    def argue(self, index: int, call: WireToolCall) -> list[Event]:
        """The next piece of a call's arguments; without its beginning it belongs to the last one."""
        arguments = (call.function.arguments if call.function else None) or ""
        if not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments).decode()
        if not arguments or not self.calls or (arguments == "null" and self._begun):
            return []  # null is said of a tool without parameters
        return [*self.close(), ToolCallDelta(self._indexes.get(index, self.calls - 1), arguments)]

    def close(self) -> list[Event]:
        """What has begun is whole, arguments or none."""
        begun, self._begun = self._begun, None
        if begun is None:
            return []
        index, identity, name = begun
        return [ToolCallDelta(index, "", identity, name)]

    def end(self, cut: bool) -> list[Event]:
        """`cut` when the token limit ended the reply."""
        if cut and self._begun is not None:
            self._begun = None
            self.calls -= 1
        return self.close()

    def opaque(self) -> dict[str, Json] | None:
        kept: dict[str, Json] = {}
        if self._plan:
            kept["tool_plan"] = "".join(self._plan)
        if any(kind == "thinking" for kind, _ in self._blocks.values()):
            blocks = [(kind, "".join(texts)) for kind, texts in self._blocks.values()]
            kept["content"] = [{"type": kind, kind: text} for kind, text in blocks if text]
        return {"dialect": NAME, **kept} if kept else None
