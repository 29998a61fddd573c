"""Every recording through the layers into one ledger: its rows and sums are the figures that the vendors sent."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from wire_exchanges import ENDPOINTS, Answerer, answerer, leading
from wire_recordings import Recording, missing, recordings
from wire_replay import served
from wire_usage import comparable, expected_usage

from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.ledger.query import Line, usage
from libria_providers.errors import ProviderError
from libria_providers.rows.own import DIALECTS
from libria_providers.types import CacheOptions, Origin, Usage

KEY = "RECORDED_API_KEY"
AT_ONCE = 24
NAMES = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens", "cache_write_input_tokens")


async def test_rows_and_sums_are_the_vendors_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    found = _answered()
    if not found:
        missing()
    async with served(lambda path: found[int(path.split("/")[1])][0]) as address:
        engine = Engine(_config(found, address), SystemClock())
        turn = asyncio.Semaphore(AT_ONCE)
        try:
            heard = await asyncio.gather(*(_ask(engine, n, *one, turn) for n, one in enumerate(found)))
        finally:
            await engine.aclose()
    said = usage(tmp_path / "state" / "ledger.db", "provider", None, time.time() + 60)
    lines = {line.key: line for line in said.lines}
    ok = {number: one for number, one in enumerate(heard) if one is not None}
    assert len(ok) > len(found) * 0.8
    for number in ok:
        recording, who = found[number]
        expected = expected_usage(recording, who.quirks)
        assert comparable(recording, expected, _usage(lines[f"r{number}"])) == expected, recording.file
    for name in NAMES:
        told = sum(getattr(one, name) or 0 for one in ok.values())
        assert told == sum(getattr(lines[f"r{number}"], name) for number in ok)
        assert sum(getattr(line, name) for line in said.lines) == getattr(said.total, name) >= told > 0


def _answered() -> list[tuple[Recording, Answerer]]:
    """Those of calls that were answered, each with who reads it."""
    found: list[tuple[Recording, Answerer]] = []
    for recording in recordings():
        if recording.is_error or ENDPOINTS[recording.endpoint].slot in ("models", "count"):
            continue
        try:
            found.append((recording, answerer(recording)))
        except AssertionError:
            continue  # its own test says so
    return found


def _config(found: list[tuple[Recording, Answerer]], address: str) -> Config:
    """A provider for each."""
    providers = {
        f"r{number}": {"base_url": f"{address}/{number}", "api_key_env": KEY, **_kind(recording, who)}
        for number, (recording, who) in enumerate(found)
    }
    return Config.model_validate({"retry": {"attempts": 1}, "providers": providers}, strict=False)


def _kind(recording: Recording, who: Answerer) -> dict[str, str]:
    if leading(recording, who) is None and who.exchange.name in DIALECTS:
        return {"kind": "openai-compatible", "dialect": who.exchange.name}
    return {"kind": who.row.name}


async def _ask(
    engine: Engine, number: int, recording: Recording, who: Answerer, turn: asyncio.Semaphore
) -> Usage | None:
    """What the caller was told, None for a question that came to nothing."""
    call = replace(
        who.call,
        model=f"r{number}/{leading(recording, who) or recording.model}",
        stream=recording.streamed,
        cache=CacheOptions("off"),
        origin=Origin(env={KEY: "a-key-of-the-tests"}),
        started=engine.clock.now(),
        deadline=engine.clock.now() + 60,
    )
    async with turn:
        try:
            answer = await (await engine.send(call)).read()
        except ProviderError:
            return None
    assert answer.finish is not None
    return answer.finish.usage


def _usage(line: Line) -> Usage:
    into, out, *more = (getattr(line, name) for name in NAMES)
    return Usage(into, out, *(figure or None for figure in more))
