"""The journal of tasks: one daemon works on each, an outcome is kept for a day, and nothing else of it."""

import os
from pathlib import Path

import pytest

from libria.tasks import shelf as shelving
from libria.tasks.messages import Acknowledgment, Completion, Output, Validation, escalation
from libria.tasks.shelf import Busy, Found, Held, Record, Shelf


def record(task_id: str = "t", digest: str = "d", at: float = 5.0) -> Record:
    acknowledgment = Acknowledgment(task_id=task_id, estimated_completion="2026-01-01T00:00:00Z")
    return Record(acknowledgment=acknowledgment, digest=digest, at=at, model="m")


def completion(task_id: str = "t", *, passed: bool = True) -> Completion:
    return Completion(
        task_id=task_id, output=Output(summary="x"), validation=Validation(all_passed=passed), model="p/m"
    )


def finished(shelf: Shelf, task_id: str = "t", *, passed: bool = True, at: float = 5.0) -> None:
    held = shelf.claim(record(task_id, at=at))
    assert isinstance(held, Held)
    ended = Record(
        acknowledgment=held.record.acknowledgment, digest="d", at=at, message=completion(task_id, passed=passed)
    )
    shelf.finish(held, ended)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tasks"


def test_a_task_is_worked_on_by_one_daemon(folder: Path) -> None:
    first, second = Shelf(folder), Shelf(folder)
    held = first.claim(record())
    assert isinstance(held, Held)
    again = second.claim(record(at=9.0))
    assert isinstance(again, Found)
    assert (again.record.message, again.record.at) == (None, 5.0)
    assert [one.busy for one in second.records()] == [True]
    os.close(held.descriptor)  # its daemon is gone
    assert [one.busy for one in second.records()] == [False]
    taken = second.claim(record(at=9.0))
    assert isinstance(taken, Held)
    assert taken.record.at == 5.0, "it is the same task still"
    os.close(taken.descriptor)


def test_an_outcome_is_found_and_not_done_again(folder: Path) -> None:
    shelf = Shelf(folder)
    finished(shelf)
    for restart in (False, True):
        found = shelf.claim(record(), restart=restart)
        assert isinstance(found, Found)
        assert found.record.message == completion()
    assert [file.suffix for file in folder.iterdir()] == [".json"]


def test_what_did_not_end_well_is_begun_anew_when_asked(folder: Path) -> None:
    shelf = Shelf(folder)
    finished(shelf, passed=False)
    assert isinstance(shelf.claim(record()), Found)
    assert isinstance(shelf.claim(record(digest="other"), restart=True), Found), "another task keeps its id"
    held = shelf.claim(record(at=9.0), restart=True)
    assert isinstance(held, Held)
    assert (held.record.at, held.record.message) == (9.0, None)
    os.close(held.descriptor)


def test_a_task_that_nobody_works_on_can_be_ended(folder: Path) -> None:
    shelf = Shelf(folder)
    folder.mkdir(mode=0o700)
    cancelled = escalation("t", "cancelled", "Done with.")
    assert shelf.end(cancelled) is None
    held = shelf.claim(record())
    assert isinstance(held, Held)
    with pytest.raises(Busy):
        shelf.end(cancelled)
    os.close(held.descriptor)
    assert shelf.end(cancelled) is True
    assert shelf.end(cancelled) is False
    found = shelf.claim(record())
    assert isinstance(found, Found)
    assert found.record.message == cancelled


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"digest":"d"}', b"\xff\x00"])
def test_a_damaged_file_is_a_task_that_was_never_begun(folder: Path, damage: bytes) -> None:
    shelf = Shelf(folder)
    finished(shelf)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    assert shelf.records() == []
    held = shelf.claim(record())
    assert isinstance(held, Held)
    os.close(held.descriptor)


def test_files_are_private_and_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    shelf = Shelf(folder)
    finished(shelf, "../../etc/passwd")
    (file,) = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):  # noqa: PT011  # whatever the system calls it
        shelf.claim(record("../../etc/passwd"))
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_old_or_too_much_goes_and_what_is_under_way_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelving, "MOST_FILES", 3)
    shelf = Shelf(folder)
    held = shelf.claim(record("busy"))
    assert isinstance(held, Held)
    os.utime(next(folder.iterdir()), (1.0, 1.0))
    for number in range(5):
        finished(shelf, f"t{number}", at=float(number))
        newest = max(folder.iterdir(), key=lambda file: file.stat().st_ctime_ns)
        os.utime(newest, (2e9 + number, 2e9 + number))
    fresh = Shelf(folder)
    lately = fresh.claim(record("new"))  # looks what may go
    assert isinstance(lately, Held)
    left = {one.record.acknowledgment.task_id for one in fresh.records()}
    assert {"busy", "new", "t4", "t3"} <= left
    assert "t0" not in left
    os.utime(next(file for file in folder.iterdir() if b'"t4"' in file.read_bytes()), (1.0, 1.0))
    os.close(held.descriptor)
    os.close(lately.descriptor)
    again = Shelf(folder).claim(record("newer"))
    assert isinstance(again, Held)
    os.close(again.descriptor)
    left = {one.record.acknowledgment.task_id for one in fresh.records()}
    assert "t4" not in left, "a day old"
    assert "busy" not in left, "so is this, and nobody works on it"
