"""`libria task`: one task from a file, its messages as JSON lines."""

import json
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from libria.cli.output import Wrong, complain, print_json, table
from libria.cli.screen import Screen
from libria.cli.showing import waiting_for
from libria.client.channel import Channel, connect
from libria.client.errors import CallFailed, DaemonGone

Json = Any

LIVES = 3
"""Daemons that may be lost on the way."""

TOKEN = "libria-task"  # noqa: S105  # names a progress
INVALID_PARAMS = -32602

EPILOG = """\
example:
  cat >task.json <<'END'
  {"task_id": "greet-1", "model": "simulate/echo", "instruction": "Say hello to the world.",
   "acceptance_criteria": [{"type": "contains", "text": "hello"}, {"type": "maxLength", "length": 500}]}
  END
  libria task task.json

Standard output gets the acknowledgment and the last message, a line of JSON each. Criteria are sentences, judged by the
model that [tasks] judge names in the config, or have a type: jsonSchema, regex, contains, maxLength, command.
The same task_id with the same content is the same task: a second run goes on with it, or says again how it ended; one
that was escalated, or did not meet all criteria, is begun anew. Ctrl-C cancels it.

exit codes: 0 completed and all criteria met, 1 a criterion was not met or a human is needed, 2 the file is no task.
"""


