"""The completion script for fish."""

from libria.cli.completion.spec import Command, Option, Values

HEAD = """\
# Completion of libria for fish. Keep it as ~/.config/fish/completions/libria.fish
complete -c libria -f
complete -c libria -n __fish_use_subcommand -s h -l help -d 'what there is'
complete -c libria -n __fish_use_subcommand -l version -d 'the version'
"""


def script(commands: list[Command]) -> str:
    lines = [HEAD.rstrip()]
    for command in commands:
        lines.append(f"complete -c libria -n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}")
        seen = f"__fish_seen_subcommand_from {command.name}"
        lines += _of(command, seen)
        names = " ".join(sub.name for sub in command.subcommands)
        for sub in command.subcommands:
            none_yet = f"{seen}; and not __fish_seen_subcommand_from {names}"
            lines.append(f"complete -c libria -n {_quoted(none_yet)} -a {sub.name} -d {_quoted(sub.help)}")
            lines += _of(sub, f"{seen}; and __fish_seen_subcommand_from {sub.name}")
    return "\n".join(lines) + "\n"


def _of(command: Command, when: str) -> list[str]:
    lines = [f"complete -c libria -n {_quoted(when)} {_option(option)}" for option in command.options]
    if not command.subcommands and command.words != "nothing":
        lines.append(f"complete -c libria -n {_quoted(when)} {_value(command.words)}")
    return lines


def _option(option: Option) -> str:
    flags = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    value = [] if option.value is None else ["-r", _value(option.value)]
    return " ".join([*flags, *value, f"-d {_quoted(option.help)}"])


def _value(value: Values) -> str:
    if isinstance(value, tuple):
        return f"-f -a {_quoted(' '.join(value))}"
    if value in ("models", "templates", "chats"):
        return f"-f -a '(libria __words {value} 2>/dev/null)'"
    return {"files": "-F", "folders": "-f -a '(__fish_complete_directories)'"}.get(value, "-f")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
