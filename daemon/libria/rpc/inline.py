"""`textDocument/inlineCompletion`: one suggestion at the cursor, asked for as the user types."""

import asyncio
from dataclasses import dataclass

from libria.editing.documents import Document, Documents
from libria.editing.fill import Gap, fill, gap
from libria.editing.suggestion import block_end, fitting
from libria.editing.suggestions import Suggestions
from libria.rpc.asking import ask
from libria.rpc.codes import CANCELLED, RpcError
from libria.rpc.editor_params import InlineCompletionParams
from libria.rpc.params import CompleteParams, check
from libria.rpc.request import Request
from libria.rpc.wishes import INFO, Wishes, says
from libria.session import Session
from libria_providers.types import Json

AUTOMATIC = 2
"""LSP's kind of a request that nobody pressed a key for."""

TEMPERATURE = 0.2
"""Of two ways to go on, the likelier one."""

MODEL_SECONDS = 60.0
"""How long is believed which model fills in, where the config does not say."""

PAUSE_SECONDS = 30.0
"""Without asking for who just types, after an answer that the next one will be as well."""

NOBODY = (
    "Libria suggests no code: no model for that is set or found. Set [editor] completion_model in the config "
    "(libria config path), or run a code model with Ollama or llama.cpp."
)
_LASTING = frozenset({"credentialMissing", "credentialRejected", "permissionDenied", "modelNotFound", "quotaExhausted"})


class _Unable(Exception):
    """Why nothing can be suggested, whatever stands there."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.problem: Json = {"kind": kind, "message": message}


@dataclass(slots=True)
class _Default:
    model: str | None
    at: float


class Inline:
    """Of one client."""

    def __init__(self, session: Session, documents: Documents, wishes: Wishes) -> None:
        self._session = session
        self._documents = documents
        self._wishes = wishes
        self._suggestions = Suggestions()
        self._under_way: dict[str, Request] = {}  # by document
        self._default: _Default | None = None
        self._looking: asyncio.Task[str | None] | None = None
        self._told: set[str] = set()
        self._paused_until = 0.0
        self._paused_for = ("", "")

    async def answer(self, request: Request, params: InlineCompletionParams) -> Json:
        """LSP's list of items, of one or none; `problem` with it says what is wrong, as a client may show where nobody
        is disturbed. An error it is not: nobody asked."""
        uri = params.text_document.uri
        document = self._documents.get(uri)
        if document is None:
            return {"items": []}
        before = self._under_way.get(uri)
        self._under_way[uri] = request
        if before is not None:
            before.cancel(CANCELLED)
        try:
            return await self._suggest(request, document, params)
        except _Unable as unable:
            return {"items": [], "problem": unable.problem}
        finally:
            if self._under_way.get(uri) is request:
                del self._under_way[uri]

    async def _suggest(self, request: Request, document: Document, params: InlineCompletionParams) -> Json:
        automatic = params.context.trigger_kind == AUTOMATIC
        menu = params.context.selected_completion_info
        point = self._documents.point(document, params.position.plain())
        instead = (self._documents.point(document, menu.range.start.plain()), menu.text) if menu is not None else None
        at = gap(document, point, instead=instead)
        if automatic and not at.wanted():
            return {"items": []}
        revision = document.revision
        text = self._suggestions.find(at) if automatic else None
        if text is None:
            text = await self._asked(request, document, at, automatic)
        if not text or document.revision != revision:
            return {"items": []}  # the place is another by now; the next request finds what was suggested
        if menu is not None:
            return {"items": [{"insertText": menu.text + text, "range": menu.range.plain()}]}
        here = params.position.plain()
        return {"items": [{"insertText": text, "range": {"start": here, "end": here}}]}

    async def _asked(self, request: Request, document: Document, at: Gap, automatic: bool) -> str:
        session, clock = self._session, self._session.engine.clock
        editor = session.engine.config.editor
        if automatic:
            if clock.now() < self._paused_until:
                raise _Unable(*self._paused_for)
            revision = document.revision
            await clock.sleep(editor.completion_debounce)
            if document.revision != revision:
                return ""
        model = await self._model()
        if model is None:
            self._tell_once(NOBODY)
            raise _Unable("noModel", NOBODY)
        wanted = fill(self._documents, document, at, elsewhere=editor.completion_context)
        call = check(
            CompleteParams,
            {
                "model": model,
                "prefix": wanted.prefix,
                "suffix": wanted.suffix,
                "languageId": wanted.language,
                "path": wanted.path,
                "maxTokens": editor.completion_max_tokens,
                "temperature": TEMPERATURE if session.engine.takes_temperature(model) else None,
                "timeouts": {"total": editor.completion_timeout},
                "onDisconnect": "cancel",
            },
        )
        try:
            asked = await ask(
                session, call, request, lasting=False, enough=lambda answer: block_end(answer.text, at) is not None
            )
        except RpcError as error:
            self._failed(error)
            raise _Unable(*self._paused_for) from None
        text = fitting(asked.answer.text, at, cut=asked.finish.stop_reason == "length")
        self._suggestions.add(at, text)
        return text

    async def _model(self) -> str | None:
        """As the config says now; what has to be looked for is looked for once in a while."""
        engine = self._session.engine
        if engine.config.editor.completion_model:
            return engine.config.editor.completion_model
        now = engine.clock.now()
        if self._default is None or now - self._default.at > MODEL_SECONDS:
            if self._looking is None or self._looking.done():
                look = engine.fill_model(self._session.origin())
                self._looking = asyncio.get_running_loop().create_task(look)
            self._default = _Default(await asyncio.shield(self._looking), now)  # a cancel is no reason to begin anew
        return self._default.model

    def _failed(self, error: RpcError) -> None:
        """Told once for each sentence, where clients keep such things. A key that is refused is not tried on and on."""
        kind = says(error.data, "kind")
        seconds = 0.0
        if kind in _LASTING:
            seconds = PAUSE_SECONDS
        elif kind == "rateLimited":
            seconds = min((says(error.data, "retryAfterMs") or 0) / 1000, PAUSE_SECONDS)
        self._paused_until = self._session.engine.clock.now() + seconds
        self._paused_for = (kind if isinstance(kind, str) else "", error.message)
        self._tell_once(error.message)

    def _tell_once(self, message: str) -> None:
        if message not in self._told and len(self._told) < 20:
            self._told.add(message)
            self._wishes.log(INFO, message)
