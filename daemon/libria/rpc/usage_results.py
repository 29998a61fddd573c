"""What `libria/usage` answers."""

from libria.ledger.query import Line, Usage
from libria.ledger.when import stamp
from libria.rpc.results import Result


class UsageLine(Result, frozen=True, omit_defaults=False):
    """Sums of what has the same `key`. `failed` and `cancelled` are among the `attempts`; `free` calls were answered
    without an attempt of their own, out of the cache or by the answer to another. Of `estimated` attempts the provider
    said no tokens; cached and written ones are within the input, those of reasoning within the output. `usd` is by
    published prices, without the `unpriced` attempts, whose models' are not known."""

    key: str
    calls: int
    attempts: int
    failed: int
    cancelled: int
    free: int
    estimated: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int
    reasoning_tokens: int
    usd: float
    unpriced: int


class UsageReport(Result, frozen=True, rename={"from_": "from"}, omit_defaults=False):
    """`rows` the dearest first, days in their order. `from` and `to` are ISO 8601 times, the second one not within.
    A call that fell back is in the rows of two models and once in the `total`. `problems`: sentences, where the ledger
    does not hold all."""

    rows: list[UsageLine]
    total: UsageLine
    from_: str
    to: str
    problems: list[str]


def to_report(usage: Usage, problems: list[str]) -> UsageReport:
    return UsageReport(
        rows=[_line(line) for line in usage.lines],
        total=_line(usage.total),
        from_=stamp(usage.since),
        to=stamp(usage.until),
        problems=problems,
    )


def _line(line: Line) -> UsageLine:
    return UsageLine(
        key=line.key, calls=line.calls, attempts=line.attempts, failed=line.failed, cancelled=line.cancelled,
        free=line.free, estimated=line.estimated, input_tokens=line.input_tokens, output_tokens=line.output_tokens,
        cached_input_tokens=line.cached_input_tokens, cache_write_input_tokens=line.cache_write_input_tokens,
        reasoning_tokens=line.reasoning_tokens, usd=round(line.usd, 12), unpriced=line.unpriced,
    )  # fmt: skip
