"""`libria embed`: texts as vectors."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from typing import Any, cast

from libria.cli.output import Wrong, print_json
from libria.client.channel import connect

Json = Any

EPILOG = """\
examples:
  libria embed -m openai/text-embedding-3-small "a text" "another"
  libria embed -m ollama/nomic-embed-text <lines.txt >vectors.jsonl
  jq '[.[].title]' books.json | libria embed -m openai/text-embedding-3-small --input json --output array

Without texts, standard input is read: each line that is not blank is one (--input lines), the whole is one
(--input whole), or it is a JSON array of texts, or a JSON text on each line (--input json). What is printed is a line
of JSON for each: {"text": …, "embedding": […]}; with --output array one array of vectors; with --output result the
daemon's whole result, which says tokens and cost.
"""


def run(argv: list[str]) -> int:
    options = _options(argv)
    texts: list[str] = options.text or _read(options.input)
    if not texts:
        raise Wrong("There is no text: write it behind the options, or pipe it in.")
    params: dict[str, Json] = {"model": options.model, "input": texts}
    if options.dimensions is not None:
        params["dimensions"] = options.dimensions
    if options.cache is not None:
        params["cache"] = {"mode": options.cache}
    with connect() as client:
        result = client.request("libria/embed", params)
    match options.output:
        case "result":
            print_json(result)
        case "array":
            print(_compact(result["embeddings"]))
        case _:
            for text, vector in zip(texts, result["embeddings"], strict=True):
                print(_compact({"text": text, "embedding": vector}))
    return 0


def _options(argv: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="libria embed",
        description="Print the vectors that an embedding model makes of texts.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("text", nargs="*", metavar="TEXT", help="each argument is a text")
    add("-m", "--model", required=True, help="provider/model, or an alias from the config")
    add("--dimensions", type=_count, metavar="N", help="length of the vectors, of models that can choose")
    add("--input", choices=["lines", "whole", "json"], default="lines", help="what standard input is")
    add("--output", choices=["lines", "array", "result"], default="lines", help="what is printed")
    add("--json", action="store_const", const="result", dest="output", help="the same as --output result")
    add("--cache", choices=["auto", "use", "refresh", "off", "only"], help="texts that were asked before are kept")
    return parser.parse_args(argv)


def _read(what: str) -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        return []
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    match what:
        case "json":
            return _texts(text)
        case "whole":
            return [text] if text.strip() else []
        case _:
            return [line for line in text.splitlines() if line.strip()]


def _texts(text: str) -> list[str]:
    try:
        given: Json = json.loads(text)
    except (ValueError, RecursionError):
        try:
            given = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise Wrong("Standard input is neither a JSON array of texts nor a JSON text on each line.") from None
    entries = cast("list[object]", given) if isinstance(given, list) else [given]
    texts = [one for one in entries if isinstance(one, str)]
    for number, one in enumerate(entries, 1):
        if not isinstance(one, str):
            raise Wrong(f"Entry {number} of standard input is no text; an array of texts is wanted.")
    return texts


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 10 or int(text) == 0:
        raise ArgumentTypeError("it must be a whole number, 1 or more")
    return int(text)
