"""What an editor can have done to a range: titles, and how a model is asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from libria.editing.documents import Document, Point

BEFORE = 8000
BEHIND = 4000
"""Characters around the range that the model sees."""


@dataclass(frozen=True, slots=True)
class Task:
    """`kind` is LSP's of code actions, "" for what is not offered as one. `rewrites`: the answer is the new text."""

    command: str
    title: str
    kind: str
    instruction: str
    rewrites: bool = True


FIX = Task(
    "libria.fix",
    "Fix with Libria",
    "quickfix",
    "Fix the problems that are listed; where none is, the mistakes that you are sure of. Change nothing else.",
)
EXPLAIN = Task(
    "libria.explain",
    "Explain with Libria",
    "refactor.explain",
    "Explain what this does and why, for a reader who knows the language.",
    rewrites=False,
)
REWRITE = Task(
    "libria.rewrite",
    "Improve with Libria",
    "refactor.rewrite",
    "Make it simpler and clearer. What it does, and what others call it by, stays the same.",
)
DOCUMENT = Task(
    "libria.document",
    "Document with Libria",
    "refactor.rewrite.document",
    "Add the documentation comments that are customary in this language, short ones. Change nothing else.",
)
EDIT = Task("libria.edit", "Edit with Libria", "", "")

TASKS = (FIX, EXPLAIN, REWRITE, DOCUMENT, EDIT)
BY_COMMAND = {task.command: task for task in TASKS}

_REWRITE = (
    "You edit a file in an editor. The user has selected the part between <selection> and </selection>. Reply with "
    "exactly the text that is to stand there instead, and nothing else: no explanation, no Markdown fence, no tags, "
    "and nothing of what stands before or after the selection. Keep the indentation, and whatever is not to change."
)
_EXPLAIN = (
    "You explain code in an editor, which shows your reply as plain text. The user has selected the part between "
    "<selection> and </selection>. Reply in at most five short sentences, without Markdown."
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a linter or compiler says of a line."""

    line: int
    text: str
    source: str


def prompt(
    document: Document,
    name: str,
    start: Point,
    end: Point,
    task: Task,
    *,
    instruction: str = "",
    problems: Sequence[Problem] = (),
) -> tuple[str, str]:
    """The system text and the question. `name` is the file's."""
    known = [("Path", name), ("Language", document.language)]
    parts = [f"{label}: {value}" for label, value in known if value]
    parts.append(f"<before>{_before(document, start)}</before>")
    parts.append(f"<selection>{document.text(start, end)}</selection>")
    parts.append(f"<after>{_behind(document, end)}</after>")
    if problems:
        parts.append("Problems:")
        parts += [f"- {_where(problem, start)}: {problem.text} {problem.source}".rstrip() for problem in problems]
    parts.append(" ".join(part for part in (task.instruction, instruction) if part))
    return _REWRITE if task.rewrites else _EXPLAIN, "\n".join(parts)


def _where(problem: Problem, start: Point) -> str:
    line = problem.line - start[0] + 1
    return f"line {line} of the selection" if line > 0 else "before the selection"


def _before(document: Document, point: Point) -> str:
    first = max(0, point[0] - BEFORE // 20)
    return document.text((first, 0), point)[-BEFORE:]


def _behind(document: Document, point: Point) -> str:
    last = min(document.end, (point[0] + BEHIND // 20, 0))
    return document.text(point, max(point, last))[:BEHIND]
