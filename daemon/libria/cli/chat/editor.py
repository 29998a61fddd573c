"""The line that is being typed: several lines, history, completion of commands, models and files."""

from collections.abc import Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth

from libria.cli.chat.commands import COMMANDS
from libria.cli.chat.history import Typed

MENU_ROWS = 5


class Editor:
    """`models` gives the names that are known, at once. One at a time may read."""

    def __init__(self, models: Callable[[], list[str]], *, colour: bool, keep: bool = True) -> None:
        self.typed = Typed(keep=keep)
        self._models = models
        self._depth = None if colour else ColorDepth.DEPTH_1_BIT
        self._session: PromptSession[str] = PromptSession(
            history=self.typed,
            multiline=True,
            key_bindings=_keys(),
            completer=_Completer(models),
            complete_while_typing=True,
            prompt_continuation="… ",
            reserve_space_for_menu=MENU_ROWS,
            enable_open_in_editor=True,
            tempfile_suffix=".md",
            color_depth=self._depth,
        )

    def read(self, prompt: str, default: str = "") -> str:
        """What was typed, sent with Enter. Raises EOFError for Ctrl-D and KeyboardInterrupt for Ctrl-C."""
        return self._session.prompt(prompt, default=default)

    def choose(self, prompt: str, names: list[str]) -> str | None:
        """One of `names`, found by any piece of it, or another that is typed whole. None when nothing is chosen."""
        picker: PromptSession[str] = PromptSession(
            completer=_Names(names), complete_while_typing=True, reserve_space_for_menu=MENU_ROWS + 3,
            key_bindings=_picker_keys(), color_depth=self._depth,
        )  # fmt: skip
        try:
            return picker.prompt(prompt, pre_run=lambda: picker.default_buffer.start_completion()).strip() or None
        except (EOFError, KeyboardInterrupt):
            return None


class _Names(Completer):
    def __init__(self, names: list[str]) -> None:
        self._names = names

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        for name in found(text, self._names):
            yield Completion(name, start_position=-len(text))


def found(text: str, names: list[str]) -> list[str]:
    """The names that hold each word of `text`."""
    return [name for name in names if all(piece in name.lower() for piece in text.lower().split())]


class _Completer(Completer):
    def __init__(self, models: Callable[[], list[str]]) -> None:
        self._models = models
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        word, space, rest = text[1:].partition(" ")
        if not space:
            for name, (_, what) in COMMANDS.items():
                if name.startswith(word):
                    yield Completion(name, start_position=-len(word), display=f"/{name}", display_meta=what)
        elif word == "model":
            for name in found(rest, self._models()):
                yield Completion(name, start_position=-len(rest))
        elif word in ("attach", "save"):
            yield from self._paths.get_completions(Document(rest, len(rest)), complete_event)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        state = buffer.complete_state
        if state is not None and state.current_completion is not None:
            buffer.complete_state = None  # Enter takes what is chosen in the menu, the next one sends
        elif buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("c-j")
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _picker_keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def take(event: KeyPressEvent) -> None:
        """Of a menu in which nothing is chosen yet, the first."""
        buffer = event.current_buffer
        state = buffer.complete_state
        if state is not None and state.current_completion is None and state.completions:
            buffer.apply_completion(state.completions[0])
        buffer.validate_and_handle()

    @keys.add("escape", eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(result="")

    return keys
