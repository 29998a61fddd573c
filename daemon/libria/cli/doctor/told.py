"""What the daemon told of limits, cache and Redis, in lines for a person."""

from collections.abc import Iterator, Mapping
from typing import Any

from libria.cli.describe import duration, size
from libria.cli.doctor.findings import Findings
from libria.cli.words import budget_words
from libria.paths import ledger_file

Json = Any

PER = {60: "a minute", 1: "a second", 3600: "an hour", 86400: "a day"}
WHAT = {"inputTokens": "input tokens", "outputTokens": "output tokens"}
SETTING = {"rpm": "{:,} requests a minute", "tpm": "{:,} tokens a minute", "concurrency": "{:,} calls at once"}
MOST_TARGETS = 10


def limits(findings: Findings) -> Iterator[str]:
    asked: list[Mapping[str, Json]] = list(findings.daemon.status.get("targets") or ())
    if not asked and not findings.limits:
        yield "Limits: none in the config; those of providers are learned from their answers"
        return
    yield "Limits"
    for name, settings in findings.limits.items():
        yield f"  {name}: " + ", ".join(SETTING[kind].format(value) for kind, value in settings.items()) + " (config)"
    worst = sorted(asked, key=lambda target: (-target.get("pausedMs", 0), -target.get("waiting", 0)))
    for target in worst[:MOST_TARGETS]:
        if said := list(_target(target)):
            yield f"  {target['target']} (key {target['key'][:4]}): {'; '.join(said)}"
    if len(worst) > MOST_TARGETS:
        yield f"  … and {len(worst) - MOST_TARGETS} more: libria status"


def _target(target: Mapping[str, Json]) -> Iterator[str]:
    if target.get("pausedMs"):
        yield f"paused for {duration(target['pausedMs'] / 1000)} by the provider"
    if target.get("waiting"):
        yield f"{target['waiting']} waiting"
    for limit in target.get("limits") or ():
        yield _limit(limit)
    if target.get("bound") is not None:
        yield f"{target.get('inFlight', 0)} of {target['bound']} at once" + (" (found)" if target.get("found") else "")


def _limit(limit: Mapping[str, Json]) -> str:
    what = WHAT.get(limit["of"], limit["of"])
    per = PER.get(limit["seconds"], f"in {duration(limit['seconds'])}")
    left = limit.get("remaining")
    if left is None and limit.get("used") is not None:
        left = max(0, limit["limit"] - limit["used"])
    head = f"{left:,} left of " if left is not None else ""
    return f"{head}{limit['limit']:,} {what} {per}" + (" (learned)" if limit.get("learned") else " (config)")


def cache(findings: Findings) -> Iterator[str]:
    said = findings.daemon.cache
    if not said:
        return
    hits, asked = said.get("hits", 0), said.get("hits", 0) + said.get("misses", 0)
    rate = f"{hits:,} of {asked:,} look-ups found an answer ({hits * 100 // asked} %)" if asked else "not asked yet"
    yield f"Cache: {rate}"
    for tier in said.get("tiers") or ():
        most = f" of {size(tier['maxBytes'])}" if tier.get("maxBytes") else ""
        counted = tier.get("entries") is not None
        held = f"{tier['entries']:,} answers, {size(tier['bytes'])}{most}" if counted else "in use"
        yield f"  {tier['name']}: {tier.get('problem') or held}"


def ledger(findings: Findings) -> Iterator[str]:
    said: Mapping[str, Json] = findings.daemon.status.get("ledger") or {}
    if said.get("enabled") is False:
        yield "Ledger: none is kept" + (" (ledger.enabled = false)" if said.get("path") else "")
        return
    path = ledger_file()
    try:
        held = f"{path}, {size(path.stat().st_size)}"
    except OSError:
        held = f"{path}, begun with the first call"
    yield f"Ledger: {held}" + (f", rows of {said['days']} days" if said.get("days") else "")
    for budget in findings.daemon.status.get("budgets") or ():
        yield f"  budget {budget_words(budget)}"


def redis(findings: Findings) -> Iterator[str]:
    found = findings.redis
    if found is None:
        yield "Redis: none; limits and answers are this machine's own"
    elif found.fault:
        yield f"Redis: {found.url or 'its address'} is away ({found.error or 'no answer'})"
    else:
        trip = f", {found.round_trip_ms:.3g} ms" if found.round_trip_ms is not None else ""
        yield f"Redis: {found.url} is connected{trip}"
