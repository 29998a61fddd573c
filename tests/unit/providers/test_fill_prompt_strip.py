"""What of a chat model's answer belongs at the cursor: a table of answers as models give them, and that it
is the same in whatever pieces an answer comes."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libria_providers.fill_fence import NONE, Opening, opening
from libria_providers.fill_prefix import repeated
from libria_providers.fill_prompt import Stripper
from libria_providers.fill_suffix import closes_again
from libria_providers.types import Fill

PREFIX = "def add(a, b):\n    return "
SUFFIX = "\n\n\nprint(add(1, 2))\nprint(add(3, 4))\n"
BODY = "function f() {\n    "


def strip(answer: str, prefix: str, suffix: str, cuts: tuple[int, ...] = (), language: str | None = None) -> str:
    stripper = Stripper(Fill(prefix, suffix, language))
    places = [0, *sorted({cut for cut in cuts if 0 < cut < len(answer)}), len(answer)]
    pieces = [stripper.feed(answer[at:end]) for at, end in pairwise(places)]
    return "".join(pieces) + stripper.end()


CASES = {
    "nothing to strip": ("a + b", PREFIX, SUFFIX, "a + b"),
    "nothing at all": ("", PREFIX, SUFFIX, ""),
    "white space": ("  \n", PREFIX, SUFFIX, "  \n"),
    "line break at the end": ("a + b\n", PREFIX, SUFFIX, "a + b\n"),
    # Fences
    "fence": ("```python\na + b\n```", PREFIX, SUFFIX, "a + b"),
    "fence without a name": ("```\na + b\n```\n", PREFIX, SUFFIX, "a + b"),
    "fence of waves": ("~~~py\na + b\n~~~", PREFIX, SUFFIX, "a + b"),
    "fence with carriage returns": ("```py\r\na +\r\n b\r\n```\r\n", PREFIX, SUFFIX, "a +\r\n b"),
    "fence after blank lines": ("\n\n```python\na + b\n```", PREFIX, SUFFIX, "a + b"),
    "fence after a sentence": ("Here's the code:\n```python\na + b\n```", PREFIX, SUFFIX, "a + b"),
    "chatter around": ("Sure!\n\nHere is the rest.\n\n```python\na + b\n```\n\nIt adds.", PREFIX, SUFFIX, "a + b"),
    "two fences": ("```\na + b\n```\nor\n```\nsum((a, b))\n```", PREFIX, SUFFIX, "a + b"),
    "closed on the line": ("```python\na + b```", PREFIX, SUFFIX, "a + b"),
    "on one line": ("```a + b```", PREFIX, SUFFIX, "a + b"),
    "cut by the limit": ("```python\na +", PREFIX, SUFFIX, "a +"),
    "cut within the fence": ("```python\na + b\n``", PREFIX, SUFFIX, "a + b"),
    "nothing within": ("```python\n```", PREFIX, SUFFIX, ""),
    "nothing but a fence": ("```python", PREFIX, SUFFIX, ""),
    "fence within": ('```py\n"""Doc.\n\n```js\nx\n```\n"""\n```', PREFIX, SUFFIX, '"""Doc.\n\n```js\nx\n```\n"""'),
    "longer fence": ("````\n```\nx\n```\n````", PREFIX, SUFFIX, "```\nx\n```"),
    "lines before a line": ("```js\nfoo();\n```", "a\n", "bar();\n", "foo();\n"),
    "lines before a blank one": ("```js\nfoo();\n```", "a\n", "\nbar();\n", "foo();"),
    "back quotes are no fence": ("`a` + `b`", PREFIX, SUFFIX, "`a` + `b`"),
    "prose that is no chatter": ("The sum of both\nis a + b", "# ", "\n", "The sum of both\nis a + b"),
    "a type's name": ("Vec::new()", "let v: Vec<u8> = ", ";\n", "Vec::new()"),
    # Before the cursor
    "the line": ("    return a + b", PREFIX, SUFFIX, "a + b"),
    "the line without its indentation": ("return a + b", PREFIX, SUFFIX, "a + b"),
    "two lines": ("def add(a, b):\n    return a + b", PREFIX, SUFFIX, "a + b"),
    "two lines, indented otherwise": ("def add(a, b):\n\treturn a + b", PREFIX, SUFFIX, "a + b"),
    "the line in a fence": ("```python\n    return a + b\n```", PREFIX, SUFFIX, "a + b"),
    "all, after a blank line": ("\n" + PREFIX + "a + b", PREFIX, SUFFIX, "a + b"),
    "the file": (PREFIX + "a + b" + SUFFIX, PREFIX, SUFFIX, "a + b"),
    "the file in a fence": ("```python\n" + PREFIX + "a + b" + SUFFIX + "```", PREFIX, SUFFIX, "a + b"),
    "the indentation": ("    return 1", "def f():\n    ", "\n", "return 1"),
    "more indentation": ("        return 1", "if x:\n    ", "\n", "    return 1"),
    "the function": ("def f():\n    return 1", "import x\n\n\ndef f():\n    ", "\n", "return 1"),
    "the word": ("np.array(3)", "x = np.arr", "\n", "ay(3)"),
    "the word's last part": ("array(3)", "x = np.arr", "\n", "ay(3)"),
    "the whole line without a space": ("const x=5;", "const x=", "\n", "5;"),
    "not the line before": ("foo();\n", "bar();\nfoo();\n", "\n", "foo();\n"),
    "a bracket is no line": ("(1, 2)", "f(", ")", "(1, 2)"),
    "one letter is no word": ("i + 1", "j = i", "\n", "i + 1"),
    # After the cursor
    "the next line": ("a + b\nprint(add(1, 2))", PREFIX, SUFFIX, "a + b"),
    "the next lines": ("a + b\n\n\nprint(add(1, 2))\nprint(add(3, 4))\n", PREFIX, SUFFIX, "a + b"),
    "the next line and half of one": ("a + b\n\nprint(add(1, 2))\nprint(ad", PREFIX, SUFFIX, "a + b"),
    "half of the next line": ("a + b\nprint(ad", PREFIX, SUFFIX, "a + b\nprint(ad"),
    "the next line in the middle": ("a\nprint(add(1, 2))\nb", PREFIX, SUFFIX, "a\nprint(add(1, 2))\nb"),
    "the next line, indented otherwise": ("x:\n        return r", "if ", "\n    return r\n", "x:\n        return r"),
    "nothing but the next line": ("return r\n", "x = 1\n", "\nreturn r\n", ""),
    "the rest of the line": ("one, two):", "def f(", "one, two):\n    pass\n", ""),
    "the last words": ("see the", "I ", " the cat\n", "see"),
    "the end of a word": ("transform", "x = ", "format\n", "transform"),
    "a closed bracket": ('"hi")', "print(", ")\n", '"hi"'),
    "a bracket to be closed": ("x)", "f(g(", ")\n", "x)"),
    "one of two brackets": ("g(x))", "f(h(", "))\n", "g(x)"),
    "brackets of its own": ("g(x)", "f(", ")\n", "g(x)"),
    "bracket and semicolon": ("x);", "f(", ");\n", "x"),
    "a closed block": ("return 1;\n}", BODY, "\n}\n", "return 1;"),
    "a block of its own": ("if (x) {\n        y();\n    }", BODY, "\n}\n", "if (x) {\n        y();\n    }"),
    "a block to be closed": ("return 1;\n}", BODY, "\n\nfunction g() {}\n", "return 1;\n}"),
    "a closed quote": ('hi"', 'x = "', '"\n', "hi"),
    "a quote of its own": ('"a" + "b"', "x = f(", ', "c")\n', '"a" + "b"'),
    "three quotes": ('Adds."""', 'def f():\n    """', '"""\n', "Adds."),
    "a comma": ("b,", "f(a, ", ", c)\n", "b"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "prefix", "suffix", "wanted"), CASES.values(), ids=CASES)
