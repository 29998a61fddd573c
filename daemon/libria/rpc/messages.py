"""What a message says, and the words for one that cannot be taken."""

import re
from typing import cast

import msgspec

from libria import PROTOCOL, __version__
from libria.rpc.codes import METHOD_NOT_FOUND, REQUEST_FAILED, RpcError
from libria.rpc.methods import METHODS
from libria.rpc.params import HelloParams
from libria_providers.registry import near
from libria_providers.surrogates import mended
from libria_providers.types import Json

_decode = msgspec.json.Decoder().decode


def work_done_token(params: object) -> int | str | None:
    token = at(params, "workDoneToken")
    return token if type(token) in (int, str) else None  # type: ignore[return-value]  # narrowed by identity: no bool


def too_many(requests: int) -> RpcError:
    message = f"This client waits for {requests} answers, the most it may; ask again when some have come."
    data: Json = {"kind": "overloaded", "message": message, "retryable": True, "attempts": []}
    return RpcError(REQUEST_FAILED, message, data)


def decoded(body: bytes) -> object:
    """Raises what msgspec raises."""
    try:
        return _decode(body)
    except msgspec.DecodeError:
        better = mended(body)
        if better is None:
            raise
        return _decode(better)


def at(value: object, *path: str) -> object:
    """What lies at `path`, or None."""
    for name in path:
        value = cast(dict[str, object], value).get(name) if isinstance(value, dict) else None
    return value


def other_protocol(params: HelloParams) -> str:
    version = re.sub(r"[^\w.+-]", "?", params.version)[:40]
    said = f"The daemon (Libria {__version__}) speaks protocol {PROTOCOL}, this tool (Libria {version}) "
    if params.protocol > PROTOCOL:
        return f"{said}protocol {params.protocol}; end the daemon with `libria stop`, and a newer one starts."
    return f"{said}protocol {params.protocol}; upgrade the tool's Libria."


def unknown(method: str) -> RpcError:
    name = re.sub(r"[^\w/$.-]", "?", method)[:80]
    alike = near(name, list(METHODS))
    hint = f" Near: {', '.join(alike)}." if alike else ""
    return RpcError(METHOD_NOT_FOUND, f"There is no method {name}.{hint}")


def where(error: Exception) -> str:
    """The kind and the place, never the text, which may hold a prompt or a key."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
