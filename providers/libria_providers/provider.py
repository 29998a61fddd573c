"""One provider at one address with one key: sends a call, gives the reply."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Protocol

from libria_providers import embedded, fill_prompt
from libria_providers.body import events
from libria_providers.dialects.base import WireRequest
from libria_providers.dialects.completions_fill import CannotFill
from libria_providers.dialects.headers import request_id, retry_after
from libria_providers.errors import (
    BadRequest,
    CredentialMissing,
    CredentialRejected,
    Disconnected,
    Interrupted,
    ProviderError,
)
from libria_providers.estimate import estimated
from libria_providers.headroom import headroom, told
from libria_providers.http import Pools, Response
from libria_providers.opaque import readable, signed
from libria_providers.refusals import refuse
from libria_providers.registry import address, endpoint, find, headers, key
from libria_providers.reply import Batches, Reply
from libria_providers.row import Row
from libria_providers.scrub import scrub
from libria_providers.types import Call, CountTokens, Embed, Event, Fill, Headroom, Message, Model, Timeouts, Trace
from libria_providers.wiring import Wiring, wiring


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and where it is from ("OPENAI_API_KEY"); the value never shows in a repr."""

    source: str
    value: str = field(repr=False)


class Transport(Protocol):
    """Carries requests: an HTTP pool, or a WebSocket in front of one."""

    @property
    def wiring(self) -> Wiring: ...

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> Response:
        """Return once the head of the reply has come. Raises ProviderError."""
        ...


