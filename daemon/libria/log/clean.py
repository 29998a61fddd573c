"""Foreign words, fit for a log: no keys in them, and of bounded length."""

import re
from collections.abc import Iterable, Mapping

from libria_providers.scrub import CUT, SHORTEST_KEY, scrub

NAME = 200
"""Characters of a name: of a client, a model, a request."""

SENTENCE = 600
"""Characters of an error's message."""

LONGEST_KEY = 8192
"""What is cut off is looked through this far, so that no key is cut in two and its beginning kept."""

SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
"""How the names of variables end whose values nobody may read."""

# The second net, for keys that are not this client's: what the vendors' keys look like, credentials in an
# address or a header, JSON Web Tokens. No name of a model or a request has these forms.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|rk|csk)-|(?:gsk|hf|r8|fw|tgp|ghp|gho|key|sk|rk)_|(?:xai|pplx|nvapi|glpat|ABSK)-?)"
    r"[A-Za-z0-9+/=_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{20,}"
    r"|(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"
    r"|(?i:\b(?:bearer|basic)\s+)[^\s\"',;]{8,}"
    r"|(?<=://)[^/\s@]{1,500}@"
    r"|(?i:(?<=[?&]key=)|(?<=[?&]api_key=)|(?<=[?&]api-key=)|(?<=[?&]access_token=))[^&\s\"']+"
)


def clean(text: str, keys: Iterable[str] = (), most: int = NAME) -> str:
    """`text` without `keys` or what looks like one, at most `most` characters long."""
    text = text[: most + LONGEST_KEY]
    cut = text.endswith(CUT)
    for key in keys:
        if cut or key in text:
            text = scrub(text, key, None)
    text = _SHAPES.sub("[key]", text)
    return text if len(text) <= most else text[: most - 1] + CUT


def keys_in(env: Mapping[str, str]) -> list[str]:
    """The keys among a client's variables, the longest first: one may begin with another."""
    found = {value for name, value in env.items() if len(value) >= SHORTEST_KEY and name.upper().endswith(SECRET)}
    return sorted(found, key=len, reverse=True)
