"""Messages from a pipe, or a terminal that can do little: a line each."""

import sys


class Lines:
    """`prompt` is shown on standard error, where a person sits before it."""

    def __init__(self) -> None:
        self._asks = sys.stdin is not None and sys.stdin.isatty()

    def read(self, prompt: str) -> str:
        """Raises EOFError at the end."""
        if self._asks:
            sys.stderr.write(prompt)
            sys.stderr.flush()
        line = sys.stdin.readline() if sys.stdin is not None else ""
        if not line:
            if self._asks:
                sys.stderr.write("\n")
            raise EOFError
        return line.rstrip("\n")

    def choose(self, prompt: str, names: list[str]) -> str | None:
        """None: there is no picking here; the names are said instead."""
        sys.stderr.write("\n".join([prompt, *names]) + "\n")
        return None
