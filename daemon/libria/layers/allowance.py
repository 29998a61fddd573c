"""What one target allows: the user's limits, the provider's as it tells of them, what a call wants of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from libria.layers.windows import Want
from libria_providers.estimate import BYTES_PER_TOKEN, tokens
from libria_providers.types import Call, CountTokens, Embed, Fill, Headroom, Usage

UNLIMITED = 2**53 - 1
"""As a limit: counted, never reached. The greatest integer that is exact everywhere."""

MINUTE = 60.0

LONGEST = 86400.0
"""Of the windows that are counted: a month's limit is not kept to by waiting."""

FORGOTTEN_SECONDS = 3600.0
"""After which a limit that the provider does not tell of any more no longer counts."""

TYPICAL = 500.0
"""Tokens of an answer, before a target's own are known."""

NEWEST = 0.2
"""What the newest answer counts in their moving average."""

TOLD_SHARE = 50
"""What the provider says was used is counted from one in so many of the limit on: below, it is our own."""

SPARED_SHARE = 50
"""One in so many of each window is left by batches for what is interactive, where a limit is not tiny."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The user's own limits, of a provider's key or of one model: requests and tokens a minute, calls at once."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` of `of` in any `seconds`; `learned` from the provider, else the user's."""

    key: str
    of: str
    limit: int
    seconds: float
    learned: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call was given: a want for each rule, and the tokens that it was thought to use."""

    wants: tuple[Want, ...]
    rules: tuple[Rule, ...]
    batch: bool = False


class Allowance:
    """`key` and `target` are hashed and begin every want's key, one after the other."""

    def __init__(self, key: str, target: str, of_key: Rates, of_target: Rates) -> None:
        self._target = f"{key}:{target}:"
        self.version = 0  # of the rules
        self._said: dict[tuple[str, float], tuple[Headroom, float]] = {}
        self._typical = TYPICAL
        self.configure(key, of_key, of_target)

    def configure(self, key: str, of_key: Rates, of_target: Rates) -> None:
        """Keep to these limits of the user's from now on."""
        self._of_key = tuple(_rules(f"{key}::", of_key))
        self._own = tuple(_rules(self._target, of_target))
        self._plan()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those of the key first."""
        return self._rules

    @property
    def of_key(self) -> bool:
        """Whether there are limits that other targets of the key share."""
        return bool(self._of_key)

    @property
    def told(self) -> bool:
        return bool(self._said)

    def said(self, rule: Rule) -> Headroom | None:
        """What the provider said last of it."""
        known = self._said.get((rule.of, rule.seconds))
        return known[0] if known else None

    def wanted(self, call: Call) -> Taken:
        """What `call` is to be given before it is sent. What is over a whole limit wants all of it: it is
        sent alone. A batch wants a little more room than it takes."""
        batch = call.priority == "batch"
        if not self._tokens and not batch:
            return self._plain
        into, out = _input(call), self._output(call)
        # Anthropic counts what is answered as it is answered, and max_tokens not at all:
        # https://platform.claude.com/docs/en/api/rate-limits
        streamed = min(out, round(2 * self._typical))
        amounts = {"requests": 1, "tokens": into + out, "inputTokens": into, "outputTokens": streamed}
        return self._taken(amounts, batch)

    def taken_back(self, taken: Taken, age: float, usage: Usage | None, *, sent: bool) -> tuple[Want, ...]:
        """What is to be settled of a call that was given `taken` `age` seconds ago and used `usage` (None: it
        cannot be known, and is taken to be as estimated, with a typical answer)."""
        if sent and taken is self._plain:
            return ()  # one request, and it was made
        return tuple(self._settled(taken, age, usage, sent))

    def answered(self, usage: Usage) -> None:
        if usage.output_tokens:  # embeddings have none
            self._typical += NEWEST * (usage.output_tokens - self._typical)

    def learn(self, headroom: Iterable[Headroom], now: float) -> tuple[Want, ...]:
        """Keep to what the provider says from now on; what it says was used is returned, to be counted."""
        used: list[Want] = []
        changed = False
        for told in headroom:
            if told.limit is None or told.window is None or not 0 < told.window <= LONGEST:
                continue
            told = _longer(told)
            assert told.limit is not None
            assert told.window is not None
            known = self._said.get((told.of, told.window))
            changed = changed or known is None or known[0].limit != told.limit
            self._said[told.of, told.window] = (told, now)
            gone = 0 if told.remaining is None else told.limit - told.remaining
            if gone * TOLD_SHARE >= told.limit:
                age = 0.0 if told.reset is None else max(0.0, told.window - told.reset)
                used.append(Want(self._name(told.of, told.window), gone, told.limit, told.window, age))
        old = [name for name, (_, at) in self._said.items() if now - at > FORGOTTEN_SECONDS]
        for name in old:
            del self._said[name]
        if changed or old:
            self._plan()
        return tuple(used)

    def known(self) -> tuple[list[tuple[Headroom, float]], float]:
        """What the provider said and when, and the tokens of a typical answer: for `inherit` in another process."""
        return list(self._said.values()), self._typical

    def inherit(self, said: Iterable[tuple[Headroom, float]], typical: float) -> None:
        for told, at in said:
            if told.window is not None and told.limit is not None:
                self._said.setdefault((told.of, told.window), (told, at))
        self._typical = typical
        self._plan()

    def _plan(self) -> None:
        own = {(rule.of, rule.seconds): rule for rule in self._own}
        for (of, seconds), (told, _) in self._said.items():
            known = own.get((of, seconds))
            assert told.limit is not None
            if known is None or told.limit < known.limit:
                own[of, seconds] = Rule(self._name(of, seconds), of, told.limit, seconds, learned=True)
        if not any(of == "requests" for of, _ in own):  # without a want, no pause would be seen
            own["requests", MINUTE] = Rule(self._name("requests", MINUTE), "requests", UNLIMITED, MINUTE)
        self.version += 1
        self._rules = (*self._of_key, *own.values())
        self._tokens = any(rule.of != "requests" for rule in self._rules)
        self._plain = self._taken({"requests": 1}, batch=False)

    def _taken(self, amounts: dict[str, int], batch: bool) -> Taken:
        wants: list[Want] = []
        rules: list[Rule] = []
        for rule in self._rules:
            amount = amounts.get(rule.of, 0)
            if amount <= 0:
                continue
            limit = rule.limit
            if batch and limit >= SPARED_SHARE // 2:
                limit -= max(1, limit // SPARED_SHARE)
            wants.append(Want(rule.key, min(amount, limit), limit, rule.seconds))
            rules.append(rule)
        return Taken(tuple(wants), tuple(rules), batch)

    def _settled(self, taken: Taken, age: float, usage: Usage | None, sent: bool) -> Iterator[Want]:
        for want, rule in zip(taken.wants, taken.rules, strict=True):
            if rule.of == "requests":
                used = int(sent)
            elif usage is None:
                used = min(want.amount, round(self._typical)) if rule.of == "outputTokens" else want.amount
            else:
                used = _used(usage, rule.of)
            more = used - want.amount
            if more > 0:
                yield Want(want.key, more, want.limit, want.seconds)
            elif more < 0 and age < want.seconds:  # what is older is forgotten already
                yield Want(want.key, more, want.limit, want.seconds, age)

    def _output(self, call: Call) -> int:
        if isinstance(call.ask, Embed | CountTokens):
            return 0
        return round(self._typical) if call.max_tokens is None else call.max_tokens

    def _name(self, of: str, seconds: float) -> str:
        return f"{self._target}{of}:{seconds:g}"


def hashed(text: str) -> str:
    """Of a fixed length, so that no key begins with another."""
    return blake2b(text.encode(), digest_size=9).hexdigest()


def _rules(prefix: str, rates: Rates) -> Iterator[Rule]:
    for of, limit in (("requests", rates.rpm), ("tokens", rates.tpm)):
        if limit is not None:
            yield Rule(f"{prefix}{of}:{MINUTE:g}", of, limit, MINUTE)


def _longer(told: Headroom) -> Headroom:
    """Tokens of a second are counted by the minute: one answer takes longer than that."""
    assert told.limit is not None
    assert told.window is not None
    if told.of == "requests" or told.window >= MINUTE:
        return told
    more = round(told.limit * (MINUTE / told.window - 1))
    remaining = None if told.remaining is None else told.remaining + more
    return replace(told, limit=told.limit + more, remaining=remaining, window=MINUTE)


def _used(usage: Usage, of: str) -> int:
    if of == "inputTokens":  # of those who count it by itself, what was in their cache does not count
        return usage.input_tokens - (usage.cached_input_tokens or 0)
    return usage.output_tokens if of == "outputTokens" else usage.input_tokens + usage.output_tokens


def _input(call: Call) -> int:
    ask = call.ask
    if isinstance(ask, CountTokens):
        return 0  # counted apart, and charged nowhere
    size = 0
    if isinstance(ask, Embed):
        size = sum(len(text.encode("utf-8", "replace")) for text in ask.input)
    elif isinstance(ask, Fill):
        size = len(ask.prefix.encode("utf-8", "replace")) + len(ask.suffix.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN) + tokens(call)
