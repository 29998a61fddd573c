"""A line of the log for a person: aligned, and harmless to the terminal."""

from datetime import datetime
from typing import Any

Json = Any

RED, YELLOW, DIM, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"

WHO, TARGET, OUTCOME = 12, 36, 18


def shown(record: dict[str, Json], today: str, *, colour: bool = False) -> str:
    """`today` is the date (ISO) whose times are shown without it."""
    level = str(record.get("level", ""))
    event = record.get("event")
    at = _time(str(record.get("ts", "")), today)
    if event in ("call", "attempt"):
        text = _call(record) if event == "call" else _attempt(record)
    else:
        text = f"{_text(record, 'logger') or visible(str(event)):<8} {_text(record, 'message')}"
    mark = "" if level == "info" else level
    line = f"{at}  {mark:<7}  {text}".rstrip()
    if not colour:
        return line
    paint = {"error": RED, "warning": YELLOW}.get(level, DIM if event == "attempt" else "")
    return f"{paint}{line}{PLAIN}" if paint else line


def visible(text: str) -> str:
    """Whatever would move the cursor or hide itself is shown as its code."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _call(record: dict[str, Json]) -> str:
    more = [
        _tokens(record),
        _dollars(record),
        "from the cache" if record.get("cacheHit") is True else "",
        _text(record, "callId"),
        "" if record.get("attempts") else _text(record, "message"),  # the last attempt's says it
    ]
    return _columns("call", record, _text(record, "target") or _text(record, "model"), more)


def _attempt(record: dict[str, Json]) -> str:
    status, request = record.get("status"), _text(record, "requestId")
    more = [
        f"HTTP {status}" if isinstance(status, int) else "",
        _tokens(record),
        _dollars(record),
        _text(record, "callId"),
        request,
        _text(record, "message"),
    ]
    return _columns("attempt", record, _text(record, "target"), more)


def _columns(event: str, record: dict[str, Json], target: str, more: list[str]) -> str:
    first = record.get("firstTokenMs")
    times = _seconds(record.get("durationMs"))
    if isinstance(first, int | float):
        times += f" (first {_seconds(first)})"
    head = (
        f"{event:<8} {_text(record, 'client') or '-':<{WHO}} {target:<{TARGET}} {_text(record, 'outcome'):<{OUTCOME}}"
    )
    return f"{head} {times:<24} {', '.join(word for word in more if word)}"


def _text(record: dict[str, Json], name: str) -> str:
    value = record.get(name)
    return visible(value) if isinstance(value, str) else ""


def _time(stamp: str, today: str) -> str:
    """Here, from what the file says in UTC."""
    try:
        at = datetime.fromisoformat(stamp).astimezone()
    except ValueError:
        return visible(stamp[:23])
    text = at.isoformat(sep=" ", timespec="milliseconds")[:23]
    return text.removeprefix(f"{today} ")


def _seconds(ms: Json) -> str:
    if not isinstance(ms, int | float):
        return ""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def _tokens(record: dict[str, Json]) -> str:
    into, out, cached = (record.get(name) for name in ("inputTokens", "outputTokens", "cachedInputTokens"))
    if not isinstance(into, int) or not isinstance(out, int) or not into + out:
        return ""
    of = f" ({cached} cached)" if isinstance(cached, int) and cached else ""
    return f"{into}{of} → {out} tokens"


def _dollars(record: dict[str, Json]) -> str:
    cost = record.get("costUsd")
    return f"${cost:.4f}" if isinstance(cost, int | float) and cost else ""
