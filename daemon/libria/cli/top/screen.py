"""The pictures of `libria top` on a terminal, and its keys; the terminal is as before whatever ends it."""

from rich.console import Console
from rich.segment import Segment, Segments

from libria.cli.output import complain
from libria.cli.top import view
from libria.cli.top.feed import NONE_RUNS, Feed, Picture
from libria.cli.top.terminal import Terminal

KEYS = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"j": "down",
    b"\x1b[5~": "page up", b"\x1b[6~": "page down", b" ": "page down",
    b"\x1b[H": "home", b"\x1bOH": "home", b"\x1b[1~": "home", b"g": "home",
    b"\x1b[F": "end", b"\x1bOF": "end", b"\x1b[4~": "end", b"G": "end",
    b"q": "quit", b"Q": "quit", b"p": "pause", b"P": "pause",
}  # fmt: skip


def once(console: Console) -> int:
    """One picture, as long as it is."""
    feed = Feed()
    feed.look()
    picture = feed.picture
    if picture.status is None:
        if picture.trouble == NONE_RUNS:
            print("No daemon is running; the next `libria ask` or editor starts one.")
            return 0
        complain(picture.trouble or "The daemon said nothing.")
        return 1
    lines = view.head(picture, console) + view.body(picture, console)
    while lines and not "".join(segment.text for segment in lines[-1]).strip():
        lines.pop()
    for line in lines:
        console.print(Segments([*line, Segment.line()]), end="", crop=False, soft_wrap=True)
    return 0


def live(console: Console) -> int:
    """Until q, or the terminal goes away. Ctrl-C raises KeyboardInterrupt, as it does everywhere."""
    screen = Screen(console)
    with Terminal() as terminal:
        terminal.redraw = screen.draw
        screen.terminal = terminal
        feed = Feed(changed=terminal.wake)
        screen.feed = feed
        screen.draw()
        feed.start()
        try:
            while True:
                keys = terminal.wait()
                if keys is None or any(screen.press(KEYS.get(key)) for key in keys):
                    return 0
                screen.draw()
        finally:
            feed.stop()


class Screen:
    """What is shown, and from which line on."""

    terminal: Terminal
    feed: Feed

    def __init__(self, console: Console) -> None:
        self._console = console
        self._first = 0
        self._page = 1
        self._held: Picture | None = None

    def press(self, key: str | None) -> bool:
        """Whether this was the last one."""
        steps = {"up": -1, "down": 1, "page up": -self._page, "page down": self._page, "home": -(10**6), "end": 10**6}
        if key in steps:
            self._first = max(0, self._first + steps[key])
        elif key == "pause":
            self._held = None if self._held is not None else self.feed.picture
        return key == "quit"

    def draw(self) -> None:
        console, picture = self._console, self._held or self.feed.picture
        width, height = console.size
        if width < 1 or height < 1:
            return
        head, body = view.head(picture, console), view.body(picture, console)
        head = head[: max(0, height - 2)]
        room = max(0, height - len(head) - 1)
        self._page = max(1, room - 1)
        self._first = max(0, min(self._first, len(body) - room))
        shown = body[self._first : self._first + room]
        below = len(body) - self._first - len(shown)
        more = f"  ↑{self._first} ↓{below} lines" if self._first or below else ""
        foot = view.foot(picture, console, paused=self._held is not None, more=more)[:1]
        blank: list[list[Segment]] = [[] for _ in range(room - len(shown))]
        self.terminal.show([self._ansi(line) for line in [*head, *shown, *blank, *foot]][:height])

    def _ansi(self, line: list[Segment]) -> str:
        with self._console.capture() as capture:
            self._console.print(Segments(line), end="", soft_wrap=True)
        return capture.get()
