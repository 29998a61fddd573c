"""What types cannot say: settings that only make sense together. Needs the list of providers."""

from collections.abc import Iterator

from libria.config.lines import line_of
from libria.config.model import Config, Provider
from libria.config.problems import Problem, dotted
from libria_providers.registry import ROWS, near
from libria_providers.rows.own import COMPATIBLE, DIALECTS


def faults_in_meaning(config: Config, text: str) -> list[Problem]:
    faults = [Problem(dotted(location), message, line_of(text, location)) for location, message in _faults(config)]
    return sorted(faults, key=lambda problem: problem.line or 0)


def kind_of(name: str, provider: Provider | None) -> str:
    """The built-in provider that `name` is like, or "openai-compatible"."""
    return (provider.kind if provider else "") or (name if name in ROWS else COMPATIBLE.name)


def _faults(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, provider in config.providers.items():
        for field, message in _in_provider(name, provider):
            yield ("providers", name, field), message
    for alias in config.hedge_after:
        if alias not in config.aliases:
            yield ("hedge_after", alias), _no_such_alias(alias, list(config.aliases))
    models = {
        ("defaults", "model"): config.defaults.model,
        ("editor", "completion_model"): config.editor.completion_model,
        ("editor", "edit_model"): config.editor.edit_model,
    }
    for location, model in models.items():
        if model and "/" not in model and model not in config.aliases:
            yield location, _no_such_alias(model, list(config.aliases))


def _in_provider(name: str, provider: Provider) -> Iterator[tuple[str, str]]:
    kind = kind_of(name, provider)
    if kind != COMPATIBLE.name and kind not in ROWS:
        yield "kind", _no_such_kind(kind, [COMPATIBLE.name, *ROWS])
    elif kind == COMPATIBLE.name and provider.base_url is None:
        yield "base_url", "must be set: there is no built-in provider of this name to take it from"
    elif provider.dialect and kind != COMPATIBLE.name and ROWS[kind].dialect.name not in DIALECTS:
        yield "dialect", f"is not for {ROWS[kind].title}, which has a format of its own; leave it out"
    yield from _one_source(provider)


def _one_source(provider: Provider) -> Iterator[tuple[str, str]]:
    sources = [name for name in ("api_key_env", "api_key_command", "api_key_keyring") if getattr(provider, name)]
    if provider.api_key_env_file and "api_key_env" not in sources:
        sources.append("api_key_env_file")  # beside api_key_env it may hold that variable
    for later in sources[1:]:
        yield later, f"stands beside {sources[0]}; keep one of the two"


def _no_such_kind(kind: str, allowed: list[str]) -> str:
    hint = _hint(kind, allowed)
    return f"is not known{hint}; allowed: {', '.join(allowed)}"


def _no_such_alias(name: str, aliases: list[str]) -> str:
    return f'must be "provider/model", or an alias from [aliases]{_hint(name, aliases)}'


def _hint(name: str, names: list[str]) -> str:
    alike = near(name, names)
    return f" (near: {', '.join(alike)})" if alike else ""
