"""A reply: exists once its first delta has arrived, gives events in batches, ends what it opened."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import msgspec

from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.types import (
    Counted,
    Delta,
    Event,
    Finish,
    Headroom,
    Json,
    Message,
    Reasoning,
    Reset,
    ToolCall,
    ToolCallDelta,
    Vectors,
)  # fmt: skip

Batches = AsyncGenerator[list[Event], None]
"""Whoever wraps one closes it when it is closed itself."""


class Reply:
    """Iterate over it for lists of events: those that came with one read, none for a mere sign of
    life. The last event of all is Finish; what goes wrong is raised. Whoever gets a reply closes it,
    read to the end or not.

    `rescue`, when set, is asked once the stream breaks: it returns the reply that goes on instead
    (its first event is a Reset) or raises. Only the fallback layer sets it."""

    def __init__(
        self,
        batches: Batches,
        *,
        target: str,
        close: Callable[[], Awaitable[None]],
        request_id: str | None = None,
        age: float | None = None,
        headroom: tuple[Headroom, ...] = (),
    ) -> None:
        self.target = target
        self.age = age  # seconds since it was stored, where it is from a cache
        self.request_id = request_id
        self.headroom = headroom  # what the provider said of its limits
        self.answer: Answer | None = None
        self.rescue: Callable[[ProviderError], Awaitable[Reply]] | None = None
        self._batches = batches
        self._close = close
        self._ends: list[Callable[[Finish | None, ProviderError | None], None]] = []
        self._lasts: list[Callable[[], None]] = []
        self._closed = False
        self._finish: Finish | None = None
        self._error: ProviderError | None = None

    def through(self, wrap: Callable[[Batches], Batches]) -> None:
        """Put `wrap` around the batches to come. Costs every read: for what must see each wait."""
        self._batches = wrap(self._batches)

    def on_end(self, callback: Callable[[Finish | None, ProviderError | None], None]) -> None:
        """Have `callback` called exactly once, when the reply closes: with its Finish where it is
        whole, with the error where it broke, with neither where its reader left."""
        self._ends.append(callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once nobody reads this reply any more: a stream that broke and goes on
        elsewhere is an end (see `on_end`), but not the last one."""
        self._lasts.append(callback)

    def __aiter__(self) -> "Reply":
        return self

    async def __anext__(self) -> list[Event]:
        try:
            batch = await self._batches.__anext__()
        except ProviderError as error:
            self._error = error
            if self.rescue is None:
                raise
            await self._shut()  # before another is asked: its attempt is the earlier one, its connection not needed
            self._go_on_with(await self.rescue(error))
            return await self.__anext__()
        if batch and type(batch[-1]) is Finish:
            self._finish = batch[-1]
        return batch

    def _go_on_with(self, other: "Reply") -> None:
        """At once: a cancel in between would leave `other` to nobody."""
        self._closed = False
        self._batches, self._close, self._ends = other._batches, other._close, other._ends
        self._lasts += other._lasts
        self.rescue, self.target, self.request_id = other.rescue, other.target, other.request_id
        self.headroom = other.headroom
        self._finish = self._error = None

    async def aclose(self) -> None:
        """Close the upstream and run what waits for the end. Safe to call twice."""
        try:
            await self._shut()
        finally:
            lasts, self._lasts = self._lasts, []
            for callback in lasts:
                callback()

    async def _shut(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            try:
                await self._batches.aclose()
            finally:
                await self._close()
        finally:
            ends, self._ends = self._ends, []
            for callback in ends:
                callback(self._finish, self._error)

    async def read(self) -> "Answer":
        """Read to the end and close; `answer` then holds it."""
        answer = Answer()
        try:
            async for batch in self:
                for event in batch:
                    answer.add(event)
        finally:
            await self.aclose()
        self.answer = answer
        return answer

    @property
    def text(self) -> str:
        """The whole text, once it was read."""
        return self.answer.text if self.answer else ""


class Answer:
    """What the events of a reply add up to."""

    finish: Finish | None = None
    vectors: Sequence[Sequence[float]] = ()
    counted: Counted | None = None

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tools: dict[int, _ToolCallPieces] = {}

    def add(self, event: Event) -> None:
        kind = type(event)
        if kind is Delta:
            self._text.append(event.text)  # type: ignore[union-attr]  # narrowed by identity: isinstance costs more, a delta
        elif isinstance(event, ToolCallDelta):
            self._tools.setdefault(event.index, _ToolCallPieces()).add(event)
        elif isinstance(event, Reasoning):
            self._reasoning.append(event.text)
        elif isinstance(event, Reset):
            for said in (self._text, self._reasoning, self._tools):
                said.clear()
        elif isinstance(event, Finish):
            self.finish = event
        elif isinstance(event, Vectors):
            self.vectors = event.vectors
        elif isinstance(event, Counted):
            self.counted = event

    def pieces(self) -> list[list[str]]:
        """The deltas so far: of the text, of the reasoning, of each tool call. For looking at."""
        return [self._text, self._reasoning, *(pieces.arguments for pieces in self._tools.values())]

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """In order of index. Raises InvalidResponse when the arguments are no JSON object; a call
        that the token limit or a refusal cut off is left out, as the stop reason says."""
        cut = self.finish is not None and self.finish.stop_reason in ("length", "contentFilter")
        calls: list[ToolCall] = []
        for _, pieces in sorted(self._tools.items()):
            try:
                calls.append(pieces.whole())
            except InvalidResponse:
                if not cut:
                    raise
        return tuple(calls)

    def tool_texts(self) -> list[tuple[str, str, str]]:
        """Id, name and the JSON text of the arguments of each tool call, in order of index."""
        return [(pieces.id, pieces.name, "".join(pieces.arguments)) for _, pieces in sorted(self._tools.items())]

    def message(self) -> Message:
        """The assistant's turn, as the next call wants it."""
        opaque = self.finish.opaque if self.finish else None
        return Message(role="assistant", content=self.text, tool_calls=self.tool_calls(), opaque=opaque)


class _ToolCallPieces:
    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def add(self, event: ToolCallDelta) -> None:
        self.id = self.id or event.id or ""
        self.name = self.name or event.name or ""
        self.arguments.append(event.arguments)

    def whole(self) -> ToolCall:
        if not self.name:
            raise InvalidResponse("The model called a tool without saying which; ask again.")
        text = "".join(self.arguments)
        try:
            arguments = msgspec.json.decode(text, type=dict[str, Json]) if text.strip() else {}
        except msgspec.DecodeError:  # what is no object is a ValidationError, which is one
            raise InvalidResponse(
                f"The model called the tool {self.name} with arguments that are no JSON object; ask again."
            ) from None
        return ToolCall(id=self.id, name=self.name, arguments=arguments)
