"""What `libria usage` and `libria status` say of few and of little."""

import pytest

from libria.cli import usage
from libria.cli.usage_chart import show
from libria.cli.words import budget_words

NOTHING = dict.fromkeys(
    (
        "usd", "calls", "attempts", "inputTokens", "cachedInputTokens", "outputTokens", "free", "failed", "cancelled",
        "estimated", "unpriced",
    ),
    0,
)  # fmt: skip


def said(capsys: pytest.CaptureFixture[str], **total: float) -> str:
    row = {**NOTHING, **total}
    show({"rows": [{"key": "simulate/story", **row}], "total": row, "from": "2026-01-01T00:00:00"}, "model")
    return capsys.readouterr().out


def test_one_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, calls=1, attempts=1, inputTokens=1, outputTokens=5, failed=1, usd=0.00002)
    assert "$0.00002 since 2026-01-01 00:00: 1 call, 1 attempt, 1 token in, 5 out." in text
    assert "1 attempt failed; cancelled: 0." in text


def test_what_came_from_a_providers_cache_is_told_where_there_is_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cache" not in said(capsys, calls=2, attempts=2, inputTokens=1200)
    text = said(capsys, calls=2, attempts=2, inputTokens=1200, cachedInputTokens=1100)
    assert "1,200 tokens in (1,100 from a provider's cache), 0 out." in text


def test_a_small_budget_is_not_none() -> None:
    budget = {"name": "daily", "usd": 0.00001, "spentUsd": 0.42, "per": "day", "tool": "Neovim"}
    assert budget_words(budget) == "daily: $0.4200 of $0.00001 today by Neovim"


@pytest.mark.parametrize(
    "times", [("--since", "1h", "--until", "2h"), ("--since", "2026-01-02", "--until", "2026-01-01")]
)
def test_a_time_that_ends_before_it_begins_is_wrong_usage(
    times: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        usage.run([*times])
    assert ended.value.code == 2
    assert "--since must be before --until" in capsys.readouterr().err
