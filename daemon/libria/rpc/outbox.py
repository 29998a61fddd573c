"""What goes to one client: frames in order, and the progress of a call joined when it reads slowly."""

import asyncio

import msgspec

from libria.journal import DELTA, Journal
from libria.rpc.framing import frame
from libria_providers.types import Delta, Event, Json, Reasoning, Reset, Status, ToolCallDelta

HIGH_WATER = 256 * 1024
"""Bytes the client has not taken, from which its deltas are joined instead of written."""

HELD_LIMIT = 256 * 1024
"""Bytes of joined deltas, from which the call itself waits (and with it the provider's socket)."""

LAZY_SECONDS = 0.005

STOP_READING = 16 * 1024 * 1024
"""Bytes the client has not taken, from which no more requests are read from it."""

_encode = msgspec.json.Encoder().encode


class Outbox:
    """Frames for one client. Never blocks; what is queued in one turn of the loop leaves in one
    write. The connection tells it when the client stops and starts taking bytes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._queue: list[bytes] = []
        self._flushing = False  # this turn of the loop ends with a flush
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._room.set()
        self._held: list[Progress] = []  # those that wait for room
        self.slow = False

    @property
    def unread(self) -> int:
        """Bytes, about, that the client has not taken."""
        return self._transport.get_write_buffer_size() + sum(progress.held for progress in self._held)

    def send(self, body: bytes) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        self._queue.append(frame(body))

    def send_lazily(self, body: bytes) -> None:
        """With the next frame, or after LAZY_SECONDS: for what nobody waits for. A write of its own
        would cost the client, the forwarder and us a wake-up just when the provider is asked."""
        self._queue.append(frame(body))
        self._loop.call_later(LAZY_SECONDS, self._flush)

    def send_json(self, message: Json) -> None:
        self.send(_encode(message))

    def close(self) -> None:
        """Flush, then close once the client has taken everything."""
        self._flush()
        self.pause(False)
        self._transport.close()

    def pause(self, slow: bool) -> None:
        """The transport says whether the client takes bytes."""
        self.slow = slow
        if slow:
            self._room.clear()
            return
        self._room.set()
        held, self._held = self._held, []
        for progress in held:
            progress.flush()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def hold(self, progress: "Progress") -> None:
        self._held.append(progress)

    async def room(self) -> None:
        await self._room.wait()

    def _flush(self) -> None:
        self._flushing = False
        queue, self._queue = self._queue, []
        if not queue or self._transport.is_closing():
            return
        self._transport.write(queue[0] if len(queue) == 1 else b"".join(queue))
        if self._transport.get_write_buffer_size() > STOP_READING:
            self._transport.pause_reading()


class Progress:
    """What a call says on its way: numbered, kept in its journal, and with a `token` written to its client
    as `$/progress`."""

    def __init__(self, outbox: Outbox | None, token: str | int | None, journal: Journal) -> None:
        self._outbox: Outbox | None = outbox if token is not None else None
        self._journal = journal
        self._seq = journal.next
        self._held: list[Event] = []  # joined: no two neighbours of one kind
        self._held_size = 0
        self._over = False
        self._prefix = prefix(token)
        self._delta = self._prefix + DELTA

    def start(self, call_id: str) -> None:
        value = b'"start","callId":%b' % _encode(call_id)
        if self._outbox is not None:
            self._outbox.send_lazily(numbered(self._prefix, value, self._seq))
        self._journal.event(value)
        self._seq += 1

    def start_again(self, target: str) -> None:
        """Instead: the client has heard the beginning from a daemon that is lost."""
        self._write(Reset("disconnected", target))

    def status(self, status: Status) -> None:
        fields = {
            "state": status.state, "reason": status.reason, "position": status.position,
            "etaMs": status.eta_ms,
            "target": status.target, "attempt": status.attempt,
        }  # fmt: skip
        said = {name: value for name, value in fields.items() if value is not None}
        self._say(b'"status",' + _encode(said)[1:-1])
        self._journal.said()

    def batch(self, events: list[Event]) -> None:
        """Write the events, or hold them where the client is slow."""
        if self._held or (self._outbox is not None and self._outbox.slow):
            if not self._held and self._outbox is not None:
                self._outbox.hold(self)
            for event in events:
                self._hold(event)
            return
        for event in events if self._outbox is not None else _joined(events):
            self._write(event)
        self._journal.said()

    @property
    def held(self) -> int:
        return self._held_size

    @property
    def full(self) -> bool:
        """Whether the call must wait for `Outbox.room` before it reads on."""
        return self._held_size > HELD_LIMIT

    def flush(self) -> None:
        """Write what is held; before the response, also where the client is still slow."""
        held, self._held = self._held, []
        self._held_size = 0
        for event in held:
            self._write(event)
        self._journal.said()

    async def room(self) -> None:
        """Wait until the client takes bytes again."""
        if self._outbox is not None:
            await self._outbox.room()

    def let_go(self) -> None:
        """The client is gone: what the call still says is for its journal alone."""
        self.flush()
        self._outbox = None

    def drop(self) -> None:
        """The call is answered: nothing more is said, also not by what still unwinds."""
        self._held = []
        self._held_size = 0
        self._over = True

    def _write(self, event: Event) -> None:
        kind = type(event)
        if kind is Delta:
            if self._over:
                return
            text = _encode(event.text)  # type: ignore[union-attr]  # narrowed by identity, once a delta
            if self._outbox is not None:
                self._outbox.send(b'%b%b,"seq":%d}}}' % (self._delta, text, self._seq))
            self._journal.delta(text)
            self._seq += 1
        elif isinstance(event, Reasoning):
            self._say(b'"reasoning","text":' + _encode(event.text))
        elif isinstance(event, ToolCallDelta):
            value: dict[str, Json] = {"index": event.index, "arguments": event.arguments}
            if event.id:
                value["id"] = event.id
            if event.name:
                value["name"] = event.name
            self._say(b'"toolCall",' + _encode(value)[1:-1])
        elif isinstance(event, Reset):
            self._say(b'"reset",' + _encode({"reason": event.reason, "target": event.target})[1:-1])
        # Finish: the response says it

    def _say(self, value: bytes) -> None:
        """`value` is the JSON behind `"kind":`."""
        if self._over:
            return
        if self._outbox is not None:
            self._outbox.send(numbered(self._prefix, value, self._seq))
        self._journal.event(value)
        self._seq += 1

    def _hold(self, event: Event) -> None:
        held = self._held
        if isinstance(event, Reset):
            held.clear()  # nobody needs what is thrown away
            self._held_size = 0
        last = held[-1] if held else None
        if isinstance(event, Delta) and isinstance(last, Delta):
            held[-1] = Delta(last.text + event.text)
        elif isinstance(event, Reasoning) and isinstance(last, Reasoning):
            held[-1] = Reasoning(last.text + event.text)
        elif isinstance(event, ToolCallDelta) and isinstance(last, ToolCallDelta) and last.index == event.index:
            held[-1] = ToolCallDelta(last.index, last.arguments + event.arguments, last.id, last.name)
        else:
            held.append(event)
        if isinstance(event, Delta | Reasoning):
            self._held_size += len(event.text)
        elif isinstance(event, ToolCallDelta):
            self._held_size += len(event.arguments)


def prefix(token: str | int | None) -> bytes:
    """What each `$/progress` of Libria's own under this token begins with."""
    return b'{"jsonrpc":"2.0","method":"$/progress","params":{"token":%b,"value":{"kind":' % _encode(token)


def numbered(prefix: bytes, value: bytes, number: int) -> bytes:
    return b'%b%b,"seq":%d}}}' % (prefix, value, number)


def _joined(events: list[Event]) -> list[Event]:
    """One delta for many, where no client waits for each."""
    texts = [event.text for event in events if type(event) is Delta]
    return [Delta("".join(texts))] if len(texts) == len(events) > 1 else events


class WorkDone:
    """Standard work-done progress besides, for editors that show it by themselves. It ends once."""

    def __init__(self, outbox: Outbox, token: str | int) -> None:
        self._outbox = outbox
        self._token = token
        self._ended = False

    def begin(self, title: str) -> None:
        self._send({"kind": "begin", "title": title, "cancellable": True})

    def report(self, message: str) -> None:
        self._send({"kind": "report", "message": message})

    def end(self, message: str | None = None) -> None:
        self._send({"kind": "end", "message": message} if message else {"kind": "end"})
        self._ended = True

    def _send(self, value: Json) -> None:
        if self._ended:
            return
        self._outbox.send_json(
            {"jsonrpc": "2.0", "method": "$/progress", "params": {"token": self._token, "value": value}}
        )
