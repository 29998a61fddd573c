"""Prints figures as one table, for people."""

from collections.abc import Iterable

from tests.bench.figure import Figure

HEADINGS = ("figure", "Libria", "direct", "added / ratio", "to reach", "")


def table(figures: Iterable[Figure]) -> str:
    rows = [HEADINGS, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths[:-1]))
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    libria = "not built yet" if figure.libria is None else _quantity(figure.libria, figure.unit)
    direct = "" if figure.direct is None else f"{_quantity(figure.direct, figure.unit)} {figure.beside}"
    return figure.name, libria, direct, _beyond(figure), _goal(figure), figure.note


def _beyond(figure: Figure) -> str:
    if figure.beyond == "ratio":
        return "" if figure.ratio is None else f"× {figure.ratio:.2f}"
    if figure.added is None:
        return ""
    return ("−" if figure.added < 0 else "+") + _quantity(abs(figure.added), figure.unit)


def _goal(figure: Figure) -> str:
    goal = figure.goal
    if goal is None:
        return ""
    if goal.at_most is not None:
        bound = f"≤ {_quantity(goal.at_most, figure.unit)}"
    else:
        bound = f"≥ {_quantity(goal.at_least or 0.0, figure.unit)}"
    added = " added" if goal.of == "added" else ""
    verdict = {None: "", True: ": yes", False: ": NO"}[figure.reached]
    return f"{bound}{added}{verdict}"


def _quantity(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    number = f"{value:,.{digits}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".") if value == int(value) else number
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}"
