"""An answer drawn while it comes: whatever comes when, what is left on the screen is the whole of it."""

import random
from io import StringIO

import pyte
import pytest
from pyte.modes import LNM

from libria.cli.chat.blocks import Look, blocks, cells
from libria.cli.chat.live import Live
from libria.cli.chat.region import Region

DOCUMENT = (
    """\
# A title

Some *text* with **bold** and `code`, 漢字も含む長い文章です。とても長いので折り返されます。 🙂 <b>tag</b>

- one
- two that is long enough to be broken in any window that is as narrow as those of the tests are
  - nested
- three

1. first
2. second

   with a paragraph

```python
def hello(name: str) -> None:
    for i in range(10):
        print(f"hello {name} {i}")  # a comment that is too long for a narrow window, and so is broken

"""
    + "".join(f"    value_{number} = {number}\n" for number in range(40))
    + """\
```

| a | b |
|---|---|
| 1 | two |

> quoted

A [link](http://example.org/x) and the end."""
)


class Paper(Region):
    """A region whose terminal is pyte's, with all that scrolled out of it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=5000)
        self.screen.set_mode(LNM)  # as a terminal's driver turns a newline into two characters
        self._stream = pyte.Stream(self.screen)
        self.written = ""
        super().__init__(_Out(self))

    def size(self) -> tuple[int, int]:
        return (self.screen.columns, self.screen.lines) if hasattr(self, "screen") else (80, 24)

    def feed(self, text: str) -> None:
        self.written += text
        self._stream.feed(text)

    @property
    def lines(self) -> list[str]:
        """All that was ever printed, from the top."""
        gone = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*gone, *self.screen.display]).strip("\n").split("\n")


class _Out(StringIO):
    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self._paper = paper

    def write(self, text: str) -> int:
        self._paper.feed(text)
        return len(text)


def shown(text: str, columns: int, rows: int, sizes: random.Random | None = None) -> Paper:
    paper = Paper(columns, rows)
    live = Live(Look(), paper, "a/b", reasoning=False)
    place = 0
    while place < len(text):
        size = sizes.randint(1, 90) if sizes else len(text)
        live({"kind": "delta", "text": text[place : place + size]})
        with live._lock:  # pyright: ignore[reportPrivateUsage]  # a picture for each piece, however fast they come
            live._picture()  # pyright: ignore[reportPrivateUsage]
        place += size
    live.end()
    assert live.text == text
    return paper


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (20, 5), (200, 60)])
def test_in_whatever_pieces_it_comes_the_whole_is_left(columns: int, rows: int) -> None:
    whole = shown(DOCUMENT, columns, 200).lines
    assert "value_39 = 39" in "\n".join(whole)
    assert shown(DOCUMENT, columns, rows, random.Random(columns)).lines == whole  # noqa: S311  # no secret


def test_it_reads_well() -> None:
    lines = shown(DOCUMENT, 60, 24, random.Random(7)).lines  # noqa: S311  # no secret
    assert lines[:2] == ["A title", ""]
    text = "\n".join(lines)
    assert " • one\n • two that is long" in text
    assert "\n • three\n\n 1 first\n 2 second\n" in text
    assert "╶── python\ndef hello(name: str) -> None:\n    for i in range(10):\n" in text
    assert "    value_38 = 38\n    value_39 = 39\n╶──\n" in text
    assert "<b>tag</b>" in text
    assert lines[-1] == "A link (http://example.org/x) and the end."


@pytest.mark.parametrize("columns", [10, 20, 41])
def test_no_line_is_wider_than_the_window(columns: int) -> None:
    look = Look()
    look.width(columns)
    for block in blocks(DOCUMENT):
        assert all(cells(line) < max(columns, 11) for line in look.block(block)), block.text


def test_what_has_not_changed_is_not_written_again() -> None:
    paper = Paper(40, 10)
    paper.draw([], ["one", "two"])
    before = len(paper.written)
    paper.draw([], ["one", "two"])
    assert len(paper.written) == before
    paper.draw([], ["one", "twos"])
    assert "one" not in paper.written[before:]
    paper.draw(["one", "twos"], [])
    assert paper.lines == ["one", "twos"]


def test_a_window_that_becomes_narrower_leaves_nothing_behind() -> None:
    paper = Paper(40, 10)
    paper.draw([], ["x" * 30, "y"])
    paper.screen.resize(10, 20)
    paper.screen.cursor.y = 2  # where a terminal that breaks lines anew has it
    paper.draw(["z"], [])
    assert paper.screen.display[0].rstrip() == "z"


def test_status_is_seen_and_gone_with_the_first_word() -> None:
    paper = Paper(60, 10)
    live = Live(Look(), paper, "a/b", reasoning=False)
    live({"kind": "status", "state": "retrying", "target": "openai/x", "etaMs": 2000, "reason": "rateLimited"})
    with live._lock:  # pyright: ignore[reportPrivateUsage]
        live._picture()  # pyright: ignore[reportPrivateUsage]
    assert "retrying openai/x for 2.0 s (rateLimited) …" in paper.lines[-1]
    live({"kind": "future"})
    live({"kind": "delta", "text": "Hello"})
    live.end()
    assert paper.lines == ["Hello"]


def test_a_reset_keeps_what_was_seen_and_marks_it() -> None:
    paper = Paper(80, 10)
    live = Live(Look(), paper, "a/b", reasoning=False)
    live({"kind": "delta", "text": "Half an ans"})
    live({"kind": "reset", "reason": "interrupted", "target": "groq/x", "seq": 3})
    live({"kind": "delta", "text": "A whole answer"})
    live.end()
    assert live.text == "A whole answer"
    assert paper.lines == [
        "Half an ans", "", "The answer above broke off (interrupted); it starts again from groq/x.", "",
        "A whole answer",
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", [True, False])
def test_reasoning_is_shown_when_asked_for(wanted: bool) -> None:
    paper = Paper(60, 10)
    live = Live(Look(), paper, "a/b", reasoning=wanted)
    for number in range(30):
        live({"kind": "reasoning", "text": f"Thought {number}.\n"})
        with live._lock:  # pyright: ignore[reportPrivateUsage]
            live._picture()  # pyright: ignore[reportPrivateUsage]
    live({"kind": "delta", "text": "So be it."})
    live.end()
    thoughts = [f"Thought {number}." for number in range(30)]
    assert paper.lines == [*thoughts, "", "So be it."] if wanted else ["So be it."]


def test_a_model_cannot_steer_the_terminal() -> None:
    paper = Paper(60, 10)
    live = Live(Look(), paper, "a/b", reasoning=True)
    live({"kind": "reasoning", "text": "hm\x1b[2J"})
    live({"kind": "delta", "text": "a\x1b]0;title\x07b\x9b2J\n\n```\n\x1b[31mred\n```"})
    live.end()
    assert "\x1b[2J" not in paper.written
    assert "\x1b]0" not in paper.written
    assert "\x9b" not in paper.written
    assert "a]0;titleb2J" in paper.lines


def test_without_colour_there_is_none() -> None:
    lines = [line for block in blocks(DOCUMENT) for line in Look(colour=False).block(block)]
    assert not [line for line in lines if "\x1b[3" in line.replace("\x1b[3m", "")]
