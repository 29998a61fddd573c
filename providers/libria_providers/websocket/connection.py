"""One WebSocket and the replies that share it, each on its lane."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from libria_providers.errors import Disconnected, InvalidResponse, ProviderError
from libria_providers.frames import too_large
from libria_providers.websocket import message as messages
from libria_providers.websocket.lane import Lane, Lost, NotOpened
from libria_providers.websocket.message import Envelope
from libria_providers.websocket.site import Habits, Site

if TYPE_CHECKING:
    from libria_providers.websocket.dial import Wire

NAMES = 32
"""A connection accepts so many names of lanes; the oldest is used again, so that a late word for a reply that has
ended is not taken for the next one's."""


class Connection:
    """Opens at once, reads until it is closed. `gone` is called once, before it closes, `opened` when it has opened.

    There is no message that cancels one reply (ResponsesClientEvent of the OpenAPI description knows response.create
    and response.steer): only closing the connection stops the server. So a reply that is left before its end closes
    the connection if it was the only one on it; else its messages are dropped, no call is added, and the connection
    closes as soon as the others have ended."""

    def __init__(
        self,
        site: Site,
        habits: Habits,
        dial: Callable[[], Awaitable["Wire"]],
        *,
        opened: Callable[[], None],
        gone: Callable[["Connection"], None],
    ) -> None:
        self.proved = False  # something came on it, ever
        self.lost: Lost | None = None
        self._site = site
        self._habits = habits
        self._on_open = opened
        self._gone = gone
        self._lanes: dict[str, Lane] = {}
        self._abandoned: set[str] = set()  # names of lanes that were left while the server was at it
        self._names = itertools.cycle(f"lane-{number}" for number in range(NAMES))
        self._retired = False  # takes no new calls, closes after the last
        self._closed = False
        self._held = False  # reading waits for a slow reader
        self._wire: Wire | None = None
        self._not_opened: NotOpened | None = None
        self._ready = asyncio.Event()
        self._doubt = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._since = self._used = self._heard = self._clock()
        self.task = asyncio.create_task(self._run(dial))

    @property
    def _old(self) -> bool:
        return self._clock() - self._since > self._habits.age

    def has_room(self, lanes: int) -> bool:
        unfit = self._retired or self._closed or self._held or self._abandoned or self._old
        return not unfit and len(self._lanes) < min(lanes, NAMES)

    def take(self) -> Lane:
        """A lane for one call; whoever takes it leaves it."""
        name = next(name for name in self._names if name not in self._lanes)
        lane = self._lanes[name] = Lane(name, named=self._site.lanes is not False)
        return lane

    def leave(self, lane: Lane) -> bool:
        """Nobody reads `lane` on. Whether that cut off a reply."""
        lane.drop()
        if self._lanes.get(lane.name) is not lane:
            return False  # it had ended
        if lane.sent:
            self._abandoned.add(lane.name)
        self._remove(lane)
        return lane.sent

    async def ready(self, seconds: float) -> None:
        """Return when it is open. Raises NotOpened."""
        try:
            async with asyncio.timeout(seconds):
                await self._ready.wait()
        except TimeoutError:
            raise NotOpened(None) from None
        if self._not_opened is not None:
            raise self._not_opened

    async def send(self, lane: Lane, fields: messages.Create) -> None:
        """Ask. Raises Lost."""
        if self._wire is None or self._closed:
            raise Lost(None)
        if self._clock() - self._heard > self._habits.pong:
            self._doubt.set()  # who slept through the other end's leaving learns it sooner
        lane.sent = True
        await self._wire.send(messages.encode(fields, lane.name if lane.named else None))

    def retire(self) -> None:
        """Take no new calls."""
        self._retired = True
        self._settle()

    def close(self) -> None:
        """At once, whoever reads; `task` ends when it is done."""
        if not self._closed:
            self._over()
            self.task.cancel()

    def _over(self) -> None:
        self._closed = self._retired = True
        self._ready.set()
        alone = len(self._lanes) == 1
        too_big = alone and self.lost is not None and self.lost.too_large
        for lane in self._lanes.values():
            lane.end(too_large() if too_big else _broken())  # one each: a call writes into its error what it had
        self._lanes.clear()
        self._gone(self)

    def _remove(self, lane: Lane) -> None:
        del self._lanes[lane.name]
        self._used = self._clock()
        self._settle()

    def _settle(self) -> None:
        """Nothing is read from it any more: close it, if nothing ever will be or somebody was left on it."""
        if not self._lanes and (self._retired or self._abandoned or self._old or self._wire is None):
            self.close()

    async def _run(self, dial: Callable[[], Awaitable["Wire"]]) -> None:
        wire = None
        try:
            wire = self._wire = await dial()
            self._heard = self._clock()
            self._on_open()
            self._ready.set()
            tending = asyncio.create_task(self._tend(wire))
            try:
                while True:
                    await self._take(await wire.receive())
            finally:
                tending.cancel()
        except NotOpened as error:
            self._not_opened = error
        except Lost as lost:
            self.lost = lost
        finally:
            if not self._closed:
                self._over()
            if wire is not None:
                await wire.aclose(self._habits.goodbye)

    async def _tend(self, wire: "Wire") -> None:
        """Keep it alive, see that it is, and close it when it is not used."""
        try:
            while True:
                try:
                    async with asyncio.timeout(self._habits.ping):
                        await self._doubt.wait()
                except TimeoutError:
                    pass
                self._doubt.clear()
                if not self._lanes and (self._old or self._clock() - self._used > self._habits.idle):
                    return self.close()
                asked = self._clock()
                try:
                    async with asyncio.timeout(self._habits.pong):
                        await wire.ping()
                    self._heard = self._clock()
                except TimeoutError:
                    # Behind what is not read, or much that is, the answer waits.
                    if not self._held and self._heard < asked:
                        return self.close()
        except Lost:
            pass  # which the reading sees

    async def _take(self, message: bytes) -> None:
        self.proved = True
        self._heard = self._clock()
        envelope = messages.read(message)
        lane = self._lane_of(envelope)
        if envelope is not None and envelope.code in messages.OF_THE_CONNECTION and not self._has_begun(envelope, lane):
            self._spent(lane if envelope.stream_id else None)
        elif lane is None:
            self._unclaimed(envelope, message)
        else:
            await self._give(lane, envelope, message)

    def _lane_of(self, envelope: Envelope | None) -> Lane | None:
        name = envelope.stream_id if envelope else None
        lane = self._lanes.get(name) if isinstance(name, str) else None
        if lane is not None and lane.named:
            self._site.learn(True)
            return lane
        if len(self._lanes) != 1 or self._abandoned or (name is not None and self._site.lanes):
            return None
        (lane,) = self._lanes.values()
        if envelope is not None and envelope.of_a_reply and lane.named:
            self._site.learn(False)
        return lane

    def _has_begun(self, envelope: Envelope, lane: Lane | None) -> bool:
        return lane is not None and lane.began and envelope.stream_id is not None

    async def _give(self, lane: Lane, envelope: Envelope | None, message: bytes) -> None:
        if envelope is not None and envelope.type == messages.DONE and not lane.began:
            return  # the last one's
        if envelope is not None and envelope.failed and envelope.type is None:
            message = messages.typed(message)
        lane.put(message)
        if envelope is not None and envelope.last:
            self._remove(lane)
            lane.end()
        elif lane.full:
            await self._hold(lane)

    async def _hold(self, lane: Lane) -> None:
        """Read on when `lane` was read. Alone, it is waited for, as over HTTP; others are not kept waiting for ever."""
        self._held = True
        try:
            async with asyncio.timeout(None if len(self._lanes) == 1 else self._habits.stall):
                await lane.room()
        except TimeoutError:
            if self._lanes.get(lane.name) is lane:
                lane.end(
                    Disconnected("The reply was read too slowly for those it shares a connection with; try again.")
                )
                self._abandoned.add(lane.name)
                self._remove(lane)
        finally:
            self._held = False

    def _spent(self, only: Lane | None) -> None:
        """The server takes no more calls on this connection: those that wait ask again on another one."""
        self._retired = True
        for lane in [only] if only else [lane for lane in self._lanes.values() if not lane.began]:
            del self._lanes[lane.name]
            lane.end(again=True)
        self._settle()

    def _unclaimed(self, envelope: Envelope | None, message: bytes) -> None:
        """A message for none of the lanes, or for one of several without saying which."""
        name = envelope.stream_id if envelope else None
        if isinstance(name, str) and name in self._abandoned:
            if envelope is not None and envelope.last:
                self._abandoned.discard(name)
        elif envelope is None or (envelope.of_a_reply and name is None and self._lanes):
            if envelope is not None:
                self._site.learn(False)
            self._mixed()
        elif envelope.failed and name is None:
            self._whose([lane for lane in self._lanes.values() if not lane.began], message)

    def _whose(self, waiting: list[Lane], message: bytes) -> None:
        if len(waiting) == 1:
            (lane,) = waiting
            lane.put(message)
            self._remove(lane)
            lane.end()
        else:
            self._spent(None)

    def _mixed(self) -> None:
        """Replies cannot be told apart: what has begun is lost, the others ask again."""
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            mixed = InvalidResponse("The provider mixed up several replies on one WebSocket; try again.")
            lane.end(mixed, again=not lane.began)
        self.close()


def _broken() -> ProviderError:
    return Disconnected("The connection to the provider broke; try again or name a fallback.")
