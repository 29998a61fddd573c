"""`libria/usage`: what the ledger says, read in a thread once all that is known is in it."""

import asyncio

from libria.engine import Engine
from libria.ledger.query import Unreadable, usage
from libria.ledger.when import moment
from libria.rpc.codes import INTERNAL_ERROR, RpcError, invalid_params
from libria.rpc.params import UsageParams
from libria.rpc.usage_results import UsageReport, to_report

FLUSH_SECONDS = 3.0


async def report(engine: Engine, params: UsageParams) -> UsageReport:
    """Raises RpcError."""
    path = engine.ledger.path
    if path is None:
        raise invalid_params("This process keeps no ledger.")
    now = engine.clock.wall()
    try:
        since = None if params.since is None else moment(params.since, now)
        until = now + 1 if params.until is None else moment(params.until, now)
    except ValueError as error:
        raise invalid_params(f"{error}.") from None
    await engine.into_ledger(FLUSH_SECONDS)
    try:
        found = await asyncio.to_thread(usage, path, params.by, since, until)
    except Unreadable as error:
        raise RpcError(INTERNAL_ERROR, str(error)) from None
    return to_report(found, engine.ledger.problems)
