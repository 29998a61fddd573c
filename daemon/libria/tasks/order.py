"""What a task asks for, as the room knows it: checked, and free of the wire's shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from libria_providers.types import Call, Json

Wanted = Literal["text", "code", "files"]


@dataclass(frozen=True, slots=True)
class Prose:
    """Words that only a model can judge."""

    text: str


@dataclass(frozen=True, slots=True)
class Schema:
    """The output, or the file at `path`, is JSON that is valid by `schema`."""

    schema: Mapping[str, Json]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Regex:
    """`pattern` is found in the output, or in the file at `path`."""

    pattern: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Contains:
    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class MaxLength:
    """Characters."""

    length: int
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A program, with its arguments, that ends with 0. `seconds` is its time."""

    argv: tuple[str, ...]
    seconds: float


Criterion = Prose | Schema | Regex | Contains | MaxLength | Command


@dataclass(frozen=True, slots=True)
class ContextFile:
    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Order:
    """`call` has all but what is said: its model, limits and whose keys count. `digest` is the same for tasks of the
    same content; `retry` whether failures are fed back once."""

    task_id: str
    digest: str
    instruction: str
    call: Call = field(repr=False)
    wanted: Wanted = "text"
    criteria: tuple[Criterion, ...] = ()
    context: str | tuple[ContextFile, ...] = ""
    retry: bool = False
