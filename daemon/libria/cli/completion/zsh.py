"""The completion script for zsh."""

from libria.cli.completion.spec import Command, Option, Values

HEAD = """\
#compdef libria
# Completion of libria for zsh. Keep it as _libria in a folder of $fpath, or: source <(libria completion zsh)
_libria_words() {
    local -a found
    found=(${(f)"$(libria __words $1 2>/dev/null)"})
    compadd -a found
}
_libria() {
    local context state state_descr line
    typeset -A opt_args
    _arguments -C '(- *)'{-h,--help}'[what there is]' '(- *)--version[the version]' \\
        '1:command:->command' '*::argument:->argument' && return
    case $state in
    command)
        local -a commands
        commands=(
"""

TAIL = """\
        esac ;;
    esac
}
if [[ $funcstack[1] == _libria ]]; then _libria "$@"; else compdef _libria libria; fi
"""


def script(commands: list[Command]) -> str:
    listed = "".join(f"            {_quoted(f'{one.name}:{one.help}')}\n" for one in commands)
    lines = [
        f"{HEAD}{listed}        )",
        "        _describe command commands ;;",
        "    argument)",
        "        case $words[1] in",
    ]
    for command in commands:
        lines += [f"        {command.name})", *_arguments(command, "            "), "            ;;"]
    return "\n".join([*lines, TAIL])


def _arguments(command: Command, indent: str) -> list[str]:
    specs = [spec for option in command.options for spec in _option(option)]
    if not command.subcommands:
        specs.append(_quoted(f"*:{command.name}:{_action(command.words)}"))
        return [f"{indent}_arguments {' '.join(specs)}"]
    subs = " ".join(_quoted(f"{sub.name}:{sub.help}") for sub in command.subcommands)
    specs += [_quoted(f"1:{command.name}:->sub"), _quoted("*::argument:->rest")]
    lines = [f"{indent}_arguments -C {' '.join(specs)} && return", f"{indent}case $state in"]
    lines += [f"{indent}sub) local -a subs; subs=({subs}); _describe {command.name} subs ;;"]
    lines += [f"{indent}rest) case $words[1] in"]
    for sub in command.subcommands:
        lines += [f"{indent}    {sub.name})", *_arguments(sub, indent + "        "), f"{indent}        ;;"]
    return [*lines, f"{indent}    esac ;;", f"{indent}esac"]


def _option(option: Option) -> list[str]:
    value = "" if option.value is None else f":{_escaped(option.flags[-1].lstrip('-'))}:{_action(option.value)}"
    star = "*" if option.repeats else f"({' '.join(option.flags)})"
    return [_quoted(f"{star}{flag}[{_escaped(option.help)}]{value}") for flag in option.flags]


def _action(value: Values) -> str:
    if isinstance(value, tuple):
        return f"({' '.join(value)})"
    if value in ("models", "templates", "chats"):
        return f"{{_libria_words {value}}}"
    return {"files": "_files", "folders": "_files -/"}.get(value, " ")


def _escaped(text: str) -> str:
    for sign in "\\[]:":
        text = text.replace(sign, f"\\{sign}")
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
