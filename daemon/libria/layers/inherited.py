"""What one daemon knew of the limits and hands over to its successor, which gives it to each key and target as they
are asked for. Times are the machine's monotonic clock, which both read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from libria.layers.lane import Lane
from libria.layers.turns import Turns
from libria_providers.types import Headroom


@dataclass(frozen=True, slots=True)
class HeldKey:
    """`hash` is the key's."""

    hash: str
    strikes: int
    struck: float
    paused_until: float
    shunned_until: float


@dataclass(frozen=True, slots=True)
class HeldLane:
    """One target of the key with `hash`: what the provider said of its limits and when, what is typical."""

    hash: str
    target: str
    said: list[tuple[Headroom, float]]
    typical: float
    found: int


@dataclass(frozen=True, slots=True)
class HeldLimits:
    keys: list[HeldKey] = field(default_factory=list[HeldKey])
    lanes: list[HeldLane] = field(default_factory=list[HeldLane])


class Inherited:
    """What was handed over and nobody has asked for yet."""

    def __init__(self) -> None:
        self._keys: dict[str, HeldKey] = {}
        self._lanes: dict[tuple[str, str], HeldLane] = {}

    def add(self, held: HeldLimits, known: Iterable[Turns]) -> None:
        """`known` are those that exist already."""
        self._keys.update((key.hash, key) for key in held.keys)
        self._lanes.update(((lane.hash, lane.target), lane) for lane in held.lanes)
        for turns in known:
            self.give_key(turns)
            for lane in turns.lanes.values():
                self.give_lane(turns, lane)

    def give_key(self, turns: Turns) -> None:
        held = self._keys.pop(turns.hash, None)
        if held is not None:
            turns.strikes = max(turns.strikes, held.strikes)
            turns.struck = max(turns.struck, held.struck)
            turns.paused_until = max(turns.paused_until, held.paused_until)
            turns.shunned_until = max(turns.shunned_until, held.shunned_until)

    def give_lane(self, turns: Turns, lane: Lane) -> None:
        held = self._lanes.pop((turns.hash, lane.name), None)
        if held is not None:
            lane.allowance.inherit(held.said, held.typical)
            lane.at_once.inherit(held.found, told=lane.allowance.told)


def held(known: Iterable[Turns]) -> HeldLimits:
    limits = HeldLimits()
    for turns in known:
        limits.keys.append(
            HeldKey(turns.hash, turns.strikes, turns.struck, turns.paused_until, turns.shunned_until)
        )  # fmt: skip
        for lane in turns.lanes.values():
            said, typical = lane.allowance.known()
            limits.lanes.append(HeldLane(turns.hash, lane.name, said, typical, lane.at_once.known))
    return limits
