"""The log is read in order over its files, and followed over their ends."""

import os
from collections.abc import Iterator
from pathlib import Path

from libria.log.file import LogFile
from libria.log.read import follow


class Waited(Exception):
    """Nothing more was there."""


def so_far(path: Path, since: float = 0.0) -> list[str]:
    return [line for line in follow(path, since=since) if line is not None]


def test_all_files_are_read_the_oldest_first(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", max_bytes=25, keep=3)
    for number in range(5):
        log.write([b"line %05d\n" % number])
    log.close()
    with (tmp_path / "log").open("ab") as file:
        file.write(b"half a li")
    assert so_far(tmp_path / "log") == [*(f"line {number:05d}" for number in range(5)), "half a li"]


def test_files_that_are_older_are_not_read(tmp_path: Path) -> None:
    for name in ("log", "log.1", "log.2"):
        (tmp_path / name).write_text(f"{name}\n")
    os.utime(tmp_path / "log.2", (100, 100))
    os.utime(tmp_path / "log", (100, 100))  # the newest always is: more may come
    assert so_far(tmp_path / "log", since=200) == ["log.1", "log"]


def test_no_log_is_no_line(tmp_path: Path) -> None:
    assert list(follow(tmp_path / "log")) == [None]


def test_what_is_no_text_is_shown_as_well_as_can_be(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff\x00\r\n\n" + b"a" * 10)
    assert so_far(tmp_path / "log") == ["\ufffd\x00", "", "a" * 10]


def lines_that_come(path: Path, steps: Iterator[None]) -> list[str]:
    """Each time nothing is there, the next step is made."""
    found: list[str] = []

    def step() -> None:
        try:
            next(steps)
        except StopIteration:
            raise Waited from None

    try:
        for line in follow(path, step):
            if line is not None:
                found.append(line)
    except Waited:
        pass
    return found


def test_what_comes_is_followed_over_files_that_are_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def steps() -> Iterator[None]:
        log = LogFile(path, max_bytes=25, keep=4)
        for number in range(7):
            log.write([b"line %05d\n" % number])
            yield
        with path.with_name("log.1").open("ab") as late:  # another daemon, that has not noticed yet
            late.write(b"late\n")
        yield
        log.close()
        with path.open("ab", buffering=0) as slow:
            slow.write(b"line 7, ha")
            yield
            slow.write(b"lf\n")
            yield
        path.write_bytes(b"")  # somebody empties it
        yield
        path.write_bytes(b"anew\n")
        yield

    expected = [*(f"line {number:05d}" for number in range(7)), "late", "line 7, half", "anew"]
    assert lines_that_come(path, steps()) == expected


def test_a_log_that_is_begun_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def steps() -> Iterator[None]:
        yield
        path.write_bytes(b"first\n")
        yield

    assert lines_that_come(path, steps()) == ["first"]


def test_files_that_came_and_went_between_two_looks_are_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def steps() -> Iterator[None]:
        log = LogFile(path, max_bytes=25, keep=9)
        for number in range(13):
            log.write([b"line %05d\n" % number])
            if number % 6 == 0:
                yield
        log.close()

    assert lines_that_come(path, steps()) == [f"line {number:05d}" for number in range(13)]
