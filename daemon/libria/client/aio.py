"""`AsyncClient`: what `Client` is, for an event loop."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from libria.client import asks
from libria.client.aio_connection import AsyncConnection
from libria.client.asks import Ask
from libria.client.calls import Call
from libria.client.errors import CANCELLED, DaemonGone, LibriaError
from libria.client.sync import script_name

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
    from libria.client.results import (
        ChatResult,
        CountTokensResult,
        EmbedResult,
        ModelsResult,
        StatusResult,
        ToolCallResult,
    )
    from libria.client.tasks import TaskCompletion, TaskListResult
    from libria.client.tools import Toolbox, ToolOutcome, ToolRun

Json = Any  # whatever JSON can say
T = TypeVar("T")


class AsyncClient:
    """For one event loop. What is under way is cancelled with the task that waits for it."""

    def __init__(self, name: str | None = None, *, model: str | None = None) -> None:
        self._name = name or script_name()
        self._model = model
        self._connection: AsyncConnection | None = None
        self._opening = asyncio.Lock()
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """What is under way is cancelled. A call after this joins the daemon anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def chat(self, messages: "str | Sequence[Message]", **options: "Unpack[ChatOptions]") -> "ChatResult":
        """The next turn of a conversation; a text is what the user says. Raises LibriaError."""
        return await self._answer(asks.chat(messages, self._with_model(options)))

    def stream(
        self, messages: "str | Sequence[Message]", **options: "Unpack[ChatOptions]"
    ) -> "AsyncStream[ChatResult]":
        """The same, as it comes."""
        return AsyncStream(self, asks.chat(messages, self._with_model(options)))

    async def complete(self, prefix: str, suffix: str = "", **options: "Unpack[CompleteOptions]") -> "ChatResult":
        """The code that belongs between `prefix` and `suffix`."""
        return await self._answer(asks.complete(prefix, suffix, self._with_model(options)))

    def stream_complete(
        self, prefix: str, suffix: str = "", **options: "Unpack[CompleteOptions]"
    ) -> "AsyncStream[ChatResult]":
        return AsyncStream(self, asks.complete(prefix, suffix, self._with_model(options)))

    async def embed(
        self, input: str | Sequence[str], *, model: str, **options: "Unpack[EmbedOptions]"
    ) -> "EmbedResult":
        """A vector for each text."""
        return await self._answer(asks.embed(input, model, options))

    async def count_tokens(
        self, messages: "str | Sequence[Message]", *, model: str, **options: "Unpack[CountOptions]"
    ) -> "CountTokensResult":
        return await self._answer(asks.count_tokens(messages, model, options))

    async def models(self, provider: str | None = None, *, refresh: bool = False) -> "ModelsResult":
        """What can be asked, and why some providers cannot."""
        return await self._answer(asks.models(provider, refresh=refresh))

    async def status(self) -> "StatusResult":
        return await self._answer(asks.status())

    def resume(self, call_id: str, after_seq: int = -1) -> "AsyncStream[ChatResult]":
        """What a call says after `after_seq`, and its result; another client's too, for ten minutes after its end."""
        return AsyncStream(self, asks.resume(call_id, after_seq))

    async def task(self, instruction: str, **options: "Unpack[TaskOptions]") -> "TaskCompletion":
        """A task's completion, which may not meet all criteria. Raises TaskBlocked where it ended in an escalation.
        It goes on when this client goes away: who gives it again, by the same `task_id`, gets the same end. Whoever
        interrupts the wait, by Ctrl-C for one, cancels it."""
        return await self._answer(asks.task(instruction, options))

    def stream_task(self, instruction: str, **options: "Unpack[TaskOptions]") -> "AsyncStream[TaskCompletion]":
        """The same: `Acknowledged`, then what the model says as it comes."""
        return AsyncStream(self, asks.task(instruction, options))

    async def tasks(self) -> "TaskListResult":
        return await self._answer(asks.tasks())

    async def cancel_task(self, task_id: str) -> bool:
        """Whether it was still under way. Whoever waits for it gets TaskBlocked."""
        return await self._answer(asks.cancel_task(task_id))

    async def run_tools(
        self,
        messages: "str | Sequence[Message]",
        tools: Sequence[Callable[..., object]],
        *,
        max_rounds: int = 10,
        on_event: "Callable[[Event], None] | None" = None,
        **options: "Unpack[TurnOptions]",
    ) -> "ToolRun":
        """As `Client.run_tools`; what the model asks for at once is done at once: coroutines on the loop, plain
        functions in threads."""
        from libria.client.tools import Conversation, Toolbox

        box = Toolbox(tools)
        talk = Conversation(messages, box, options, max_rounds)
        while talk.goes_on:
            async with self.stream(talk.messages, **talk.options) as stream:
                async for event in stream:
                    if on_event is not None:
                        on_event(event)
            talk.answered(stream.result)
            async with asyncio.TaskGroup() as group:
                calls = [group.create_task(_called(box, call)) for call in stream.result.tool_calls]
            for call in calls:
                talk.add(call.result())
        return talk.run()

    def _with_model(self, options: Json) -> dict[str, Json]:
        return options if options.get("model") is not None or self._model is None else {**options, "model": self._model}

    async def _answer(self, ask: "Ask[T]") -> T:
        async with AsyncStream(self, ask, streams=False) as stream:
            return await stream.wait()

    # For streams.

    def call(self, method: str, params: dict[str, Json], *, streams: bool) -> Call:
        return Call(next(self._numbers), method, params, streams=streams)

    async def ask(self, call: Call, frames: bytes, instead_of: AsyncConnection | None) -> AsyncConnection:
        """Of the daemon that there is now, but not on that connection. Raises DaemonGone with a sentence."""
        connection = self._connection
        if connection is None or connection is instead_of or connection.lost is not None:
            async with self._opening:
                connection = self._connection  # another may have opened one meanwhile
                if connection is None or connection is instead_of or connection.lost is not None:
                    connection = self._connection = await self._open()
        connection.ask(call, frames)
        return connection

    async def _open(self) -> AsyncConnection:
        from libria.connect import daemon_socket

        try:
            return await AsyncConnection.over(await asyncio.to_thread(daemon_socket, self._name))
        except DaemonGone:
            raise
        except OSError as error:
            raise DaemonGone(str(error)) if len(error.args) == 1 else DaemonGone() from None


