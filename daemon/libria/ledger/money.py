"""Dollars, as they are said to a person."""

from math import floor, log10

MOST_DECIMALS = 9


def dollars(amount: float) -> str:
    """ "$3.20", "$0.0042", "$0.00001": what is not nothing is never shown as nothing."""
    if amount >= 1 or amount <= 0:
        return f"${amount:,.2f}"
    return f"${amount:.{min(MOST_DECIMALS, max(4, -floor(log10(amount))))}f}"
