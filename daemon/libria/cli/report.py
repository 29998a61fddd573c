"""`libria status` for a person: what is wrong comes first, then what goes on, then the figures."""

from collections.abc import Iterator
from typing import Any

from libria.cli.describe import UNITS, duration, size
from libria.cli.output import table, terse, without_empty_columns
from libria.cli.words import (
    budget_words,
    cache_words,
    entries,
    part,
    pressure,
    queue_words,
    redis_words,
    state_words,
    today_words,
    troubles,
    used_of,
    what_of,
)  # fmt: skip

Json = Any

MOST = 20
"""Lines of a section; of more, the rest is counted."""


def report(status: dict[str, Json]) -> list[str]:
    """Lines. Every field may be missing: daemon and command need not be of one version."""
    lines = list(_head(status))
    wrong = troubles(status)
    if wrong:
        lines += ["", "What is wrong:", *(f"  {sentence}" for sentence in wrong)]
    for title, rows in (
        ("Calls", _calls(status)),
        ("Targets", _targets(status)),
        ("Clients", _clients(status)),
        ("Pools", _pools(status)),
        ("Used since the start", _spend(status)),
    ):
        lines += _section(title, rows)
    return [*lines, "", *_figures(status)]


def _head(status: dict[str, Json]) -> Iterator[str]:
    process = part(status, "process")
    figures = [f"up {duration(status.get('uptimeSeconds') or 0)}"]
    if process.get("rssBytes"):
        figures.append(size(process["rssBytes"]))
    if "cpuSeconds" in process:
        figures.append(f"{duration(process['cpuSeconds'])} of processor time")
    if "lagMs" in process:
        figures.append(f"{UNITS['ms'](process['lagMs'])} late at the worst")
    yield f"Libria {status.get('version') or '?'}, process {status.get('pid')}: {', '.join(figures)}"
    for name in ("socket", "config"):
        if status.get(name):
            yield f"  {name}: {status[name]}"


def _section(title: str, rows: list[tuple[str, ...]]) -> list[str]:
    """`rows` with their head first; nothing where there is none below it."""
    if len(rows) < 2:
        return []
    shown = table(without_empty_columns(rows[: MOST + 1])).splitlines()
    more = [f"  and {len(rows) - MOST - 1} more (libria status --json)"] if len(rows) > MOST + 1 else []
    return ["", f"{title} ({len(rows) - 1}):", *(f"  {line}" for line in shown), *more]


def _calls(status: dict[str, Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("MODEL", "STATE", "FOR", "TOKENS", "A SECOND", "CLIENT", "CALL")]
    for call in sorted(entries(status, "calls"), key=lambda call: -(call.get("seconds") or 0)):
        model, target = call.get("model") or "", call.get("target")
        speed = call.get("tokensPerSecond")
        rows.append(
            (
                f"{model} → {target}" if target and target != model else model,
                state_words(call),
                duration(round(call.get("seconds") or 0, 1)),
                str(call.get("outputTokens") or ""),
                f"{speed:g}" if speed is not None else "",
                call.get("client") or call.get("session") or "",
                call.get("callId") or "",
            )
        )
    return rows


def _targets(status: dict[str, Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("TARGET", "KEY", "LIMITS", "UNDER WAY", "WAITING", "PAUSED")]
    for target in sorted(entries(status, "targets"), key=pressure, reverse=True):
        limits = ", ".join(map(_limit, entries(target, "limits")))
        bound = target.get("bound")
        rows.append(
            (
                target["target"],
                target.get("key") or "",
                limits,
                f"{target.get('inFlight', 0)}" + (f" of {bound}" if bound is not None else ""),
                str(target.get("waiting") or ""),
                duration(target["pausedMs"] / 1000) if target.get("pausedMs") else "",
            )
        )
    return rows


def _limit(limit: dict[str, Json]) -> str:
    used = used_of(limit)
    return f"{'?' if used is None else terse(used)} of {terse(limit['limit'])} {what_of(limit)}"


def _clients(status: dict[str, Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("CLIENT", "VERSION", "PROCESS", "CALLS", "FOR", "UNREAD")]
    for client in sorted(entries(status, "clients"), key=lambda one: -(one.get("unreadBytes") or 0)):
        unread = client.get("unreadBytes")
        rows.append(
            (
                client.get("name") or client.get("session") or "",
                client.get("version") or "",
                str(client.get("pid") or ""),
                str(client.get("calls") or ""),
                duration(round(client.get("seconds") or 0, 1)),
                size(unread) if unread else "",
            )
        )
    return rows


def _pools(status: dict[str, Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("PROVIDER", "ADDRESS", "IN USE", "OPEN", "OPENED")]
    for pool in entries(status, "pools"):
        figures = (str(pool.get(name, "")) for name in ("inUse", "open", "opened"))
        rows.append((pool.get("provider") or "", pool.get("address") or "", *figures))
    return rows


def _spend(status: dict[str, Json]) -> list[tuple[str, ...]]:
    names = ("attempts", "failed", "cancelled", "inputTokens", "outputTokens")
    rows: list[tuple[str, ...]] = [("TARGET", "ATTEMPTS", "FAILED", "CANCELLED", "TOKENS IN", "TOKENS OUT")]
    for spent in sorted(entries(status, "spend"), key=lambda one: -one.get("attempts", 0)):
        rows.append((spent["target"], *(str(spent.get(name) or "") for name in names)))
    return rows


def _figures(status: dict[str, Json]) -> Iterator[str]:
    yield f"Queue: {queue_words(status)}"
    yield f"Cache: {cache_words(status)}"
    yield f"Today: {today_words(status)}"
    for budget in entries(status, "budgets"):
        yield f"Budget {budget_words(budget)}"
    yield f"Redis: {redis_words(status)}"
