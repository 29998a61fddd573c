"""A call's progress and end, in words and on a screen."""

from typing import Any

from libria.cli.screen import Screen

Json = Any


class Show:
    """Puts each progress value of a call on the screen. Without `answer` the deltas are kept back."""

    def __init__(self, screen: Screen, *, reasoning: bool, answer: bool = True) -> None:
        self._screen = screen
        self._reasoning = reasoning
        self._answer = answer

    def __call__(self, value: dict[str, Json]) -> None:
        match value["kind"]:
            case "delta" if self._answer:
                self._screen.answer(value["text"])
            case "reasoning" if self._reasoning:
                self._screen.aside(value["text"])
            case "status":
                self._screen.transient(waiting_for(value))
            case "reset" if self._answer:
                self._screen.notice(starts_again(value))
            case _:
                pass  # kinds that later versions add


def waiting_for(status: dict[str, Json]) -> str:
    words = [status["state"]]
    if status.get("target"):
        words.append(status["target"])
    if status.get("position") is not None:
        words.append(f"at place {status['position']}")
    if status.get("etaMs") is not None:
        words.append(f"for {status['etaMs'] / 1000:.1f} s")
    if status.get("reason"):
        words.append(f"({status['reason']})")
    return " ".join(words) + " …"


def starts_again(reset: dict[str, Json]) -> str:
    return f"The answer above broke off ({reset['reason']}); it starts again from {reset['target']}."


def cut_short(result: dict[str, Json]) -> str | None:
    """Why the answer is not whole, where it is not."""
    match result.get("stopReason"):
        case "length":
            return "The answer was cut at its greatest length; allow more with --max-tokens."
        case "contentFilter":
            return "The provider's content filter ended the answer."
        case _:
            return None
