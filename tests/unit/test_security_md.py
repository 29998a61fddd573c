"""What SECURITY.md says is shown by tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_test_that_it_names_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)`", TEXT)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_row_of_its_tables_names_one() -> None:
    rows = [
        line for line in TEXT.splitlines() if line.startswith("| ") and not re.match(r"\| (---|.*shown by \|$)", line)
    ]
    assert len(rows) > 20
    assert [row for row in rows if "`tests/" not in row.rpartition(" | ")[2]] == []


def test_every_test_of_security_is_named() -> None:
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/e2e/test_security*.py")]
    assert [name for name in found if name not in TEXT] == []
