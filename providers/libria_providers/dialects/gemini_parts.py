"""The parts of one reply: gives their events and keeps them for the next turn.

A thought signature goes back on exactly the part on which it came, be its text empty; Gemini 3 answers
400 where one is missing. So do the parts of server tools, code and images, as they are:
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from zlib import crc32

import msgspec

from libria_providers.dialects.gemini_args import put
from libria_providers.dialects.gemini_wire import NAME
from libria_providers.dialects.said import items, mapping
from libria_providers.types import Delta, Event, Json, Reasoning, ToolCallDelta

_TEXT = {"text", "thought"}  # a part of these alone is joined with its neighbours


class _Call:
    """A function call as far as it came. `part` is what goes back; `streamed` when its arguments
    came in pieces."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.part: dict[str, Json] = {}
        self.id = ""
        self.arguments: dict[str, Json] = {}
        self.streamed = False

    def add(self, part: dict[str, Json], said: dict[str, Json]) -> None:
        self.part.update(part)
        if isinstance(identity := said.get("id"), str) and identity:
            self.id = identity
        self.arguments.update(mapping(said.get("args")))
        self.streamed = self.streamed or "partialArgs" in said or "willContinue" in said
        for piece in items(said.get("partialArgs")):
            put(self.arguments, piece)

    def whole(self) -> dict[str, Json]:
        if not self.streamed:
            return self.part
        said: dict[str, Json] = {"name": self.name, "args": self.arguments}
        return {**self.part, "functionCall": {**said, "id": self.id} if self.id else said}


class Parts:
    """`calls` counts the function calls. `seed` makes the ids of those that got none differ from reply
    to reply: a tool's result must name its call."""

    def __init__(self) -> None:
        self.calls = 0
        self._seed = b""
        self._ids: set[str] = set()
        self._open: _Call | None = None
        self._all: list[dict[str, Json]] = []
        self._texts: list[str] = []  # the pieces of the last part's text, where more can follow

    def add(self, part: dict[str, Json], seed: bytes) -> list[Event]:
        self._seed = self._seed or seed
        if isinstance(said := part.get("functionCall"), dict):
            return self._call(part, mapping(said))
        self._keep(part)
        text = part.get("text")
        if not isinstance(text, str) or not text:
            return []
        return [Reasoning(text) if part.get("thought") is True else Delta(text)]

    def end(self, cut: bool) -> list[Event]:
        """`cut` when the token limit ended the reply: half a call is no call."""
        if cut:
            self._open = None
        return self._close()

    def opaque(self) -> dict[str, Json] | None:
        """What the next turn must carry: all parts, if any says more than text and calls do."""
        self._join()
        if all(_plain(part) for part in self._all):
            return None
        return {"dialect": NAME, "parts": self._all}

    def _call(self, part: dict[str, Json], said: dict[str, Json]) -> list[Event]:
        """A piece without a name, or with the name of the call that goes on, belongs to that one;
        {} is the end of it."""
        events: list[Event] = []
        name = said.get("name")
        if self._open is not None and name and name != self._open.name:
            events += self._close()
        if self._open is None:
            if not isinstance(name, str) or not name:
                return events
            self._open = _Call(name)
        self._open.add(part, said)
        return events if said.get("willContinue") is True else events + self._close()

    def _close(self) -> list[Event]:
        call, self._open = self._open, None
        if call is None:
            return []
        self._join()
        self._all.append(call.whole())
        index, self.calls = self.calls, self.calls + 1
        identity = call.id
        if not identity or identity in self._ids:
            identity = f"call_{crc32(self._seed):08x}_{index}"
        self._ids.add(identity)
        return [ToolCallDelta(index, msgspec.json.encode(call.arguments).decode(), identity, call.name)]

    def _keep(self, part: dict[str, Json]) -> None:
        text = part.get("text")
        if not isinstance(text, str) or part.keys() - _TEXT:
            self._join()
            self._all.append(part)
        elif text:
            if not self._texts or self._all[-1].get("thought") != part.get("thought"):
                self._join()
                self._all.append(dict(part))
            self._texts.append(text)

    def _join(self) -> None:
        if self._texts:
            self._all[-1]["text"] = "".join(self._texts)
            self._texts.clear()


def _plain(part: dict[str, Json]) -> bool:
    if "functionCall" in part:
        return len(part) == 1 and mapping(part["functionCall"]).keys() <= {"name", "args"}
    return part.keys() <= _TEXT
