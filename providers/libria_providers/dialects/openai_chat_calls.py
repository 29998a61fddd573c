"""Tool calls in OpenAI's chat format: which piece belongs to which call."""

from zlib import crc32

import msgspec

from libria_providers.dialects.openai_chat_wire import WireToolCall
from libria_providers.dialects.said import UNREADABLE
from libria_providers.types import Json, ToolCallDelta


class ToolCalls:
    """Numbers the tool calls of one reply from 0, in the order in which they appear."""

    def __init__(self) -> None:
        self.count = 0
        self.extras: dict[int, Json] = {}  # our index -> extra_content
        self._by_index: dict[int, int] = {}  # the vendor's index -> ours
        self._ids: list[str] = []
        self._names: list[str] = []
        self._texts: list[list[str]] = []  # the pieces of each call's arguments

    def add(self, call: WireToolCall) -> ToolCallDelta:
        function = call.function
        name = (function.name if function else None) or None
        arguments = (function.arguments if function else None) or ""
        if not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments).decode()
        index = self._find(call, name, arguments)
        texts = self._texts[index]
        if arguments == "null" and not texts:
            arguments = ""  # said of a tool without parameters
        if arguments:
            texts.append(arguments)
        if call.extra_content is not None:
            self.extras[index] = call.extra_content
        new_id = call.id or None
        if new_id and self._ids[index]:
            new_id = None
        if new_id:
            self._ids[index] = new_id
        if name and self._names[index]:
            name = None
        if name:
            self._names[index] = name
        return ToolCallDelta(index, arguments, new_id, name)

    def _find(self, call: WireToolCall, name: str | None, arguments: str) -> int:
        """The call that this piece belongs to. Three cases: an index not seen yet is a new call; an
        index that comes again with another id and a name is a new call too (some vendors number
        every call 0), or without ids with a name once the call is whole; without an index (Mistral) a
        new id or a name makes a new call."""
        if call.index is None:
            last = self.count - 1
            if last < 0 or (call.id and call.id != self._ids[last]) or (name and not call.id):
                return self._new()
            return last
        index = self._by_index.get(call.index)
        if index is None or (name and self._another(call.id, name, arguments, index)):
            index = self._by_index[call.index] = self._new()
        return index

    def _another(self, identity: str | None, name: str, arguments: str, index: int) -> bool:
        """Whether a piece with a name is not of the call at `index` but begins another one."""
        known = self._names[index]
        if identity and self._ids[index]:
            return identity != self._ids[index]
        if not known or (name == known and not arguments):
            return False
        try:
            msgspec.json.decode("".join(self._texts[index]), type=dict[str, Json])
        except UNREADABLE:
            return False
        return True

    def _new(self) -> int:
        self.count += 1
        self._ids.append("")
        self._names.append("")
        self._texts.append([])
        return self.count - 1

    def name_the_nameless(self, reply: str) -> list[ToolCallDelta]:
        """Ids for calls that got none: a tool's result must name its call. They differ from reply
        to reply as far as the reply has an id of its own."""
        seed = crc32(reply.encode())
        return [
            ToolCallDelta(index, "", f"call_{seed:08x}_{index}") for index, known in enumerate(self._ids) if not known
        ]
