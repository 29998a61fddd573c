"""What is allowed in the config and yet will surprise: one sentence each."""

from collections.abc import Iterator

from libria.config.model import Config
from libria_providers.registry import ROWS, near


def warnings(config: Config) -> list[str]:
    """None of them stops anything."""
    return list(_unknown_providers(config))


def _unknown_providers(config: Config) -> Iterator[str]:
    known = [*ROWS, *config.providers]
    for place, name in _named(config):
        if name not in known:
            alike = near(name, known)
            hint = f"; did you mean {' or '.join(alike)}?" if alike else "."
            yield f"{place} names the provider {name}, which is neither built in nor in [providers]{hint}"


def _named(config: Config) -> Iterator[tuple[str, str]]:
    """(place, provider) of each model that the config names."""
    if config.defaults.model and "/" in config.defaults.model:
        yield "defaults.model", config.defaults.model.partition("/")[0]
    for alias, models in config.aliases.items():
        for model in models:
            yield f"aliases.{alias}", model.partition("/")[0]
    for name, budget in config.budgets.items():
        if budget.provider:
            yield f"budgets.{name}", budget.provider
    for name in config.limits:
        yield f'limits."{name}"', name.partition("/")[0]
