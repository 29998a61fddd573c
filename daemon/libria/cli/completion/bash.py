"""The completion script for bash, from 3.2 on, which macOS has."""

from libria.cli.completion.spec import Command, Values

HEAD = """\
# Completion of libria for bash. Keep it as
# ~/.local/share/bash-completion/completions/libria, or: source <(libria completion bash)
_libria() {
    local line=${COMP_LINE:0:COMP_POINT} words word cur prev= command= sub= from= list= i
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur=${words[${#words[@]}-1]}
    (( ${#words[@]} > 1 )) && prev=${words[${#words[@]}-2]}
    for (( i = 1; i < ${#words[@]} - 1; i++ )); do
        word=${words[i]}
        [[ $word == -* ]] && continue
        if [[ -z $command ]]; then command=$word; elif [[ -z $sub ]]; then sub=$word; fi
    done
    COMPREPLY=()
"""

TAIL = """\
    [[ -n $from ]] && list=$(libria __words "$from" 2>/dev/null)
    COMPREPLY=($(compgen -W "$list" -- "$cur"))
    # The shell breaks words at a colon, and wants only what stands behind the last.
    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
        local head=${cur%"${cur##*:}"}
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$head"}; done
    fi
}
complete -o bashdefault -o default -F _libria libria
"""


def script(commands: list[Command]) -> str:
    names = " ".join([*(command.name for command in commands), "--help", "--version"])
    lines = [HEAD, f'    if [[ -z $command ]]; then list="{names}"; else', '        case "$command $sub" in']
    for command in commands:
        for sub in command.subcommands:
            lines += _case(f'"{command.name} {sub.name}"', sub, "")
        lines += _case(f'"{command.name} "*', command, " ".join(sub.name for sub in command.subcommands))
    return "\n".join([*lines, "        esac", "    fi", TAIL])


def _case(pattern: str, command: Command, subcommands: str) -> list[str]:
    lines = [f"        {pattern})", "            case $prev in"]
    for option in command.options:
        if option.value is not None:
            lines.append(f"                {'|'.join(option.flags)}) {_value(option.value)} ;;")
    flags = " ".join(flag for option in command.options for flag in option.flags)
    plain = f'list="{subcommands}"' if subcommands else _value(command.words)
    if plain == "return":
        plain = ":"
    return [
        *lines,
        "                *)",
        f'                    if [[ $cur == -* ]]; then list="{flags}"; else {plain}; fi ;;',
        "            esac ;;",
    ]


def _value(value: Values) -> str:
    """`return` leaves it to the shell, which completes files."""
    if isinstance(value, tuple):
        return f'list="{" ".join(value)}"'
    return f"from={value}" if value in ("models", "templates", "chats") else "return"
