"""The three messages that tell of a task, as they go over the wire and into the journal; their JSON Schemas are
made of these types."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast, get_args

import msgspec

FROM = "INTEGRATIONS"

ISSUE = 1000
"""Characters of one issue."""

BlockerType = Literal[
    "invalidParams", "credentialMissing", "credentialRejected", "permissionDenied", "modelNotFound", "badRequest",
    "contextTooLong", "contentFiltered", "rateLimited", "quotaExhausted", "overloaded", "timedOut", "disconnected",
    "interrupted", "invalidResponse", "cacheMiss", "cancelled", "internal",
]  # fmt: skip

TaskId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Acknowledgment(msgspec.Struct, frozen=True, kw_only=True, tag_field="message_type", tag="TASK_ACKNOWLEDGMENT"):
    """The answer to a task. `estimated_completion` is a time of ISO 8601 in UTC, by what was observed."""

    task_id: TaskId
    from_agent: Literal["INTEGRATIONS"] = "INTEGRATIONS"
    status: Literal["acknowledged"] = "acknowledged"
    estimated_completion: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is relative and stays below where it is taken from: no `..`, no `/` at its beginning."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    content: str


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """All three are always there, empty where they say nothing. `summary` is what the model said besides; of a task
    for text it is the text."""

    files: list[File] = []
    code: str = ""
    summary: str = ""


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """One truth for each criterion, in order. `issues` say what is not met and what a judge thought."""

    acceptance_criteria_met: list[bool] = []
    all_passed: bool = True
    issues: list[str] = []


class Completion(msgspec.Struct, frozen=True, kw_only=True, tag_field="message_type", tag="TASK_COMPLETION"):
    """The end of a task that has an output, whether it meets all criteria or not. `model` is who answered."""

    task_id: TaskId
    from_agent: Literal["INTEGRATIONS"] = "INTEGRATIONS"
    status: Literal["completed"] = "completed"
    output: Output
    validation: Validation
    model: str


class Escalation(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="message_type", tag="BLOCKER_ESCALATION"
):
    """The end of a task that is stuck. `description` is a sentence that says what a human should do;
    `partial_text` what the model had said."""

    task_id: TaskId
    from_agent: Literal["INTEGRATIONS"]
    blocker_type: BlockerType
    description: str
    escalate_to: Literal["human"]
    partial_text: str | msgspec.UnsetType = msgspec.UNSET


Final = Completion | Escalation


def escalation(task_id: str, kind: str, description: str, partial_text: str | None = None) -> Escalation:
    """A kind that is none of the published ones is our own fault."""
    known = cast(BlockerType, kind if kind in get_args(BlockerType) else "internal")
    return Escalation(
        task_id=task_id,
        from_agent="INTEGRATIONS",
        blocker_type=known,
        description=description if description.endswith((".", "!", "?")) else f"{description}.",
        escalate_to="human",
        partial_text=partial_text or msgspec.UNSET,
    )


def well(message: Final | None) -> bool:
    """Whether the task ended as it was meant to: nobody needs to begin it anew."""
    return isinstance(message, Completion) and message.validation.all_passed


def schemas() -> Mapping[str, dict[str, Any]]:
    """By the name of the message."""
    return {name: _schema(kind, name) for name, kind in _KINDS.items()}


_KINDS: Mapping[str, type[msgspec.Struct]] = {
    "TASK_ACKNOWLEDGMENT": Acknowledgment,
    "TASK_COMPLETION": Completion,
    "BLOCKER_ESCALATION": Escalation,
}


def _schema(kind: type[msgspec.Struct], name: str) -> dict[str, Any]:
    """On its own: what it refers to is in it."""
    schema = msgspec.json.schema(kind)
    inner = {key: always(value) for key, value in schema["$defs"].items()}
    own = inner.pop(kind.__name__)
    own["title"] = name
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **own}
    return {**made, "$defs": inner} if inner else made


def always(shape: dict[str, Any]) -> dict[str, Any]:
    """A default is what we put in, not what a reader may find missing."""
    shape["description"] = " ".join(shape.get("description", "").split())
    for member in shape["properties"].values():
        member.pop("default", None)
    shape["required"] = [name for name in shape["properties"] if name != "partial_text"]
    return {name: value for name, value in shape.items() if value != ""}
