"""What the daemon logs: its own messages, each call at its end, each attempt at its end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from libria.config import Config
from libria.layers.attempt import Ended
from libria.log.clean import SENTENCE, clean, keys_in
from libria.log.content import asked, said
from libria.log.entry import RANK, Entry, Level
from libria.log.facts import Facts, Scalar
from libria.log.writer import Sink, Writer
from libria_providers.errors import ProviderError
from libria_providers.reply import Answer
from libria_providers.types import Call, CountTokens, Embed, Fill, Finish, Json, Usage

CANCELLED = "cancelled"


class Timings(Protocol):
    @property
    def first_token_ms(self) -> float: ...


class Answered(Protocol):
    """A call that was answered: `target` is who did, `age` that of a cache's entry, `cost` dollars."""

    @property
    def answer(self) -> Answer: ...
    @property
    def target(self) -> str: ...
    @property
    def age(self) -> float | None: ...
    @property
    def cost(self) -> float | None: ...
    @property
    def timings(self) -> Timings: ...


A = TypeVar("A", bound=Answered)


class Log:
    """Without sinks it hears everything and says nothing. `wall` gives seconds since the epoch, `now` those
    that calls are timed in."""

    def __init__(self, sinks: Sequence[Sink[Entry]], *, wall: Callable[[], float], now: Callable[[], float]) -> None:
        self._writer = Writer(sinks, wall) if sinks else None
        self._wall = wall
        self._now = now
        self._level = RANK["info"]
        self._content = False
        self._tracing = False
        self._known: tuple[Mapping[str, str], list[str]] = ({}, [])  # the last client's variables, the keys in them
        self._fit: Callable[[Config], bool] = lambda _config: False

    def fits(self, fit: Callable[[Config], bool]) -> None:
        """Have `fit` called with the config when it changes, for what only the sinks follow. It says whether
        facts are wanted whatever the level."""
        self._fit = fit

    def configure(self, config: Config) -> None:
        self._level = RANK[config.daemon.log_level]
        self._content = config.log.content
        self._tracing = self._fit(config)

    def message(self, at: float, level: Level, logger: str, message: str) -> None:
        """One of the daemon's own sentences. From any thread."""
        self._put(Entry(at, level, "message", {"logger": logger, "message": clean(message, most=SENTENCE)}))

    def attempt(self, ended: Ended, *, kind: str, address: str, key: str | None, cost: float | None) -> None:
        """`kind` is the built-in provider that the asked one is like, `address` and `key` are its own."""
        if self._writer is None:
            return
        call, attempt, finish = ended.call, ended.attempt, ended.finish
        keys = self._keys(call, key)
        name, _, model = attempt.target.partition("/")
        at = self._wall()
        fields: dict[str, Json] = {
            **_who(call, keys),
            "provider": clean(name, keys),
            "model": clean(model, keys),
            "target": clean(attempt.target, keys),
            "servedModel": _served(finish, keys),
            "outcome": attempt.outcome,
            "status": attempt.status,
            "requestId": clean(attempt.request_id, keys) if attempt.request_id else None,
            "startedMs": attempt.started_ms,
            "durationMs": attempt.duration_ms,
            "firstTokenMs": ended.first_token_ms,
            **_tokens(ended.usage),
            "estimated": None if ended.exact else True,
            "costUsd": _usd(cost),
            "message": clean(ended.error.message, keys, SENTENCE) if ended.error else None,
        }
        facts = Facts(
            of="attempt",
            seed=_seed(call),
            operation=_KINDS[type(call.ask)][1],
            began=at - attempt.duration_ms / 1000,
            ended=at,
            outcome=attempt.outcome,
            provider=kind,
            model=fields["model"],
            served_model=fields["servedModel"] or "",
            stop_reason=finish.stop_reason if finish else None,
            address=address,
            status=attempt.status,
            request_id=fields["requestId"],
            first_token=None if ended.first_token_ms is None else ended.first_token_ms / 1000,
            usage=ended.usage,
            request=_request(call),
            more={"libria.target": fields["target"]},
        )
        self._put(Entry(at, _level(attempt.outcome), "attempt", fields, facts))

    async def call(self, call: Call, answering: Awaitable[A]) -> A:
        """What `answering` gives or raises, and a line of how it went."""
        if self._writer is None:
            return await answering
        try:
            answered = await answering
        except asyncio.CancelledError:
            self._called(call, CANCELLED)
            raise
        except ProviderError as error:
            self._called(call, error.kind, error=error)
            raise
        except Exception:
            self._called(call, "internal")
            raise
        self._called(call, "ok", answered=answered)
        return answered

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _called(
        self,
        call: Call,
        outcome: str,
        *,
        answered: Answered | None = None,
        error: ProviderError | None = None,
    ) -> None:
        keys = self._keys(call)
        at = self._wall()
        seconds = self._now() - call.started
        trace = call.trace
        finish = answered.answer.finish if answered else None
        target = answered.target if answered else trace.attempts[-1].target if trace.attempts else None
        hit = answered is not None and answered.age is not None
        fields: dict[str, Json] = {
            **_who(call, keys),
            "method": _KINDS[type(call.ask)][0],
            "model": clean(call.model, keys),
            "target": clean(target, keys) if target else None,
            "servedModel": _served(finish, keys),
            "outcome": outcome,
            "stopReason": finish.stop_reason if finish else None,
            "durationMs": round(seconds * 1000, 3),
            "queuedMs": round(trace.queued_ms, 3),
            "firstTokenMs": answered.timings.first_token_ms if answered else None,
            **_tokens(finish.usage if finish else None),
            "costUsd": _usd(answered.cost) if answered else None,
            "cacheHit": hit,
            "cacheAgeSeconds": round(answered.age, 1) if answered and answered.age is not None else None,
            "attempts": len(trace.attempts),
            "message": clean(error.message, keys, SENTENCE) if error else None,
        }
        weight = 500
        if self._content:
            fields |= {"asked": asked(call, keys), "answer": said(answered.answer, keys) if answered else None}
            weight += len(str(fields["asked"])) + len(str(fields["answer"]))
        more: dict[str, Scalar] = {
            "libria.call.id": trace.call_id,
            "libria.client": fields["client"] or "",
            "libria.model": fields["model"],
            "libria.cache.hit": hit,
        }
        facts = Facts(
            of="call", seed=_seed(call), operation=fields["method"], began=at - seconds, ended=at, outcome=outcome,
            more=more,
        )  # fmt: skip
        self._put(Entry(at, _level(outcome), "call", fields, facts, weight))

    def _keys(self, call: Call, key: str | None = None) -> list[str]:
        """Those that may be echoed in what others wrote."""
        env = call.origin.env
        if self._known[0] is not env:
            self._known = (env, keys_in(env))
        keys = self._known[1]
        return keys if key is None or key in keys else [key, *keys]

    def _put(self, entry: Entry) -> None:
        if self._writer is None:
            return
        if RANK[entry.level] >= self._level:
            self._writer.put(entry)
        elif self._tracing and entry.facts is not None:
            self._writer.put(replace(entry, quiet=True))


