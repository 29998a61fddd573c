"""Which of a tool's variables travel to the daemon, and the message that carries them.

An allow-list, because an environment holds much that is nobody's business: keys and addresses of
providers, proxies, certificate authorities, and what the user's config names besides.
"""

import os
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted

from libria import PROTOCOL, __version__

SUFFIXES = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN", "_BASE_URL", "_API_BASE", "_ENDPOINT")
NAMES = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "OLLAMA_HOST", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_VERSION",
    "AZURE_OPENAI_AD_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK_MANTLE",
    "CO_API_URL", "VERCEL_OIDC_TOKEN", "HUGGING_FACE_HUB_TOKEN",
    "VERTEX_ACCESS_TOKEN", "GOOGLE_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "HF_TOKEN", "LIBRIA_REDIS_URL",
)  # fmt: skip


def carried(env: Mapping[str, str], more: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables of `env` that count for its tool's calls; `more` are names from the config. A
    value that is no text is left out: no key and no address is."""
    return {
        name: value
        for name, value in env.items()
        if (name.endswith(SUFFIXES) or name in NAMES or name in more) and _is_text(value)
    }


def named(config: os.PathLike[str]) -> tuple[str, ...]:
    """The variables that the config names as `api_key_env`. Looked for in its text, because to read
    TOML would cost every window memory; a word too many does no harm, as the file is the user's."""
    if not os.path.isfile(config):
        return ()  # a pipe would hang the window
    try:
        with open(config, encoding="utf-8", errors="replace") as file:
            pieces = file.read(1_000_000).split("api_key_env")[1:]
    except OSError:
        return ()
    values = (piece.lstrip("\"' \t").removeprefix("=").lstrip() for piece in pieces)
    return tuple(value[1:].split(value[0], 1)[0] for value in values if value[:1] in ('"', "'"))


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def hello(config: os.PathLike[str], client: str, *, moves: bool = False) -> bytes:
    """The first frame. `client` is a name for people; the user's `config` may name more variables; `moves`: this
    tool understands what a daemon says of its own end."""
    more = named(config)
    env = ",".join(f"{quoted(name)}:{quoted(value)}" for name, value in carried(os.environ, more).items())
    who = f'"version":"{__version__}","protocol":{PROTOCOL},"moves":{str(moves).lower()},"client":{quoted(client)}'
    params = f'{who},"env":{{{env}}}'
    body = f'{{"jsonrpc":"2.0","method":"libria/hello","params":{{{params}}}}}'
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode("ascii"))
