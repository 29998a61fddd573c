"""`textDocument/codeAction`: what Libria can do to a range; no model is asked for that."""

from libria.editing.blocks import block_around
from libria.editing.documents import Document, Documents, Point
from libria.editing.tasks import DOCUMENT, EXPLAIN, FIX, REWRITE, Task
from libria.rpc.ability import Abilities
from libria.rpc.editor_params import CodeActionParams, Diagnostic, read
from libria_providers.types import Json

AUTOMATIC = 2
"""LSP's kind of a request that nobody pressed a key for: the editor looks whether to show its light bulb."""

MOST_DIAGNOSTICS = 20


def actions(documents: Documents, abilities: Abilities, params: CodeActionParams) -> Json:
    """LSP's code actions; plain commands for a client that knows no others."""
    document = documents.get(params.text_document.uri)
    if document is None:
        return []
    start, end = documents.span(document, params.range.plain())
    found = params.context.diagnostics[:MOST_DIAGNOSTICS]
    if params.context.trigger_kind == AUTOMATIC and start == end and not found:
        return []  # else the light would be on in every line
    offered: list[Json] = []
    for task in _tasks(found):
        if _wanted(task, params.context.only):
            place = _place(document, documents, task, start, end, found)
            offered.append(_action(document, documents, task, place, found, literal=abilities.code_action_literals))
    return offered


def diagnostics(found: list[dict[str, object]]) -> list[Diagnostic]:
    return [read(Diagnostic, one, "a diagnostic") for one in found]


def whole_lines(document: Document, start: Point, end: Point) -> tuple[Point, Point]:
    """The lines that a range is on, with their ends: so a model sees their indentation."""
    last = end[0] - 1 if end[1] == 0 and end > start else end[0]
    return (start[0], 0), (last + 1, 0) if last + 1 < len(document.lines) else document.end


def _tasks(found: list[dict[str, object]]) -> tuple[Task, ...]:
    return (FIX, EXPLAIN, REWRITE, DOCUMENT) if found else (EXPLAIN, REWRITE, DOCUMENT, FIX)


def _wanted(task: Task, only: list[str] | None) -> bool:
    """A kind stands for those below it: "refactor" for "refactor.rewrite"."""
    return only is None or any(not kind or task.kind == kind or task.kind.startswith(f"{kind}.") for kind in only)


def _place(
    document: Document, documents: Documents, task: Task, start: Point, end: Point, found: list[dict[str, object]]
) -> tuple[Point, Point]:
    """The selection, in whole lines; where nothing is selected, the block that the cursor is in."""
    if task is FIX and found:
        for one in diagnostics(found):
            first, last = documents.span(document, one.range.plain())
            start, end = min(start, first), max(end, last)
        return whole_lines(document, start, end)
    if start == end:
        first_line, last_line = block_around(document.lines, start[0])
        start, end = (first_line, 0), (last_line, len(document.lines[last_line].rstrip("\r\n")))
    return whole_lines(document, start, end)


def _action(
    document: Document,
    documents: Documents,
    task: Task,
    place: tuple[Point, Point],
    found: list[dict[str, object]],
    *,
    literal: bool,
) -> Json:
    argument: dict[str, Json] = {"uri": document.uri, "range": documents.place(document, *place)}
    if document.version is not None:
        argument["version"] = document.version
    if task is FIX and found:
        argument["diagnostics"] = found
    command = {"title": task.title, "command": task.command, "arguments": [argument]}
    if not literal:
        return command
    action: dict[str, Json] = {"title": task.title, "kind": task.kind, "command": command}
    if task is FIX and found:
        action["diagnostics"] = found
    return action
