"""What can be said to the chat itself: a line that begins with a slash."""

import difflib

COMMANDS = {
    "model": ("[NAME]", "who answers; without a name, choose"),
    "system": ("[TEXT]", "what the model is told; - for nothing"),
    "attach": ("[FILE]", "a file for the next message; - for none"),
    "clear": ("", "begin a new conversation"),
    "retry": ("", "ask the last question again"),
    "save": ("FILE", "write it as Markdown, or NAME.json as JSON"),
    "reasoning": ("", "show what it thinks, or no longer"),
    "help": ("", "this list"),
    "exit": ("", "leave; so does Ctrl-D"),
}

KEYS = """\
Enter sends. Alt-Enter, Ctrl-J, or \\ before Enter: a new line.
What is pasted is one message; // begins one with a slash.
Ctrl-C ends an answer and keeps what has come of it."""


def parse(line: str) -> tuple[str, str] | None:
    """The command, which its first letters name as well, and what stands behind it; None for what is a message."""
    if not line.startswith("/") or line.startswith("//"):
        return None
    word, _, rest = line[1:].partition(" ")
    word = word.strip()
    begun = [name for name in COMMANDS if name.startswith(word)] if word else []
    return begun[0] if len(begun) == 1 else word, rest.strip()


def message(line: str) -> str:
    return line[1:] if line.startswith("//") else line


def help_text() -> str:
    rows = [(f"/{name} {argument}".rstrip(), what) for name, (argument, what) in COMMANDS.items()]
    width = max(len(left) for left, _ in rows)
    return "\n".join([*(f"{left.ljust(width)}  {what}" for left, what in rows), "", KEYS])


def no_such(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(f'/{one}' for one in near)}?" if near else ""
    return f"There is no /{word}.{hint} /help lists them all; a message that begins so is written with //."
