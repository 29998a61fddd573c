"""A client of the daemon that counts what comes instead of decoding it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

from tests.bench.rig import Rig
from tests.bench.tally import Failed, Tally

Json = Any

DELTA = b'"kind":"delta"'
RESULT = b'"result":{"callId"'
HIT = b'"cache":{"hit":true'
ERROR = b'"error":{"code"'

HELLO: dict[str, Json] = {"processId": None, "rootUri": None, "capabilities": {}}


class Joined:
    """`pid` is the forwarder's, None on the socket. `close` waits until the forwarder has ended."""

    def __init__(self) -> None:
        self.tally = Tally(DELTA, RESULT, HIT, fatal=ERROR)
        self.pid: int | None = None
        self.send: Callable[[bytes], object]
        self._close: Callable[[], object]
        self._ended = asyncio.get_running_loop().create_future()
        self._whole: bytearray | None = None  # set while an answer is decoded
        self._answer: asyncio.Future[Json]

    async def request(self, method: str, params: Json) -> Json:
        """The result, decoded; not for what is timed, and for one request at a time."""
        self._whole = bytearray()
        self._answer = asyncio.get_running_loop().create_future()
        self.send(frame({"jsonrpc": "2.0", "id": "asked", "method": method, "params": params}))
        try:
            async with asyncio.timeout(60):
                return await self._answer
        finally:
            self._whole = None

    def need_no_hits(self) -> None:
        """What was timed must have gone to the simulator and back."""
        assert not self.tally[HIT], f"{self.tally[HIT]} calls were answered from the cache"

    async def close(self) -> None:
        self._close()
        await self._ended

    def came(self, data: bytes) -> None:
        self.tally.feed(data)
        if self._whole is not None:
            self._whole += data
            self._look()

    def ended(self) -> None:
        self.tally.end()
        if not self._ended.done():
            self._ended.set_result(None)

    def _look(self) -> None:
        """For the answer among the frames; progress is passed over."""
        assert self._whole is not None
        while (end := self._whole.find(b"\r\n\r\n")) >= 0:
            size = int(self._whole[:end].partition(b":")[2])
            if len(self._whole) < end + 4 + size:
                return
            message = json.loads(self._whole[end + 4 : end + 4 + size])
            del self._whole[: end + 4 + size]
            if message.get("id") == "asked" and not self._answer.done():
                if "error" in message:
                    self._answer.set_exception(Failed(json.dumps(message["error"])))
                else:
                    self._answer.set_result(message["result"])


async def through_forwarder(rig: Rig) -> Joined:
    """Joined by `libria stdio` and initialized, as an editor does."""
    joined = Joined()
    transport, _ = await asyncio.get_running_loop().subprocess_exec(
        lambda: _Stdio(joined), *rig.command("stdio"), stderr=None, env=rig.env
    )
    stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
    joined.pid, joined.send, joined._close = transport.get_pid(), stdin.write, stdin.close
    await joined.request("initialize", HELLO)
    return joined


async def by_socket(rig: Rig) -> Joined:
    """Joined on the daemon's socket, as a script does; its environment goes along in `initialize`."""
    joined = Joined()
    path = await asyncio.to_thread(rig.socket)
    transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: _Socket(joined), path)
    joined.send, joined._close = transport.write, transport.close
    own = {name: value for name, value in rig.env.items() if name.startswith("OPENAI_")}
    await joined.request("initialize", {**HELLO, "initializationOptions": {"libria": {"env": own}}})
    return joined


class _Stdio(asyncio.SubprocessProtocol):
    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._joined.came(data)

    def process_exited(self) -> None:
        self._joined.ended()


class _Socket(asyncio.Protocol):
    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def data_received(self, data: bytes) -> None:
        self._joined.came(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._joined.ended()


def frame(message: Json) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chat(model: str, number: int = 0, **more: Json) -> bytes:
    """A streamed call, ready to be sent; an id may be used again once it is answered."""
    params = {"model": f"openai/{model}", "messages": [{"role": "user", "content": "Why share one daemon?"}], **more}
    params["partialResultToken"] = f"token-{number}"
    return frame({"jsonrpc": "2.0", "id": number, "method": "libria/chat", "params": params})
