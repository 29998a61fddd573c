"""One picture of `libria top`, as lines that fit a width."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from libria.cli.describe import UNITS, duration, size
from libria.cli.output import terse
from libria.cli.top.feed import Picture
from libria.cli.words import (
    cache_words,
    entries,
    part,
    pressure,
    queue_words,
    redis_words,
    state_words,
    throttled,
    today_words,
    troubles,
    used_of,
    what_of,
)  # fmt: skip

Json = Any
Line = list[Segment]

NARROW = 70
"""Columns, below which only what matters most is shown."""

BAR = 16

COLOURS = {"streaming": "green", "paused": "yellow", "retrying": "red", "queued": "yellow", "waiting": "yellow"}


def head(picture: Picture, console: Console) -> list[Line]:
    """What stays where it is: the daemon, and the sums."""
    status = picture.status
    if status is None:
        return _lines(console, Text("libria top", style="bold"), Text(""))
    process = part(status, "process")
    figures = [f"process {status.get('pid')}", f"up {duration(round(status.get('uptimeSeconds') or 0))}"]
    if process.get("rssBytes"):
        figures.append(size(process["rssBytes"]))
    if picture.cpu is not None:
        figures.append(f"{picture.cpu:.0%} of a core")
    if "lagMs" in process:
        figures.append(f"{UNITS['ms'](round(process['lagMs'], 1))} late")
    title = Text.assemble(("libria top", "bold"), f"  {status.get('version') or '?'} · {' · '.join(figures)}")
    if console.width < NARROW:
        return _lines(console, title, Text(""))
    first = Text(f"queue {queue_words(status)} · cache {cache_words(status)}")
    second = Text(f"today {today_words(status)} · redis {redis_words(status)}")
    return _lines(console, title, first, second, Text(""))


def body(picture: Picture, console: Console) -> list[Line]:
    """What scrolls: what is wrong, calls, targets, clients."""
    status = picture.status
    if status is None:
        return []
    narrow = console.width < NARROW
    parts: list[RenderableType] = []
    for sentence in troubles(status):
        parts.append(Text(f"! {sentence}", style="red", no_wrap=False))
    if parts:
        parts.append(Text(""))
    parts += _section("Calls", _calls(status, narrow), entries(status, "calls"), "Nothing is under way.")
    parts += _section("Targets", _targets(status, narrow, _bar_of(console)), entries(status, "targets"), "")
    parts += _section("Clients", _clients(status, narrow), entries(status, "clients"), "")
    if narrow:
        words = {"queue": queue_words, "cache": cache_words, "today": today_words, "redis": redis_words}
        parts += [Text(f"{name} {say(status)}", no_wrap=False) for name, say in words.items()]
    return _lines(console, *parts)


def foot(picture: Picture, console: Console, *, paused: bool, more: str) -> list[Line]:
    """One line: what is the matter, or the keys."""
    if picture.trouble:
        text = Text(picture.trouble, style="bold red")
    elif paused:
        text = Text("held: p goes on, q ends", style="bold yellow")
    else:
        news = f"{picture.news} " if picture.news else ""
        text = Text.assemble((news, "bold green"), (f"q ends  p holds{more}", "dim"))
    text.truncate(console.width, overflow="ellipsis")
    return _lines(console, text)


def _section(title: str, table: Table, rows: Sequence[Json], none: str) -> Iterator[RenderableType]:
    if not rows and not none:
        return
    yield Text.assemble((title, "bold"), (f" {len(rows)}" if rows else "", "dim"))
    yield table if rows else Text(f"  {none}", style="dim")
    yield Text("")


def _calls(status: dict[str, Json], narrow: bool) -> Table:
    table = _table(
        ("model", "left", 3), ("state", "left", 0 if narrow else 2), ("tok/s", "right", 0), ("for", "right", 0)
    )
    if not narrow:
        _columns(table, ("tokens", "right", 0), ("client", "left", 2))
    for call in sorted(entries(status, "calls"), key=lambda call: -(call.get("seconds") or 0)):
        model, target = call.get("model") or "", call.get("target")
        speed = call.get("tokensPerSecond")
        cells = [
            Text(f"{model} → {target}" if target and target != model and not narrow else target or model),
            Text(
                str(call.get("state") or "") if narrow else state_words(call),
                style=COLOURS.get(str(call.get("state")), ""),
            ),
            Text(f"{speed:.0f}" if speed is not None else ""),
            Text(_age(call.get("seconds"))),
        ]
        if not narrow:
            cells += [Text(terse(call.get("outputTokens") or 0)), Text(call.get("client") or call.get("session") or "")]
        table.add_row(*cells)
    return table


def _targets(status: dict[str, Json], narrow: bool, bar: Callable[[float], Text]) -> Table:
    """Those that hold calls up first; a line for each limit."""
    table = _table(("target", "left", 3), ("headroom", "left", 0), ("used", "left", 3))
    if not narrow:
        _columns(table, ("calls", "right", 0))
    broken = {breaker["target"] for breaker in entries(status, "breakers") if breaker.get("state") != "closed"}
    for target in sorted(entries(status, "targets"), key=pressure, reverse=True):
        style = "red" if target["target"] in broken or any(throttled(target)) else ""
        calls = f"{target.get('inFlight', 0)}" + (f"+{target['waiting']}" if target.get("waiting") else "")
        name = Text(target["target"], style=style)
        rows: list[tuple[Text, Text]] = []
        if target.get("pausedMs"):
            rows.append(
                (Text("paused", style="bold red"), Text(f"by a 429, {duration(target['pausedMs'] / 1000)} more"))
            )
        for limit in entries(target, "limits"):
            used = used_of(limit)
            left = "" if limit.get("remaining") is None else f", {terse(limit['remaining'])} left by its word"
            words = f"{'?' if used is None else terse(used)}/{terse(limit['limit'])} {what_of(limit)}{left}"
            rows.append((bar((used or 0) / limit["limit"]), Text(words)))
        for number, (first, second) in enumerate(rows or [(Text("no limit known", style="dim"), Text(""))]):
            cells = [name if number == 0 else Text(""), first, second]
            table.add_row(*cells, *([] if narrow else [Text(calls if number == 0 else "")]))
    return table


def _clients(status: dict[str, Json], narrow: bool) -> Table:
    table = _table(("client", "left", 3), ("calls", "right", 0), ("for", "right", 0))
    if not narrow:
        _columns(table, ("version", "left", 1), ("process", "right", 0), ("unread", "right", 0))
    for client in sorted(entries(status, "clients"), key=lambda one: (-one.get("calls", 0), one.get("name") or "")):
        cells = [
            client.get("name") or client.get("session") or "",
            str(client.get("calls") or ""),
            _age(client.get("seconds")),
        ]
        if not narrow:
            unread = client.get("unreadBytes")
            cells += [client.get("version") or "", str(client.get("pid") or ""), size(unread) if unread else ""]
        table.add_row(*map(Text, cells))
    return table


def _bar_of(console: Console) -> Callable[[float], Text]:
    """What is used of a limit."""
    full, empty = ("█", "░") if console.encoding.startswith("utf") else ("#", "-")
    width = BAR if console.width >= NARROW else BAR // 2

    def bar(share: float) -> Text:
        filled = min(width, round(share * width))
        colour = "red" if share >= 0.9 else "yellow" if share >= 0.6 else "green"
        return Text.assemble((full * filled, colour), (empty * (width - filled), "dim"))

    return bar


def _table(*columns: tuple[str, Any, int]) -> Table:
    table = Table(box=None, expand=True, pad_edge=True, padding=(0, 1), header_style="dim")
    _columns(table, *columns)
    return table


def _columns(table: Table, *columns: tuple[str, Any, int]) -> None:
    """Name, side, and the share of the room that is left; 0 for one that is as wide as what stands in it."""
    for name, side, ratio in columns:
        table.add_column(name, justify=side, ratio=ratio or None, no_wrap=True, overflow="ellipsis")


def _age(seconds: float | None) -> str:
    return duration(round(seconds or 0)) if (seconds or 0) < 60 else duration(seconds or 0).replace(" min", "m")


def _lines(console: Console, *renderables: RenderableType) -> list[Line]:
    options = console.options.update(height=None)
    for renderable in renderables:
        if isinstance(renderable, Text) and renderable.no_wrap is None:
            renderable.no_wrap, renderable.overflow = True, "ellipsis"
    return console.render_lines(Group(*renderables), options, pad=False)
