"""What a call cost, by a library of prices that is loaded when it is first wanted."""

import asyncio
import sys
from collections.abc import Callable

from libria_providers import prices
from libria_providers.types import Model, Usage

AFTER = 0.1
"""Seconds after a call came, when its request is on its way."""

GENTLY = 0.0005
"""Seconds that the loading thread holds Python for at a time, a tenth of the default: a delta or a cancel must
not wait behind it."""


def _load() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(GENTLY)
    try:
        prices.preload()
    finally:
        sys.setswitchinterval(before)


class Costs:
    """`prepare` is called when a call is sent that will have a price: the library takes 0.1 s to load,
    in a thread, while the provider thinks."""

    def __init__(self) -> None:
        self._loaded: asyncio.Task[None] | None = None
        self._planned = False

    def prepare(self) -> None:
        if self._loaded is None and not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_later(AFTER, self._load)

    def _load(self) -> asyncio.Task[None]:
        if self._loaded is None:
            self._loaded = asyncio.create_task(asyncio.to_thread(_load))
        return self._loaded

    def then(self, callback: Callable[[], None]) -> None:
        """Call `callback` once prices are there: at once where they are, or where none was wanted."""
        if not self._planned or (self._loaded is not None and self._loaded.done()):
            callback()
        else:
            self._load().add_done_callback(lambda _loaded: callback())

    async def settled(self) -> None:
        """What waits for prices has been called."""
        if self._loaded is not None and not self._loaded.done():
            await asyncio.wait({self._loaded})
            await asyncio.sleep(0)  # in which the task's callbacks are called

    def known(self, provider: str, model: str, usage: Usage) -> float | None:
        """As `of`, as far as prices are there."""
        if self._loaded is None or not self._loaded.done():
            return None
        return prices.cost(provider, model, usage)

    async def of(self, provider: str, model: str, usage: Usage) -> float | None:
        """US dollars, None where the price of `model` is not known. `provider` is a built-in one's name."""
        if not self._planned:
            return None
        await asyncio.shield(self._load())
        return prices.cost(provider, model, usage)

    async def completed(self, models: list[Model], provider: str) -> list[Model]:
        """`models` with the prices and context windows that the provider's own list does not say."""
        self._planned = True
        await asyncio.shield(self._load())
        return prices.completed(models, provider)

    def window(self, provider: str, model: str) -> int | None:
        """Tokens that `model` holds, None where that is not known (yet)."""
        if self._loaded is None or not self._loaded.done():
            return None
        return prices.context_window(provider, model)
