"""What is asked of the ledger: by what, from when, and of a file that cannot say."""

from datetime import datetime
from pathlib import Path

import pytest
from ledger_kit import DAY, NOW, asked, ledger_file, row

from libria.ledger.periods import Per, period
from libria.ledger.query import By, Unreadable, usage
from libria.ledger.schema import VERSION
from libria.ledger.when import moment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    ledger = ledger_file(path)
    ledger.write(
        [
            row(call="a", outcome="overloaded", status=503, input_tokens=0, output_tokens=0, cost=0),
            row(call="a", provider="groq", model="llama", cost=7),
            row(call="b", tool="libria ask", outcome="cancelled", exact=False, cost=None),
            row(call="c", how="cached", input_tokens=0, output_tokens=0, cost=0, status=None),
            row(call="d", at=int((NOW - 2 * DAY) * 1000), cost=1_000_000),
        ]
    )
    ledger.close()
    return path


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("model", [("openai/gpt", 4, 3, 1, 1, 1), ("groq/llama", 1, 1, 0, 0, 0)]),
        ("provider", [("openai", 4, 3, 1, 1, 1), ("groq", 1, 1, 0, 0, 0)]),
        ("tool", [("Neovim", 3, 3, 1, 0, 1), ("libria ask", 1, 1, 0, 1, 0)]),
    ],
)
def test_by(path: Path, by: By, expected: list[object]) -> None:
    found = usage(path, by, None, NOW + 1)
    said = [(line.key, line.calls, line.attempts, line.failed, line.cancelled, line.free) for line in found.lines]
    assert said == expected
    assert (found.total.calls, found.total.attempts, found.total.unpriced, found.total.estimated) == (4, 4, 1, 1)
    assert found.total.cost == 1_000_007
    assert found.since == NOW - 2 * DAY


def test_by_day_and_from_when(path: Path) -> None:
    days = [f"{datetime.fromtimestamp(at):%Y-%m-%d}" for at in (NOW - 2 * DAY, NOW)]
    assert [line.key for line in usage(path, "day", None, NOW + 1).lines] == days
    assert [line.key for line in usage(path, "day", NOW - DAY, NOW + 1).lines] == days[1:]
    assert usage(path, "day", None, NOW).total.calls == 1
    assert usage(path, "day", NOW + 5, NOW + 6).lines == ()


def test_no_file_is_nothing(tmp_path: Path) -> None:
    found = usage(tmp_path / "none", "day", None, NOW)
    assert (found.lines, found.total.calls) == ((), 0)


def test_what_cannot_be_read_is_said(path: Path) -> None:
    asked(path, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(Unreadable, match="newer Libria"):
        usage(path, "day", None, NOW)
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(Unreadable, match="damaged"):
        usage(path, "day", None, NOW)
    path.unlink()
    path.mkdir()
    with pytest.raises(Unreadable, match=r"is no file; move away what stands there\.$"):
        usage(path, "day", None, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-11-24T00:00"),
        ("yesterday", "2026-11-23T00:00"),
        ("month", "2026-11-01T00:00"),
        ("1d", "2026-11-24T00:00"),
        ("7d", "2026-11-18T00:00"),
        ("2w", "2026-11-11T00:00"),
        ("12h", "2026-11-24T08:30"),
        ("2026-11-01", "2026-11-01T00:00"),
        ("2026-11-01T15:00", "2026-11-01T15:00"),
    ],
)
def test_times_as_people_write_them(text: str, expected: str) -> None:
    now = datetime(2026, 11, 24, 20, 30).timestamp()
    assert datetime.fromtimestamp(moment(text, now)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "soon", "7", "d", "-1d", "2026-13-01", "9999999d", "1e3d"])
def test_what_is_no_time_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write"):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("per", "at", "expected"),
    [
        ("day", "2026-11-24T20:30", ("2026-11-24T00:00", "2026-11-25T00:00", "2026-11-24")),
        ("month", "2026-11-24T20:30", ("2026-11-01T00:00", "2026-12-01T00:00", "2026-11")),
        ("month", "2026-12-31T23:59", ("2026-12-01T00:00", "2027-01-01T00:00", "2026-12")),
        ("month", "2028-02-29T00:00", ("2028-02-01T00:00", "2028-03-01T00:00", "2028-02")),
    ],
)
def test_periods(per: Per, at: str, expected: tuple[str, str, str]) -> None:
    found = period(per, datetime.fromisoformat(at).timestamp())
    said = [f"{datetime.fromtimestamp(moment):%Y-%m-%dT%H:%M}" for moment in (found.begin, found.end)]
    assert (*said, found.name) == expected
