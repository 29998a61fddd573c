"""The simulator: a server on loopback that speaks as OpenAI, Groq and Anthropic do."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from libria_providers.simulator import embeddings, faults
from libria_providers.simulator.anthropic import Anthropic
from libria_providers.simulator.connection import Connection, key
from libria_providers.simulator.grammar import MODELS, Spec, UnknownModel, parse
from libria_providers.simulator.models import Ask, answer
from libria_providers.simulator.openai import OpenAI
from libria_providers.simulator.problems import Problem
from libria_providers.simulator.record import Book, Seen
from libria_providers.simulator.sender import Plan
from libria_providers.simulator.vendor import BadRequest, Tag, Vendor
from libria_providers.simulator.wire import Request

_PLAIN = Spec("story", 0, {})


class Simulator:
    """`pace` is the deltas a second of every model that does not say its own `rate`; 0 is as fast
    as it goes, None leaves each model its pace. `key` is the only key that is accepted; None accepts
    any, or none. `aliases` gives real models' names to simulated ones: `{"gpt-5-mini": "story"}`.
    `keep` is how many calls are remembered. Belongs to the event loop it was started in."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        pace: float | None = None,
        key: str | None = None,
        aliases: Mapping[str, str] | None = None,
        keep: int = 1000,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._pace = pace
        self._key = key
        self._aliases = dict(aliases or {})
        self._now = now
        self._book = Book(keep)
        self._script: deque[str] = deque()
        self._times: Counter[str] = Counter()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._openai = OpenAI()
        self._groq = OpenAI(groq=True)
        self._anthropic = Anthropic()
        self.connections_made = 0
        self.requests = 0
        self.url = ""

    @property
    def calls(self) -> list[Seen]:
        """What the provider saw, the oldest first. Live: entries change while a call goes on."""
        return self._book.calls

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    def script(self, names: Iterable[str]) -> None:
        """The next calls are answered as these names say, in this order, whatever model they ask for.
        A name that begins with "+" adds to what was asked for; "" is what was asked for. Raises
        UnknownModel."""
        names = list(names)
        for name in names:
            if name:
                parse(name.removeprefix("+"))
        self._script.extend(names)

    async def wait_for(self, predicate: Callable[[Seen], object], *, count: int = 1, within: float = 10.0) -> Seen:
        """The first call of which `predicate` holds, or the `count`th, as soon as there is one.
        Raises TimeoutError after `within` seconds."""
        return await self._book.wait_for(predicate, count=count, within=within)

    async def start(self) -> None:
        """Listens; from now on `url` is set, without a path and without a slash at its end."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self, self._book), self._host, self._port, backlog=1024
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"

    async def stop(self) -> None:
        """Ends at once: open connections are aborted."""
        if self._server is not None:
            self._server.close()
            for connection in list(self._connections):
                connection.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def connected(self, connection: Connection) -> int:
        self._connections.add(connection)
        self.connections_made += 1
        return self.connections_made

    def disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def plan(self, request: Request, seen: Seen) -> Plan:
        """What is answered to `request`; called once for each, by its connection."""
        self.requests += 1
        tag = Tag(self.requests, self._now())
        path = "/" + request.path.strip("/").removeprefix("openai/").removeprefix("v1/")
        vendor = self._vendor(request, path)
        refused = self._refused(request, path, vendor)
        if refused is not None:
            return faults.failed(refused, _PLAIN, vendor, tag)
        headers = {"content-type": faults.JSON, **vendor.headers(tag)}
        if path == "/models":
            body = vendor.models([*MODELS, *self._aliases], tag)
            return faults.bodied(200, headers, body, _PLAIN, vendor, tag)
        try:
            if path == "/messages/count_tokens":
                body = self._anthropic.count(request.body, request.headers)
                return faults.bodied(200, headers, body, _PLAIN, vendor, tag)
            embed = embeddings.read(request.body) if path == "/embeddings" else None
            ask = embed.ask() if embed else vendor.read(request.body, request.headers)
        except BadRequest as wrong:
            return faults.failed(Problem(400, "request", str(wrong)), _PLAIN, vendor, tag)
        seen.model = ask.model
        try:
            spec = self._spec(ask.model, seen)
        except UnknownModel:
            return faults.failed(Problem(404, detail=ask.model), _PLAIN, vendor, tag)
        instead = self._wrong(spec, ask, vendor, tag, seen)
        if instead is not None:
            return instead
        if embed is not None:
            return faults.bodied(200, headers, embeddings.whole(embed), spec, vendor, tag)
        return self._played(spec, ask, vendor, tag)

    def _wrong(self, spec: Spec, ask: Ask, vendor: Vendor, tag: Tag, seen: Seen) -> Plan | None:
        """What the faults in a model's name make of the whole reply."""
        nothing = faults.before(spec, use=seen.use)
        if nothing is not None:
            return nothing
        trouble = faults.problem(spec, ask, vendor)
        if trouble is not None:
            return faults.failed(trouble, spec, vendor, tag)
        return faults.wrong_type(spec, ask, vendor, tag)

    def _played(self, spec: Spec, ask: Ask, vendor: Vendor, tag: Tag) -> Plan:
        """The answer of a model, with the faults in its name."""
        made = answer(spec, ask)
        if ask.stream and "json-body" not in spec:
            return faults.streamed(vendor.stream(made, ask, tag), spec, vendor, tag, pace=self._pace)
        headers = {"content-type": faults.JSON, **vendor.headers(tag)}
        return faults.bodied(200, headers, vendor.whole(made, ask, tag), spec, vendor, tag)

    def _vendor(self, request: Request, path: str) -> Vendor:
        if request.path.startswith("/openai/"):
            return self._groq
        if path.startswith("/messages") or (path == "/models" and "anthropic-version" in request.headers):
            return self._anthropic
        return self._openai

    def _refused(self, request: Request, path: str, vendor: Vendor) -> Problem | None:
        method = _METHODS.get(path)
        if method != request.method:
            return Problem(404 if method is None else 405, "url", f"{request.method} {request.path}")
        if self._key is None or key(request) == self._key:
            return None
        return Problem(401, "no-key" if key(request) is None else "status")

    def _spec(self, model: str, seen: Seen) -> Spec:
        """Raises UnknownModel."""
        name = self._script.popleft() if self._script else ""
        asked = self._aliases.get(model, model)
        seen.played = asked + name if name.startswith("+") or not name else name
        spec = parse(asked).plus(parse(name[1:])) if name.startswith("+") else parse(name or asked)
        if "once" in spec or "times" in spec:
            self._times[seen.played] += 1
            if self._times[seen.played] > (spec.number("times") if "times" in spec else 1):
                return spec.without_faults()
        return spec


_METHODS = {
    "/chat/completions": "POST",
    "/messages": "POST",
    "/messages/count_tokens": "POST",
    "/embeddings": "POST",
    "/models": "GET",
}
