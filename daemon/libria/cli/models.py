"""`libria models`: what can be asked."""

from argparse import ArgumentParser
from typing import Any

from libria.cli.known import remember
from libria.cli.output import complain, print_json, table, terse, without_empty_columns
from libria.client.channel import connect
from libria_providers.registry import ROWS

Json = Any

MOST_NAMED = 5
"""Providers without a key that are named one by one."""


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
    if not options.provider:
        remember([model["id"] for model in found["models"]])
    if options.json:
        print_json(found)
    else:
        _show(found["models"], found.get("problems") or [], asked=bool(options.provider))
    return 0 if found["models"] or not found.get("problems") else 1


def _show(models: list[Json], problems: list[Json], *, asked: bool) -> None:
    """`asked`: for one provider by name, whose problem is then worth its whole sentence."""
    if models:
        print(table(without_empty_columns([("MODEL", "CONTEXT", "$ IN/OUT PER MILLION", "CAN"), *map(_row, models)])))
    elif not problems:
        print("No models. `libria doctor` says which keys to set.")
    without_key, asleep, rest = _sorted([] if asked else problems)
    for problem in problems if asked else rest:
        complain(_sentence(problem))
    if asleep:
        complain(f"Not running on this machine: {', '.join(asleep)}.")
    if without_key:
        who = ", ".join(without_key) if len(without_key) <= MOST_NAMED else f"{len(without_key)} other providers"
        complain(f"No key for {who}; `libria doctor` says which variables to set.")


def _sorted(problems: list[Json]) -> tuple[list[str], list[str], list[Json]]:
    """Providers without a key, local servers that do not run, and what is a problem indeed."""
    local = {row.name for row in ROWS.values() if row.local}
    without_key: list[str] = []
    asleep: list[str] = []
    rest: list[Json] = []
    for problem in problems:
        provider = problem["provider"]
        if problem["kind"] == "credentialMissing":
            without_key.append(provider)
        elif problem["kind"] in ("disconnected", "timedOut") and provider in local:
            asleep.append(provider)
        else:
            rest.append(problem)
    return without_key, asleep, rest


def _row(model: dict[str, Json]) -> tuple[str, str, str, str]:
    window, price = model.get("contextWindow"), model.get("price")
    costs = f"{price['input']:g} / {price['output']:g}" if price else ""
    return model["id"], terse(window) if window else "", costs, ", ".join(model.get("capabilities") or ())


def _sentence(problem: dict[str, Json]) -> str:
    return f"{problem['provider']}: {problem['message']}"
