"""What a reply's headers, or an error's words, say of the provider's limits.

Read by the headers' own names, whoever sends them. In what is not a number, and in a limit of -1 or 0
(Azure sends both, https://github.com/openai/openai-dotnet/issues/838), nothing is said.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime

from libria_providers.ratelimit_fields import fields
from libria_providers.types import Headroom

MONTH = 30 * 86400.0

_WHAT = {
    "req": "requests", "requests": "requests", "tokens": "tokens",
    "input-tokens": "inputTokens", "tokens-prompt": "inputTokens", "prompt-tokens": "inputTokens",
    "output-tokens": "outputTokens", "tokens-generated": "outputTokens", "generated-tokens": "outputTokens",
}  # fmt: skip
"""Anthropic's and Fireworks's (https://docs.fireworks.ai/serverless/rate-limits) words for in and out."""

_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0, "month": MONTH}

_WORDS = "|".join(sorted(_WHAT, key=len, reverse=True))
_UNIT = rf"(?:(?P<count>[0-9]{{1,4}})-)?(?P<unit>{'|'.join(_UNITS)})"
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        # OpenAI, Azure, Groq, xAI, Together's tokens; with a unit Cerebras, Mistral, SambaNova
        rf"x-ratelimit-(?P<part>limit|remaining|reset|renewalperiod)-(?P<what>{_WORDS})(?:-{_UNIT})?",
        rf"anthropic-ratelimit-(?P<what>{_WORDS})-(?P<part>limit|remaining|reset)",
        rf"x-ratelimit-(?P<what>{_WORDS})",  # Anthropic's limits where it speaks OpenAI's format
        rf"x-ratelimit-(?P<part>limit|remaining|reset)(?P<bare>)(?:-{_UNIT})?",  # OpenRouter, Together; Kong
        rf"(?:x-)?ratelimitbysize-(?P<part>limit|remaining|reset)(?P<tokens>)(?:-{_UNIT})?",  # Mistral's of 2024
        # Of Cohere's trial keys, a minute: https://docs.cohere.com/docs/rate-limits
        r"x-trial-endpoint-call-(?P<part>limit|remaining)",
    )
)

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")

_CLOSE = 0.25  # by how much a window that is worked out may be off


def headroom(headers: Mapping[str, str], windows: Mapping[str, float] | None = None) -> tuple[Headroom, ...]:
    """What `headers` say, nothing where they say nothing. `windows` are the seconds that a limit of
    "requests" or "tokens" counts over, for a provider that means something else by the usual names."""
    found = {
        lower: value.strip()
        for name, value in headers.items()
        if "ratelimit" in (lower := name.lower()) or lower.startswith("x-trial-endpoint-call-")
    }
    if not found:
        return ()
    now = _date(headers.get("date"))
    groups: dict[tuple[str, float | None, bool], dict[str, str]] = {}
    for name, value in found.items():
        for pattern in _NAMES:
            if match := pattern.fullmatch(name):
                _sort(match, value, groups)
                break
    said = (_read(of, window, bare, parts, now, windows or {}) for (of, window, bare), parts in groups.items())
    return tuple(one for one in (*said, *fields(found)) if one is not None)


def _sort(match: re.Match[str], value: str, groups: dict[tuple[str, float | None, bool], dict[str, str]]) -> None:
    named = match.groupdict()
    of = "tokens" if "tokens" in named else _WHAT.get(named.get("what") or "requests", "requests")
    unit = named.get("unit")
    window = _UNITS[unit] * max(1, int(named.get("count") or 1)) if unit else None
    groups.setdefault((of, window, "bare" in named), {})[named.get("part") or "limit"] = value


