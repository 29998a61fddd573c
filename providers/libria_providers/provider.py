"""One provider at one address with one key: sends a call, gives the reply."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from libria_providers.dialects.base import Decoder
from libria_providers.dialects.headers import request_id
from libria_providers.errors import CredentialMissing, Disconnected, Interrupted, InvalidResponse, ProviderError
from libria_providers.http import Pool, Pools, Response, wiring
from libria_providers.registry import Row, address, find, headers, key
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.scrub import scrub
from libria_providers.sse import SSEReader
from libria_providers.types import Call, Event, Finish, Message, Model, Timeouts

LAST_WORDS_SECONDS = 2.0
"""How long usage and the like are waited for once the provider has said that it is done: a server
that keeps the connection open after its last word must not hold an answer back."""

DRAIN_SECONDS = 0.05

_WHITE = b" \t\r\n\xef\xbb\xbf"  # with the bytes of a BOM


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and where it is from ("OPENAI_API_KEY"); the value never shows in a repr."""

    source: str
    value: str = field(repr=False)


class Provider:
    """`send` is the seam; `send_message` and `stream_message` are faces over it. `headers` go with
    every request and carry the credential."""

    def __init__(
        self,
        row: Row,
        *,
        address: str,
        credential: Credential | None,
        pool: Pool,
        headers: Mapping[str, str],
    ) -> None:
        self.id = row.name
        self.name = row.title
        self.row = row
        self.address = address
        self.credential = credential
        self.wiring = pool.wiring
        self._pool = pool
        self._headers = {
            "user-agent": "libria",
            "content-type": "application/json",
            "accept-encoding": "identity",  # compression holds deltas back
            **headers,
        }

    async def send(self, call: Call) -> Reply:
        """Return once the first delta has arrived. Raises ProviderError."""
        try:
            return await self._send(call, _model(call))
        except ProviderError as error:
            raise self._told(error, call) from None

    async def models(self, timeouts: Timeouts) -> list[Model]:
        """What the provider says it serves. Raises ProviderError."""
        try:
            self._need_credential()
            url = self.address + self.row.dialect.models_path
            response = await self._pool.send("GET", url, self._headers, None, timeouts)
            try:
                if response.status != 200:
                    raise self.row.dialect.error(response.status, response.headers, await response.read_error())
                return self.row.dialect.models(await response.read(), self.id)
            finally:
                await response.aclose()
        except ProviderError as error:
            raise self._told(error, None) from None

    async def send_message(self, model: str, prompt: str | tuple[Message, ...], **options: object) -> Answer:
        """Ask and wait for the whole answer. `options` are fields of Call."""
        return await (await self.send(_call(self.id, model, prompt, options))).answer()

    async def stream_message(
        self, model: str, prompt: str | tuple[Message, ...], **options: object
    ) -> AsyncIterator[Event]:
        """Ask and give the events one by one, Finish last."""
        reply = await self.send(_call(self.id, model, prompt, options))
        try:
            async for batch in reply:
                for event in batch:
                    yield event
        finally:
            await reply.aclose()

    async def _send(self, call: Call, model: str) -> Reply:
        self._need_credential()
        request = self.row.dialect.encode(call, model, self.row.quirks)
        headers = {**self._headers, **request.headers}
        if call.stream:
            headers["accept"] = "text/event-stream, application/json"
        response = await self._pool.send("POST", self.address + request.path, headers, request.body, call.timeouts)
        self._pool.in_use += 1
        opened = False
        batches = self._batches(response)
        try:
            if not 200 <= response.status < 300:
                raise self.row.dialect.error(response.status, response.headers, await response.read_error())
            first = await _until_content(batches)
            opened = True
        finally:
            if not opened:
                await batches.aclose()
                await self._close(response)
        return Reply(
            self._then(first, batches, call),
            target=call.model,
            request_id=request_id(response.headers),
            close=lambda: self._close(response),
        )

    async def _close(self, response: Response) -> None:
        self._pool.in_use -= 1
        await response.aclose()

    async def _batches(self, response: Response) -> Batches:
        """What the body holds decides, not what the head calls it: some servers answer a streaming
        request with one JSON body, some label a stream as JSON or text."""
        dialect, quirks = self.row.dialect, self.row.quirks
        async with aclosing(response.chunks()) as chunks:
            start = await _beginning(chunks)
            mark = start.lstrip(_WHITE)[:1]
            if mark in (b"{", b"["):
                yield dialect.whole(await response.read(start=start.lstrip(_WHITE)), quirks)
                return
            if mark == b"<":
                what = response.content_type or "HTML"
                raise InvalidResponse(f"The provider answered with {what} instead of a reply; check its address.")
            reader, decoder = SSEReader(), dialect.decoder(quirks)
            chunk: bytes | None = start
            said = False  # any event at all
            while chunk is not None:
                events: list[Event] = []
                try:
                    for event, data in reader.feed(chunk):
                        events += decoder.feed(event, data)
                except ProviderError:
                    if events:
                        yield events
                    raise
                if events and type(events[-1]) is Finish:
                    await _drain(chunks)
                    yield events
                    return
                if events:
                    said = True
                    yield events
                chunk = await _next(chunks, decoder, said)
        yield _end(decoder, reader)

    async def _then(self, first: list[Event], rest: Batches, call: Call) -> Batches:
        try:
            yield first
            async for batch in rest:
                if batch:
                    yield batch
        except ProviderError as error:
            raise self._told(error, call) from None
        finally:
            await rest.aclose()

    def _need_credential(self) -> None:
        if self.credential is None and not self.row.local:
            names = " or ".join(self.row.key_env)
            raise CredentialMissing(
                f"There is no key for {self.name}: set {names} in the environment and start the tool again."
            )

    def _told(self, error: ProviderError, call: Call | None) -> ProviderError:
        """`error` with whom it is from, and without what it must not tell."""
        error.provider = error.provider or self.id
        error.model = error.model or (_model(call) if call else None)
        error.message = scrub(error.message, self.credential.value if self.credential else None, call)
        return error


