"""Which of a tool's variables travel to the daemon, and the message that carries them.

An allow-list, because an environment holds much that is nobody's business: keys and addresses of
providers, proxies, certificate authorities, and what the user's config names besides.
"""

import os
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted

from libria import __version__

SUFFIXES = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN", "_BASE_URL", "_API_BASE", "_ENDPOINT")
NAMES = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "OLLAMA_HOST", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "HF_TOKEN",
    "LIBRIA_REDIS_URL",
)  # fmt: skip


def carried(env: Mapping[str, str], more: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables of `env` that count for its tool's calls; `more` are names from the config. A
    value that is no text is left out: no key and no address is."""
    return {
        name: value
        for name, value in env.items()
        if (name.endswith(SUFFIXES) or name in NAMES or name in more) and _is_text(value)
    }


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def hello(allowed: str, client: str) -> bytes:
    """The first frame. `client` is a name for people; `allowed` is the file in which the daemon
    lists the names that the config adds."""
    try:
        with open(allowed, encoding="utf-8") as file:
            more = tuple(file.read().split())
    except OSError:
        more = ()
    env = ",".join(f"{quoted(name)}:{quoted(value)}" for name, value in carried(os.environ, more).items())
    params = f'"version":"{__version__}","client":{quoted(client)},"env":{{{env}}}'
    body = f'{{"jsonrpc":"2.0","method":"libria/hello","params":{{{params}}}}}'
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode("ascii"))
