"""The sums of `libria usage` for a person: a bar a row, and what they come to."""

import sys
from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libria.cli.output import table, terse
from libria.cli.words import harmless
from libria.ledger.money import dollars

Json = Any

BAR, LEAST_BAR = 40, 8

MOST_EMPTY_DAYS = 62
"""Of a longer gap between two days the days are not shown."""

NAMES = {"day": "DAY", "tool": "TOOL", "model": "MODEL", "provider": "PROVIDER"}

Cells = tuple[str, str, str, str, str]


def show(found: dict[str, Json], by: str) -> None:
    found = harmless(found)
    rows: list[dict[str, Json]] = found["rows"]
    if by == "day":
        rows = _with_empty_days(rows)
    head, summary = (NAMES[by], "COST", "CALLS", "TOKENS IN", "OUT"), _summary(found)
    if not sys.stdout.isatty():
        print(table([head, *(_cells(row) for row in rows)]))
        print(f"\n{summary}")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(_chart(rows, head, console))
    console.print()
    console.print(Text(summary), soft_wrap=True)


def _chart(rows: list[dict[str, Json]], head: Cells, console: Console) -> Table:
    cells = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    narrow = console.width < sum(widths) + 2 * len(widths) + LEAST_BAR
    kept = (0, 1) if narrow else (0, 1, 2, 3, 4)
    rest = console.width - sum(widths[place] + 2 for place in kept)
    width = max(LEAST_BAR, min(BAR, rest))
    chart = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place in kept:
        justify, overflow = ("left", "ellipsis") if place == 0 else ("right", "fold")
        chart.add_column(head[place], justify=justify, no_wrap=True, overflow=overflow)  # type: ignore[arg-type]  # of the words that it takes
    chart.add_column("", no_wrap=True, width=width)
    measures = _measures(rows)
    most = max(measures) or 1
    utf8 = console.encoding.startswith("utf")
    for row, said, measure in zip(rows, cells, measures, strict=True):
        bar = Text(_bar(measure / most, width, utf8), style="green" if row["usd"] else "cyan")
        dim = "dim" if not row["calls"] else ""
        chart.add_row(*(Text(said[place], style=dim) for place in kept), bar)
    return chart


def _measures(rows: list[dict[str, Json]]) -> list[float]:
    """What the bars show: dollars; tokens where nothing has cost any."""
    if any(row["usd"] for row in rows):
        return [row["usd"] for row in rows]
    return [row["inputTokens"] + row["outputTokens"] for row in rows]


def _bar(share: float, width: int, utf8: bool) -> str:
    """In eighths of a character, where there are such characters; what is not nothing is to be seen."""
    eighths = max(round(share * width * 8), 1 if share else 0)
    if not utf8:
        return "#" * max(round(share * width), 1 if share else 0)
    whole, part = divmod(eighths, 8)
    return "█" * whole + (chr(0x2590 - part) if part else "")


def _cells(row: dict[str, Json]) -> Cells:
    if not row["calls"]:
        return row["key"], "", "", "", ""
    return (
        row["key"] or "(no name)",
        dollars(row["usd"]) + ("+?" if row["unpriced"] else ""),
        f"{row['calls']:,}",
        terse(row["inputTokens"]),
        terse(row["outputTokens"]),
    )


def _summary(found: dict[str, Json]) -> str:
    total: dict[str, Json] = found["total"]
    cached = total["cachedInputTokens"]
    tokens = f"{_count(total['inputTokens'], 'token')} in" + (
        f" ({cached:,} from a provider's cache)" if cached else ""
    )
    sentences = [
        f"{dollars(total['usd'])} since {found['from'][:16].replace('T', ' ')}: {_count(total['calls'], 'call')}, "
        f"{_count(total['attempts'], 'attempt')}, {tokens}, {total['outputTokens']:,} out."
    ]
    if total["free"]:
        sentences.append(f"{_count(total['free'], 'call')} answered by the cache or another's answer.")
    if total["failed"] or total["cancelled"]:
        sentences.append(f"{_count(total['failed'], 'attempt')} failed; cancelled: {total['cancelled']:,}.")
    if total["estimated"]:
        sentences.append(f"Of {_count(total['estimated'], 'attempt')} the provider said no tokens: they are estimated.")
    if total["unpriced"]:
        sentences.append(f"The price of {_count(total['unpriced'], 'attempt')} is not known (+?).")
    return "\n".join(sentences)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _with_empty_days(rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """So that a week without a call is to be seen as one."""
    shown: list[dict[str, Json]] = []
    last: date | None = None
    for row in rows:
        day = date.fromisoformat(row["key"])
        if last is not None and (gap := (day - last).days) <= MOST_EMPTY_DAYS:
            empty = dict.fromkeys(row, 0)
            shown += [{**empty, "key": str(last + timedelta(days=number))} for number in range(1, gap)]
        shown.append(row)
        last = day
    return shown
