"""`libria models`: what can be asked."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from libria.cli.output import complain, print_json, table, terse
from libria.client import connect

Json = Any


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria models",
        description="List the models that your keys and local servers offer.",
        allow_abbrev=False,
    )
    parser.add_argument("provider", nargs="?", metavar="PROVIDER", help="only this provider's")
    parser.add_argument("--refresh", action="store_true", help="ask the providers anew")
    parser.add_argument("--json", action="store_true", help="print the daemon's answer as JSON")
    options = parser.parse_args(argv)
    params: dict[str, Json] = {}
    if options.provider:
        params["provider"] = options.provider
    if options.refresh:
        params["refresh"] = True
    with connect() as client:
        found = client.request("libria/models", params)
    if options.json:
        print_json(found)
    else:
        _show(found["models"], found.get("problems") or [], asked=bool(options.provider))
    return 0 if found["models"] or not found.get("problems") else 1


def _show(models: list[Json], problems: list[Json], *, asked: bool) -> None:
    if models:
        print(table([("MODEL", "CONTEXT", "CAN"), *map(_row, models)]))
    elif not problems:
        print("No models. `libria doctor` says which keys to set.")
    without_key = [] if asked else [problem for problem in problems if _kind(problem) == "credentialMissing"]
    for problem in problems:
        if problem not in without_key:
            complain(_sentence(problem))
    if without_key:
        names = ", ".join(_providers(without_key))
        complain(f"No key for {names}; `libria doctor` says which variables to set.")


def _row(model: dict[str, Json]) -> tuple[str, str, str]:
    window = model.get("contextWindow")
    return model["id"], terse(window) if window else "", ", ".join(model.get("capabilities") or ())


def _kind(problem: Json) -> str:
    return str(problem.get("kind", "")) if isinstance(problem, dict) else ""


def _providers(problems: Iterable[Json]) -> list[str]:
    return [problem["provider"] for problem in problems if problem.get("provider")]


def _sentence(problem: Json) -> str:
    """A problem is an error's data: {provider, kind, message}."""
    if not isinstance(problem, dict):
        return str(problem)
    message = problem.get("message") or problem.get("kind") or "unknown problem"
    provider = problem.get("provider")
    return f"{provider}: {message}" if provider else str(message)
