"""The standard LSP part of one connection: one pygls protocol object, its traps disarmed.

pygls 2.1.1 logs every body (prompts), puts tracebacks into error data and ends the process on
`exit`; here it logs nothing, tells no traceback, and `exit` ends the session.
"""

import json
import logging
from collections.abc import Callable, Generator
from functools import cache
from typing import Any, cast

from cattrs import Converter
from lsprotocol import converters, types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from libria import __version__
from libria.rpc.codes import INTERNAL_ERROR, RpcError, invalid_params

logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
logging.getLogger("pygls").propagate = False

Send = Callable[[bytes], None]
Offer = Callable[[types.InitializeParams, types.ServerCapabilities], None]


class _Protocol(LanguageServerProtocol):
    """`deliver` takes a body to the client; `ended` is called on `exit`; `offer` says what the client is offered."""

    deliver: Send
    ended: Callable[[], None]
    offer: Offer

    def _send_data(self, data: Any) -> None:
        if data:
            self.deliver(json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode())

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None and error.code == INTERNAL_ERROR:
            error = types.ResponseError(INTERNAL_ERROR, "The daemon failed at this request; see its log.")
        super()._send_response(msg_id, result, error)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        result = yield from super().lsp_initialize(params)
        self.offer(params, result.capabilities)
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]  # pygls' own is a generator that ends the process
        self.ended()

    # pygls' own are cached with the object itself in the key: 128 clients that have left would stay, keys and all.

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # theirs is the cache
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # theirs is the cache
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]

    @property
    def shut_down(self) -> bool:
        return self._shutdown

    def knows(self, method: str) -> bool:
        manager = cast(Any, self.fm)  # its dicts carry no types
        # Notebooks are not offered, and would be kept without a bound.
        return method in manager.builtin_features and not method.startswith("notebookDocument/")


class _Server(LanguageServer):
    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls' own shows Python's words to the user."""


class Lsp:
    """What the connection hands its standard messages to."""

    def __init__(self, deliver: Send, ended: Callable[[], None], offer: Offer) -> None:
        server = _Server("libria", __version__, protocol_cls=_Protocol, converter_factory=_converter)
        protocol = server.protocol
        assert isinstance(protocol, _Protocol)
        protocol.deliver = deliver
        protocol.ended = ended
        protocol.offer = offer
        self._protocol = protocol

    @property
    def shut_down(self) -> bool:
        return self._protocol.shut_down

    def knows(self, method: str) -> bool:
        return self._protocol.knows(method)

    def handle(self, message: dict[str, Any]) -> None:
        """A request, a notification or a response. Raises RpcError when it is not well-formed."""
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
