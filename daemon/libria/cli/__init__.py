"""The `libria` command: find the subcommand and start it, importing nothing else.

`stdio` comes first because an editor waits for it; every other command is one file in this folder
with `run(argv) -> exit code`. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

import sys

COMMANDS = {
    "ask": "libria.cli.ask",
    "chat": "libria.cli.chat",
    "embed": "libria.cli.embed",
    "template": "libria.cli.template",
    "task": "libria.cli.task",
    "models": "libria.cli.models",
    "status": "libria.cli.status",
    "top": "libria.cli.top",
    "log": "libria.cli.log",
    "usage": "libria.cli.usage",
    "config": "libria.cli.config",
    "cache": "libria.cli.cache",
    "doctor": "libria.cli.doctor",
    "simulate": "libria.cli.simulate",
    "serve": "libria.cli.serve",
    "stop": "libria.cli.stop",
    "socket": "libria.cli.socket",
    "completion": "libria.cli.completion",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; no exception leaves here."""
    argv = sys.argv[1:] if argv is None else argv
    if argv == ["stdio", "--isolated"]:
        from libria import isolated

        return isolated.serve()
    if argv[:1] == ["stdio"]:
        from libria import connect

        return connect.main(argv[1:])
    try:
        from libria.cli.guard import guarded
    except KeyboardInterrupt:  # a user who was faster than we are
        return 130
    return guarded(_dispatch, argv)


def _dispatch(argv: list[str]) -> int:
    from importlib import import_module

    command = argv[0] if argv else "--help"
    if command in COMMANDS:
        code: int = import_module(COMMANDS[command]).run(argv[1:])
        return code
    from libria.cli.help import outside

    return outside(command, argv[1:])
