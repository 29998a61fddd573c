"""`Client`: the daemon for scripts, as plain function calls."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from libria.client import asks
from libria.client.asks import Ask
from libria.client.calls import Call
from libria.client.connection import Connection
from libria.client.errors import CANCELLED, DaemonGone, LibriaError

if TYPE_CHECKING:
    from typing import Unpack

    from libria.client.events import Event
    from libria.client.options import (
        ChatOptions,
        CompleteOptions,
        CountOptions,
        EmbedOptions,
        Message,
        TaskOptions,
        TurnOptions,
    )
    from libria.client.results import ChatResult, CountTokensResult, EmbedResult, ModelsResult, StatusResult
    from libria.client.tasks import TaskCompletion, TaskListResult
    from libria.client.tools import ToolRun

Json = Any  # whatever JSON can say
T = TypeVar("T")


def script_name() -> str:
    """What `libria status` calls us."""
    return os.path.basename(sys.argv[0]) or "python"


class Client:
    """Any number of threads may use one, and any number of calls be under way. It joins the user's daemon with the
    first call, starting it where there is none; when that one is lost, the next is asked what was under way.

    `name` is for people, who read it in `libria status` (default: the script's); `model` is who answers where a call
    names nobody."""

    def __init__(self, name: str | None = None, *, model: str | None = None) -> None:
        self._name = name or script_name()
        self._model = model
        self._connection: Connection | None = None
        self._opening = threading.Lock()
        self._numbers = count(1)
        self._process = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """What is under way is cancelled. A call after this joins the daemon anew."""
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            connection.close()

    def chat(self, messages: "str | Sequence[Message]", **options: "Unpack[ChatOptions]") -> "ChatResult":
        """The next turn of a conversation; a text is what the user says. Raises LibriaError."""
        return self._answer(asks.chat(messages, self._with_model(options)))

    def stream(self, messages: "str | Sequence[Message]", **options: "Unpack[ChatOptions]") -> "Stream[ChatResult]":
        """The same, as it comes."""
        return Stream(self, asks.chat(messages, self._with_model(options)))

    def complete(self, prefix: str, suffix: str = "", **options: "Unpack[CompleteOptions]") -> "ChatResult":
        """The code that belongs between `prefix` and `suffix`."""
        return self._answer(asks.complete(prefix, suffix, self._with_model(options)))

    def stream_complete(
        self, prefix: str, suffix: str = "", **options: "Unpack[CompleteOptions]"
    ) -> "Stream[ChatResult]":
        return Stream(self, asks.complete(prefix, suffix, self._with_model(options)))

    def embed(self, input: str | Sequence[str], *, model: str, **options: "Unpack[EmbedOptions]") -> "EmbedResult":
        """A vector for each text."""
        return self._answer(asks.embed(input, model, options))

    def count_tokens(
        self, messages: "str | Sequence[Message]", *, model: str, **options: "Unpack[CountOptions]"
    ) -> "CountTokensResult":
        return self._answer(asks.count_tokens(messages, model, options))

    def models(self, provider: str | None = None, *, refresh: bool = False) -> "ModelsResult":
        """What can be asked, and why some providers cannot."""
        return self._answer(asks.models(provider, refresh=refresh))

    def status(self) -> "StatusResult":
        return self._answer(asks.status())

    def resume(self, call_id: str, after_seq: int = -1) -> "Stream[ChatResult]":
        """What a call says after `after_seq`, and its result; another client's too, for ten minutes after its end."""
        return Stream(self, asks.resume(call_id, after_seq))

    def task(self, instruction: str, **options: "Unpack[TaskOptions]") -> "TaskCompletion":
        """A task's completion, which may not meet all criteria. Raises TaskBlocked where it ended in an escalation.
        It goes on when this client goes away: who gives it again, by the same `task_id`, gets the same end. Whoever
        interrupts the wait, by Ctrl-C for one, cancels it."""
        return self._answer(asks.task(instruction, options))

    def stream_task(self, instruction: str, **options: "Unpack[TaskOptions]") -> "Stream[TaskCompletion]":
        """The same: `Acknowledged`, then what the model says as it comes."""
        return Stream(self, asks.task(instruction, options))

    def tasks(self) -> "TaskListResult":
        return self._answer(asks.tasks())

    def cancel_task(self, task_id: str) -> bool:
        """Whether it was still under way. Whoever waits for it gets TaskBlocked."""
        return self._answer(asks.cancel_task(task_id))

    def run_tools(
        self,
        messages: "str | Sequence[Message]",
        tools: Sequence[Callable[..., object]],
        *,
        max_rounds: int = 10,
        on_event: "Callable[[Event], None] | None" = None,
        **options: "Unpack[TurnOptions]",
    ) -> "ToolRun":
        """Let the model call these functions, in the order in which it asks, until it has its answer. Their names,
        type hints and docstrings are what it knows of them; what one raises is told to the model. Raises TooManyRounds
        (`messages` go on from there) and what `chat` raises."""
        from libria.client.tools import Conversation, Toolbox, called

        box = Toolbox(tools)
        talk = Conversation(messages, box, options, max_rounds)
        while talk.goes_on:
            with self.stream(talk.messages, **talk.options) as stream:
                for event in stream:
                    if on_event is not None:
                        on_event(event)
            talk.answered(stream.result)
            for call in stream.result.tool_calls:
                talk.add(called(box, call))
        return talk.run()

    def _with_model(self, options: Json) -> dict[str, Json]:
        return options if options.get("model") is not None or self._model is None else {**options, "model": self._model}

    def _answer(self, ask: "Ask[T]") -> T:
        stream = Stream(self, ask, streams=False)
        with stream:
            return stream.wait()

    # For streams.

    def begin(self, method: str, params: dict[str, Json], *, streams: bool) -> tuple[Call, Connection]:
        call = Call(next(self._numbers), method, params, streams=streams)
        return call, self.ask(call, call.frame, None)

    def ask(self, call: Call, frames: bytes, instead_of: Connection | None) -> Connection:
        """Of the daemon that there is now, but not on that connection. Raises DaemonGone with a sentence."""
        with self._opening:
            connection = self._connection
            if self._process != os.getpid():  # forked: the connection is our parent's
                connection, self._process = None, os.getpid()
            if connection is None or connection is instead_of or connection.lost is not None:
                connection = self._connection = self._open()
        connection.ask(call, frames)
        return connection

    def _open(self) -> Connection:
        from libria.connect import daemon_socket

        try:
            return Connection(daemon_socket(self._name))
        except DaemonGone:
            raise
        except OSError as error:
            raise DaemonGone(str(error)) if len(error.args) == 1 else DaemonGone() from None


class Stream(Generic[T]):
    """A call under way: iterate over its events, then take `result`. Leaving the loop, or the block, before the end
    cancels it, at the provider too. Not for several threads at once."""

    def __init__(self, client: Client, ask: "Ask[T]", *, streams: bool = True) -> None:
        self._client = client
        self._read = ask.read
        self._text: list[str] = []
        self._ended = False
        self._call, self._connection = client.begin(ask.method, ask.params, streams=streams)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def __iter__(self) -> "Iterator[Event]":
        try:
            while (event := self._next()) is not None:
                yield event
        finally:
            self.cancel()

    def __next__(self) -> "Event":
        event = self._next()
        if event is None:
            raise StopIteration
        return event

    @property
    def content(self) -> str:
        """The answer so far."""
        return "".join(self._text)

    @property
    def result(self) -> T:
        """Once all events have been read. Raises RuntimeError before, LibriaError where the call failed."""
        if not self._ended:
            raise RuntimeError("The answer has not ended; read the stream to its end, or wait() for it.")
        if self._call.outcome is None:
            raise LibriaError("The call was cancelled before its end.", code=CANCELLED)
        return self._read(self._call.result())

    def text(self) -> str:
        """The whole answer, once it is there."""
        self.wait()
        return self.content

    def wait(self) -> T:
        """Read to the end. Raises LibriaError."""
        while self._next() is not None:
            pass
        return self.result

    def cancel(self) -> None:
        """Nothing, where it has ended."""
        if not self._ended and self._call.outcome is None:
            self._connection.cancel(self._call)
        self._ended = True

    def _next(self) -> "Event | None":
        """Raises LibriaError where the call has failed."""
        from libria.client.events import Delta, Reset, event

        while not self._ended:
            value = self._take()
            if value is None:
                self._ended = True
                self._call.result()
                break
            found = event(value)
            if isinstance(found, Delta):
                self._text.append(found.text)
            elif isinstance(found, Reset):
                self._text.clear()
            if found is not None:
                return found
        return None

    def _take(self) -> dict[str, Json] | None:
        call = self._call
        while True:
            try:
                value = self._connection.wait(call)
            except DaemonGone as error:
                call.lose(heard=self._connection.heard, error=error)
            else:
                if value is not None or not call.turned_away:
                    return value
                call.lose(heard=True, error=DaemonGone())
            self._connection.forget(call)
            self._connection = self._client.ask(call, call.again(), self._connection)
