"""What is written of tasks: the JSON Schemas of what is said, and the chapter of `PROTOCOL.md`."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from libria.rpc.task_params import TaskParams
from libria.rpc.typescript import declarations
from libria.tasks import messages

FOLDER = Path(messages.__file__).with_name("schemas")
"""Within the package, for whoever has no checkout: `libria task --schemas`."""

_ABOUT = """## Tasks

An agent gives a task with `libria/task`, whose names are snake_case. It is answered at once with a
`TASK_ACKNOWLEDGMENT`, within 50 ms also where the model is busy; `estimated_completion` is reckoned from how long that
model's answers took lately and who waits for it. With `partialResultToken` progress comes as for `libria/chat`, with a
`reset` where the model is asked again (its reason is `unreadable` or `criteria`, or `disconnected` after a daemon was
lost). The end is exactly one notification `libria/taskMessage`, a `Completion` or an `Escalation`, to each client that
has given the task. `libria task --schemas` prints the JSON Schemas of all of them.

- **Output.** `text`: in `summary`, with a `jsonSchema` criterion asked for as JSON. `code`: the one fenced block, or
  the longest; what stands around it is in `summary`. `files`: structured output where the provider has it, else fenced
  blocks with a path. Paths are relative and stay in their folder; nothing is written by the daemon. What cannot be read
  is asked for once more, then escalated as `invalidResponse` with `partial_text`.
- **Criteria** are checked on the text, the code, or all files one after another (`path` names one). `regex` is written
  as in a JSON Schema. `command` runs without a shell in a folder of its own that holds the files (text and code come on
  standard input) with PATH, HOME and the locale of the daemon's environment and no key, and only where the config has
  `[tasks] allow_commands = true`; without that the task is refused. A string is judged by `[tasks] judge`, whose
  reasons are in `issues`; where no judge is named, or it gives no verdict, the criterion is not met and `issues` say
  what to set. A criterion that is not met is no escalation: the task is completed with `all_passed` false.
  `retry_on_failure` feeds the failures back once.
- **Once.** A task given again under its `task_id` with the same content, by any client, is the same task: it is
  acknowledged as before, and ends with the same message. Other content under a known id is refused. What a task ended
  with is kept for a day (the newest 1000, 256 MiB), also beyond the daemon's end; `restart` begins one anew that
  ended in an escalation or did not meet all criteria.
- **When its client goes away** a task goes on, as with `onDisconnect: "finish"`; give it again to hear of it.
- **When the daemon goes away** it is not forgotten: `libria/task/list` shows it as `waiting`, and it goes on when it is
  given again, which `libria stdio` does by itself, so that its client hears one acknowledgment and one end. Neither
  keys nor instructions are written to disk.
- **Cancelling**: `libria/task/cancel`, or `window/workDoneProgress/cancel` with the task's `partialResultToken` or
  `workDoneToken`. Either ends in an escalation of type `cancelled`. `$/cancelRequest` counts until the acknowledgment:
  it is then the request that was cancelled, and nothing follows.

```ts
"""


def section() -> str:
    shapes: dict[str, Any] = {}
    for kind in (messages.Completion, messages.Escalation):
        found = msgspec.json.schema(kind)["$defs"]
        shapes |= {name: messages.always(found[name]) for name in (kind.__name__, *found) if name not in shapes}
    return f"{_ABOUT}{declarations(shapes)}\n```\n"


def files() -> Mapping[Path, Callable[[], str]]:
    return {FOLDER / f"{name}.json": partial(_text, name) for name in _schemas()}


def _schemas() -> dict[str, dict[str, Any]]:
    task = TaskParams.model_json_schema()
    task["title"] = "TASK"
    return {"TASK": {"$schema": "https://json-schema.org/draft/2020-12/schema", **task}, **messages.schemas()}


def _text(name: str) -> str:
    return json.dumps(_schemas()[name], indent=2, ensure_ascii=False) + "\n"
