"""What a tier of the cache says of itself."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Held:
    """Of one model: how many answers, and how many bytes they are."""

    entries: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class TierFigures:
    """`size` and `max_bytes` are bytes, None where only a long count could tell. `models` is what is held by model, ""
    where it is not known; `problem` says in a sentence why the tier is not in use."""

    name: str
    entries: int | None = 0
    size: int | None = 0
    max_bytes: int | None = None
    models: dict[str, Held] = field(default_factory=dict[str, Held])
    problem: str | None = None


def of_model(model: str, wanted: str) -> bool:
    """Whether `model` is `wanted`, which may be a provider's name alone."""
    return model == wanted or model.startswith(f"{wanted}/")
