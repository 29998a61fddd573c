"""One function call of a reply in the Responses format, told piece by piece."""

import msgspec

from libria_providers.types import Event, Json, ToolCallDelta


class CallPieces:
    """`pieces` are those of the arguments' text; it is told once its id and its name are known."""

    __slots__ = ("id", "index", "name", "pieces", "sent")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []
        self.sent = 0  # how many of the pieces were told
        self.index: int | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def know(self, identity: str, name: str, arguments: Json) -> None:
        """What its item says."""
        self.id = self.id or identity
        self.name = self.name or name
        self.complete(arguments_text(arguments))

    def complete(self, text: str) -> None:
        """All of the arguments: what of them was not said yet."""
        before = self.text
        if len(text) > len(before) and text.startswith(before):
            self.pieces.append(text[len(before) :])

    def told(self, calls: "list[CallPieces]", otherwise: str | None = None) -> list[Event]:
        """What of it was not told yet; `calls` are those that were told. `otherwise` is its id where
        the provider gave none."""
        first = self.index is None
        if self.index is None:
            if otherwise is not None:
                self.id = self.id or otherwise
            elif not self.id or not self.name:
                return []
            self.index = len(calls)
            calls.append(self)
        text = "".join(self.pieces[self.sent :])
        self.sent = len(self.pieces)
        if first:
            return [ToolCallDelta(self.index, text, self.id, self.name)]
        return [ToolCallDelta(self.index, text)] if text else []


def arguments_text(value: Json) -> str:
    """OpenAI's are JSON in a string; a server may say them as the object itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
