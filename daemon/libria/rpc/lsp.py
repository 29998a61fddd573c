"""The life of one LSP session: initialize, shutdown, exit; the little that is left is pygls' (`lsp_rest`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from libria import __version__
from libria.rpc.codes import INVALID_REQUEST, RpcError
from libria.rpc.editor_params import InitializeParams, read
from libria_providers.types import Json

if TYPE_CHECKING:
    from libria.rpc.lsp_rest import Rest

Offer = Callable[[InitializeParams], dict[str, Json]]

_LIFE = frozenset({"initialize", "initialized", "shutdown", "exit"})
_REST = frozenset({"$/setTrace"})


class Lsp:
    """What the connection hands its standard messages to: `deliver` takes a body to the client, `answer` a result of
    the request with this id; `ended` is called on `exit`; `offer` says what the client is offered."""

    def __init__(
        self,
        deliver: Callable[[bytes], None],
        answer: Callable[[Any, Json], None],
        ended: Callable[[], None],
        offer: Offer,
    ) -> None:
        self._deliver = deliver
        self._answer = answer
        self._ended = ended
        self._offer = offer
        self._initialized = False
        self._rest: Rest | None = None
        self.shut_down = False

    def knows(self, method: str) -> bool:
        return method in _LIFE or method in _REST

    def handle(self, message: dict[str, Any]) -> None:
        """A request or a notification. Raises RpcError when it is not well-formed."""
        match message["method"]:
            case "initialize":
                self._answer(message.get("id"), self._initialize(message.get("params")))
            case "shutdown":
                self.shut_down = True
                self._answer(message.get("id"), None)
            case "initialized":
                pass
            case "exit":
                self._ended()
            case _:
                if self._rest is None:
                    from libria.rpc.lsp_rest import Rest

                    self._rest = Rest(self._deliver)
                self._rest.handle(message)

    def _initialize(self, given: object) -> Json:
        params = read(InitializeParams, given, "initialize")
        if self._initialized:
            raise RpcError(INVALID_REQUEST, "This connection is initialized already; start a new one.")
        self._initialized = True
        return {"capabilities": self._offer(params), "serverInfo": {"name": "libria", "version": __version__}}
