"""What stands between a command and the user: every way to fail becomes a sentence and a code."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

from libria.cli.output import Wrong, complain


def guarded(run: Callable[[list[str]], int], argv: list[str]) -> int:
    """The exit code of `run(argv)`. With LIBRIA_DEBUG set, what nobody foresaw keeps its traceback."""
    _never_fail_to_encode()
    try:
        code = run(argv)
        sys.stdout.flush()
        return code
    except SystemExit as exit:  # argparse: 0 after help, 2 for wrong usage
        return exit.code if isinstance(exit.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _close_stdout()
        return 0  # whoever read has enough, as in `libria ask … | head -1`
    except Wrong as error:
        complain(str(error))
        return 2
    except Exception as error:
        if os.environ.get("LIBRIA_DEBUG"):
            raise
        complain(_sentence(error))
        return 1


def _sentence(error: Exception) -> str:
    from libria.client.errors import CallFailed

    if isinstance(error, CallFailed):
        return error.message
    if isinstance(error, OSError) and len(error.args) == 1:
        return str(error)  # ours: a sentence and no errno
    if isinstance(error, OSError):
        subject = f"{error.filename}: " if error.filename else ""
        return f"{subject}{error.strerror or type(error).__name__}."
    return f"Something unforeseen went wrong ({type(error).__name__}); run it again with LIBRIA_DEBUG=1 to see where."


def _never_fail_to_encode() -> None:
    """A terminal that cannot show a character shows "?" instead of ending the answer."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the life of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _close_stdout() -> None:
    """So that the interpreter's own flush at the end finds no broken pipe and says nothing."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
