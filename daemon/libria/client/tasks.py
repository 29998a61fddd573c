"""What a task ends in."""

from dataclasses import dataclass
from typing import Any, Literal

from libria.client.errors import TaskBlocked
from libria.client.results import Raw, read

Json = Any  # whatever JSON can say


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutput:
    """`summary` is what the model said besides; of a task for text it is the text."""

    files: tuple[TaskFile, ...] = ()
    code: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Whether each criterion was met, in their order, and why not."""

    acceptance_criteria_met: tuple[bool, ...] = ()
    all_passed: bool = True
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompletion(Raw):
    """A task that has an output, whether it meets all criteria or not. `model` is who answered."""

    task_id: str
    from_agent: str
    output: TaskOutput
    validation: Validation
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStateResult:
    """A "waiting" one lost its daemon and goes on when it is given again. `all_passed` and `blocker_type` say how it
    ended."""

    task_id: str
    state: Literal["running", "waiting", "completed", "escalated"]
    age_seconds: float
    model: str | None = None
    phase: str | None = None
    call_id: str | None = None
    output_tokens: int | None = None
    tokens_per_second: float | None = None
    all_passed: bool | None = None
    blocker_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskListResult(Raw):
    """The newest first; those that ended are listed for a day."""

    tasks: tuple[TaskStateResult, ...]


def completion(message: dict[str, Json]) -> TaskCompletion:
    """Raises TaskBlocked for an escalation."""
    if message.get("message_type") == "BLOCKER_ESCALATION":
        raise TaskBlocked(
            message["task_id"], message["description"], message["blocker_type"], message.get("partial_text", "")
        )
    return read(TaskCompletion, message)
