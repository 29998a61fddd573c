"""Dollars in words."""

import pytest

from libria.ledger.money import dollars


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.42, "$0.4200"),
        (0.0042, "$0.0042"),
        (0.00001, "$0.00001"),
        (1e-15, "$0.000000000"),
    ],
)
def test_what_is_said(amount: float, said: str) -> None:
    assert dollars(amount) == said
