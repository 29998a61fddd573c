"""What an editor sends of the Language Server Protocol's own: only what is read of it; the rest may be anything.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/
"""

from typing import Annotated, TypeVar

import msgspec

from libria.rpc.codes import invalid_params

Count = Annotated[int, msgspec.Meta(ge=0)]


class Position(msgspec.Struct, frozen=True):
    line: Count
    character: Count

    def plain(self) -> dict[str, int]:
        return {"line": self.line, "character": self.character}


class Range(msgspec.Struct, frozen=True):
    start: Position
    end: Position

    def plain(self) -> dict[str, dict[str, int]]:
        return {"start": self.start.plain(), "end": self.end.plain()}


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """A document, its text with it where it is opened."""

    uri: str
    language_id: str = ""
    version: int | None = None
    text: str = ""


class OpenParams(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Item


class ContentChange(msgspec.Struct, frozen=True):
    text: str
    range: Range | None = None


class ChangeParams(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Item
    content_changes: list[ContentChange]


class SaveParams(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Item
    text: str | None = None


class Folder(msgspec.Struct, frozen=True):
    uri: str


class FoldersEvent(msgspec.Struct, frozen=True):
    added: list[Folder] = []
    removed: list[Folder] = []


class FoldersParams(msgspec.Struct, frozen=True):
    event: FoldersEvent


class General(msgspec.Struct, frozen=True, rename="camel"):
    position_encodings: list[str] | None = None


class ClientCapabilities(msgspec.Struct, frozen=True):
    """The rest of them is `ability`'s."""

    general: General | None = None


class InitializeParams(msgspec.Struct, frozen=True, rename="camel"):
    capabilities: ClientCapabilities
    root_uri: str | None = None
    workspace_folders: list[Folder] | None = None


class SelectedCompletion(msgspec.Struct, frozen=True):
    range: Range
    text: str


class InlineContext(msgspec.Struct, frozen=True, rename="camel"):
    trigger_kind: int = 1
    selected_completion_info: SelectedCompletion | None = None


class InlineCompletionParams(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Item
    position: Position
    context: InlineContext = InlineContext()


class Diagnostic(msgspec.Struct, frozen=True):
    """`code` and `source` say what found it."""

    range: Range
    message: str | dict[str, object] = ""
    code: int | str | None = None
    source: str | None = None

    @property
    def text(self) -> str:
        """LSP 3.18 lets it be Markdown, in a box of its own."""
        return self.message if isinstance(self.message, str) else str(self.message.get("value", ""))


class ActionContext(msgspec.Struct, frozen=True, rename="camel"):
    diagnostics: list[dict[str, object]] = []
    only: list[str] | None = None
    trigger_kind: int = 1


class CodeActionParams(msgspec.Struct, frozen=True, rename="camel"):
    text_document: Item
    range: Range
    context: ActionContext = ActionContext()


class CommandParams(msgspec.Struct, frozen=True, rename="camel"):
    """With `partial_result_token` what the model says comes as progress, as that of `libria/chat`."""

    command: str
    arguments: list[object] = []
    work_done_token: int | str | None = None
    partial_result_token: int | str | None = None


class EditArguments(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The one argument of Libria's commands. `range` is refused when the document is not of `version` any more and the
    text in it is another. Without `apply` the new text is the result, and nothing is changed."""

    uri: str
    range: Range
    version: int | None = None
    instruction: str = ""
    diagnostics: list[Diagnostic] = []
    model: str | None = None
    apply: bool = True


P = TypeVar("P")


def read(kind: type[P], params: object, what: str) -> P:
    """Raises RpcError -32602 that says where `what` is not as it should be."""
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError as error:
        raise invalid_params(f"The parameters of {what} are not right: {error}.") from None
