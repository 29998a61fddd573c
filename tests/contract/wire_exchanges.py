"""Who answers a recording: which exchange of which row reads it, and the call that would have asked for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from wire_recordings import Recording

from libria_providers.dialects.base import Exchange, Quirks
from libria_providers.registry import ROWS
from libria_providers.row import Row
from libria_providers.types import Ask, Call, CountTokens, Embed, Fill, Message

Slot = Literal["dialect", "fill", "embed", "count", "models"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is asked there, in which field of a row who asks it is, and the name of its exchange (or of
    those that only one provider has, with other paths)."""

    slot: Slot
    names: tuple[str, ...] = ()


ENDPOINTS: Mapping[str, Endpoint] = {
    "openai.chat": Endpoint("dialect", ("openai-chat",)),
    "openai.responses": Endpoint("dialect", ("openai-responses",)),
    "anthropic.messages": Endpoint("dialect", ("anthropic", "vertex-anthropic")),
    "gemini.generate": Endpoint("dialect", ("gemini",)),
    "gemini.stream": Endpoint("dialect", ("gemini",)),
    "cohere.chat": Endpoint("dialect", ("cohere",)),
    "ollama.chat": Endpoint("dialect", ("ollama",)),
    "bedrock.converse": Endpoint("dialect", ("bedrock-converse",)),
    "openai.completions": Endpoint("fill", ("openai-completions",)),
    "llamacpp.completion": Endpoint("fill", ("llamacpp-infill",)),
    "ollama.generate": Endpoint("fill", ("ollama-fill",)),
    "openai.embeddings": Endpoint("embed", ("openai-embeddings",)),
    "gemini.embed": Endpoint("embed", ("gemini-embed", "vertex-embed")),
    "cohere.embed": Endpoint("embed", ("cohere-embed",)),
    "ollama.embed": Endpoint("embed", ("ollama-embed",)),
    "openai.count_tokens": Endpoint("count", ("openai-responses-count",)),
    "anthropic.count_tokens": Endpoint("count", ("anthropic-count",)),
    "gemini.count_tokens": Endpoint("count", ("gemini-count",)),
    "models": Endpoint("models"),
}


@dataclass(frozen=True, slots=True)
class Answerer:
    """`row` has `exchange` where `call` looks for it, whatever the model."""

    row: Row
    exchange: Exchange
    quirks: Quirks = field(repr=False)
    call: Call = field(repr=False)


def leading(recording: Recording, who: Answerer) -> str | None:
    """The name of a model for which the registry's row finds the same exchange: the recording's own,
    where the row asks it so; None where it never does."""
    row = ROWS[who.row.name]
    for model in (recording.model, "model", *_MODELS):
        found = row.exchange(replace(who.call, model=f"{row.name}/{model}"), model)
        if found is not None and found.name == who.exchange.name:
            return model
    return None


_MODELS = ("gpt-5", "gpt-5-mini", "claude-sonnet-5", "gemini-2.5-flash", "o3")
"""Names that routes look for."""


class NoExchange(AssertionError):
    """Nobody reads this recording."""


def answerer(recording: Recording) -> Answerer:
    """The provider's own row where it has the exchange, else one that has it and departs least from it.
    Raises NoExchange."""
    endpoint = ENDPOINTS[recording.endpoint]
    if endpoint.slot == "models":
        row = ROWS.get(recording.provider, ROWS["vllm"])
        return Answerer(row, row.dialect, row.quirks, _call(recording, row))
    rows = [row for row in ROWS.values() if _named(row, endpoint)]
    if not rows:
        raise NoExchange(f"no exchange {endpoint.names[0]} in any row")
    row = min(rows, key=lambda row: _distance(row, recording))
    exchange = _named(row, endpoint)
    assert exchange is not None
    slot: Any = {endpoint.slot: exchange}
    quirks = row.quirks_of(recording.model)
    return Answerer(replace(row, routes=(), **slot), exchange, quirks, _call(recording, row))


def exchanges(row: Row) -> Iterator[tuple[Slot, Exchange]]:
    """Every one of a row, and the field in which a call finds it."""
    yield "dialect", row.dialect
    for route in row.routes:
        yield "dialect", route.dialect
    for slot, exchange in (("fill", row.fill), ("embed", row.embed), ("count", row.count)):
        if exchange is not None:
            yield slot, exchange  # type: ignore[misc]  # the literals of the line above


def every_exchange() -> dict[str, tuple[Slot, Exchange, Quirks]]:
    """Each of the registry by its name, with the most particular quirks that any row has for it."""
    found: dict[str, tuple[Slot, Exchange, Quirks]] = {}
    for row in sorted(ROWS.values(), key=_departs):
        for slot, exchange in exchanges(row):
            found[exchange.name] = (slot, exchange, row.quirks)
    return found


def _named(row: Row, endpoint: Endpoint) -> Exchange | None:
    for slot, exchange in exchanges(row):
        if slot == endpoint.slot and exchange.name in endpoint.names:
            return exchange
    return None


def _distance(row: Row, recording: Recording) -> tuple[bool, bool, bool, int]:
    """The provider's own come first, then those that always speak so, then the plainest."""
    endpoint = ENDPOINTS[recording.endpoint]
    always = endpoint.slot != "dialect" or row.dialect.name in endpoint.names
    own = row.name == recording.provider
    return not is_own(row, recording), not always, not own, _departs(row)


def is_own(row: Row, recording: Recording) -> bool:
    """Whether it is the provider's; some have a second one for another format."""
    return row.name == recording.provider or row.name.startswith(f"{recording.provider}-")


def _departs(row: Row) -> int:
    """How many facts make a row's servers different from plain ones."""
    plain = Quirks()
    return len(row.profiles) + sum(getattr(row.quirks, name) != getattr(plain, name) for name in Quirks.__slots__)


def _call(recording: Recording, row: Row) -> Call:
    return Call(
        model=f"{row.name}/{recording.model}",
        messages=(Message("user", "Hello"),),
        ask=_ask(recording),
        stream=recording.expected["stream"] == "1",
    )


def _ask(recording: Recording) -> Ask | None:
    match ENDPOINTS[recording.endpoint].slot:
        case "fill":
            # Some servers complete what has no suffix only.
            suffix = any(recording.asked.get(name) for name in ("suffix", "input_suffix"))
            return Fill("def f():\n    ", "\n" if suffix else "")
        case "embed":
            return Embed(tuple(f"text {i}" for i in range(_inputs(recording.asked))))
        case "count":
            return CountTokens()
        case _:
            return None


def _inputs(asked: dict[str, Any]) -> int:
    for name in ("input", "texts", "requests"):
        if isinstance(asked.get(name), list):
            return max(1, len(asked[name]))
    return 1
