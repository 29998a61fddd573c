"""`libria ask`: one question, its answer printed as it comes."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from typing import Any

from libria.cli.output import complain, print_json
from libria.cli.screen import Screen
from libria.client.channel import connect
from libria.client.errors import CallFailed

Json = Any

EPILOG = """\
examples:
  libria ask "Why is the sky blue?"
  libria ask -m groq/llama-3.3-70b-versatile --temperature 0 "Name three prime numbers"
  git diff | libria ask --system "You review code." "What is wrong with this change?"
  libria ask --json -m simulate/story "Once upon a time" | jq .usage

Without -m it takes the model that the config names, else the first provider that has a key, else a
local server that runs. `libria models` lists what there is. Standard input is added to the prompt
when it is not a terminal. Ctrl-C ends the call at the provider too.
"""


def run(argv: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    prompt = _prompt(options.prompt)
    if not prompt.strip():
        parser.error("there is no prompt: write it behind the options, or pipe it in")
    params = _params(options, prompt)
    with connect() as client:
        if options.json:
            print_json(client.request("libria/chat", params))
            return 0
        screen = Screen()
        try:
            result = client.request("libria/chat", params, _Show(screen, reasoning=options.reasoning))
        except (CallFailed, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            screen.end_line()
            complain(str(error))
            return 1
        except KeyboardInterrupt:
            screen.end_line()
            raise
    _finish(screen, result)
    return 0


class _Show:
    """Puts each progress value of a call on the screen."""

    def __init__(self, screen: Screen, *, reasoning: bool) -> None:
        self._screen = screen
        self._reasoning = reasoning

    def __call__(self, value: dict[str, Json]) -> None:
        match value["kind"]:
            case "delta":
                self._screen.answer(value["text"])
            case "reasoning" if self._reasoning:
                self._screen.aside(value["text"])
            case "status":
                self._screen.transient(_waiting_for(value))
            case "reset":
                self._screen.notice(_starts_again(value))
            case _:
                pass  # kinds that later versions add


def _waiting_for(status: dict[str, Json]) -> str:
    words = [status["state"]]
    if status.get("target"):
        words.append(status["target"])
    if status.get("position") is not None:
        words.append(f"at place {status['position']}")
    if status.get("etaMs") is not None:
        words.append(f"for {status['etaMs'] / 1000:.1f} s")
    if status.get("reason"):
        words.append(f"({status['reason']})")
    return " ".join(words) + " …"


def _starts_again(reset: dict[str, Json]) -> str:
    return f"The answer above broke off ({reset['reason']}); it starts again from {reset['target']}."


def _finish(screen: Screen, result: dict[str, Json]) -> None:
    if not screen.written:
        screen.answer(result.get("content") or "")
    screen.end_line()
    match result.get("stopReason"):
        case "length":
            screen.notice("The answer was cut at its greatest length; allow more with --max-tokens.")
        case "contentFilter":
            screen.notice("The provider's content filter ended the answer.")
        case _:
            pass


def _prompt(words: list[str]) -> str:
    """The arguments, then standard input; a lone "-" asks for standard input even from a terminal."""
    typed = "" if words == ["-"] else " ".join(words)
    piped = ""
    if sys.stdin is not None and (words == ["-"] or not sys.stdin.isatty()):
        piped = sys.stdin.buffer.read().decode("utf-8", "replace")
    return "\n\n".join(part for part in (typed, piped.rstrip("\n")) if part.strip())


def _params(options: Namespace, prompt: str) -> dict[str, Json]:
    """Only what was said: the daemon's config decides the rest."""
    given = {
        "model": options.model,
        "system": options.system,
        "maxTokens": options.max_tokens,
        "temperature": options.temperature,
        "cache": {"mode": "off"} if options.no_cache else None,
    }
    messages = [{"role": "user", "content": prompt}]
    return {"messages": messages} | {name: value for name, value in given.items() if value is not None}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="libria ask",
        description="Ask a model; the answer is printed as it comes.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("prompt", nargs="*", metavar="PROMPT", help='the question; "-" reads it from standard input alone')
    add("-m", "--model", help="provider/model, or an alias from the config")
    add("-s", "--system", help="what the model is told about its task")
    add("--max-tokens", type=int, metavar="N", help="greatest length of the answer")
    add("--temperature", type=_temperature, metavar="T", help="0 for the same answer each time")
    add("--no-cache", action="store_true", help="ask anew, and store nothing")
    add("--reasoning", action="store_true", help="show the model's reasoning on standard error")
    add("--json", action="store_true", help="print the whole result as one JSON object, at the end")
    return parser


def _temperature(text: str) -> float:
    """A number that JSON can say."""
    value = float(text) if text.replace(".", "", 1).isdigit() else -1.0
    if value < 0:
        raise ArgumentTypeError("it must be a number, 0 or more")
    return value
