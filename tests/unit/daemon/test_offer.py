"""What an editor is offered, beside what pygls would say for the same features."""

import asyncio
import json
from typing import Any, cast

import pytest
from lsprotocol import converters, types
from pygls.capabilities import ServerCapabilitiesBuilder

from libria.clock import SystemClock
from libria.config import Config
from libria.engine import Engine
from libria.rpc.codes import RpcError
from libria.rpc.commands import COMMANDS
from libria.rpc.editor import Editor
from libria.rpc.lsp import Lsp
from libria.rpc.outbox import Outbox
from libria.session import Session

LITERALS = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}

CLIENTS: dict[str, dict[str, Any]] = {
    "says nothing": {},
    "another encoding": {"general": {"positionEncodings": ["utf-8", "utf-16"]}},
    "an unknown encoding first": {"general": {"positionEncodings": ["utf-7", "utf-32"]}},
    "unknown encodings alone": {"general": {"positionEncodings": ["utf-7"]}},
    "null for what it has not": {"general": None, "textDocument": None, "workspace": None},
    "commands alone": {"workspace": {"executeCommand": {}}},
    "plain code actions": {"textDocument": {"codeAction": {}}},
    "all": {
        "textDocument": {"inlineCompletion": {}, "codeAction": LITERALS},
        "workspace": {"workspaceFolders": True, "applyEdit": True, "fileOperations": {"didCreate": True}},
        "notebookDocument": {"synchronization": {}},
        "window": {"workDoneProgress": True},
    },
}


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


def lsp(capabilities: object) -> tuple[Lsp, list[Any]]:
    """One that has met a client, and where its answers go."""
    engine = Engine(Config(), SystemClock(), alone=True)
    outbox = Outbox(cast(asyncio.Transport, Transport()))
    editor = Editor(Session("session-1", engine, {}), outbox)
    editor.meet(capabilities)
    answers: list[Any] = []
    return Lsp(lambda _body: None, lambda _id, result: answers.append(result), lambda: None, editor.offer), answers


@pytest.mark.parametrize("name", CLIENTS)
async def test_it_is_what_pygls_would_offer(name: str) -> None:
    client, given = converters.get_converter(), CLIENTS[name]
    meant = client.structure(given, types.ClientCapabilities)
    able, documents = given.get("workspace") or {}, given.get("textDocument") or {}
    actions = documents.get("codeAction")
    features = {types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE}
    options: dict[str, Any] = {}
    if "inlineCompletion" in documents:
        features.add(types.TEXT_DOCUMENT_INLINE_COMPLETION)
        options[types.TEXT_DOCUMENT_INLINE_COMPLETION] = True
    if actions is not None:
        features.add(types.TEXT_DOCUMENT_CODE_ACTION)
        kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.Refactor]
        options[types.TEXT_DOCUMENT_CODE_ACTION] = types.CodeActionOptions(kinds) if actions else True
    commands = list(COMMANDS) if actions is not None or "executeCommand" in able else []
    built = ServerCapabilitiesBuilder(
        meant, features, options, commands, types.TextDocumentSyncKind.Incremental, None,
        ServerCapabilitiesBuilder.choose_position_encoding(meant),
    ).build()  # fmt: skip
    expected = json.loads(json.dumps(client.unstructure(built, types.ServerCapabilities)))
    expected["textDocumentSync"].pop("save", None)  # we want no news of saving, and say nothing of it
    if commands:
        expected["executeCommandProvider"]["workDoneProgress"] = True  # pygls cannot say it
    else:
        expected.pop("executeCommandProvider", None)
    session, answers = lsp(given)
    session.handle({"id": 1, "method": "initialize", "params": {"capabilities": given, "processId": None}})
    assert answers[0]["capabilities"] == expected
    assert client.structure(answers[0], types.InitializeResult).server_info is not None


@pytest.mark.parametrize(
    ("params", "place"),
    [
        (None, "expected `object`"),
        ({}, "`capabilities`"),
        ({"capabilities": 3}, "$.capabilities"),
        ({"capabilities": {"general": 3}}, "$.capabilities.general"),
        ({"capabilities": {}, "rootUri": 5}, "$.rootUri"),
        ({"capabilities": {}, "workspaceFolders": [{}]}, "$.workspaceFolders[0]"),
    ],
)
async def test_what_is_not_lsp_is_refused_with_its_place_and_may_come_again(params: object, place: str) -> None:
    session, answers = lsp({})
    with pytest.raises(RpcError) as refused:
        session.handle({"id": 1, "method": "initialize", "params": params})
    assert refused.value.code == -32602
    assert place in refused.value.message.replace("Expected", "expected")
    session.handle({"id": 2, "method": "initialize", "params": {"capabilities": {}}})
    assert len(answers) == 1


async def test_initialize_comes_once() -> None:
    session, _ = lsp({})
    session.handle({"id": 1, "method": "initialize", "params": {"capabilities": {}}})
    with pytest.raises(RpcError, match="initialized already"):
        session.handle({"id": 2, "method": "initialize", "params": {"capabilities": {}}})


async def test_the_trace_is_checked_by_pygls() -> None:
    session, answers = lsp({})
    session.handle({"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": "verbose"}})
    with pytest.raises(RpcError, match="not as LSP has them"):
        session.handle({"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": 5}})
    assert answers == []
