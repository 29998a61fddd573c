"""What the daemon asks its client, and tells it unasked."""

import asyncio
import secrets
from itertools import count
from typing import cast

from libria.rpc.outbox import Outbox
from libria_providers.types import Json

MOST_SECONDS = 60.0
"""For an answer: a client may ask its user."""

ERROR, INFO = 1, 3
"""LSP's kinds of messages."""


class Wishes:
    """Of one connection; `close` when it ends. Ids differ between daemons: an answer may come to the next one."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._name = f"libria-{secrets.token_hex(4)}"
        self._count = count(1)
        self._waiting: dict[str, asyncio.Future[Json]] = {}

    async def ask(self, method: str, params: Json) -> Json:
        """The client's answer, None where it says it cannot, or nothing in time."""
        id = f"{self._name}-{next(self._count)}"
        future = self._waiting[id] = asyncio.get_running_loop().create_future()
        self._outbox.send_json({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        try:
            async with asyncio.timeout(MOST_SECONDS):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(id, None)

    def answered(self, message: dict[str, Json]) -> bool:
        """Whether `message` answers one of these."""
        id = message.get("id")
        future = self._waiting.get(id) if isinstance(id, str) else None
        if future is None:
            return False
        if not future.done():
            future.set_result(message.get("result"))
        return True

    def close(self) -> None:
        for future in self._waiting.values():
            future.cancel()

    def show(self, kind: int, text: str) -> None:
        self._tell("window/showMessage", kind, text)

    def log(self, kind: int, text: str) -> None:
        self._tell("window/logMessage", kind, text)

    def _tell(self, method: str, kind: int, text: str) -> None:
        self._outbox.send_json({"jsonrpc": "2.0", "method": method, "params": {"type": kind, "message": text}})


def says(answer: Json, name: str) -> Json:
    """What the answer, if it is an object, has under `name`."""
    return cast(dict[str, Json], answer).get(name) if isinstance(answer, dict) else None