# By what is asked: our method, and OpenTelemetry's operation, which has none for counting.
_KINDS: Mapping[type, tuple[str, str]] = {
    type(None): ("libria/chat", "chat"),
    Fill: ("libria/complete", "text_completion"),
    Embed: ("libria/embed", "embeddings"),
    CountTokens: ("libria/countTokens", "count_tokens"),
}


def _who(call: Call, keys: Sequence[str]) -> dict[str, Json]:
    return {
        "callId": call.trace.call_id or None,
        "client": clean(call.origin.client, keys) or None,
        "session": call.origin.session,
    }


def _seed(call: Call) -> str:
    return f"{call.trace.call_id or id(call.trace)} {call.started}"


def _level(outcome: str) -> Level:
    return "info" if outcome in ("ok", CANCELLED) else "warning"


def _served(finish: Finish | None, keys: Sequence[str]) -> str | None:
    return clean(finish.served_model, keys) if finish and finish.served_model else None


def _tokens(usage: Usage | None) -> dict[str, Json]:
    if usage is None:
        return {}
    return {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cachedInputTokens": usage.cached_input_tokens,
        "cacheWriteInputTokens": usage.cache_write_input_tokens,
        "reasoningTokens": usage.reasoning_tokens,
    }


def _usd(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 8)


def _request(call: Call) -> dict[str, Scalar]:
    """What was asked for, apart from its content."""
    wanted: dict[str, Scalar | None] = {
        "gen_ai.request.max_tokens": call.max_tokens,
        "gen_ai.request.temperature": call.temperature,
        "gen_ai.request.top_p": call.top_p,
        "gen_ai.request.seed": call.seed,
        "gen_ai.request.stream": call.stream if not isinstance(call.ask, Embed) and call.stream else None,
        "gen_ai.embeddings.dimension.count": call.ask.dimensions if isinstance(call.ask, Embed) else None,
        "gen_ai.output.type": "json" if call.response_format and call.response_format.kind != "text" else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}