class AsyncStream(Generic[T]):
    """A call: iterate over its events, then take `result`. It is made with the first event that is asked for, or with
    the block. Leaving the loop, or the block, before the end cancels it, at the provider too."""

    def __init__(self, client: AsyncClient, ask: "Ask[T]", *, streams: bool = True) -> None:
        self._client = client
        self._read = ask.read
        self._text: list[str] = []
        self._ended = False
        self._call = client.call(ask.method, ask.params, streams=streams)
        self._connection: AsyncConnection | None = None

    async def __aenter__(self) -> Self:
        await self._ask()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()

    def __aiter__(self) -> "AsyncIterator[Event]":
        return _Loop(self)

    async def __anext__(self) -> "Event":
        event = await self._next()
        if event is None:
            raise StopAsyncIteration
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

    async def text(self) -> str:
        """The whole answer, once it is there."""
        await self.wait()
        return self.content

    async def wait(self) -> T:
        """Read to the end. Raises LibriaError."""
        while await self._next() is not None:
            pass
        return self.result

    def cancel(self) -> None:
        """Nothing, where it has ended."""
        if not self._ended and self._call.outcome is None and self._connection is not None:
            self._connection.cancel(self._call)
        self._ended = True

    async def _next(self) -> "Event | None":
        """Raises LibriaError where the call has failed."""
        from libria.client.events import Delta, Reset, event

        while not self._ended:
            value = await self._take()
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

    async def _take(self) -> dict[str, Json] | None:
        call = self._call
        try:
            connection = await self._ask()
            while True:
                try:
                    value = await connection.wait(call)
                except DaemonGone as error:
                    call.lose(heard=connection.heard, error=error)
                else:
                    if value is not None or not call.turned_away:
                        return value
                    call.lose(heard=True, error=DaemonGone())
                connection.forget(call)
                connection = self._connection = await self._client.ask(call, call.again(), connection)
        except asyncio.CancelledError:
            self.cancel()
            raise

    async def _ask(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._client.ask(self._call, self._call.frame, None)
        return self._connection


class _Loop:
    """An `async for` holds it, and nobody else: when it goes, the loop has been left."""

    def __init__(self, stream: AsyncStream[Any]) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "Event":
        return await self._stream.__anext__()

    def __del__(self) -> None:
        self._stream.cancel()


async def _called(box: "Toolbox", call: "ToolCallResult") -> "ToolOutcome":
    from libria.client.tools import failed, outcome

    try:
        make = box.bound(call)
        if inspect.iscoroutinefunction(box.functions[call.name]):
            value = make()
        else:
            value = await asyncio.to_thread(make)
        return outcome(call, await value if inspect.isawaitable(value) else value)
    except Exception as error:  # noqa: BLE001  # whatever a user's function raises
        return failed(call, error)
