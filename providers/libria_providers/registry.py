"""Names to providers, and what the environment makes of a row."""

import difflib
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from libria_providers.row import Env, Row
from libria_providers.rows import anthropic, bedrock, cohere, compatible, google, local, mistral, openai

_ROWS = (
    *openai.ROWS,
    *anthropic.ROWS,
    *google.ROWS,
    *compatible.ROWS,
    *mistral.ROWS,
    *cohere.ROWS,
    *bedrock.ROWS,
    *openai.OTHERS,
    *local.ROWS,
)
"""In the order in which a default model is looked for."""

ROWS: Mapping[str, Row] = {row.name: row for row in _ROWS}


def find(name: str) -> Row:
    """Raises KeyError for a name that has no row."""
    return ROWS[name]


def near(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of `names` that may have been meant."""
    by_folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=3, cutoff=0.6)
    return [by_folded[folded] for folded in close]


def address(row: Row, override: str | None, env: Env) -> str:
    """Where the dialect's paths are appended: the address (`override`, else the environment's, else
    the row's own) and the prefix. A trailing slash and a prefix that is already there do no harm; a
    query stays at the end. Raises ProviderError where the row's own address wants more than is set."""
    base = (override or "").strip() or _first(row.base_url_env, env)[1]
    if row.locate is not None:
        return row.locate(base.rstrip("/"), env)
    base = base or row.base_url
    if not base:
        return ""
    base, mark, query = _whole_url(base, row.default_port).partition("?")
    base = base.rstrip("/")
    return (base if row.prefix and base.endswith(row.prefix) else base + row.prefix) + mark + query


def endpoint(address: str, path: str, model: str, *, prefix: str = "", instead: str | None = None) -> str:
    """The URL of `path` at `address`, either of which may have a query; `{model}` in the address is
    the model's name. The address ends with `prefix`, which `instead` replaces."""
    base, _, query = address.partition("?")
    path, _, own = path.partition("?")
    if instead is not None:
        base = base.removesuffix(prefix) + instead
    if "{model}" in base:
        base = base.replace("{model}", quote(model, safe=""))
    both = "&".join(part for part in (query, own) if part)
    return f"{base}{path}?{both}" if both else base + path


def key(row: Row, env: Env) -> tuple[str, str] | None:
    """The variable and the key that it holds."""
    name, value = _first(row.key_env, env)
    return (name, value) if value else None


def headers(row: Row, env: Env, credential: tuple[str, str] | None) -> dict[str, str]:
    """What the row sends with every request: its own headers, those that the environment asks for, and
    the `credential` (variable, key) in the way that this variable's keys are sent."""
    found = dict(row.headers)
    for name, header in row.env_headers:
        if value := env.get(name, "").strip():
            found[header] = value
    if credential is not None:
        source, value = credential
        auth = {"authorization": f"Bearer {value}"} if source in row.bearer_env else row.dialect.auth(value)
        found.update(auth)
    return found


def personal(row: Row, credential: tuple[str, str] | None) -> set[str]:
    """The headers (lower-case names) that say who asks, and change nothing of the answer: the key's, and those
    that the environment asks for (an organization, a project)."""
    names = {"authorization", *(header for _, header in row.env_headers)}
    if credential is not None:
        names.update(row.dialect.auth(credential[1]))
    return {name.lower() for name in names}


def _first(names: tuple[str, ...], env: Env) -> tuple[str, str]:
    for name in names:
        if value := env.get(name, "").strip():
            return name, value
    return "", ""


def _whole_url(base: str, port: int | None) -> str:
    """OLLAMA_HOST may be a host alone, `host:port` or `:port`, and it may be the address on which the
    server listens: https://docs.ollama.com/faq#how-do-i-configure-ollama-server"""
    bare = "://" not in base
    url = urlsplit(f"http://{base}" if bare else base)
    host = url.hostname or "127.0.0.1"
    if port is not None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, never bound
    elif not bare:
        return base
    shown = f"[{host}]" if ":" in host else host
    at = url.port or (port if bare else None)
    return f"{url.scheme}://{shown}{f':{at}' if at else ''}{url.path}"
