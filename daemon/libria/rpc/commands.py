"""`workspace/executeCommand`: a model explains a range or writes it anew, as one edit that can be undone."""

import secrets
from collections.abc import Callable

from libria.clock import Clock
from libria.editing.documents import Anchor, Document, Documents, reach
from libria.editing.rewrite import changed, new_text
from libria.editing.tasks import BY_COMMAND, EDIT, Problem, Task, prompt
from libria.rpc.ability import Abilities
from libria.rpc.asking import Asked, ask
from libria.rpc.codes import REQUEST_FAILED, RpcError, invalid_params
from libria.rpc.editor_params import CommandParams, EditArguments, read
from libria.rpc.explained import Explained
from libria.rpc.outbox import WorkDone
from libria.rpc.params import ChatParams, check
from libria.rpc.request import Request
from libria.rpc.wishes import INFO, Wishes, says
from libria.session import Session
from libria_providers.reply import Answer
from libria_providers.types import Json

TRIES = 3
"""Edits that a client may refuse because the user typed in the same moment."""

REPORT_SECONDS = 0.25

COMMANDS = tuple(BY_COMMAND)


class Commands:
    """Of one client."""

    def __init__(self, session: Session, documents: Documents, wishes: Wishes) -> None:
        self._session = session
        self._documents = documents
        self._wishes = wishes
        self.abilities = Abilities()
        self._explained = Explained(wishes)

    def close(self) -> None:
        """When the client is gone."""
        self._explained.forget()

    async def run(self, request: Request, params: CommandParams) -> Json:
        """`{newText, range, applied}` of a rewrite, `{text}` of an explanation. Raises RpcError."""
        task = BY_COMMAND.get(params.command)
        if task is None:
            raise invalid_params(f"There is no command {params.command[:80]}; there are: {', '.join(COMMANDS)}.")
        if len(params.arguments) != 1:
            raise invalid_params(f"{task.command} takes one argument: an object with uri and range.")
        given = read(EditArguments, params.arguments[0], task.command)
        document = self._document(given.uri)
        if task is EDIT and not given.instruction.strip():
            raise invalid_params("instruction is missing: libria.edit does what it says.")
        start, end = self._documents.span(document, given.range.plain())
        if given.version is not None and document.version is not None and given.version != document.version:
            raise _changed()  # what the user chose the action for is not what stands there
        anchor = document.anchor(start, end)
        try:
            return await self._work(request, task, given, document, anchor, params)
        finally:
            document.let_go(anchor)

    async def _work(
        self,
        request: Request,
        task: Task,
        given: EditArguments,
        document: Document,
        anchor: Anchor,
        params: CommandParams,
    ) -> Json:
        await self._show_progress(request, task, params)
        asked = await self._asked(request, task, given, document, anchor, params.partial_result_token)
        answer = asked.answer.text
        if not task.rewrites:
            if given.apply:
                await self._explained.show(answer.strip(), documents=self.abilities.show_document)
            return {"text": answer.strip(), "model": asked.target}
        new = self._new(task, asked, document, anchor)
        applied = given.apply and self.abilities.apply_edit and await self._apply(task, document, anchor, new)
        if not document.holds(anchor) and not applied:
            raise _changed()
        place = self._documents.place(document, anchor.start, anchor.end) if document.holds(anchor) else None
        return {"newText": new, "range": place, "applied": applied, "version": document.version, "model": asked.target}

    def _document(self, uri: str) -> Document:
        document = self._documents.get(uri)
        if document is not None:
            return document
        if self._documents.too_large(uri):
            raise invalid_params("The document is too large for Libria, which keeps none of more than 4 MB.")
        raise invalid_params("uri: the document is not open here; send textDocument/didOpen first.")

    async def _show_progress(self, request: Request, task: Task, params: CommandParams) -> None:
        token = params.work_done_token
        follows = params.partial_result_token is not None  # shows what comes, and needs no telling that it does
        if token is None and not follows and self.abilities.work_done:
            token = f"libria-{secrets.token_hex(8)}"
            request.work_done_token = token  # a cancel may come at once
            await self._wishes.ask("window/workDoneProgress/create", {"token": token})
        if token is not None:
            request.work_done_token = token
            request.work = WorkDone(request.outbox, token)
            request.work.begin(task.title)

    async def _asked(
        self,
        request: Request,
        task: Task,
        given: EditArguments,
        document: Document,
        anchor: Anchor,
        token: int | str | None,
    ) -> Asked:
        problems = [
            Problem(
                self._documents.point(document, one.range.start.plain())[0],
                " ".join(one.text.split()),
                f"({' '.join(str(word) for word in (one.source, one.code) if word is not None)})".replace("()", ""),
            )
            for one in given.diagnostics
        ]
        name = self._documents.name(document.uri)
        system, question = prompt(
            document, name, anchor.start, anchor.end, task, instruction=given.instruction, problems=problems
        )
        call = check(
            ChatParams,
            {
                "model": given.model or self._session.engine.config.editor.edit_model,
                "system": system,
                "messages": [{"role": "user", "content": question}],
                "onDisconnect": "cancel",
                "partialResultToken": token,
            },
        )
        work = request.work
        report = _reporter(work, self._session.engine.clock) if work is not None else None
        try:
            return await ask(self._session, call, request, lasting=False, enough=report)
        finally:
            if work is not None:
                work.end()

    def _new(self, task: Task, asked: Asked, document: Document, anchor: Anchor) -> str:
        if asked.finish.stop_reason == "length":
            raise _failed(
                "The model was cut off before its end, so nothing was changed; select less, or set max_tokens."
            )
        if asked.finish.stop_reason == "contentFilter":
            raise _failed("The provider's content filter stopped the answer, so nothing was changed.")
        new = new_text(
            asked.answer.text,
            anchor.text,
            line_break=document.line_break,
            markdown=document.language in ("markdown", "quarto", "rmd"),
        )
        if not new and task is not EDIT:
            raise _failed("The model answered nothing, so nothing was changed; ask again, or name another model.")
        return new

    async def _apply(self, task: Task, document: Document, anchor: Anchor, new: str) -> bool:
        """As one edit of the lines that differ. Raises RpcError where the client does not take it."""
        if new == anchor.text:
            self._wishes.show(INFO, "Libria would change nothing here.")
            return True
        answer: Json = None
        for _ in range(TRIES):
            if not document.holds(anchor):
                raise _changed()
            revision = document.revision
            answer = await self._wishes.ask("workspace/applyEdit", self._edit(task, document, anchor, new))
            if says(answer, "applied") is True:
                return True
            if document.revision == revision:
                break  # it is not that the user was faster
        why = says(answer, "failureReason")
        raise _failed(f"The editor did not take the edit{f': {why[:200]}' if isinstance(why, str) and why else ''}.")

    def _edit(self, task: Task, document: Document, anchor: Anchor, new: str) -> Json:
        first, last, text = changed(anchor.text, new)
        start, end = reach(anchor, first), reach(anchor, last)
        edits = [{"range": self._documents.place(document, start, end), "newText": text}]
        if self.abilities.versioned_edits:
            identifier = {"uri": document.uri, "version": document.version}
            edit: dict[str, Json] = {"documentChanges": [{"textDocument": identifier, "edits": edits}]}
        else:
            edit = {"changes": {document.uri: edits}}
        return {"label": task.title, "edit": edit}


def _reporter(work: WorkDone, clock: Clock) -> Callable[[Answer], bool]:
    """Tells how much there is, now and then; ends nothing."""
    last = clock.now()

    def report(answer: Answer) -> bool:
        nonlocal last
        if clock.now() - last >= REPORT_SECONDS:
            last = clock.now()
            lines = answer.text.count("\n") + 1
            work.report(f"{lines} line{'s' if lines > 1 else ''}")
        return False

    return report


def _changed() -> RpcError:
    return _failed("The text has changed meanwhile, so nothing was edited; select it and ask again.")


def _failed(message: str) -> RpcError:
    data: Json = {"kind": "invalidResponse", "message": message, "retryable": True, "attempts": []}
    return RpcError(REQUEST_FAILED, message, data)
