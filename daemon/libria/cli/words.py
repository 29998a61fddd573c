"""What a daemon's status means, in words: for `libria status` and `libria top`."""

from collections.abc import Iterator
from typing import Any, cast

from libria.cli.describe import UNITS, duration
from libria.cli.output import terse
from libria.ledger.money import dollars

Json = Any

FULL_SHARE = 0.9
"""Of a limit, from which it is told that calls may wait."""

LATE_MS = 100.0
"""From which the daemon is called busy."""


def harmless(value: Json) -> Json:
    """Without control characters: names that clients and servers chose may not steer the user's terminal."""
    if isinstance(value, str):
        return value.translate(_CONTROLS)
    if isinstance(value, dict):
        return {name: harmless(item) for name, item in cast("dict[str, Json]", value).items()}
    if isinstance(value, list):
        return [harmless(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # any JSON
    return value


_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F)))


def part(status: dict[str, Json], name: str) -> dict[str, Json]:
    """An object of the status, empty where the daemon, of another version, does not say it."""
    return status.get(name) or {}


def entries(status: dict[str, Json], name: str) -> list[dict[str, Json]]:
    return status.get(name) or []


def troubles(status: dict[str, Json]) -> list[str]:
    """What is wrong, a sentence each, the worst first."""
    found: list[str] = list(status.get("problems") or ())
    process, redis, queue = (part(status, name) for name in ("process", "redis", "queue"))
    if (late := process.get("lagMs") or 0) >= LATE_MS:
        found.append(f"The daemon is busy: what it does is up to {UNITS['ms'](late)} late.")
    if redis.get("status") == "away":
        why = f" ({redis['error']})" if redis.get("error") else ""
        since = duration(redis.get("sinceSeconds") or 0)
        found.append(f"Redis has been away for {since}{why}; this machine keeps to its share of the limits.")
    found += [breaker_words(breaker) for breaker in entries(status, "breakers") if breaker.get("state") != "closed"]
    for target in entries(status, "targets"):
        found += [f"{target['target']} {words}" for words in throttled(target)]
    if queue.get("waiting"):
        found.append(f"{queue['waiting']} calls wait: {queue.get('inFlight')} of {queue.get('slots')} are under way.")
    for call in entries(status, "calls"):
        if call.get("state") == "paused":
            found.append(f"{call.get('client') or call.get('session')} does not read its answer to {call['callId']}.")
    return found


def breaker_words(breaker: dict[str, Json]) -> str:
    last = f", last by {breaker['reason']}" if breaker.get("reason") else ""
    if breaker.get("state") == "open":
        again = f"left alone for {duration((breaker.get('retryInMs') or 0) / 1000)} more"
    else:
        again = "tried with one call now" if breaker.get("state") == "halfOpen" else "asked on"
    return f"{breaker['target']} failed {breaker.get('failures')} times in a row{last}: {again}."


def throttled(target: dict[str, Json]) -> Iterator[str]:
    """Why calls to it wait, or may have to."""
    if paused := target.get("pausedMs"):
        yield f"is paused for {duration(paused / 1000)} more by a 429."
    waiting = target.get("waiting") or 0
    who = f"{waiting} wait" if waiting > 1 else "one waits" if waiting else "the next may wait"
    for limit in entries(target, "limits"):
        used = used_of(limit)
        if used is not None and (used >= limit["limit"] * FULL_SHARE):
            yield f"— {who}: {used:,} of {limit['limit']:,} {what_of(limit)} are used."
    bound = target.get("bound")
    if waiting and bound is not None and target.get("inFlight", 0) >= bound:
        found = ", found out by its failures" if target.get("found") else ""
        yield f"— {who}: {bound} at once are under way{found}."


def used_of(limit: dict[str, Json]) -> int | None:
    """By our own count, which does not grow old; where others count too, by what the provider said last."""
    if limit.get("used") is not None:
        return int(limit["used"])
    return None if limit.get("remaining") is None else int(limit["limit"] - limit["remaining"])


def what_of(limit: dict[str, Json]) -> str:
    """ "requests a minute"."""
    of = {"inputTokens": "input tokens", "outputTokens": "output tokens"}.get(limit["of"], limit["of"])
    every = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}.get(limit["seconds"])
    return f"{of} {every or 'in ' + duration(limit['seconds'])}"


def pressure(target: dict[str, Json]) -> tuple[bool, float]:
    """What sorts targets: those that hold calls up first, then by how much of a limit is used."""
    shares = [(used_of(limit) or 0) / limit["limit"] for limit in entries(target, "limits") if limit.get("limit")]
    return bool(target.get("pausedMs") or target.get("waiting")), max(shares, default=0.0)


def state_words(call: dict[str, Json]) -> str:
    """ "queued, place 3", "waiting (rateLimit)"."""
    words = str(call.get("state") or "")
    if call.get("position") is not None:
        words += f", place {call['position']}"
    return words + (f" ({call['reason']})" if call.get("reason") else "")


def queue_words(status: dict[str, Json]) -> str:
    queue = part(status, "queue")
    return f"{queue.get('inFlight', 0)} of {queue.get('slots', '?')} under way, {queue.get('waiting', 0)} waiting"


def cache_words(status: dict[str, Json]) -> str:
    cache = part(status, "cache")
    hits, misses = cache.get("hits", 0), cache.get("misses", 0)
    if not hits + misses:
        return "not asked yet"
    joined = f", {cache['joined']} joined" if cache.get("joined") else ""
    return f"{100 * hits / (hits + misses):.0f} % of {hits + misses} hit{joined}, saved ${cache.get('savedUsd', 0):.4f}"


def today_words(status: dict[str, Json]) -> str:
    today = part(status, "today")
    if not today:
        return "not known"
    unpriced = f" and {_attempts(today['unpricedAttempts'])} without a price" if today.get("unpricedAttempts") else ""
    tokens = f"{terse(today.get('inputTokens', 0))} tokens in, {terse(today.get('outputTokens', 0))} out"
    return f"{dollars(today.get('usd', 0))}{unpriced}, {tokens}, {_attempts(today.get('attempts', 0))}"


def _attempts(number: int) -> str:
    return f"{number} attempt" if number == 1 else f"{number} attempts"


def budget_words(budget: dict[str, Json]) -> str:
    """ "daily: $0.4200 of $5.00 today by Neovim at openai"."""
    whose = "".join(
        f" {word} {budget[name]}" for word, name in (("by", "tool"), ("at", "provider")) if budget.get(name)
    )
    when = "today" if budget.get("per") == "day" else "this month"
    warns = ", only warns" if budget.get("action") == "warn" else ""
    return f"{budget['name']}: {dollars(budget.get('spentUsd', 0))} of {dollars(budget['usd'])} {when}{whose}{warns}"


def redis_words(status: dict[str, Json]) -> str:
    redis = part(status, "redis")
    state = str(redis.get("status") or "off")
    if state == "off":
        return "off"
    trip = f", {redis['roundTripMs']:.2g} ms" if redis.get("roundTripMs") is not None else ""
    return f"{state} for {duration(round(redis.get('sinceSeconds') or 0))}{trip} ({redis.get('url', '')})"
