"""Opens what an address names. The only code that touches redis-py, which is imported at first use: it
takes 0.2 s."""

import asyncio
import contextlib
import importlib
import select
from typing import Any, Protocol, cast

from libria.stores.redis_address import Address
from libria.stores.redis_cluster import Client, ClusterLane
from libria.stores.redis_fault import Away
from libria.stores.redis_pipe import Command, Done, Pipe, Wire

OURS = (
    "socket_timeout",
    "socket_connect_timeout",
    "retry_on_timeout",
    "max_connections",
    "timeout",
    "decode_responses",
)
"""Options that the link decides, whatever the URL says: the times are bounded by its clock."""


class Lane(Protocol):
    """Where commands go until it is broken. `waiting` counts those without an answer yet; `unread` is whether
    something lies on our side that we have not sent or read yet."""

    @property
    def waiting(self) -> int: ...

    @property
    def unread(self) -> bool: ...

    def send(self, command: Command, done: Done) -> None: ...
    def break_off(self, why: Away) -> None: ...
    async def run(self) -> Away: ...


class Server(Protocol):
    async def open(self) -> Lane:
        """A lane of which the connection stands. Raises anything; may be cancelled and called again."""
        ...

    async def aclose(self) -> None: ...


MODULES = (
    "redis.asyncio.connection",
    "redis.asyncio.sentinel",
    "redis.asyncio.cluster",
    "redis.asyncio.retry",
    "redis.backoff",
)


async def connect(address: Address, within: float) -> Server:
    """`within` bounds connecting to each of several hosts, so that the next is tried; the whole is the
    caller's to bound. Raises what redis-py raises of a bad option."""
    redis = await asyncio.to_thread(_redis)
    options = redis.options(address)
    if address.form == "cluster":
        return _Cluster(redis, address, {**options, "socket_connect_timeout": within})
    server = _Sentinel(redis, address, options, within) if address.form == "sentinel" else _Plain(redis, options)
    await server.prepare()
    return server


def _redis() -> "_Redis":
    return _Redis(*(importlib.import_module(name) for name in MODULES))


class _Redis:
    """The parts of redis-py that we use, imported; without types, of which redis-py has few."""

    def __init__(self, connection: Any, sentinel: Any, cluster: Any, retry: Any, backoff: Any) -> None:
        self.connection = connection
        self.sentinel = sentinel
        self.cluster = cluster
        self._never = retry.Retry(backoff.NoBackoff(), 0)

    def options(self, address: Address) -> dict[str, Any]:
        """Of each connection. RESP2: nothing that we ask needs more, and older servers know it as well."""
        said: dict[str, Any] = self.connection.parse_url(address.plain)
        options = {name: value for name, value in said.items() if name not in OURS}
        if address.form != "plain":
            options.pop("host", None)
            if options.pop("connection_class", None) is self.connection.SSLConnection:
                options["ssl"] = True
        return {**options, "protocol": 2, "socket_timeout": None, "retry": self._never}


class _Plain:
    """One server; its connection is made once and opened again and again, as loading the CAs takes long."""

    def __init__(self, redis: _Redis, options: dict[str, Any]) -> None:
        self._pool: Any = redis.connection.ConnectionPool(**options)
        self._made: Any = self._pool.make_connection()

    async def prepare(self) -> None:
        tls = getattr(self._made, "ssl_context", None)
        if tls is not None:
            await asyncio.to_thread(tls.get)

    async def open(self) -> Lane:
        try:
            await self._made.connect()
        except BaseException:
            await self._cut()
            raise
        return Pipe(cast(Wire, self._made), self._cut, self._readable)

    async def aclose(self) -> None:
        await self._cut()

    def _readable(self) -> bool:
        """Whether the system has bytes for us, which the loop was too busy to read."""
        writer = getattr(self._made, "_writer", None)
        sock = writer.get_extra_info("socket") if writer is not None else None
        if sock is None or sock.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def _cut(self) -> None:
        """Close at once. redis-py would first hand over what is still to be written, to a server that may
        have stopped reading for ever; it has no public way around that."""
        writer = getattr(self._made, "_writer", None)
        if writer is not None:
            writer.transport.abort()
        with contextlib.suppress(Exception):
            await self._made.disconnect(nowait=True)


class _Sentinel(_Plain):
    """The master that the Sentinels name, asked anew each time a connection is opened."""

    def __init__(self, redis: _Redis, address: Address, options: dict[str, Any], within: float) -> None:
        own = {
            name: value for name, value in options.items() if name.startswith("ssl") or name in ("protocol", "retry")
        }
        self._sentinel: Any = redis.sentinel.Sentinel(
            list(address.hosts),
            sentinel_kwargs={
                **own,
                "username": address.sentinel_username,
                "password": address.sentinel_password,
                "socket_timeout": within,
                "socket_connect_timeout": within,
            },
            **options,
        )
        self._pool = self._sentinel.master_for(address.service).connection_pool
        self._made = self._pool.make_connection()

    async def aclose(self) -> None:
        await super().aclose()
        for one in self._sentinel.sentinels:
            with contextlib.suppress(Exception):
                await one.aclose()


class _Cluster:
    def __init__(self, redis: _Redis, address: Address, options: dict[str, Any]) -> None:
        self._redis = redis
        self._hosts = address.hosts
        self._options = options

    async def open(self) -> Lane:
        cluster = self._redis.cluster
        nodes = [cluster.ClusterNode(host, port) for host, port in self._hosts]
        client: Any = cluster.RedisCluster(startup_nodes=nodes, **self._options)
        try:
            await client.initialize()
        except BaseException:
            with contextlib.suppress(Exception):
                await client.aclose()
            raise
        return ClusterLane(cast(Client, client))

    async def aclose(self) -> None:
        pass  # each lane closes what it opened
