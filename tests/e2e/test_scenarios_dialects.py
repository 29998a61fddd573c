"""Scenarios that each format tells in its own way: an error in the middle of a stream, and what else ends one."""

from collections.abc import Sequence

import pytest
from e2e_home import OpenClient
from scenario_stage import on_the_socket, scenario
from scenario_vendors import VENDORS, Vendor

from libria_providers.simulator import Simulator


def each(faults: Sequence[str]) -> pytest.MarkDecorator:
    """Each vendor with each fault."""
    rows = [pytest.param(vendor, fault, id=f"{vendor.name}-{fault}") for fault in faults for vendor in VENDORS]
    return pytest.mark.parametrize(("vendor", "fault"), rows)


@each(["error:0.5"])
async def test_an_error_event_in_the_middle(
    open_client: OpenClient, sim: Simulator, vendor: Vendor, fault: str
) -> None:
    client = await open_client(vendor.env(sim))
    target = f"{vendor.name}/fast:30"
    async with scenario(client, sim, then=target) as run:
        sim.script([f"+{fault}"])
        told = await run.ask(target, fallbacks=["groq/fast:5"])
        assert [outcome for _, outcome in told.outcomes] == ["interrupted", "ok"]
        assert told.kinds() == ["start", "delta", "status", "reset", "delta"]
        assert (await told.chat.seen("reset"))["reason"] == "overloaded"
        alone = await run.ask(f"{target}+{fault}")
        assert (alone.error["kind"], alone.error["retryable"]) == ("interrupted", True)
        whole = (await run.ask(target)).result["content"]
        assert whole.startswith(alone.error["partialText"])
        assert "" != alone.error["partialText"] != whole
        assert len(sim.calls) == 4


@on_the_socket
@each(["cut:0.5", "end:0.5", "malformed:10"])
async def test_half_an_answer_is_never_sold(
    open_client: OpenClient, sim: Simulator, vendor: Vendor, fault: str
) -> None:
    client = await open_client(vendor.env(sim))
    target = f"{vendor.name}/fast:30"
    async with scenario(client, sim, then=target) as run:
        sim.script([f"+{fault}"])
        told = await run.ask(target)
        whole = (await run.ask(target)).result["content"]
        if told.error is None:
            assert told.result["content"] == whole, "what proves whole may be answered with"
        else:
            assert told.error["kind"] in ("interrupted", "invalidResponse")
            assert whole.startswith(told.error.get("partialText", ""))


@on_the_socket
@each(["status:429+retry-after-ms:30", "error-200"])
async def test_the_next_answers_in_the_place_of_each(
    open_client: OpenClient, sim: Simulator, vendor: Vendor, fault: str
) -> None:
    client = await open_client(vendor.env(sim))
    async with scenario(client, sim, then=f"{vendor.name}/fast:30") as run:
        told = await run.ask(f"{vendor.name}/fast:30+{fault}", fallbacks=["anthropic/fast:7"])
        assert told.result is not None
        assert told.result["usage"]["outputTokens"] == 7
        assert told.kinds() == ["start", "status", "delta"]
