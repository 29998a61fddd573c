"""The ledger's file: all rows in it whatever others do to it, or a sentence that says why not."""

import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import ledger_kit
import pytest
from ledger_kit import DAY, NOW, Wall, asked, ledger_file, row

from libria.ledger import file as file_module
from libria.ledger import schema
from libria.ledger.file import BUSY_SECONDS
from libria.ledger.query import usage
from libria.ledger.schema import VERSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "BUSY_SECONDS", 0.01)


def calls(path: Path) -> list[str]:
    return [call for (call,) in asked(path, "SELECT call FROM entries ORDER BY id")]


def test_a_row_is_as_it_was_told_and_nobody_elses_to_read(path: Path) -> None:
    ledger = ledger_file(path)
    ledger.write([row(), row(how="cached", cost=0, status=None)])
    assert [stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("ledger.db*")] == [0o600] * 3
    ledger.close()
    first, second = asked(path, "SELECT * FROM entries")
    assert first[1:] == (
        int(NOW * 1000), "attempt", "Neovim", "0.11", "session-1", "call-1", "openai", "gpt", "gpt-1", "ok", 200,
        10, 5, 4, None, 2, 1, 1_000, 0.0, 1.5, 9.0, 1, "fast",
    )  # fmt: skip
    assert (second[2], second[11]) == ("cached", None)
    assert asked(path, "PRAGMA user_version") == [(VERSION,)]


def test_no_key_and_no_half_characters_are_kept(path: Path) -> None:
    keys = {"OPENAI_API_KEY": "a-key-of-words-CANARY", "PATH": "/bin"}
    ledger = ledger_file(path)
    ledger.write([row(tool="the a-key-of-words-CANARY", model="sk-proj-CANARYcanary0123456789", env=keys)])
    ledger.write([row(tool="half \ud83d", model="m" * 5000, served_model="own-CANARY-key", key="own-CANARY-key")])
    ledger.close()
    assert b"CANARY" not in path.read_bytes()
    (_, half) = asked(path, "SELECT tool, length(model) FROM entries")
    assert half == ("half ?", 200)


def test_others_rows_count_as_soon_as_they_are_written(path: Path) -> None:
    wall = Wall()
    one, other = ledger_file(path, wall, daemon=1), ledger_file(path, wall, daemon=2)
    one.write([row()])
    other.write([row(cost=None), row(at=int((NOW - 40 * DAY) * 1000))])
    assert other._totals.of("day", NOW).attempts == 1
    assert one._totals.of("day", NOW).attempts == 0
    one.write([row(), row(how="coalesced", cost=0)])
    heard = one._totals.of("month", NOW, provider="openai")
    assert (heard.attempts, heard.unpriced, heard.cost) == (1, 1, 0)
    assert one._totals.of("month", NOW, tool="vim").attempts == 0


def test_two_write_at_once(path: Path) -> None:
    files = [ledger_file(path, daemon=number) for number in range(2)]

    def work(number: int) -> None:
        for count in range(50):
            files[number].write([row(call=f"{number}-{count}")])
        files[number].close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls(path)) == sorted(f"{number}-{count}" for number in range(2) for count in range(50))
    assert not any(one.problem or one.put_aside or one.lost for one in files)


