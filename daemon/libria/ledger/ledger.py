"""The ledger of a daemon: told of each attempt and each answer on the loop, which costs microseconds; the rest happens
in its thread."""

import asyncio
import secrets
from pathlib import Path

from libria.clock import Clock
from libria.config import Config
from libria.layers.attempt import Ended
from libria.ledger.file import LedgerFile
from libria.ledger.row import How, Row, pico
from libria.ledger.totals import Sum, Totals
from libria.log.writer import Background
from libria_providers.types import Call

LINGER_SECONDS = 0.25
"""For which rows are gathered: what a daemon that is killed may lose."""

READY_SECONDS = 3.0
"""For what was used before this daemon began to be known; then it is not waited for."""

CLOSE_SECONDS = 5.0

NO_USAGE = (0, 0, None, None, None)


class Ledger:
    """Without a `path` it knows what this process did, and writes nothing. Belongs to one loop."""

    def __init__(self, clock: Clock, path: Path | None, config: Config) -> None:
        self._wall = clock.wall
        self._now = clock.now
        self.totals = Totals(clock.wall())
        self.path = path
        self._enabled = config.ledger.enabled
        self._patience = READY_SECONDS
        self._file: LedgerFile | None = None
        self._writer: Background[Row] | None = None
        if path is not None:
            file = LedgerFile(path, self.totals, clock.wall, days=config.ledger.days, daemon=secrets.randbits(62))
            self._file, self._writer = (
                file,
                Background([file], file.missed, name="libria-ledger", linger=LINGER_SECONDS),
            )

    def configure(self, config: Config) -> None:
        self._enabled = config.ledger.enabled
        if self._file is not None:
            self._file.days = config.ledger.days

    @property
    def writes(self) -> bool:
        return self._enabled and self._writer is not None

    @property
    def loaded(self) -> bool:
        """Whether what was used before counts, as far as there is anything to know."""
        return self._file is None or not self._enabled or self._file.loaded

    @property
    def problems(self) -> list[str]:
        """What keeps rows from the file, and what has become of a damaged one; sentences."""
        file = self._file
        if file is None or not self._enabled:
            return []
        said = [sentence for sentence in (file.problem, file.put_aside) if sentence]
        if file.lost:
            said.append(f"{file.lost} rows of the ledger are lost: they could not be written in time.")
        return said

    def attempt(self, ended: Ended, *, at: float, key: str | None, cost: float | None) -> None:
        """`at` is when it ended, in seconds since the epoch; `cost` dollars, None where the price is not known."""
        call, attempt, usage, finish = ended.call, ended.attempt, ended.usage, ended.finish
        provider, _, model = attempt.target.partition("/")
        origin = call.origin
        row = Row(
            int(at * 1000), "attempt", origin.client, origin.version, origin.session, call.trace.call_id,
            call.trace.asked, provider, model, finish.served_model if finish else "", attempt.outcome, attempt.status,
            usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.cache_write_input_tokens,
            usage.reasoning_tokens, ended.exact, pico(cost), call.trace.queued_ms, ended.first_token_ms,
            attempt.duration_ms, origin.env, key,
        )  # fmt: skip
        self.totals.add(row, at)
        if self._enabled and self._writer is not None:
            self._writer.put(row)

    def answered(self, call: Call, how: How, target: str, served_model: str) -> None:
        """A call that was answered without an attempt of its own."""
        if not self._enabled or self._writer is None:
            return
        provider, _, model = target.partition("/")
        origin = call.origin
        self._writer.put(
            Row(
                int(self._wall() * 1000), how, origin.client, origin.version, origin.session, call.trace.call_id,
                call.trace.asked, provider, model, served_model, "ok", None, *NO_USAGE, True, 0,
                call.trace.queued_ms, None, round((self._now() - call.started) * 1000, 3), origin.env, None,
            )
        )  # fmt: skip

    async def ready(self) -> None:
        """Once what the file says of today and this month counts; a disk that hangs is waited for once."""
        if self._file is None or self.loaded or self._file.problem is not None or self._patience <= 0:
            return
        began = self._now()
        await self.flush(self._patience)
        self._patience -= self._now() - began

    async def flush(self, seconds: float) -> None:
        """All that was told before is in the file, or cannot be."""
        if self._enabled and self._writer is not None:
            await asyncio.to_thread(self._writer.flush, seconds)

    async def today(self) -> Sum:
        await self.ready()
        return self.totals.of("day", self._wall())

    def since_midnight(self) -> float:
        now = self._wall()
        return now - self.totals.period("day", now).begin

    async def aclose(self) -> None:
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close, CLOSE_SECONDS)
