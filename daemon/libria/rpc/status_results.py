"""What `libria/status` answers."""

from typing import Literal

from libria.rpc.results import CacheFiguresResult, Result


class ProcessResult(Result, frozen=True):
    """`lagMs` is how late a timer rang at the worst in the last two seconds, while somebody looked: what everything
    the daemon does may be late by. `cpuSeconds` since it started."""

    cpu_seconds: float
    lag_ms: float
    rss_bytes: int | None = None


class PoolResult(Result, frozen=True):
    """`inUse` are requests that have not ended, `open` the connections that are held or kept, `opened`
    those that were made since the daemon started."""

    provider: str
    address: str
    in_use: int
    open: int
    opened: int


class ClientResult(Result, frozen=True):
    """`pid` is the process at the other end where the kernel tells, for an editor mostly its forwarder; `unreadBytes`
    have been sent to it and not been taken."""

    session: str
    name: str
    calls: int
    seconds: float
    unread_bytes: int
    version: str = ""
    pid: int | None = None


class CallResult(Result, frozen=True):
    """A call under way. It is "queued" behind others at `position`, "waiting" for its target's limits or first words
    (`reason`), "connecting" on its way there, "retrying" after a failure, "streaming", or "paused" until its client
    reads. `outputTokens` is an estimate, `tokensPerSecond` is lately."""

    call_id: str
    model: str
    client: str
    session: str
    seconds: float
    state: Literal["queued", "waiting", "connecting", "retrying", "streaming", "paused"]
    deltas: int
    output_tokens: int
    target: str | None = None
    reason: str | None = None
    position: int | None = None
    eta_ms: float | None = None
    tokens_per_second: float | None = None


class BreakerResult(Result, frozen=True):
    """A target that failed lately: "open" is left alone for `retryInMs`, then asked by one call at a time
    ("halfOpen"); `failures` in a row, the last of the kind `reason`."""

    target: str
    state: Literal["closed", "open", "halfOpen"]
    failures: int
    retry_in_ms: float | None = None
    reason: str | None = None


class SpentResult(Result, frozen=True):
    """Since the daemon started. `estimatedAttempts` are those whose provider gave no figures, as their
    replies broke or were left before the end."""

    target: str
    attempts: int
    failed: int
    cancelled: int
    estimated_attempts: int
    input_tokens: int
    output_tokens: int


class SpentTodayResult(Result, frozen=True):
    """Since midnight here, by all daemons of this home. `usd` is by published prices, without the `unpricedAttempts`,
    whose models' are not known; what runs on this machine costs nothing."""

    seconds: float
    usd: float
    attempts: int
    unpriced_attempts: int
    input_tokens: int
    output_tokens: int


class BudgetResult(Result, frozen=True):
    """A budget of the config: `spentUsd` of `usd` in this day or month (by all machines that share it), which ends at
    `renewsAt`, an ISO 8601 time; besides `unpricedAttempts`, whose price is not known. `state` is "near" where it will
    soon refuse, "spent" where it is reached."""

    name: str
    usd: float
    per: Literal["day", "month"]
    action: Literal["warn", "refuse"]
    spent_usd: float
    unpriced_attempts: int
    renews_at: str
    state: Literal["open", "near", "spent"]
    tool: str | None = None
    provider: str | None = None


class LedgerResult(Result, frozen=True):
    """Where rows of what calls cost are kept, for `days`; `enabled` is False where they are not. `problems`:
    sentences."""

    enabled: bool
    days: int
    problems: list[str]
    path: str | None = None


class LimitResult(Result, frozen=True):
    """One limit: at most `limit` of `of` ("requests", "tokens", "inputTokens", "outputTokens") in `seconds`.
    `used` is counted here (not said where other machines count too), `remaining` what the provider said last;
    `learned` from the provider or else the user's; `shared` by all models of the key."""

    of: str
    limit: int
    seconds: float
    learned: bool
    shared: bool
    used: int | None = None
    remaining: int | None = None


class TargetResult(Result, frozen=True):
    """What is kept to of one target with one key (`key` tells keys apart and names none): nothing is sent for
    `pausedMs` after a 429; `waiting` calls; `inFlight` of at most `bound` at once, a bound that was `found` by
    failures or is the user's."""

    target: str
    key: str
    limits: list[LimitResult]
    paused_ms: float
    waiting: int
    in_flight: int
    found: bool
    bound: int | None = None


class QueueResult(Result, frozen=True):
    """Calls that are let in at once, and those that wait to be."""

    in_flight: int
    slots: int
    waiting: int
    room: int


class RedisResult(Result, frozen=True):
    """What machines share limits through: "off" without an address, "away" while it does not answer in time, and
    each keeps to its share of the limits."""

    status: Literal["connected", "away", "off"]
    url: str = ""
    since_seconds: float | None = None
    error: str | None = None
    round_trip_ms: float | None = None


class StatusResult(Result, frozen=True):
    """`tasks` are those of the daemon's event loop, this request's own among them: at rest it is a small number
    that stays the same. Where `parts` names some, the other parts are empty."""

    pid: int
    version: str
    uptime_seconds: float
    tasks: int
    socket: str | None
    config: str
    problems: list[str]
    clients: list[ClientResult]
    calls: list[CallResult]
    pools: list[PoolResult]
    breakers: list[BreakerResult]
    targets: list[TargetResult]
    queue: QueueResult
    cache: CacheFiguresResult
    redis: RedisResult
    spend: list[SpentResult]
    budgets: list[BudgetResult]
    process: ProcessResult | None = None
    today: SpentTodayResult | None = None
    ledger: LedgerResult | None = None
