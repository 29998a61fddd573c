"""What a client of the Language Server Protocol says it can, as far as anything depends on it."""

from dataclasses import dataclass

from libria.rpc.messages import at


@dataclass(frozen=True, slots=True)
class Abilities:
    """A client that says nothing can nothing, and is asked nothing."""

    inline_completion: bool = False
    code_actions: bool = False
    code_action_literals: bool = False
    commands: bool = False
    apply_edit: bool = False
    versioned_edits: bool = False
    work_done: bool = False
    show_document: bool = False


def abilities(capabilities: object) -> Abilities:
    """From `capabilities` of the client's `initialize`."""
    code_actions = at(capabilities, "textDocument", "codeAction") is not None
    return Abilities(
        inline_completion=at(capabilities, "textDocument", "inlineCompletion") is not None,
        code_actions=code_actions,
        code_action_literals=at(capabilities, "textDocument", "codeAction", "codeActionLiteralSupport") is not None,
        # Neovim 0.11 says nothing of commands, and refuses to run one that is not offered.
        commands=code_actions or at(capabilities, "workspace", "executeCommand") is not None,
        apply_edit=at(capabilities, "workspace", "applyEdit") is True,
        versioned_edits=at(capabilities, "workspace", "workspaceEdit", "documentChanges") is True,
        work_done=at(capabilities, "window", "workDoneProgress") is True,
        show_document=at(capabilities, "window", "showDocument", "support") is True,
    )
