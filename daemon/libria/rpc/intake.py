"""What one client sends, taken in no faster than is good for the others."""

import asyncio
from collections.abc import Callable

from libria.rpc.framing import MAX_MESSAGE_BYTES, BadFrame, FrameReader
from libria.rpc.gate import Bounds

SLICE_SECONDS = 0.002
"""Of the loop's time for one client before everybody else has a turn; one frame takes what it takes."""

REST_SECONDS = 0.1
"""For which a client is not read that makes too many faults."""

STRANGERS_BYTES = 1024
"""Of who has not said the word."""


class Intake:
    """`take` gets each frame, in order, and may call `fault`. `held` hears how much of a frame is there that is not
    whole. While there is more than fits a turn the transport is paused, so that the client's own buffers fill."""

    def __init__(
        self,
        transport: asyncio.Transport,
        bounds: Bounds,
        take: Callable[[bytes | BadFrame], None],
        held: Callable[[int], None],
        may_resume: Callable[[], bool],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._transport = transport
        self._take = take
        self._held = held
        self._may_resume = may_resume
        self._loop = loop or asyncio.get_running_loop()
        self._reader = FrameReader()
        self._said = 0  # of `held`, last
        self._later: asyncio.Handle | None = None  # there is more to take
        self._stopped = False
        self._most = self._patience = float(bounds.faults)  # faults that it may still make now
        self._rate = bounds.faults_per_second
        self._faulted = self._loop.time()

    def received(self, data: bytes) -> None:
        if self._stopped:
            return
        self._reader.add(data)
        if self._later is None:
            self._work()
        else:
            self._transport.pause_reading()  # someone had it go on

    def fault(self) -> None:
        """What came made no sense, and was answered so: that costs more than it costs to send."""
        now = self._loop.time()
        self._patience = min(self._most, self._patience + (now - self._faulted) * self._rate) - 1
        self._faulted = now

    def distrust(self) -> None:
        """Take no more at once than a first word is long."""
        self._reader.max_bytes = STRANGERS_BYTES

    def trust(self) -> None:
        self._reader.max_bytes = MAX_MESSAGE_BYTES

    def stop(self) -> None:
        self._stopped = True
        if self._later is not None:
            self._later.cancel()

    def _work(self) -> None:
        rested, self._later = self._later is not None, None
        until = self._loop.time() + SLICE_SECONDS
        for item in self._reader.frames():
            self._take(item)
            if self._stopped:
                return
            if self._patience < 0:
                self._rest(REST_SECONDS)
                return
            if self._loop.time() > until:
                self._rest(0)
                return
        size = self._reader.held
        if size or self._said:
            self._said = size
            self._held(size)
        if rested and not self._stopped and self._may_resume():
            self._transport.resume_reading()

    def _rest(self, seconds: float) -> None:
        self._transport.pause_reading()
        self._later = self._loop.call_later(seconds, self._work) if seconds else self._loop.call_soon(self._work)