def run(argv: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    if options.schemas:
        return _schemas()
    if options.list or options.cancel is not None:
        with connect() as client:
            return _list(client, as_json=options.json) if options.list else _cancel(client, options.cancel)
    if options.file is None:
        parser.error("name the file of a task, or - for standard input")
    return _run(_read(options), options)


def _run(task: dict[str, Json], options: Namespace) -> int:
    screen = Screen()
    run = _Run(task, screen)
    try:
        message = run.to_its_end()
    except CallFailed as error:
        if error.code == INVALID_PARAMS:
            raise Wrong(error.message) from None
        raise
    except KeyboardInterrupt:
        screen.end_line()
        with connect() as client:
            client.request("libria/task/cancel", {"task_id": task["task_id"]})
        complain(f"The task {task['task_id']} was cancelled.")
        raise
    print(json.dumps(message, ensure_ascii=False), flush=True)
    if message["message_type"] != "TASK_COMPLETION":
        screen.notice(message["description"])
        return 1
    for issue in message["validation"]["issues"]:
        screen.notice(issue)
    return _written(message, options, screen) or (0 if message["validation"]["all_passed"] else 1)


def _written(message: dict[str, Json], options: Namespace, screen: Screen) -> int:
    """What is met in part is written all the same: it was paid for, and the exit code says what it is."""
    if options.write is None:
        return 0
    from libria.cli.task_files import NotWritten, write

    try:
        places = write(Path(options.write).expanduser(), message["output"]["files"], force=options.force)
    except NotWritten as error:
        complain(str(error))
        return 1
    screen.notice(f"Written: {', '.join(map(str, places))}" if places else "There were no files to write.")
    return 0


class _Run:
    """One task, given to as many daemons as it takes."""

    def __init__(self, task: dict[str, Json], screen: Screen) -> None:
        self._task = task
        self._screen = screen
        self._acknowledged = False
        self._characters = 0
        self._model = ""

    def to_its_end(self) -> dict[str, Json]:
        """Its last message; the acknowledgment is printed on the way. Raises CallFailed, OSError."""
        for life in range(LIVES):
            again = {"restart": True, **self._task} if not life and not self._acknowledged else self._task
            try:
                with connect() as client:
                    return self._by(client, again)
            except DaemonGone:
                if life == LIVES - 1:
                    raise
        raise AssertionError

    def _by(self, client: Channel, task: dict[str, Json]) -> dict[str, Json]:
        acknowledgment = client.request("libria/task", {**task, "partialResultToken": TOKEN})
        if not self._acknowledged:
            self._acknowledged = True
            print(json.dumps(acknowledgment, ensure_ascii=False), flush=True)
        self._screen.transient("the task is acknowledged …")
        while True:
            message = client.next()
            params: dict[str, Json] = message.get("params") or {}
            if message.get("method") == "$/progress" and params["token"] == TOKEN:
                self._show(params["value"])
            elif message.get("method") == "libria/taskMessage" and params["task_id"] == task["task_id"]:
                self._screen.end_line()
                return params

    def _show(self, value: dict[str, Json]) -> None:
        match value["kind"]:
            case "delta":
                before, self._characters = self._characters, self._characters + len(value["text"])
                if before // 50 != self._characters // 50:
                    self._screen.transient(f"{self._characters} characters so far …")
            case "status":
                self._screen.transient(waiting_for(value))
            case "reset":
                self._characters = 0
                self._screen.transient(f"asked again ({value['reason']}) …")
            case _:
                pass  # kinds that later versions add


def _read(options: Namespace) -> dict[str, Json]:
    """Raises Wrong with a sentence for what is no task."""
    place = "Standard input" if options.file == "-" else options.file
    try:
        data = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "there can be no such file"
        raise Wrong(f"{place} cannot be read ({reason.lower()}).") from None
    try:
        task = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise Wrong(f"{place} is no JSON (line {error.lineno}: {error.msg.lower()}).") from None
    except (ValueError, RecursionError):
        raise Wrong(f"{place} is no JSON in UTF-8.") from None
    if not isinstance(task, dict):
        raise Wrong(f"{place} holds no task: that is a JSON object with task_id and instruction.")
    found: dict[str, Json] = task  # pyright: ignore[reportUnknownVariableType]  # JSON
    if options.model is not None:
        found["model"] = options.model
    return found


def _list(client: Channel, *, as_json: bool) -> int:
    tasks = client.request("libria/task/list", {})["tasks"]
    if as_json:
        print_json(tasks)
        return 0
    rows = [(one["task_id"], _state(one), one.get("model") or "", f"{one['age_seconds']:.0f} s ago") for one in tasks]
    print(table([("TASK", "STATE", "MODEL", "GIVEN"), *rows]) if rows else "There are no tasks.")
    return 0


def _state(one: dict[str, Json]) -> str:
    match one["state"]:
        case "completed":
            return "completed" if one.get("all_passed") else "completed, criteria not met"
        case "escalated":
            return f"escalated: {one.get('blocker_type')}"
        case "running" if one.get("phase"):
            tokens = f", {one['output_tokens']} tokens" if one.get("output_tokens") else ""
            return f"{one['phase']}{tokens}"
        case "waiting":
            return "waiting to be given again"
        case state:
            return str(state)


def _cancel(client: Channel, task_id: str) -> int:
    try:
        cancelled = client.request("libria/task/cancel", {"task_id": task_id})["cancelled"]
    except CallFailed as error:
        if error.code == INVALID_PARAMS:
            raise Wrong(error.message) from None
        raise
    if not cancelled:
        complain("The task had ended before.")
    return 0 if cancelled else 1


def _schemas() -> int:
    """Of the task and the three messages, by their names."""
    from importlib.resources import files

    folder = files("libria.tasks") / "schemas"
    found = {one.name.removesuffix(".json"): json.loads(one.read_text("utf-8")) for one in folder.iterdir()}
    print_json(dict(sorted(found.items())))
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="libria task",
        description="Have a task done by a model, and its result checked.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", nargs="?", metavar="FILE", help="the task, as JSON; - reads it from standard input")
    add("-m", "--model", help="in place of the task's own model")
    add("--write", metavar="DIR", help="write the files of the output below this folder")
    add("--force", action="store_true", help="overwrite files that are there")
    add("--list", action="store_true", help="the tasks under way, and those that ended within a day")
    add("--json", action="store_true", help="the list as JSON")
    add("--cancel", metavar="ID", help="end a task")
    add("--schemas", action="store_true", help="print the JSON Schemas of a task and of the three messages")
    return parser