def test_answer(answer: str, prefix: str, suffix: str, wanted: str) -> None:
    assert strip(answer, prefix, suffix) == wanted
    for size in (1, 2, 3, 5, 8):
        assert strip(answer, prefix, suffix, tuple(range(0, len(answer), size))) == wanted


def test_markdown_keeps_its_own_fences() -> None:
    block = "```python\nx\n```\n"
    assert strip(block, "# Title\n\n", "", language="markdown") == block
    assert strip("Like this:\n" + block, "# Title\n\n", "", language="md") == "Like this:\n" + block
    assert strip("```markdown\nText.\n```", "# Title\n\n", "", language="markdown") == "Text."


# What answers are made of.
BITS = ["a", " + ", "\n", "    ", "return ", "def add(a, b):\n", "```", "```python\n", "`", "~~~\n", "Here is it:\n",
        ")", "}", "(", '"', ";", "print(add(1, 2))", "print", "\r\n", "x", ",", "The ", "\t", ""]  # fmt: skip
TEXTS = st.lists(st.sampled_from(BITS), max_size=12).map("".join)
CUTS = st.lists(st.integers(0, 120), max_size=12).map(tuple)
AROUND = st.sampled_from(
    [(PREFIX, SUFFIX), (BODY, "\n}\n"), ("f(", ")\n"), ("", ""), ("x\n", "y"), ('s = "', '"\n'), ("a.pri", "")]
)


