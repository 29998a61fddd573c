"""One workload a file; each is given a rig of its own and returns its figures."""

from collections.abc import Callable, Mapping

from tests.bench.figure import Figure
from tests.bench.rig import Rig
from tests.bench.workloads import (
    ask,
    cache,
    client,
    crowd,
    first_delta,
    fleet,
    fleet_daemons,
    forwarder,
    ledger,
    limiter,
    parsing,
    races,
    recovery,
    redis,
    resident,
    soak,
    start,
    throughput,
)

WORKLOADS: Mapping[str, Callable[[Rig, bool], list[Figure]]] = {
    "first-delta": first_delta.run,
    "throughput": throughput.run,
    "parsing": parsing.run,
    "start": start.run,
    "cache": cache.run,
    "resident": resident.run,
    "ask": ask.run,
    "client": client.run,
    "limiter": limiter.run,
    "ledger": ledger.run,
    "redis": redis.run,
    "fleet": fleet.run,
    "fleet-daemons": fleet_daemons.run,
    "forwarder": forwarder.run,
    "recovery": recovery.run,
    "crowd": crowd.run,
    "races": races.run,
    "soak": soak.run,
}
"""By name, in the order of the table. The second argument is whether to be quick."""

LONG = frozenset({"crowd", "fleet", "fleet-daemons", "races", "redis", "soak"})
"""Which run only where they are named."""
