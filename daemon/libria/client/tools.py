"""A conversation in which the model calls functions of ours."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, cast

from libria.client import options as told
from libria.client.arguments import Wrong, bound
from libria.client.errors import TooManyRounds
from libria.client.options import Message
from libria.client.results import ChatResult, ToolCallResult
from libria.client.schema import name_of, tool_spec

Json = Any  # whatever JSON can say


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """One call of a function: what the model was told, and what went wrong, if anything did."""

    call: ToolCallResult
    content: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """`result` is the last answer, `messages` the whole conversation with it, to be gone on with."""

    result: ChatResult
    messages: list[dict[str, Json]]
    outcomes: list[ToolOutcome]
    rounds: int

    @property
    def content(self) -> str:
        return self.result.content


class Toolbox:
    """Raises TypeError with a sentence for a function that a model cannot be told of."""

    def __init__(self, tools: Sequence[Callable[..., object]]) -> None:
        self.functions = {name_of(one): one for one in tools}
        if len(self.functions) != len(tools):
            raise TypeError("Two tools have the same name; give each its own.")
        self.specs = [tool_spec(one) for one in tools]

    def bound(self, call: ToolCallResult) -> Callable[[], object]:
        """The call, to be made. Raises Wrong."""
        function = self.functions.get(call.name)
        if function is None:
            raise Wrong(f"There is no tool {call.name!r}; there are: {', '.join(self.functions)}.")
        places, names = bound(function, call.arguments)
        return lambda: function(*places, **names)


class Conversation:
    """The state of a loop; who runs it asks the model and makes the calls."""

    def __init__(
        self, messages: str | Sequence[Message], box: Toolbox, options: Mapping[str, Any], max_rounds: int
    ) -> None:
        self.messages = told.messages(messages)
        self.options: dict[str, Json] = {**options, "tools": [*box.specs, *options.get("tools", ())]}
        self.outcomes: list[ToolOutcome] = []
        self._result: ChatResult | None = None
        self._rounds = 0
        self._most = max_rounds

    @property
    def goes_on(self) -> bool:
        """Raises TooManyRounds."""
        if self._result is not None and not self._result.tool_calls:
            return False
        if self._rounds >= self._most:
            raise TooManyRounds(self._most, self.messages)
        return True

    def answered(self, result: ChatResult) -> None:
        self._result = result
        self._rounds += 1
        self.messages.append(result.message)
        if self.options.get("tool_choice") not in (None, "auto", "none"):
            self.options["tool_choice"] = "auto"  # it was for the first round: else there is never an answer

    def add(self, outcome: ToolOutcome) -> None:
        self.outcomes.append(outcome)
        self.messages.append({"role": "tool", "toolCallId": outcome.call.id, "content": outcome.content})

    def run(self) -> ToolRun:
        assert self._result is not None
        return ToolRun(result=self._result, messages=self.messages, outcomes=self.outcomes, rounds=self._rounds)


def called(box: Toolbox, call: ToolCallResult) -> ToolOutcome:
    """What it raises goes to the model, which may do better the next time."""
    try:
        value = box.bound(call)()
    except Exception as error:  # noqa: BLE001  # whatever a user's function raises
        return failed(call, error)
    return outcome(call, value)


def outcome(call: ToolCallResult, value: object) -> ToolOutcome:
    """A text as it is, everything else as JSON."""
    content = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return ToolOutcome(call=call, content=content)


def failed(call: ToolCallResult, error: Exception) -> ToolOutcome:
    words = str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
    return ToolOutcome(call=call, content=f"Error: {words}", error=error)


def _plain(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset, tuple)):
        return list(cast("set[object]", value))
    return str(value)