@given(TEXTS, AROUND, CUTS)
@settings(deadline=None, max_examples=600, derandomize=True)
@example("```\n```a", ("", ""), (4, 7))
def test_pieces_make_no_difference(answer: str, around: tuple[str, str], cuts: tuple[int, ...]) -> None:
    assert strip(answer, *around, cuts) == strip(answer, *around)


@given(TEXTS, TEXTS, TEXTS, CUTS)
@settings(deadline=None, max_examples=600, derandomize=True)
def test_nor_with_any_text_around(answer: str, prefix: str, suffix: str, cuts: tuple[int, ...]) -> None:
    whole = strip(answer, prefix, suffix)
    assert strip(answer, prefix, suffix, cuts) == whole
    assert whole in answer  # nothing is made up, and nothing lost in the middle


PLAIN = st.text("abcdefg .=\n\t_0123", max_size=60)


@given(PLAIN, st.text("hijkl \n", max_size=30), st.text("mnopq \n", max_size=30), CUTS)
@settings(deadline=None, max_examples=400, derandomize=True)
def test_an_answer_that_needs_nothing_loses_nothing(
    answer: str, before: str, after: str, cuts: tuple[int, ...]
) -> None:
    # The cursor stands behind a word, and the suffix begins with one: white space cannot be the overlap.
    assert strip(answer, before + "\nwz", "wzm" + after, cuts) == answer


def test_it_streams() -> None:
    """Of code that looks like nothing else each piece is given when it comes, but for what ends a line."""
    stripper = Stripper(Fill(PREFIX, SUFFIX))
    pieces = ["a", " +", " b", " # sum", "\n", "x", " = (", "1)"]
    assert [stripper.feed(piece) for piece in pieces] == ["a", " +", " b", " # sum", "", "\nx", " = (", "1)"]
    stripper = Stripper(Fill(PREFIX, SUFFIX))
    pieces = ["```", "py", "\n", "a", " + b", "\n", "c", "\n", "```", "\nDone."]
    assert [stripper.feed(piece) for piece in pieces] == ["", "", "", "a", " + b", "", "\nc", "", "", ""]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("\n ", None),
        ("``", None),
        ("```", None),
        ("```py", None),
        ("```py\n", ("```", 6)),
        ("````\n", ("````", 5)),
        ("Sure", None),
        ("Sure, here it is:\n", None),
        ("Sure, here it is:\n\n```", None),
        ("Sure, here it is:\n\n```\n", ("```", 23)),
        ("Sure, here it is:\n\nx", NONE),
        ("```a + b``", None),
        ("```a + b```\n", None),
        ("```a + b``` is it", NONE),
        ("``x", NONE),
        ("x", NONE),
        (" Sure", NONE),
        ("Foo(a={", NONE),
        ("Foo\nx", NONE),
        ("A b.\nC d.\nE f.\nG", NONE),
    ],
)
def test_opening(text: str, found: Opening | None) -> None:
    assert opening(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("re", None),
        ("return", None),
        ("return a", 7),
        ("def add(a, b)", None),
        ("def add(a, b):\n", None),
        ("def add(a, b):\nreturn ", 22),
        ("def add(a, b):\nx", 0),
        ("a", 0),
    ],
)
def test_repeated(text: str, found: int | None) -> None:
    assert repeated(text, PREFIX, final=False) == found


@pytest.mark.parametrize(
    ("prefix", "answer", "suffix", "tail", "again"),
    [
        ("f(", "x)", ")", ")", True),
        ("f(g(", "x)", ")", ")", False),
        ("f(", "x", ")", ")", False),
        ("f([", "x])", "])", "])", True),
        ("f([", "x])", ")", ")", True),
        ("s = '", "a'", "'", "'", True),
        ("s = ", "'a'", "'", "'", True),
        ("s = ", "'a' + '", "'", "'", False),
        ("", "a;", ";", ";", True),
        ("", "a:", ":", ":", False),
        ("", "a ", " ", " ", False),
    ],
)
def test_closes_again(prefix: str, answer: str, suffix: str, tail: str, again: bool) -> None:
    assert closes_again(prefix, answer, suffix, tail) == again
