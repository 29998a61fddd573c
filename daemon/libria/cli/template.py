"""`libria template`: look at the prompts that have a name, and write them."""

import os
import shlex
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from libria.cli.output import Wrong, complain, table, without_empty_columns
from libria.cli.templates import find, folder, load, names
from libria.paths import ensure_private_dir

EPILOG = """\
A template is a file: NAME.md with the prompt below a head, or NAME.toml with the same names.

  ---
  description: find faults in a change
  model: anthropic/claude-sonnet-5
  system: You review {language} code.
  ---
  What is wrong with this?

  {input}

Besides these a head may say fallbacks, temperature, max_tokens, reasoning_effort and schema (a file beside it).
Use it with: git diff | libria ask -t NAME -p language=Rust
"""

STARTER = """\
---
description:
system:
---
{input}
"""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria template",
        description="List, show, edit and find the prompts that `libria ask -t NAME` uses.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="what there is", allow_abbrev=False)
    for command, what in (("show", "print one"), ("edit", "open one in $VISUAL or $EDITOR; a new one is begun")):
        commands.add_parser(command, help=what, allow_abbrev=False).add_argument("name", metavar="NAME")
    path = commands.add_parser("path", help="print where one is, or where all are", allow_abbrev=False)
    path.add_argument("name", nargs="?", metavar="NAME")
    options = parser.parse_args(argv)
    match options.command:
        case "list":
            return _list()
        case "show":
            sys.stdout.write(find(options.name).read_text("utf-8-sig", "replace").rstrip("\n") + "\n")
            return 0
        case "path":
            print(folder() if options.name is None else find(options.name))
            return 0
        case _:
            return _edit(options.name)


def _list() -> int:
    rows = [("NAME", "MODEL", "WHAT FOR")]
    problems: list[str] = []
    for name in names():
        try:
            template = load(find(name))
        except Wrong as wrong:
            problems.append(str(wrong))
            continue
        first = next(iter(template.prompt.strip().splitlines()), "")
        rows.append((name, template.model or "", template.description or first[:60]))
    if len(rows) > 1:
        print(table(without_empty_columns(rows)))
    elif not problems:
        print(f"There are no templates in {folder()}; `libria template edit NAME` makes one.")
    for problem in problems:
        complain(problem)
    return 1 if problems else 0


def _edit(name: str) -> int:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        file = find(name)
    except Wrong:
        if not name.replace("-", "_").replace(".", "_").isidentifier():
            raise
        file = folder() / f"{name}.md"
    begun = not file.exists()
    if begun:
        _begin(file)
    try:
        code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode  # the user's own editor
    except OSError as error:
        if begun:
            file.unlink(missing_ok=True)
        raise Wrong(f"The editor {editor!r} cannot be started ({error.strerror}); set EDITOR.") from None
    if begun and file.exists() and file.read_text("utf-8", "replace") == STARTER:
        file.unlink()
        print("Nothing was written; there is no such template.")
        return 1
    if code != 0:
        complain(f"The editor ended with code {code}.")
        return 1
    try:
        load(file)
    except Wrong as wrong:
        complain(str(wrong))
        return 1
    print(f"{file} is sound: libria ask -t {name}")
    return 0


def _begin(file: Path) -> None:
    if file.parent == folder():
        ensure_private_dir(folder())
    file.write_text(STARTER, encoding="utf-8")
