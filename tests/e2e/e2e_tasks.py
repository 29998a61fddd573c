"""Tasks as an agent gives them; what every message of one must be, in every test: valid by the published schemas."""

import json
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema

Json = Any

FOLDER = Path(__file__).parents[2] / "daemon" / "libria" / "tasks" / "schemas"
FINAL = ("TASK_COMPLETION", "BLOCKER_ESCALATION")

_numbers = count(1)


@cache
def schema(kind: str) -> Json:
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def check_task_message(message: dict[str, Json]) -> None:
    """Of all that a client may hear. Raises ValueError for one that is not as published, or has more in it."""
    if message.get("method") == "libria/taskMessage":
        said, kinds = message["params"], FINAL
    elif isinstance(message.get("result"), dict) and "message_type" in message["result"]:
        said, kinds = message["result"], ("TASK_ACKNOWLEDGMENT", *FINAL)
    else:
        return
    if said.get("message_type") not in kinds:
        raise ValueError(f"not a message of a task: {said}")
    found = schema(said["message_type"])
    jsonschema.validate(said, found, cls=jsonschema.Draft202012Validator)
    strange = set(said) - set(found["properties"])
    if strange:
        raise ValueError(f"{said['message_type']} has what is not published: {strange}")


def task(model: str = "openai/echo", instruction: str = "Do it.", **more: Json) -> dict[str, Json]:
    """One of its own id, which shows its progress under that id as well."""
    task_id = f"task-{next(_numbers)}"
    return {
        "task_id": task_id,
        "instruction": instruction,
        "model": model,
        "partialResultToken": task_id,
        **more,
    }


def says(text: str, *words: str, provider: str = "openai") -> str:
    """A model of the simulator that says just this."""
    return "+".join([f"{provider}/echo", f"say:{quote(text, safe='')}", *words])


def finals(messages: list[dict[str, Json]], task_id: str) -> list[dict[str, Json]]:
    """The last messages of a task so far: there must be one."""
    return [
        message["params"]
        for message in messages
        if message.get("method") == "libria/taskMessage" and message["params"]["task_id"] == task_id
    ]


def last_of(task_id: str, nth: int = 1) -> Json:
    """A predicate for `Client.until`: the `nth` last message of this task (of several that were given it)."""
    seen: list[int] = []

    def found(message: dict[str, Json]) -> bool:
        if message.get("method") == "libria/taskMessage" and message["params"]["task_id"] == task_id:
            seen.append(1)
        return len(seen) >= nth

    return found


def text_of(values: list[dict[str, Json]]) -> str:
    """The deltas since the last reset."""
    text = ""
    for value in values:
        if value["kind"] == "delta":
            text += value["text"]
        elif value["kind"] == "reset":
            text = ""
    return text
