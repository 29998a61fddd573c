"""Taking samples in turns, and reading them."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

__all__ = ["interleaved", "median", "percentile"]


def interleaved(blocks: Mapping[str, Callable[[], Sequence[float]]], rounds: int) -> dict[str, list[float]]:
    """Run each block once a round, in an order that shifts by one, and keep all they measured: the
    machine's drift, and whoever comes after whom, then counts for everyone alike."""
    names = list(blocks)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            samples[name] += blocks[name]()
    return samples


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that `percent` of them do not exceed."""
    ordered = sorted(samples)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(place) - 1)]