def _read(
    of: str, window: float | None, bare: bool, parts: Mapping[str, str], now: float, windows: Mapping[str, float]
) -> Headroom | None:
    limit = _count(parts.get("limit"))
    if "limit" in parts and not limit:
        return None
    remaining = _count(parts.get("remaining"))
    if limit is None and remaining is None:
        return None
    reset = _reset(parts.get("reset"), now)
    renewal = _reset(parts.get("renewalperiod"), now)
    if window is None:
        window = windows.get(of) or renewal or _worked_out(limit, remaining, parts.get("reset", ""))
    if window is None and not bare:
        window = 60.0
    if renewal and reset and _in_milliseconds(parts.get("reset", ""), limit, remaining, renewal):
        reset /= 1000
    return Headroom(of, limit, remaining, reset, window)  # type: ignore[arg-type]  # one of _WHAT's


def _worked_out(limit: int | None, remaining: int | None, reset: str) -> float | None:
    """The window of a bucket that is refilled bit by bit, as OpenAI's and Groq's are: what was used comes
    back at `limit` a window, and is back after `reset`. Of the same names, a free account's count a day."""
    seconds = _duration(reset)
    if limit is None or remaining is None or not seconds or seconds < 0.01 or remaining >= limit:
        return None
    window = seconds * limit / (limit - remaining)
    return next((unit for unit in (60.0, 3600.0, 86400.0) if abs(window / unit - 1) <= _CLOSE), None)


def _in_milliseconds(reset: str, limit: int | None, remaining: int | None, window: float) -> bool:
    """Azure says a bare integer that was milliseconds once (500 where one of 120 a minute was used) and is
    seconds now (1 where one of 50 was)."""
    if not _NUMBER.fullmatch(reset) or limit is None or remaining is None:
        return False
    number, full = float(reset), window * max(0, limit - remaining) / limit
    return number > window or abs(number / 1000 - full) < min(0.001 + _CLOSE * full, abs(number - full))


def _count(value: str | None) -> int | None:
    return int(float(value)) if value and _NUMBER.fullmatch(value) else None


def _reset(value: str | None, now: float) -> float | None:
    """Seconds from now: of a Go duration, of seconds, of an epoch in seconds or milliseconds, of a time
    as RFC 3339 writes it. What lies far away is no reset."""
    if not value:
        return None
    seconds = _duration(value)
    if seconds is None and _NUMBER.fullmatch(value):
        seconds = float(value)
        if seconds >= 1e11:
            seconds = seconds / 1000 - now
        elif seconds >= 1e9:
            seconds -= now
    if seconds is None:
        try:
            then = datetime.fromisoformat(value)
        except ValueError:
            return None
        seconds = (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now
    return round(max(0.0, seconds), 6) if seconds <= 2 * MONTH else None


def _duration(value: str) -> float | None:
    """Seconds of a Go duration: "1m26.4s", "12ms"."""
    parts = list(_DURATION.finditer(value))
    if not parts or "".join(part[0] for part in parts) != value:
        return None
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts)


def _date(value: str | None) -> float:
    try:
        return parsedate_to_datetime(value or formatdate(usegmt=True)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return parsedate_to_datetime(formatdate(usegmt=True)).timestamp()


_LIMIT = re.compile(
    r"\b(?P<what>requests|tokens) per (?P<unit>min|minute|hour|day)\b[^:]{0,20}: Limit (?P<limit>[0-9]{1,15})"
    r"(?:, Used (?P<used>[0-9]{1,15}))?"
)
_AGAIN = re.compile(r"try again in ((?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+)")


def told(message: str) -> tuple[Headroom, ...]:
    """What an error's words say, of a provider whose 429 may come without such headers: OpenAI's and Groq's
    "tokens per min (TPM): Limit 30000, Used 14567, Requested 24754. Please try again in 18.642s".
    https://github.com/openai/openai-node/issues/1477"""
    return tuple(_told(message))


def _told(message: str) -> Iterator[Headroom]:
    for match in _LIMIT.finditer(message):
        limit = int(match["limit"])
        used = int(match["used"]) if match["used"] else None
        if limit:
            again = _AGAIN.search(message, match.end())
            remaining = None if used is None else max(0, limit - used)
            reset = _duration(again[1]) if again else None
            window = 60.0 if match["unit"].startswith("min") else _UNITS[match["unit"]]
            yield Headroom("tokens" if match["what"] == "tokens" else "requests", limit, remaining, reset, window)
