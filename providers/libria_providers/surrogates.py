"""Half characters in JSON: an escape such as `\\ud83d` without its other half.

JavaScript writes them where a selection cuts an emoji, some servers where a token does. JSON's
grammar allows them and Unicode does not, so they cannot be passed on: each becomes U+FFFD.
"""

import re

_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"  # a half
    rb"|\\."  # any other escape: its backslash begins nothing else
)


def mended(data: bytes) -> bytes | None:
    """`data` with every half character replaced, None where there is none. For when decoding has
    failed; what is fine need not pay for it."""
    if b"\\ud" not in data and b"\\uD" not in data:
        return None
    found = _ESCAPES.sub(lambda match: b"\\ufffd" if len(match[0]) == 6 else match[0], data)
    return found if found != data else None
