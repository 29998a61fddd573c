"""What of LSP is neither Libria's nor of a session's life: one pygls protocol object, its traps disarmed.

Loaded with the first such message: lsprotocol's types take longer to load than all else of the daemon, and 17 MB.
pygls 2.1.1 logs every body (prompts) and puts tracebacks into error data; here it logs nothing and tells no traceback.
"""

import json
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from cattrs import Converter
from lsprotocol import converters, types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from libria import __version__
from libria.rpc.codes import INTERNAL_ERROR, RpcError, invalid_params

logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
logging.getLogger("pygls").propagate = False

Send = Callable[[bytes], None]
_INITIALIZE: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}


class _Protocol(LanguageServerProtocol):
    """`deliver` takes a body to the client."""

    deliver: Send

    def _send_data(self, data: Any) -> None:
        if data:
            self.deliver(json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode())

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None and error.code == INTERNAL_ERROR:
            error = types.ResponseError(INTERNAL_ERROR, "The daemon failed at this request; see its log.")
        super()._send_response(msg_id, result, error)

    # pygls' own are cached with the object itself in the key: 128 clients that have left would stay, keys and all.

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # theirs is the cache
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # theirs is the cache
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]


class _Server(LanguageServer):
    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls' own shows Python's words to the user."""


class Rest:
    """One connection's. What it hears of the client is what it needs: it is asked nothing about documents."""

    def __init__(self, deliver: Send) -> None:
        server = _Server("libria", __version__, protocol_cls=_Protocol, converter_factory=_converter)
        protocol = server.protocol
        assert isinstance(protocol, _Protocol)
        self._protocol = protocol
        protocol.deliver = lambda _body: None  # the client has its answer to initialize
        self.handle({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": _INITIALIZE})
        protocol.deliver = deliver

    def handle(self, message: dict[str, Any]) -> None:
        """Raises RpcError when it is not well-formed."""
        try:
            structured = self._protocol.structure_message(message)
        except JsonRpcException:
            raise invalid_params(f"The parameters of {message.get('method')} are not as LSP has them.") from None
        try:
            self._protocol.handle_message(cast(Any, structured))  # its annotation leaves out errors
        except JsonRpcException as error:
            raise RpcError(error.code or INTERNAL_ERROR, error.message) from None


@cache
def _converter() -> Converter:
    """One for all connections: making it costs 20 ms, and it holds no state."""
    return converters.get_converter()