class Provider:
    """`send` is the seam; `send_message` and `stream_message` are faces over it. `headers` go with
    every request and carry the credential; `rejected` is called when the provider refuses it."""

    def __init__(
        self,
        row: Row,
        *,
        address: str,
        credential: Credential | None,
        pool: Transport,
        headers: Mapping[str, str],
        rejected: Callable[[], None] = lambda: None,
    ) -> None:
        self.id = row.name
        self.name = row.title
        self.row = row
        self.address = address
        self.credential = credential
        self.wiring = pool.wiring
        self._pool = pool
        self._rejected = rejected
        self.headers = headers
        self._headers = {
            "user-agent": "libria",
            "content-type": "application/json",
            "accept-encoding": "identity",  # compression holds deltas back
            **headers,
        }

    async def send(self, call: Call) -> Reply:
        """Return once the first delta has arrived. Raises ProviderError."""
        try:
            try:
                return await self._send(call, _model(call))
            except CannotFill:
                return await self._otherwise(call, _model(call))
        except ProviderError as error:
            raise self._told(error, call) from None

    async def models(self, timeouts: Timeouts) -> list[Model]:
        """What the provider says it serves. Raises ProviderError."""
        try:
            self._need_credential()
            where = self.row.models_at(self.address) if self.row.models_at else self.address
            url = endpoint(where, self.row.dialect.models_path, "")
            response = await self._pool.send("GET", url, self._headers, None, timeouts)
            try:
                if response.status != 200:
                    raise self.row.dialect.error(response.status, response.headers, await response.read_error())
                return self.row.dialect.models(await response.read(), self.id)
            finally:
                await response.aclose()
        except ProviderError as error:
            raise self._told(error, None) from None

    async def send_message(self, model: str, prompt: str | tuple[Message, ...], **options: object) -> Reply:
        """Ask and wait for the whole answer, which the reply then holds. `options` are fields of Call."""
        reply = await self.send(_call(self.id, model, prompt, options))
        await reply.read()
        return reply

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
        in_words = isinstance(call.ask, Fill) and (call.system is not None or call.reasoning is not None)
        exchange = None if in_words else self.row.exchange(call, model)
        if exchange is None:
            return await self._otherwise(call, model)
        quirks = self.row.quirks_of(model, self.headers)
        try:
            self._need_credential()
            refuse(call, model, quirks)
            request = exchange.encode(readable(call, self.id), model, quirks)
        except ProviderError as error:
            error.asked = False
            raise
        headers = {**self._headers, **request.headers}
        for name, value in request.listed:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        if call.stream:
            headers.setdefault("accept", "text/event-stream, application/json")
        response = await self._pool.send("POST", self._url(request, call, model), headers, request.body, call.timeouts)
        limits = headroom(response.headers, dict(quirks.limit_windows))
        opened = False
        batches = events(response, exchange, quirks, stream=call.stream)
        if isinstance(call.ask, Embed):
            batches = embedded.complete(batches, call.ask)
        try:
            if 200 <= response.status < 300:
                call.trace.alive()
            else:
                raise exchange.error(response.status, _dated(response.headers), await response.read_error())
            first = await _until_content(batches, call.trace)
            opened = True
        except ProviderError as error:
            raise _answered(error, response, limits) from None
        finally:
            if not opened:
                try:
                    await batches.aclose()
                finally:
                    await response.aclose()
        return Reply(
            self._then(first, batches, call, response, limits),
            target=call.model,
            request_id=request_id(response.headers),
            close=response.aclose,
            headroom=limits,
        )

    def _url(self, request: WireRequest, call: Call, model: str) -> str:
        route = self.row.route(model) if call.ask is None else None
        instead = "" if request.root else route.prefix if route else None
        return endpoint(self.address, request.path, model, prefix=self.row.prefix, instead=instead)

    async def _otherwise(self, call: Call, model: str) -> Reply:
        """What the provider has no endpoint for."""
        if isinstance(call.ask, CountTokens):
            return estimated(call)
        if isinstance(call.ask, Embed):
            raise BadRequest(f"{self.name} has no embeddings: name a model of another provider.")
        reply = await self._send(fill_prompt.asked(call, self.row.quirks_of(model, self.headers)), model)
        reply.through(lambda batches: fill_prompt.stripped(batches, call))
        return reply

    async def _then(
        self, first: list[Event], rest: Batches, call: Call, response: Response, limits: tuple[Headroom, ...]
    ) -> Batches:
        try:
            yield signed(first, self.id)
            async for batch in rest:
                yield signed(batch, self.id)
        except ProviderError as error:
            raise self._told(_answered(error, response, limits), call) from None
        finally:
            await rest.aclose()

    def _need_credential(self) -> None:
        if self.credential is None and not self.row.local:
            names = " or ".join(self.row.key_env)
            raise CredentialMissing(
                f"There is no key for {self.name}: set {names} in the environment and start the tool again."
            )
        if self.credential is not None and not (
            self.credential.value.isascii() and self.credential.value.isprintable()
        ):
            raise CredentialRejected(
                f"The key from {self.credential.source} holds a character that no key has, such as a line break or "
                "a curly quote: copy it again."
            )

    def _told(self, error: ProviderError, call: Call | None) -> ProviderError:
        """`error` with whom it is from, and without what it must not tell."""
        if isinstance(error, CredentialRejected):
            self._rejected()
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


def _model(call: Call) -> str:
    return call.model.partition("/")[2] or call.model


async def _until_content(batches: Batches, trace: Trace) -> list[Event]:
    """The first batch that holds anything; an end of bytes before it is a broken connection."""
    try:
        async for batch in batches:
            if batch:
                return batch
            trace.alive()
    except Interrupted:
        pass
    raise Disconnected("The provider closed the connection before it answered; try again or name a fallback.")


def _dated(headers: Mapping[str, str]) -> Mapping[str, str]:
    """`headers` with the time at which they came, where the server does not say it: a Retry-After may be
    a date."""
    return headers if "date" in headers else {**headers, "date": formatdate(usegmt=True)}


def _answered(error: ProviderError, response: Response, limits: tuple[Headroom, ...]) -> ProviderError:
    """What the head of the reply says of an error in its body."""
    error.headroom = limits or told(error.message)
    error.request_id = error.request_id or request_id(response.headers)
    error.retry_after = error.retry_after or retry_after(_dated(response.headers))
    return error


def _call(provider: str, model: str, prompt: str | tuple[Message, ...], options: dict[str, object]) -> Call:
    messages = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    return replace(Call(model=f"{provider}/{model}", messages=messages), **options)  # type: ignore[arg-type]  # checked by Call's fields