@pytest.mark.usefixtures("impatient")
def test_a_file_that_another_holds_is_written_later(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = ledger_file(path)
    ledger.write([row(call="first")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ledger.write([row(call="second")])
        ledger.write([row(call="third")])
        assert ledger.problem is not None
        assert "held by another program" in ledger.problem
        assert calls(path) == ["first"]
        other.execute("ROLLBACK")
    ledger.write([])
    assert ledger.problem is None
    assert calls(path) == ["first", "second", "third"]
    assert len(caplog.records) == 1, "it is said once"
    assert BUSY_SECONDS >= 1


@pytest.mark.usefixtures("impatient")
def test_what_waits_for_a_file_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "MOST_HELD", 3)
    ledger = ledger_file(path)
    ledger.write([row(call="0")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for number in range(1, 6):
            ledger.write([row(call=str(number))])
    ledger.write([])
    assert calls(path) == ["0", "3", "4", "5"]
    assert ledger.lost == 2


def damage_head(path: Path) -> None:
    path.write_bytes(b"This is no database, whatever its name says. " * 300)


def damage_page(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(4096))


def another_kind(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE entries (hello TEXT)")


@pytest.mark.parametrize("damage", [damage_head, damage_page, another_kind])
def test_a_damaged_file_is_put_aside(path: Path, damage: object) -> None:
    assert callable(damage)
    before = ledger_file(path)
    before.write([row(call=f"old-{number}") for number in range(200)])
    before.close()
    damage(path)
    damaged = path.read_bytes()
    ledger = ledger_file(path)
    ledger.write([row(call="new")])
    ledger.write([row(call="newer")])
    ledger.close()
    assert ledger.put_aside is not None
    assert calls(path)[-1:] == ["newer"]
    assert not any(call.startswith("old") for call in calls(path))
    (aside,) = path.parent.glob("ledger.db.damaged-*[0-9]")
    assert damage is not damage_head or aside.read_bytes() == damaged
    assert str(aside) in ledger.put_aside
    assert ledger.problem is None
    assert ledger.lost == 0


def test_a_file_that_was_taken_away_is_begun_anew(path: Path) -> None:
    ledger = ledger_file(path)
    ledger.write([row(call="first")])
    path.unlink()
    ledger.write([row(call="second")])
    assert calls(path) == ["second"]


def test_a_link_and_a_folder_are_no_ledger(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    target = path.with_name("other")
    path.symlink_to(target)
    ledger = ledger_file(path)
    ledger.write([row()])
    assert "cannot be written" in (ledger.problem or "")
    assert not target.exists()
    path.unlink()
    ledger.write([row()])
    assert ledger.problem is None
    assert len(calls(path)) == 2


def test_old_rows_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "PRUNED_AT_ONCE", 10)
    wall = Wall()
    ledger = ledger_file(path, wall, days=3)
    ledger.write([row(call="old", at=int((NOW - 4 * DAY) * 1000)) for _ in range(25)] + [row(call="young")])
    for _ in range(2):
        ledger.write([])
    assert calls(path) == ["young"]
    wall.now += 4 * DAY
    ledger.write([row(call="new", at=int(wall.now * 1000))])
    assert calls(path) == ["new"]


def test_of_too_many_the_oldest_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "MOST_ROWS", 5)
    ledger = ledger_file(path)
    ledger.write([row(call=str(number)) for number in range(8)])
    assert calls(path) == ["3", "4", "5", "6", "7"]


def test_a_newer_version_adds_and_an_older_one_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = ledger_file(path, daemon=1)
    older.write([row(call="before")])
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STEPS", (*schema.STEPS, "ALTER TABLE entries ADD COLUMN mood TEXT"))
        patch.setattr(schema, "VERSION", VERSION + 1)
        newer = ledger_file(path, daemon=2)
        newer.write([row(call="newer")])
    older.write([row(call="after")])
    assert asked(path, "SELECT call, mood FROM entries") == [("before", None), ("newer", None), ("after", None)]
    assert asked(path, "PRAGMA user_version") == [(VERSION + 1,)]
    assert [older.problem, older.put_aside, newer.problem] == [None] * 3


def test_a_file_of_the_first_version_is_gone_on_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    with monkeypatch.context() as patch, closing(sqlite3.connect(path, isolation_level=None)) as connection:
        patch.setattr(schema, "VERSION", 1)
        schema.migrate(connection)
        columns = [name for name in schema.COLUMNS if name != "asked"]
        values = ledger_kit.PLAIN | {"call": "of the first", "daemon": 7}
        connection.execute(
            f"INSERT INTO entries ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            [values[name] for name in columns],
        )
    assert usage(path, "model", None, NOW + 1).total.calls == 1  # read by this version before it was written
    ledger = ledger_file(path)
    ledger.write([row(call="of this")])
    assert asked(path, "SELECT call, asked FROM entries") == [("of the first", ""), ("of this", "fast")]
    assert [ledger.problem, ledger.put_aside] == [None, None]


def test_a_step_that_fails_is_not_half_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ledger_file(path)
    before.write([row()])
    before.close()
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, "ALTER TABLE entries ADD COLUMN a TEXT; SELECT nonsense"))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            schema.migrate(connection)
        assert schema.version_of(connection) == VERSION
        assert "a" not in [column[1] for column in connection.execute("PRAGMA table_info(entries)")]


def test_sums_are_exact(path: Path) -> None:
    """Of a tenth of a cent a million tokens, ten thousand times: floating point would be off."""
    ledger = ledger_file(path)
    ledger.write([row(cost=100_000_000_001) for _ in range(10_000)])
    ledger.close()
    assert usage(path, "provider", None, NOW + 1).total.cost == 1_000_000_000_010_000
