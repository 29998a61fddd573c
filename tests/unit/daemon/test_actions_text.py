"""Which block an action is about, how it is asked for, and what the answer becomes."""

import pytest

from libria.editing.blocks import block_around
from libria.editing.documents import Documents, Point, reach
from libria.editing.rewrite import changed, new_text
from libria.editing.tasks import EXPLAIN, FIX, Problem, prompt

CODE = """\
import os

def f(x):
    if x:
        return 1

    return 2

class C {
  m() {
    return 1;
  }

  n() {}
}
x = 1
y = 2
"""


@pytest.mark.parametrize(
    ("line", "block"),
    [
        (0, (0, 0)), (1, (0, 0)), (2, (2, 6)), (3, (3, 4)), (4, (3, 4)), (5, (3, 4)), (6, (2, 6)),
        (8, (8, 14)), (9, (9, 11)), (10, (9, 11)), (13, (8, 14)), (14, (8, 14)), (16, (15, 16)),
    ],
)  # fmt: skip
def test_the_block_around_a_line(line: int, block: tuple[int, int]) -> None:
    assert block_around(CODE.splitlines(keepends=True), line) == block


def test_a_block_in_nothing() -> None:
    assert block_around([""], 0) == (0, 0)
    assert block_around(["\n", "\n", ""], 2) == (0, 0)


def test_a_huge_block_is_its_paragraph() -> None:
    lines = ["def f():\n", *["    a = 1\n", "\n"] * 500]
    assert block_around(lines, 301) == (301, 301)


@pytest.mark.parametrize(
    ("old", "answer", "new"),
    [
        ("x = 1\n", "x = 2", "x = 2\n"),
        ("x = 1", "x = 2\n", "x = 2"),
        ("x = 1\n", "```python\nx = 2\n```", "x = 2\n"),
        ("x = 1\n", "Here is the new text:\n\n```\nx = 2\n```\nI changed it.", "x = 2\n"),
        ("x = 1\n", "<selection>x = 2\n</selection>", "x = 2\n"),
        ("x = 1\n\n", "x = 2\n\n", "x = 2\n\n"),
        ("    x = 1\n", "x = 2\n", "    x = 2\n"),
        ("    if x:\n        y\n", "if x:\n    z\n", "    if x:\n        z\n"),
        ("    if x:\n        y\n", "if x:\n        z\n", "    if x:\n        z\n"),
        ("    x = 1\n", "if y:\n    x = 1\n", "    if y:\n        x = 1\n"),
        ("    x = 1\n    y = 2\n", "x = 1\n    y = 3\n", "    x = 1\n    y = 3\n"),
        ("    x = 1\n    y = 2\n", "x = 1\ny = 3\n", "    x = 1\n    y = 3\n"),
        ("    x = 1\n", "    x = 2\n", "    x = 2\n"),
        ("x = 1\n", "  \n", ""),
        ("x\r\n", "y\nz", "y\r\nz\r\n"),
    ],
)
def test_the_answer_becomes_the_text(old: str, answer: str, new: str) -> None:
    assert new_text(answer, old, line_break="\r\n" if "\r" in old else "\n") == new


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", (1, 2, "B\n")),
        ("a\nb\n", "a\nx\nb\n", (1, 1, "x\n")),
        ("a\nb\n", "a\n", (1, 2, "")),
        ("a\na\n", "a\na\na\n", (2, 2, "a\n")),
        ("a", "b", (0, 1, "b")),
        ("b", "a\nb", (0, 0, "a\n")),
        ("a\x0c\u2028\nb\n", "a\x0c\u2028\nc\n", (1, 2, "c\n")),
    ],
)
def test_only_lines_that_differ_are_edited(old: str, new: str, difference: tuple[int, int, str]) -> None:
    assert changed(old, new) == difference


@pytest.mark.parametrize("new", ["", "b", "a\nb", "b\nc", "X\nc\n", "b\nX\nc\n", "b\x0c\nc\n", "b\nc\n\n"])
@pytest.mark.parametrize(("start", "end"), [((1, 0), (3, 0)), ((0, 2), (1, 1)), ((1, 0), (1, 1)), ((0, 0), (4, 1))])
def test_the_edit_of_what_differs_makes_the_new_text(start: Point, end: Point, new: str) -> None:
    documents = Documents()
    documents.open("file:///a.py", "python", 1, "one\nb\nc\nlast\nx")
    document = documents.get("file:///a.py")
    assert document is not None
    wanted = document.text((0, 0), start) + new + document.text(end, document.end)
    anchor = document.anchor(start, end)
    first, last, text = changed(anchor.text, new)
    document.replace(reach(anchor, first), reach(anchor, last), text)
    assert document.text((0, 0), document.end) == wanted


def test_the_question() -> None:
    documents = Documents()
    documents.open("file:///a.py", "python", 1, "a\nb\nc\n")
    document = documents.get("file:///a.py")
    assert document is not None
    problems = [Problem(1, "b is not defined", "(pyright x)"), Problem(0, "odd", "")]
    system, question = prompt(document, "a.py", (1, 0), (2, 0), FIX, problems=problems, instruction="Be quick.")
    assert "<before>a\n</before>\n<selection>b\n</selection>\n<after>c\n</after>" in question
    assert "- line 1 of the selection: b is not defined (pyright x)\n- before the selection: odd\n" in question
    assert question.startswith("Path: a.py\nLanguage: python\n")
    assert question.endswith("Be quick.")
    assert "Reply with exactly the text" in system
    assert "Reply with exactly the text" not in prompt(document, "a.py", (1, 0), (2, 0), EXPLAIN)[0]