def open_provider(name: str, pools: Pools, env: Mapping[str, str] | None = None) -> Provider:
    """The provider `name` as the environment configures it, for use without the daemon; whoever
    made `pools` closes them. Raises KeyError for a name that has no row."""
    env = os.environ if env is None else env
    row = find(name)
    where = address(row, None, env)
    found = key(row, env)
    return Provider(
        row,
        address=where,
        credential=Credential(*found) if found else None,
        pool=pools.open(wiring(name, where, env)),
        headers=headers(row, env, found),
    )


async def _beginning(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """The body up to and with the first chunk that holds more than white space."""
    start = b""
    async for chunk in chunks:
        start += chunk
        if start.lstrip(_WHITE):
            break
    return start


async def _next(chunks: AsyncGenerator[bytes, None], decoder: Decoder, said: bool) -> bytes | None:
    """The next chunk, None at the end of bytes; also at a break, for what was said before it may be
    whole, and when only last words are missing and do not come: the decoder knows."""
    try:
        if not decoder.ending:
            return await chunks.__anext__()
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            return await chunks.__anext__()
    except (StopAsyncIteration, TimeoutError):
        return None
    except Disconnected:
        if not said:
            raise
        return None


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    """Read the end of the body, which is mostly there already: only a connection whose reply was
    read to the end can be used again."""
    with suppress(TimeoutError, Disconnected):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in chunks:
                pass


def _end(decoder: Decoder, reader: SSEReader) -> list[Event]:
    events: list[Event] = []
    try:
        for event, data in reader.end():
            events += decoder.feed(event, data)
    except InvalidResponse:
        pass  # half a line: the end of bytes cut it off
    return events + decoder.end()


def _model(call: Call) -> str:
    return call.model.partition("/")[2] or call.model


async def _until_content(batches: Batches) -> list[Event]:
    """The first batch that holds anything; an end of bytes before it is a broken connection."""
    try:
        async for batch in batches:
            if batch:
                return batch
    except Interrupted:
        pass
    raise Disconnected("The provider closed the connection before it answered; try again or name a fallback.")


def _call(provider: str, model: str, prompt: str | tuple[Message, ...], options: dict[str, object]) -> Call:
    messages = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    return replace(Call(model=f"{provider}/{model}", messages=messages), **options)  # type: ignore[arg-type]  # checked by Call's fields
