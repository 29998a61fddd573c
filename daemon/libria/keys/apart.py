"""Work that may block, in a thread that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def apart(work: Callable[[], T]) -> "asyncio.Future[T]":
    """What `work` returns or raises. Not asyncio's own pool of threads: the process could not end while a keyring
    waits for its user, or a file's server is gone."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody waits

    def run() -> None:
        try:
            settle = partial(_done, future, work())
        except Exception as error:  # noqa: BLE001  # handed over
            settle = partial(_failed, future, error)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="libria-apart", daemon=True).start()
    return future


def _done(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _failed(future: "asyncio.Future[T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
