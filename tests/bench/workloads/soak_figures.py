"""The figures of a soak: what was asked, what went wrong, what is left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from tests.bench.figure import Figure, Goal
from tests.bench.samples import percentile
from tests.bench.workloads.soak_daemon import TASKS_OF_A_WEBSOCKET, Look
from tests.bench.workloads.soak_record import Record


@dataclass(slots=True)
class Rest:
    """The daemon after a round: `loaded` its memory under load, in MiB, `at` when, `amiss` what it should not show."""

    at: float
    look: Look
    amiss: list[str]
    loaded: list[float] = field(default_factory=list)


def figures(
    record: Record, rests: list[Rest], *, seed: int, loaded_seconds: float, cpu: Mapping[str, float]
) -> list[Figure]:
    """`rests` are before any call, after the warm-up, and after each round."""
    start, warm, end = rests[0].look, rests[1].look, rests[-1].look
    answered = sum(record.outcomes.values())
    outcomes = ", ".join(f"{name} {count}" for name, count in record.outcomes.most_common())
    gone = (record.outcomes["cancelled"] + record.left) / max(1, record.asked)
    cancelled = f"{record.outcomes['cancelled']} cancelled, {record.left} left by their clients"
    later = [median(rest.loaded) for rest in rests[2:] if rest.loaded]
    made = [
        Figure(name="calls", unit="", libria=record.asked, note=outcomes),
        Figure(name="calls a second", unit="/s", libria=answered / loaded_seconds),
        Figure(
            name="daemon's CPU of a call",
            unit="ms",
            libria=cpu["daemon"] / answered * 1000,
            note=", ".join(f"{name} {cpu:.0f} s" for name, cpu in cpu.items()),
        ),
        Figure(name="cancelled", unit="%", libria=gone * 100, note=cancelled),
        Figure(name="went wrong", unit="", libria=record.wrong, goal=Goal(at_most=0), note=f"seed {seed}"),
    ]
    for what, samples, goal in (("answer", record.answered, 100), ("upstream closed", record.hung_up, 250)):
        made += [
            Figure(
                name=f"cancel to {what}, p{p}", unit="ms", libria=percentile(samples, p) * 1000 if samples else None,
                goal=Goal(at_most=goal), note=f"{len(samples)} of them",
            )
            for p in (50, 99)
        ]  # fmt: skip
    made += [
        Figure(name="memory at the start", unit="MB", libria=start.rss),
        Figure(name="memory after the warm-up", unit="MB", libria=warm.rss),
        Figure(name="memory at the end", unit="MB", libria=end.rss),
        Figure(name="growth after the warm-up, at rest", unit="MB", libria=end.rss - warm.rss, goal=Goal(at_most=5)),
        Figure(name="growth a minute, at rest", unit="MB", libria=_slope(rests[1:])),
    ]
    if len(later) > 1:
        made.append(Figure(name="growth under load, first to last round", unit="MB", libria=later[-1] - later[0]))
    return [
        *made,
        Figure(
            name="tasks at the end", unit="", libria=end.tasks, note=f"{end.websockets} WebSockets have two each",
            goal=Goal(at_most=start.tasks + TASKS_OF_A_WEBSOCKET * end.websockets),
        ),
        Figure(name="descriptors but sockets at the end", unit="", libria=end.fds, goal=Goal(at_most=warm.fds)),
        Figure(
            name="upstream connections at the end", unit="", libria=end.established + end.half_closed,
            note=f"{end.kept} in the pools; {end.connections} at the simulator; {end.half_closed} half closed",
        ),
        Figure(name="pool slots in use at the end", unit="", libria=end.in_use, goal=Goal(at_most=0)),
    ]  # fmt: skip


def _slope(rests: list[Rest]) -> float | None:
    """MiB a minute, by least squares over the rests."""
    if len(rests) < 3:
        return None
    times = [rest.at / 60 for rest in rests]
    sizes = [rest.look.rss for rest in rests]
    mean_time, mean_size = sum(times) / len(times), sum(sizes) / len(sizes)
    spread = sum((time_ - mean_time) ** 2 for time_ in times)
    pairs = zip(times, sizes, strict=True)
    return sum((time_ - mean_time) * (size - mean_size) for time_, size in pairs) / spread
