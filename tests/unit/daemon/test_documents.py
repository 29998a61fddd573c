"""The documents of one client: changes as LSP has them, ranges that go along, bounds."""

import pytest

from libria.editing.documents import MOST_OF_ONE as MOST
from libria.editing.documents import Change, Documents, secret, units

URI = "file:///home/me/project/src/a.py"


def opened(text: str, encoding: str = "utf-16") -> Documents:
    documents = Documents()
    documents.encoding = encoding
    documents.open(URI, "python", 1, text)
    return documents


def place(*numbers: int) -> dict[str, dict[str, int]]:
    first, before, last, behind = numbers
    return {"start": {"line": first, "character": before}, "end": {"line": last, "character": behind}}


def text(documents: Documents) -> str:
    document = documents.get(URI)
    assert document is not None
    return "".join(document.lines)


@pytest.mark.parametrize(
    ("encoding", "before", "at", "new", "after"),
    [
        ("utf-16", "one\ntwo\n", (0, 1, 0, 2), "NN", "oNNe\ntwo\n"),
        ("utf-16", "one\ntwo\n", (0, 3, 1, 0), "", "onetwo\n"),
        ("utf-16", "one\r\ntwo", (0, 99, 0, 99), "!", "one!\r\ntwo"),
        ("utf-16", "one", (9, 0, 9, 0), "\nend", "one\nend"),
        ("utf-16", "a😀b", (0, 3, 0, 4), "B", "a😀B"),
        ("utf-8", "a😀b", (0, 5, 0, 6), "B", "a😀B"),
        ("utf-32", "a😀b", (0, 2, 0, 3), "B", "a😀B"),
        ("utf-16", "a\u2028b\x0cc\n", (0, 2, 0, 3), "B", "a\u2028B\x0cc\n"),
        ("utf-16", "", (0, 0, 0, 0), "x", "x"),
        ("utf-16", "ab", (0, 2, 0, 0), "x", "abx"),
    ],
)
def test_a_change_of_a_range(encoding: str, before: str, at: tuple[int, ...], new: str, after: str) -> None:
    documents = opened(before, encoding)
    documents.change(URI, 2, [Change(new, place(*at))])
    assert text(documents) == after
    document = documents.get(URI)
    assert document is not None
    assert (document.version, document.size) == (2, len(after))


def test_several_changes_each_build_on_the_one_before() -> None:
    documents = opened("one\n")
    documents.change(URI, 2, [Change("two\n", place(0, 0, 0, 0)), Change("TWO", place(0, 0, 0, 3)), Change("all")])
    assert text(documents) == "all"


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        (Change("x\ny\n", place(0, 0, 0, 0)), "    b\n    c\n"),
        (Change("X", place(0, 0, 0, 1)), "    b\n    c\n"),
        (Change("new\n", place(1, 0, 1, 0)), "    b\n    c\n"),
        (Change("new\n", place(3, 0, 3, 0)), "    b\n    c\n"),
        (Change("", place(3, 0, 4, 0)), "    b\n    c\n"),
        (Change("x", place(1, 4, 1, 5)), None),
        (Change("x", place(2, 0, 2, 0)), None),
        (Change("", place(0, 0, 2, 0)), None),
        (Change("a\nnew\n    b\n    c\nd\ne\n"), "    b\n    c\n"),
        (Change("a\n    b\n    c\nd\nE\n"), "    b\n    c\n"),
        (Change("a\n    b\n    C\nd\ne\n"), None),
        (Change("a\n    b\n    c\nd\ne\n"), "    b\n    c\n"),
        (Change(""), None),
    ],
)
def test_a_range_goes_along_with_changes_around_it(change: Change, holds: str | None) -> None:
    documents = opened("a\n    b\n    c\nd\ne\n")
    document = documents.get(URI)
    assert document is not None
    anchor = document.anchor((1, 0), (3, 0))
    documents.change(URI, 2, [change])
    assert document.holds(anchor) == (holds is not None)
    if holds is not None:
        assert document.text(anchor.start, anchor.end) == holds
    document.let_go(anchor)
    assert not document.anchors


@pytest.mark.parametrize("new", ["", "a", "a\n", "b\na\n", "a\nb\nc", "a\n\n", "x\na\nb\n", "a\r\nb\r\n"])
@pytest.mark.parametrize("old", ["", "a", "a\nb\n", "a\nb", "\n\n", "a\na\na\n"])
def test_a_whole_new_text(old: str, new: str) -> None:
    documents = opened(old)
    documents.change(URI, 2, [Change(new)])
    assert text(documents) == new
    document = documents.get(URI)
    assert document is not None
    assert document.size == len(new)


def test_what_is_closed_is_gone() -> None:
    documents = opened("one\n")
    document = documents.get(URI)
    assert document is not None
    anchor = document.anchor((0, 0), (0, 1))
    documents.close(URI)
    assert documents.get(URI) is None
    assert not document.holds(anchor)
    documents.change(URI, 2, [Change("two\n")])
    documents.close(URI)
    assert documents.get(URI) is None


def test_a_document_that_is_too_large_is_not_kept_until_it_is_smaller() -> None:
    documents = opened("x" * (MOST + 1))
    assert documents.get(URI) is None
    assert documents.too_large(URI)
    documents.change(URI, 2, [Change("y", place(0, 0, 0, 1))])
    assert documents.get(URI) is None
    documents.change(URI, 3, [Change("small")])
    document = documents.get(URI)
    assert document is not None
    assert document.language == "python"
    assert not documents.too_large(URI)
    documents.change(URI, 4, [Change("x" * MOST, place(0, 0, 0, 0))])
    assert documents.get(URI) is None
    assert documents.too_large(URI)


def test_all_documents_together_have_a_bound() -> None:
    documents = Documents()
    for number in range(20):
        documents.open(f"file:///{number}", "text", 1, "x" * MOST)
    assert sum(documents.get(f"file:///{number}") is not None for number in range(20)) == 9


def test_the_one_changed_last_comes_first() -> None:
    documents = Documents()
    for name in ("a", "b", "c"):
        documents.open(name, "text", 1, "")
    documents.change("a", 2, [Change("x")])
    assert [document.uri for document in documents.latest()] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("roots", "name"), [((), "a b.py"), (("file:///home/me/project",), "src/a b.py"), (("file:///home/m",), "a b.py")]
)
def test_a_name_says_nothing_of_the_folders_above(roots: tuple[str, ...], name: str) -> None:
    documents = Documents()
    documents.roots = roots
    assert documents.name("file:///home/me/project/src/a%20b.py") == name


@pytest.mark.parametrize(
    ("name", "is_one"),
    [(".env", True), (".env.local", True), ("prod.env", True), ("server.pem", True), ("id_ed25519", True),
     ("credentials", True), ("secrets.yaml", True), ("environment.py", False), ("key.py", False), ("a.py", False)],
)  # fmt: skip
def test_files_that_hold_secrets(name: str, is_one: bool) -> None:
    assert secret(f"file:///home/me/{name}") == is_one


@pytest.mark.parametrize(
    ("said", "encoding", "length"),
    [("aä😀", "utf-8", 7), ("aä😀", "utf-16", 4), ("aä😀", "utf-32", 3), ("\ud800", "utf-16", 1)],
)
def test_how_long_a_text_is_for_a_client(said: str, encoding: str, length: int) -> None:
    assert units(said, encoding) == length
