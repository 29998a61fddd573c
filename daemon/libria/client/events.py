"""What a call says on its way to its result."""

from dataclasses import dataclass
from typing import Any, Literal

Json = Any  # whatever JSON can say


@dataclass(frozen=True, slots=True)
class Start:
    """The call has its name, by which another client may follow it."""

    call_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer."""

    text: str
    seq: int


@dataclass(frozen=True, slots=True)
class Reasoning:
    text: str
    seq: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A piece of the JSON text of a tool call's arguments; the first one of an `index` names the tool. The result has
    them whole."""

    index: int
    arguments: str
    seq: int
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Why nothing comes yet."""

    state: Literal["queued", "waiting", "connecting", "retrying", "fallback"]
    seq: int
    reason: str | None = None
    position: int | None = None
    eta_ms: float | None = None
    target: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Throw away all deltas so far: the answer starts again, from `target`."""

    reason: str
    target: str
    seq: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A task has been taken; `estimated_completion` is a time in ISO 8601."""

    task_id: str
    estimated_completion: str


Event = Start | Delta | Reasoning | ToolCall | Status | Reset | Acknowledged


def event(value: dict[str, Json]) -> Event | None:
    """None for a kind that a later daemon adds."""
    match value.get("kind"):
        case "delta":
            return Delta(value["text"], value["seq"])
        case "reasoning":
            return Reasoning(value["text"], value["seq"])
        case "toolCall":
            return ToolCall(value["index"], value["arguments"], value["seq"], value.get("id"), value.get("name"))
        case "start":
            return Start(value["callId"], value["seq"])
        case "reset":
            return Reset(value["reason"], value["target"], value["seq"])
        case "status":
            return Status(
                state=value["state"],
                seq=value["seq"],
                reason=value.get("reason"),
                position=value.get("position"),
                eta_ms=value.get("etaMs"),
                target=value.get("target"),
                attempt=value.get("attempt"),
            )
        case "acknowledged":
            return Acknowledged(value["task_id"], value["estimated_completion"])
        case _:
            return None
