"""What can be wrong with Redis, in the words of our state; nothing of it reaches a layer."""

import re
from typing import Literal, TypeAlias

Kind = Literal[
    "disconnected",
    "timedOut",
    "readOnly",
    "loading",
    "full",
    "busy",
    "down",
    "credentialRejected",
    "badAddress",
    "noScript",
    "badAnswer",
]

Answer: TypeAlias = bytes | int | list["Answer"] | None

_CODES: dict[str, Kind] = {
    "READONLY": "readOnly",
    "OOM": "full",
    "MISCONF": "full",  # its disk, mostly: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
    "LOADING": "loading",
    "BUSY": "busy",
    "NOREPLICAS": "down",
    "MASTERDOWN": "down",
    "CLUSTERDOWN": "down",
    "TRYAGAIN": "down",
    "NOSCRIPT": "noScript",
    "NOPERM": "credentialRejected",
}
_CODE = re.compile(rf"\b({'|'.join(_CODES)})\b")
# Before Redis 7 an error within a script is told as "ERR Error running script (…): -READONLY …".

_CLASSES: dict[str, Kind] = {
    "AuthenticationError": "credentialRejected",
    "NoPermissionError": "credentialRejected",
    "AuthorizationError": "credentialRejected",
    "NoScriptError": "noScript",
    "ReadOnlyError": "readOnly",
    "OutOfMemoryError": "full",
    "BusyLoadingError": "loading",
    "ClusterDownError": "down",
    "MasterDownError": "down",
    "TryAgainError": "down",
    "TimeoutError": "timedOut",
}


class Away(Exception):
    """Redis was not asked, or did not answer as it should; the caller goes on without it."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind

    @property
    def lasting(self) -> bool:
        """Whether the next command would fare no better."""
        return self.kind not in ("noScript", "badAnswer")


def fault(error: BaseException) -> Away:
    """What redis-py raised, in our words: by its class or the server's code, which both stand first."""
    if isinstance(error, Away):
        return error
    for kind in type(error).__mro__:
        if kind.__name__ in _CLASSES:
            return Away(_CLASSES[kind.__name__])
    if isinstance(error, ValueError | TypeError):
        return Away("badAddress")  # an option in the URL that redis-py does not know
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ResponseError" in names:
        code = _CODE.search(str(error))
        return Away(_CODES[code[1]] if code else "badAnswer")
    return Away("disconnected")
