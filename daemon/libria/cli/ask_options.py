"""What `libria ask` can be told, and the call that it makes."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from typing import Any

Json = Any

EPILOG = """\
examples:
  libria ask "Why is the sky blue?"
  libria ask -m groq/llama-3.3-70b-versatile --temperature 0 "Name three prime numbers"
  git diff | libria ask --system "You review code." "What is wrong with this change?"
  libria ask -a photo.png -a notes.txt "What of the notes is in the picture?"
  libria ask --schema person.json "Invent a person" | jq .name
  libria ask -t review -p language=Rust <main.rs
  libria ask --json -m simulate/story "Once upon a time" | jq .usage

Without -m it takes the model that the config names, else the first provider that has a key, else a
local server that runs. `libria models` lists what there is. Standard input is added to the prompt
when it is not a terminal. Ctrl-C ends the call at the provider too.
"""


def parser() -> ArgumentParser:
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
    add("--fallback", action="append", metavar="MODEL", help="who is asked when that fails; may be repeated")
    add("-s", "--system", help="what the model is told about its task")
    add(
        "-a", "--attach", action="append", default=[], metavar="FILE",
        help='a text, an image (PNG, JPEG, GIF, WebP; also an http address) or a PDF; "-" is standard input; may be '
        "repeated",
    )  # fmt: skip
    add("-t", "--template", metavar="NAME", help="a prompt with a name: see libria template")
    add(
        "-p", "--param", action="append", default=[], type=_param, metavar="WORD=VALUE",
        help="what {WORD} in the template stands for; may be repeated",
    )  # fmt: skip
    add("--schema", metavar="FILE|JSON", help="a JSON Schema: the answer is JSON that keeps to it, else exit 1")
    add("--max-tokens", type=_count, metavar="N", help="greatest length of the answer")
    add("--temperature", type=_temperature, metavar="T", help="0 for the same answer each time")
    add(
        "--reasoning-effort", choices=["minimal", "low", "medium", "high"], metavar="EFFORT",
        help="how much a model that can think thinks: minimal, low, medium, high",
    )  # fmt: skip
    cache = parser.add_mutually_exclusive_group()
    cache.add_argument(
        "--cache", choices=["auto", "use", "refresh", "off", "only"], metavar="MODE",
        help="auto: what is deterministic; use: this too; refresh: ask anew and keep; off; only: never ask a provider",
    )  # fmt: skip
    cache.add_argument("--no-cache", action="store_const", const="off", dest="cache", help="the same as --cache off")
    add("--reasoning", action="store_true", help="show the model's reasoning on standard error")
    add("--json", action="store_true", help="print the whole result as one JSON object, at the end")
    return parser


def call(options: Namespace) -> dict[str, Json]:
    """The params of `libria/chat`: only what was said; the daemon's config decides the rest. Raises Wrong for files
    and templates that are not what they should be, before anything is asked."""
    given: dict[str, Json] = {}
    prompt, system = _prompt(options), options.system
    if options.template is not None:
        from libria.cli.templated import templated

        prompt, system, given = templated(options.template, dict(options.param), prompt, options.system)
    schema = given.pop("schema", None) if options.schema is None else options.schema
    if schema is not None:
        from libria.cli.structured import response_format

        given["responseFormat"] = response_format(schema)
    said = {
        "model": options.model,
        "fallbacks": options.fallback,
        "system": system,
        "maxTokens": options.max_tokens,
        "temperature": options.temperature,
        "reasoning": {"effort": options.reasoning_effort} if options.reasoning_effort else None,
        "cache": {"mode": options.cache} if options.cache else None,
    }
    given |= {name: value for name, value in said.items() if value is not None}
    if not options.attach:
        return {"messages": [{"role": "user", "content": prompt}], **given}
    from libria.cli.attach import parts

    content = parts(options.attach)  # before the words about them, as the vendors advise
    if prompt.strip():
        content.append({"type": "text", "text": prompt})
    return {"messages": [{"role": "user", "content": content}], **given}


def _prompt(options: Namespace) -> str:
    """The arguments, then standard input, where that is not attached; a lone "-" asks for standard input even from a
    terminal."""
    words: list[str] = options.prompt
    typed = "" if words == ["-"] else " ".join(words)
    piped = ""
    if sys.stdin is not None and "-" not in options.attach and (words == ["-"] or not sys.stdin.isatty()):
        piped = sys.stdin.buffer.read().decode("utf-8", "replace")
    return "\n\n".join(part for part in (typed, piped.rstrip("\n")) if part.strip())


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 10 or int(text) == 0:
        raise ArgumentTypeError("it must be a whole number, 1 or more")
    return int(text)


def _temperature(text: str) -> float:
    """A number that JSON can say."""
    value = float(text) if text.replace(".", "", 1).isdigit() else -1.0
    if value < 0:
        raise ArgumentTypeError("it must be a number, 0 or more")
    return value


def _param(text: str) -> tuple[str, str]:
    word, equals, value = text.partition("=")
    if not equals or not word.isidentifier():
        raise ArgumentTypeError(f"{text!r} is no WORD=VALUE")
    return word, value
