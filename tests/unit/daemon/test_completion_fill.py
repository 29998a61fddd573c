"""What is asked for at the cursor, and what of the answer is suggested."""

import pytest

from libria.editing.documents import Change, Documents
from libria.editing.fill import BEFORE, BEHIND, Gap, fill, gap
from libria.editing.suggestion import block_end, fitting
from libria.editing.suggestions import Suggestions


def at(text: str, uri: str = "file:///a.py") -> Gap:
    """`|` is the cursor."""
    prefix, suffix = text.split("|")
    return Gap(uri, prefix.count("\n"), prefix, suffix)


@pytest.mark.parametrize(
    ("text", "answer", "suggested"),
    [
        ("x = |\n", "1", "1"),
        ("def f():|\n", "\n    return 1\n\n\ndef g():\n    pass\n", "\n    return 1"),
        ("def f():\n    |\n", "a = 1\n    return a\n\ndef g():", "a = 1\n    return a"),
        ("def f():\n    |\n", "a = 1\n\n    return a\n\ndef g():", "a = 1"),
        ("    if x:|\n", "\n        a()\n    else:\n        b()\n    c()", "\n        a()\n    else:\n        b()"),
        ("function f() {|\n", "\n  return 1;\n}\n\nfunction g() {}", "\n  return 1;\n}"),
        ("function f() {|\n}\n", "\n  return 1;\n}\n", "\n  return 1;"),
        ("print(|)\n", '"hello")', '"hello"'),
        ("foo(|, 2)\n", "1\nbar()", "1"),
        ("foo(|, 2)\n", "\nbar()", ""),
        ("x = |\ny = 2\n", "1\ny = 2\n", "1"),
        ("x = |\n\n  y\n  z\n", "1\n  y\n  z", "1"),
        ("|\ny = 2\n", "y = 2", ""),
        ("x = |\n2\n", "2", "2"),
        ("x = |\n", "  \n\n", ""),
        ("x = |\r\n", "1\r\n", "1"),
        ("a\n|", "b\n" * 100, ("b\n" * 30).rstrip()),
        ("\tif x {|\n", "\n\t\ty()\n\t}\n\tz()", "\n\t\ty()\n\t}"),
    ],
)
def test_one_block_that_repeats_nothing(text: str, answer: str, suggested: str) -> None:
    assert fitting(answer, at(text), cut=False) == suggested


@pytest.mark.parametrize(
    ("answer", "suggested"),
    [("\n    a = 1\n    b = 2 +", "\n    a = 1"), ("return 1 +", "return 1 +"), ("\n    a = ", "\n    a =")],
)
def test_a_line_that_was_cut_off_is_not_suggested(answer: str, suggested: str) -> None:
    assert fitting(answer, at("def f():|\n"), cut=True) == suggested


@pytest.mark.parametrize(
    ("text", "answer", "ends"),
    [
        ("def f():|\n", "\n    return 1\n\n\ndef g", False),
        ("def f():|\n", "\n    return 1\n\n\ndef g():\n", True),
        ("def f():|\n", "\n    a\n  ", False),
        ("foo(|, 2)", "1", False),
        ("foo(|, 2)", "1\n", True),
    ],
)
def test_the_answer_is_left_where_the_block_has_ended(text: str, answer: str, ends: bool) -> None:
    """A last line that is not whole yet says nothing."""
    assert (block_end(answer, at(text)) is not None) == ends


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = |\n", True),
        ("print(|)\n", True),
        ("print('|')\n", True),
        ("na|me\n", False),
        ("foo(|, 2)\n", False),
        ("|\n", False),
        ("\n\n|import os\n", False),
        ("\n|\nimport os\n", True),
    ],
)
def test_where_somebody_who_types_wants_something(text: str, wanted: bool) -> None:
    assert at(text).wanted() == wanted
    assert not at(text, "file:///.env").wanted()


def test_what_is_asked_is_bounded_on_the_borders_of_lines() -> None:
    documents = Documents()
    line = "x" * 99 + "\n"
    documents.open("file:///a.py", "python", 1, line * 200)
    document = documents.get("file:///a.py")
    assert document is not None
    there = gap(document, (100, 50))
    assert there.prefix == line * ((BEFORE - 50) // 100) + "x" * 50
    assert there.suffix == line[50:] + line * ((BEHIND - 50) // 100)
    documents.open("file:///b.js", "javascript", 1, "y" * 100_000)
    document = documents.get("file:///b.js")
    assert document is not None
    there = gap(document, (0, 50_000))
    assert (len(there.prefix), len(there.suffix)) == (BEFORE, BEHIND)


def test_the_chosen_entry_of_a_menu_counts_as_typed() -> None:
    documents = Documents()
    documents.open("file:///a.py", "python", 1, "os.pa\n")
    document = documents.get("file:///a.py")
    assert document is not None
    assert gap(document, (0, 5), instead=((0, 3), "path")) == Gap("file:///a.py", 0, "os.path", "\n")


def test_other_documents_are_shown_as_comments() -> None:
    documents = Documents()
    documents.roots = ("file:///p",)
    documents.open("file:///p/old.py", "python", 1, "old = 1\n")
    documents.open("file:///p/util.py", "python", 1, "\n" * 100 + "def help():\n    pass\n" + "\n" * 100 + "far = 1\n")
    documents.open("file:///p/x.js", "javascript", 1, "let x\n")
    documents.open("file:///p/secrets.py", "python", 1, "")
    documents.open("file:///p/id_rsa", "python", 1, "PRIVATE\n")
    documents.open("file:///p/a.py", "python", 1, "x = \n")
    place = {"start": {"line": 101, "character": 4}, "end": {"line": 101, "character": 8}}
    documents.change("file:///p/util.py", 2, [Change("more", place)])
    document = documents.get("file:///p/a.py")
    assert document is not None
    there = gap(document, (0, 4))
    asked = fill(documents, document, there, elsewhere=True)
    assert asked.prefix == ("# Path: old.py\n# old = 1\n# Path: util.py\n# def help():\n#     more\n# Path: a.py\nx = ")
    assert (asked.suffix, asked.language, asked.path) == ("\n", "python", "a.py")
    assert fill(documents, document, there, elsewhere=False).prefix == "x = "


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("def f():|\n", "\n    return 1"),
        ("def f():\n|\n", "    return 1"),
        ("def f():\n    ret|\n", "urn 1"),
        ("def f():\n    return 1|\n", None),
        ("def f():\n    rat|\n", None),
        ("def f():\n    ret|\nmore\n", None),
        ("x\ndef f():\n    ret|\n", None),
        ("def f()|\n", None),
    ],
)
def test_who_types_what_was_suggested_is_answered_from_it(now: str, left: str | None) -> None:
    suggestions = Suggestions()
    suggestions.add(at("def f():|\n"), "\n    return 1")
    assert suggestions.find(at(now)) == left
    assert suggestions.find(at(now, "file:///other.py")) is None


def test_what_the_editor_closes_by_itself_is_not_suggested_again() -> None:
    suggestions = Suggestions()
    suggestions.add(at("print|\n"), '("hello")')
    assert suggestions.find(at("print(|)\n")) == '"hello"'


def test_nothing_is_an_answer_too_for_the_same_place() -> None:
    suggestions = Suggestions()
    suggestions.add(at("x = |\n"), "")
    assert suggestions.find(at("x = |\n")) == ""
    assert suggestions.find(at("x = 1|\n")) is None
