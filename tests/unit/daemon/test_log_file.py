"""The log's file: put aside when full, by whichever daemon comes first; a disk that takes nothing harms nobody."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from libria.log import file as file_module
from libria.log.entry import Entry
from libria.log.file import LogFile
from libria.log.sinks import FileSink

LINE = b"0123456789\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_full_file_is_put_aside_and_so_many_are_kept(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", max_bytes=25, keep=3)
    for number in range(9):
        assert log.write([b"line %05d\n" % number]) == 1
    assert names(tmp_path) == ["log", "log.1", "log.2"]
    read = b"".join((tmp_path / name).read_bytes() for name in ("log.2", "log.1", "log"))
    assert read == b"".join(b"line %05d\n" % number for number in range(4, 9))
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600 for name in names(tmp_path))
    log.keep = 1
    log.write([LINE])
    log.write([LINE])
    assert names(tmp_path) == ["log"]
    log.close()


def test_a_daemon_and_its_successor_write_the_same_file(tmp_path: Path) -> None:
    older, newer = (LogFile(tmp_path / "log", max_bytes=40, keep=50) for _ in range(2))
    for number in range(30):
        assert (older if number % 3 else newer).write([b"line %05d\n" % number]) == 1
    order = sorted(tmp_path.glob("log*"), key=lambda path: -int(path.suffix[1:] or 0) if path.suffix != ".lock" else 1)
    read = b"".join(path.read_bytes() for path in order)
    assert read == b"".join(b"line %05d\n" % number for number in range(30))
    older.close()
    newer.close()


WRITER = """
import sys
from pathlib import Path
from libria.log.file import LogFile
log = LogFile(Path(sys.argv[1]), max_bytes=4000, keep=100)
for number in range(400):
    assert log.write([b"%s %06d %s\\n" % (sys.argv[2].encode(), number, b"x" * (number % 97))]) == 1
"""


def test_processes_that_write_at_once_lose_and_break_no_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b", "c")]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    lines = b"".join((tmp_path / name).read_bytes() for name in names(tmp_path)).splitlines()
    assert sorted(line.split()[:2] for line in lines) == [
        [name, b"%06d" % number] for name in (b"a", b"b", b"c") for number in range(400)
    ]
    assert len(names(tmp_path)) > 1


def test_a_file_or_a_folder_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "state" / "log"
    log = LogFile(path, 1000, 3)
    assert log.write([LINE]) == 1
    path.unlink()
    assert log.write([LINE]) == 1
    path.unlink()
    path.parent.rmdir()
    assert log.write([LINE]) == 1
    assert path.read_bytes() == LINE
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    log.close()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_of_ours_is_not_written_to(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "log", tmp_path / "other"
    if kind == "link":
        other.write_bytes(b"mine")
        path.symlink_to(other)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert LogFile(path, 1000, 3).write([LINE]) == 0
    assert kind != "link" or other.read_bytes() == b"mine"


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "log").touch(0o644)
    log = LogFile(tmp_path / "log", 1000, 3)
    log.write([LINE])
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
    log.close()


def test_standard_error_moves_along(tmp_path: Path) -> None:
    """The interpreter's last words go to the newest file."""
    path = tmp_path / "log"
    code = (
        "import os, sys; from pathlib import Path; from libria.log.file import LogFile\n"
        "log = LogFile(Path(sys.argv[1]), 30, 3)\n"
        "for _ in range(3): log.write([b'0123456789\\n'])\n"
        "os.write(2, b'last words\\n'); os.write(1, b'not here\\n')"
    )
    with path.open("ab") as error:
        done = subprocess.run([sys.executable, "-c", code, str(path)], stderr=error, stdout=subprocess.PIPE, check=True)
    assert path.read_bytes() == LINE + b"last words\n"
    assert done.stdout == b"not here\n"


class Disk:
    """Takes `room` bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        monkeypatch.setattr(file_module.os, "write", self._write)
        self._os_write = os.write

    def _write(self, file: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = data[: self.room]
        self.room -= len(taken)
        return _WRITE(file, taken)


_WRITE = os.write


def test_a_full_disk_loses_lines_and_later_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    sink = FileSink(LogFile(path, 100_000, 3), lambda: 0.0)
    entries = [Entry(0.0, "info", "message", {"message": str(number)}) for number in range(10)]
    size = len(entries[0].line())
    disk = Disk(monkeypatch, 2 * size + 5)
    sink.write(entries[:3])  # two and a piece of the third
    sink.write(entries[3:5])
    disk.room = 10**6
    sink.write(entries[5:])
    lines = path.read_text().splitlines()
    assert [line for line in lines if '"ts"' in line and line.endswith("}")] == lines[:2] + lines[3:]
    assert lines[2] == entries[2].line()[:5].decode()
    assert '"lines": 3' in lines[3]
    assert [line[-3:] for line in lines[4:]] == [f'{number}"}}' for number in range(5, 10)]
    sink.close()


def test_a_file_that_cannot_be_put_aside_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(file_module.os, "replace", refuse)
    log = LogFile(tmp_path / "log", max_bytes=100, keep=3)
    assert 0 < sum(log.write([LINE]) for _ in range(200)) < 100
    log.close()
