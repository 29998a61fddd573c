"""One output item of a reply: gives what is new in it, and is kept verbatim for the next turn."""

from collections.abc import Mapping

from libria_providers.dialects.openai_responses_call import CallPieces, arguments_text
from libria_providers.dialects.openai_responses_keep import words
from libria_providers.dialects.said import items, mapping
from libria_providers.types import Delta, Event, Json, Reasoning

REFUSAL, TEXT, THOUGHT, SUMMARY = "refusal", "text", "thought", "summary"
_KINDS = {REFUSAL: "message", TEXT: "message", THOUGHT: "reasoning", SUMMARY: "reasoning"}


def kind_of(channel: str) -> str:
    """The type of the items that have such a part."""
    return _KINDS[channel]


class Item:
    """`value` is the item as it was said last, `kind` its type, "" as long as it is not known; `said` are
    the pieces of each part (its channel and index) that were given."""

    __slots__ = ("call", "done", "id", "kind", "said", "value")

    def __init__(self, identity: str, kind: str) -> None:
        self.id = identity
        self.kind = kind
        self.value: dict[str, Json] = {}
        self.said: dict[tuple[str, int], list[str]] = {}
        self.call = CallPieces() if kind == "function_call" else None
        self.done = False

    @property
    def is_whole(self) -> bool:
        """It was said to its end, which the token limit did not cut off."""
        return self.done and self.value.get("status") != "incomplete"

    def piece(self, channel: str, part: int, text: str) -> list[Event]:
        """The next piece of a part."""
        if not text:
            return []
        pieces = self.said.get((channel, part))
        if pieces is None:
            # The same reasoning, once as it is and once in short: one of them is given.
            other = {THOUGHT: SUMMARY, SUMMARY: THOUGHT}.get(channel)
            if other is not None and any(known == other for known, _ in self.said):
                return []
            pieces = self.said[channel, part] = []
        pieces.append(text)
        # A refusal is the model's own words to whoever asked: an empty answer would tell them nothing.
        # The stop reason says that it is not what was asked for.
        return [Delta(text) if channel in (TEXT, REFUSAL) else Reasoning(text)]

    def whole(self, channel: str, part: int, text: str) -> list[Event]:
        """All of a part: what of it was not given yet. What does not go on from there is not given."""
        before = "".join(self.said.get((channel, part), ()))
        return self.piece(channel, part, text[len(before) :]) if text.startswith(before) else []

    def part(self, index: int, part: Mapping[str, Json], *, summary: bool = False) -> list[Event]:
        if part.get("type") == "refusal":
            return self.whole(REFUSAL, index, _string(part.get("refusal")))
        channel = SUMMARY if summary else THOUGHT if self.kind == "reasoning" else TEXT
        if channel == TEXT and self.kind != "message":
            return []
        return self.whole(channel, index, _string(part.get("text")))

    def know(self, value: Mapping[str, Json]) -> list[Event]:
        """`value` is the item as it is now. Gives the text in it; of a call `call` has the rest."""
        self.value = dict(value)
        self.kind = _string(value.get("type")) or self.kind
        if self.kind == "function_call":
            self.call = self.call or CallPieces()
            self.call.know(_string(value.get("call_id")), _string(value.get("name")), value.get("arguments"))
            return []
        if self.kind == "message" and words(value) == self.text():
            return []  # by pieces that did not say which part they are of
        events: list[Event] = []
        for at, part in enumerate(items(value.get("content"))):
            events += self.part(at, mapping(part))
        for at, part in enumerate(items(value.get("summary"))):
            events += self.part(at, mapping(part), summary=True)
        return events

    def text(self) -> str:
        """What was given of a message."""
        pieces = [pieces for (channel, _), pieces in self.said.items() if channel in (TEXT, REFUSAL)]
        return "".join(piece for some in pieces for piece in some)

    def agrees(self) -> bool:
        """Whether what was given is what the item, said whole, holds."""
        if self.call is not None:
            return self.call.text == arguments_text(self.value.get("arguments"))
        return self.kind != "message" or self.text() == words(self.value)

    def final(self) -> dict[str, Json]:
        """The item to be kept; of one that was never said whole, what its pieces say. Empty for none."""
        if self.call is not None:
            if self.call.index is None:
                return {}
            said = {"type": "function_call", "name": self.call.name, "arguments": self.call.text}
            return {**said, **(self.value if self.done else {}), "call_id": self.call.id}
        text = self.text()
        if text and not words(self.value):
            return {**self.value, "type": "message", "content": [{"type": "output_text", "text": text}]}
        return self.value if self.done else {}


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""
