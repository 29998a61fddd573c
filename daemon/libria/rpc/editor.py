"""The part of one connection that is an editor's: its documents, and what is asked of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from libria.editing.documents import Change, Documents
from libria.rpc.ability import Abilities, abilities
from libria.rpc.actions import actions
from libria.rpc.commands import COMMANDS, Commands
from libria.rpc.editor_params import (
    ChangeParams,
    CodeActionParams,
    CommandParams,
    FoldersParams,
    InitializeParams,
    InlineCompletionParams,
    OpenParams,
    SaveParams,
    read,
)
from libria.rpc.inline import Inline
from libria.rpc.outbox import Outbox
from libria.rpc.request import Request
from libria.rpc.wishes import Wishes
from libria.session import Session
from libria_providers.types import Json

ENCODINGS = ("utf-16", "utf-8", "utf-32")
"""LSP's units of a place in a line; the first where the client wishes none of them."""

INCREMENTAL = 2
"""LSP's TextDocumentSyncKind: changes come as ranges."""

TEXT_DOCUMENT_INLINE_COMPLETION = "textDocument/inlineCompletion"
TEXT_DOCUMENT_CODE_ACTION = "textDocument/codeAction"
WORKSPACE_EXECUTE_COMMAND = "workspace/executeCommand"
TEXT_DOCUMENT_DID_OPEN = "textDocument/didOpen"
TEXT_DOCUMENT_DID_CHANGE = "textDocument/didChange"
TEXT_DOCUMENT_DID_CLOSE = "textDocument/didClose"
TEXT_DOCUMENT_DID_SAVE = "textDocument/didSave"
WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS = "workspace/didChangeWorkspaceFolders"

Run = Callable[[Request, object], Awaitable[Json]]


class Editor:
    """`requests` and `notifications` are what it answers and hears, by method. `close` when the connection ends."""

    def __init__(self, session: Session, outbox: Outbox) -> None:
        self._documents = Documents()
        self._wishes = Wishes(outbox)
        self._abilities = Abilities()
        self._inline = Inline(session, self._documents, self._wishes)
        self._commands = Commands(session, self._documents, self._wishes)
        self.requests: Mapping[str, Run] = {
            TEXT_DOCUMENT_INLINE_COMPLETION: self._complete,
            TEXT_DOCUMENT_CODE_ACTION: self._actions,
            WORKSPACE_EXECUTE_COMMAND: self._command,
        }
        self.notifications: Mapping[str, Callable[[object], None]] = {
            TEXT_DOCUMENT_DID_OPEN: self._opened,
            TEXT_DOCUMENT_DID_CHANGE: self._changed,
            TEXT_DOCUMENT_DID_CLOSE: self._closed,
            TEXT_DOCUMENT_DID_SAVE: self._saved,
            WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: self._folders,
        }

    def meet(self, capabilities: object) -> None:
        """What the client says it can, as it came; before `offer`."""
        self._abilities = self._commands.abilities = abilities(capabilities)

    def offer(self, params: InitializeParams) -> dict[str, Json]:
        """Only what the client can use; LSP's ServerCapabilities."""
        able = self._abilities
        general = params.capabilities.general
        wanted = general.position_encodings if general is not None else None
        encoding = next((one for one in wanted or () if one in ENCODINGS), ENCODINGS[0])
        self._documents.encoding = encoding
        folders = [folder.uri for folder in params.workspace_folders or ()]
        self._documents.roots = tuple(folders or ([params.root_uri] if params.root_uri else []))
        offered: dict[str, Json] = {
            "positionEncoding": encoding,
            "textDocumentSync": {"openClose": True, "change": INCREMENTAL},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}, "fileOperations": {}},
        }
        if able.inline_completion:
            offered["inlineCompletionProvider"] = True
        if able.commands:
            offered["executeCommandProvider"] = {"commands": list(COMMANDS), "workDoneProgress": True}
        if able.code_action_literals:
            offered["codeActionProvider"] = {"codeActionKinds": ["quickfix", "refactor"]}
        elif able.code_actions:
            offered["codeActionProvider"] = True
        return offered

    def answered(self, message: dict[str, Any]) -> bool:
        """Whether a response of the client's was to a question from here."""
        return self._wishes.answered(message)

    def close(self) -> None:
        self._wishes.close()
        self._commands.close()

    async def _complete(self, request: Request, params: object) -> Json:
        method = TEXT_DOCUMENT_INLINE_COMPLETION
        return await self._inline.answer(request, read(InlineCompletionParams, params, method))

    async def _actions(self, request: Request, params: object) -> Json:
        method = TEXT_DOCUMENT_CODE_ACTION
        return actions(self._documents, self._abilities, read(CodeActionParams, params, method))

    async def _command(self, request: Request, params: object) -> Json:
        return await self._commands.run(request, read(CommandParams, params, WORKSPACE_EXECUTE_COMMAND))

    def _opened(self, params: object) -> None:
        item = read(OpenParams, params, TEXT_DOCUMENT_DID_OPEN).text_document
        self._documents.open(item.uri, item.language_id, item.version, item.text)

    def _changed(self, params: object) -> None:
        given = read(ChangeParams, params, TEXT_DOCUMENT_DID_CHANGE)
        changes = [
            Change(change.text, change.range.plain() if change.range is not None else None)
            for change in given.content_changes
        ]
        self._documents.change(given.text_document.uri, given.text_document.version, changes)

    def _closed(self, params: object) -> None:
        self._documents.close(read(OpenParams, params, TEXT_DOCUMENT_DID_CLOSE).text_document.uri)

    def _saved(self, params: object) -> None:
        """Nothing is new, but where the client sends the text along."""
        given = read(SaveParams, params, TEXT_DOCUMENT_DID_SAVE)
        if given.text is not None:
            document = self._documents.get(given.text_document.uri)
            version = document.version if document is not None else None
            self._documents.change(given.text_document.uri, version, [Change(given.text)])

    def _folders(self, params: object) -> None:
        event = read(FoldersParams, params, WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS).event
        gone = {folder.uri for folder in event.removed}
        roots = [root for root in self._documents.roots if root not in gone]
        self._documents.roots = (*roots, *(folder.uri for folder in event.added))
