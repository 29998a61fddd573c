"""What a client may say of a task. Names are snake_case here, as agents' messages have them; the tokens are LSP's."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from libria.rpc.params import JsonObject, Params, Token

TaskId = Annotated[str, Field(min_length=1, max_length=200)]

MOST_CRITERIA = 100


class SnakeParams(Params):
    model_config = ConfigDict(alias_generator=None, populate_by_name=False)


class _OfFile(SnakeParams):
    """`path` names one of the output's files; without it all of them are looked at, or the text, or the code."""

    path: str | None = None


class JsonSchemaCriterion(_OfFile):
    """It is JSON, valid by `schema`."""

    type: Literal["jsonSchema"]
    schema_: JsonObject = Field(alias="schema")


class RegexCriterion(_OfFile):
    """`pattern` is found in it; written as in a JSON Schema."""

    type: Literal["regex"]
    pattern: str = Field(max_length=10_000)


class ContainsCriterion(_OfFile):
    type: Literal["contains"]
    text: str = Field(min_length=1)


class MaxLengthCriterion(_OfFile):
    """At most `length` characters."""

    type: Literal["maxLength"]
    length: int = Field(ge=0)


class CommandCriterion(SnakeParams):
    """The program ends with 0, run without a shell in a folder that holds the output's files; text or code is on its
    standard input. Only where the config says `allow_commands`. `timeout` is seconds."""

    type: Literal["command"]
    command: list[str] = Field(min_length=1, max_length=1000)
    timeout: float = Field(default=60.0, gt=0, le=600)


def _kind(value: object) -> Any:
    if isinstance(value, str):
        return "words"
    return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]  # JSON


CriterionParam = Annotated[
    Annotated[str, Field(min_length=1), Tag("words")]
    | Annotated[JsonSchemaCriterion, Tag("jsonSchema")]
    | Annotated[RegexCriterion, Tag("regex")]
    | Annotated[ContainsCriterion, Tag("contains")]
    | Annotated[MaxLengthCriterion, Tag("maxLength")]
    | Annotated[CommandCriterion, Tag("command")],
    Discriminator(
        _kind,
        custom_error_type="criterion",
        custom_error_message="Input should be a sentence, or have a type of jsonSchema, regex, contains, maxLength, "
        "command",
    ),
]


class ContextFileParam(SnakeParams):
    path: str
    content: str


class TaskTimeouts(SnakeParams):
    """Seconds, of each call that the task makes."""

    connect: float | None = Field(default=None, gt=0)
    first_token: float | None = Field(default=None, gt=0)
    idle: float | None = Field(default=None, gt=0)
    total: float | None = Field(default=None, gt=0)


class TaskReasoning(SnakeParams):
    effort: Literal["minimal", "low", "medium", "high"] | None = None
    max_tokens: int | None = Field(default=None, gt=0)


class TaskParams(SnakeParams):
    """A criterion that is a string is judged by the config's `[tasks] judge`. `context` is shown to the model besides
    the `instruction`. With `retry_on_failure` criteria that are not met are fed back once. A task of the same `task_id`
    and content is the same task and ends with the same message, for a day; `restart` begins one anew that ended in an
    escalation or did not meet all criteria."""

    task_id: TaskId
    instruction: str = Field(min_length=1)
    model: str | None = None
    fallbacks: list[str] = Field(default=[])
    system: str | None = None
    context: str | list[ContextFileParam] = ""
    output: Literal["text", "code", "files"] = "text"
    acceptance_criteria: list[CriterionParam] = Field(default=[], max_length=MOST_CRITERIA)
    retry_on_failure: bool = False
    max_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, ge=0)
    reasoning: TaskReasoning | None = None
    timeouts: TaskTimeouts | None = None
    restart: bool = False
    partial_result_token: Token | None = Field(default=None, alias="partialResultToken")
    work_done_token: Token | None = Field(default=None, alias="workDoneToken")


class TaskListParams(SnakeParams):
    pass


class TaskCancelParams(SnakeParams):
    task_id: TaskId
