"""One conversation: what was said, what comes next, and the call that asks for it."""

from dataclasses import dataclass, field
from typing import Any

Json = Any
Message = dict[str, Json]


@dataclass
class Talk:
    """`model` is None for whoever answers by default. `attached` are parts that go with the next message. `taken` is
    the message that was asked last, for asking it again."""

    model: str | None = None
    system: str | None = None
    messages: list[Message] = field(default_factory=list[Message])
    attached: list[Message] = field(default_factory=list[Message])
    taken: Message | None = None
    usd: float = 0.0
    tokens: int = 0

    def ask(self, text: str) -> Message:
        """The user's next message, what is attached before the words; it counts once it is answered."""
        content: Json = text
        if self.attached:
            content = [*self.attached, *([{"type": "text", "text": text}] if text.strip() else [])]
        self.taken = {"role": "user", "content": content}
        self.attached = []
        return self.taken

    def params(self, message: Message, more: dict[str, Json], *, back: int = 0) -> dict[str, Json]:
        """Of `libria/chat`: only what was said, without the last `back` messages."""
        said = {"model": self.model, "system": self.system}
        return {
            "messages": [*self.messages[: len(self.messages) - back], message],
            **{name: value for name, value in said.items() if value is not None},
            **more,
        }

    def answered(self, message: Message, answer: Message, *, back: int = 0) -> None:
        """In the place of the last `back` messages."""
        del self.messages[len(self.messages) - back :]
        self.messages += [message, answer]

    def counted(self, result: dict[str, Json]) -> None:
        usage: dict[str, Json] = result.get("usage") or {}
        self.tokens += (usage.get("inputTokens") or 0) + (usage.get("outputTokens") or 0)
        cost: dict[str, Json] = result.get("cost") or {}
        self.usd += cost.get("usd") or 0.0

    def last(self) -> tuple[Message | None, int]:
        """The last question, answered or not, and how many messages there are from it on."""
        asked = [place for place, one in enumerate(self.messages) if one["role"] == "user"]
        if self.taken is not None and not any(self.messages[place] is self.taken for place in asked):
            return self.taken, 0
        return (self.messages[asked[-1]], len(self.messages) - asked[-1]) if asked else (None, 0)

    def clear(self) -> None:
        """All but the model and what it is told."""
        self.messages, self.attached, self.taken = [], [], None


def words(message: Message) -> str:
    """The text of a message; what else is in it by its kind."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n\n".join(part["text"].strip() if part["type"] == "text" else f"[{_kind(part)}]" for part in content)


def _kind(part: dict[str, Json]) -> str:
    return str(part.get("name") or part.get("url") or f"{part['type']}, {part.get('mediaType', 'unknown')}")


def markdown(talk: Talk) -> str:
    """The conversation as a document."""
    who = {"user": "You", "assistant": "Answer", "system": "System", "tool": "Tool"}
    told: list[Message] = [{"role": "system", "content": talk.system}] if talk.system else []
    pieces = [f"## {who.get(one['role'], one['role'])}\n\n{words(one).strip()}\n" for one in [*told, *talk.messages]]
    return "\n".join([f"# A conversation{f' with {talk.model}' if talk.model else ''}\n", *pieces])
