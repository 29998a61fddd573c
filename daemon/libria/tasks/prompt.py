"""How a model is asked for a task, for its answer in another form, and for a better one."""

import json
import re
from collections.abc import Sequence

from libria.tasks.criteria import named
from libria.tasks.order import ContextFile, Order, Schema, Wanted
from libria_providers.types import Json

_FORMS: dict[Wanted, str] = {
    "text": "",
    "code": "Answer with one fenced block that holds the whole code. Before it say in a few sentences what it does; "
    "after it nothing.",
    "files": "Answer with the whole content of each file in a fenced block of its own, with the file's relative path "
    "behind the opening fence, as in ```src/name.py. Where a file holds fences itself, use a longer one around it. "
    "Before the first block say in a few sentences what was done.",
}

_FILES_AS_JSON = "Answer with the JSON object that was agreed on: the whole content of each file, by its relative path."


def system(order: Order, *, structured: bool) -> str | None:
    """What the client said, and the form that the answer must have."""
    parts = [order.call.system or "", _form(order, structured=structured)]
    return "\n\n".join(part for part in parts if part) or None


def question(order: Order) -> str:
    parts = [order.instruction]
    if isinstance(order.context, str):
        if order.context.strip():
            parts.append(f"<context>\n{order.context}\n</context>")
    else:
        parts += map(_file, order.context)
    if order.criteria:
        listed = "\n".join(f"{number}. {named(one)}" for number, one in enumerate(order.criteria, 1))
        parts.append(f"The result must meet all of these criteria:\n{listed}")
    return "\n\n".join(parts)


def again_readable(order: Order, why: str, *, structured: bool) -> str:
    """Fed back when an answer cannot be read."""
    form = _form(order, structured=structured) or "Answer the task."
    return f"Your answer cannot be read: {why}. Give the whole answer again. {form}"


def again_better(order: Order, issues: Sequence[str], *, structured: bool) -> str:
    """Fed back when a result does not meet its criteria."""
    listed = "\n".join(f"- {issue}" for issue in issues)
    form = _form(order, structured=structured)
    return f"The result does not meet all criteria:\n{listed}\n\nGive the whole result again, corrected. {form}".strip()


def json_schema(order: Order) -> dict[str, Json] | None:
    """Of a task for text whose criterion is that it is JSON."""
    if order.wanted != "text":
        return None
    return next((dict(one.schema) for one in order.criteria if isinstance(one, Schema) and one.path is None), None)


def _form(order: Order, *, structured: bool) -> str:
    if order.wanted == "files" and structured:
        return _FILES_AS_JSON
    schema = json_schema(order)
    if schema is not None:
        return f"Answer with JSON alone, no other word, valid by this schema: {json.dumps(schema, ensure_ascii=False)}"
    return _FORMS[order.wanted]


def _file(file: ContextFile) -> str:
    longest = max((len(run) for run in re.findall("`+", file.content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{file.path}\n{file.content}\n{fence}"
