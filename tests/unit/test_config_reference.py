"""daemon/CONFIGURATION.md says all that may stand in the config, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from libria.config import json_schema
from libria.config.docs import reference

FILE = Path(__file__).parents[2] / "daemon" / "CONFIGURATION.md"


def test_it_is_not_stale() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run python -m libria.rpc.docs"


def test_each_section_has_its_heading_and_each_setting_its_row() -> None:
    text = reference()
    schema = json_schema()
    assert re.findall(r"^## \[([a-z_]+)", text, re.MULTILINE) == list(schema["properties"])
    settings = {name for section in schema["$defs"].values() for name in section["properties"]}
    assert set(re.findall(r"^\| `(\w+)` ", text, re.MULTILINE)) == settings


def test_each_setting_says_what_it_is_for() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    assert [row for row in rows if row.count(" | ") != 3] == []


@pytest.mark.parametrize(
    ("setting", "row"),
    [
        ("on_disconnect", '"cancel"` or `"finish"` | `"cancel"` | A call whose client went away.'),
        ("attempts", "a whole number, at least 1, at most 20 | `3` |"),
        ("ttl", "a number, above 0 | `86400` |"),
        ("share", "a number, above 0, at most 1 | `0.333` |"),
        ("usd", "a number, at least 0, at most 1,000,000 | must be said |"),
        ("headers", "a table of texts | – |"),
    ],
)
def test_a_row(setting: str, row: str) -> None:
    [line] = [line for line in reference().splitlines() if line.startswith(f"| `{setting}` ")]
    assert row in line


def test_no_default_is_a_dump_of_json() -> None:
    defaults = [line.split(" | ")[2] for line in reference().splitlines() if line.startswith("| `")]
    assert [one for one in defaults if one.startswith("`") and isinstance(json.loads(one.strip("`")), dict)] == []
