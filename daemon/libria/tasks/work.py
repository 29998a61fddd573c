"""One task from its order to its last message: asked, read, checked, asked once more where it helps."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from libria.engine import Engine
from libria.seen import Seen
from libria.tasks import prompt
from libria.tasks.asking import Said, Silence, Told, ask
from libria.tasks.judge import SCHEMA, SYSTEM
from libria.tasks.messages import Completion, Final, Output, Validation, escalation
from libria.tasks.order import Order
from libria.tasks.read import FILES_SCHEMA, Unreadable, read
from libria.tasks.validate import Phase, validate
from libria_providers.errors import BadRequest, InvalidResponse, ProviderError
from libria_providers.types import CacheOptions, Call, Message, Reset, ResponseFormat

log = logging.getLogger("libria.tasks")


@dataclass(frozen=True, slots=True)
class Result:
    """An output that could be read, and what was found of it. `mend` are the issues that a model can do something
    about."""

    said: Said
    output: Output
    validation: Validation
    mend: tuple[str, ...]


class Work:
    """`watch` hears of each call before it is asked; `phase` is what is being done now."""

    def __init__(
        self, order: Order, engine: Engine, call_id: str, told: Told, watch: Callable[[Call, Seen], None]
    ) -> None:
        self.phase: Phase = "asking"
        self.model = order.call.model
        self._order = order
        self._engine = engine
        self._call_id = call_id
        self._told = told
        self._watch = watch
        self._format = self._response_format()
        self._asked = 0

    async def run(self) -> Final:
        """The task's last message, whatever happens; cancelled alone it has none."""
        order = self._order
        try:
            best = await self._best()
        except ProviderError as error:
            return escalation(order.task_id, error.kind, error.message, error.partial_text)
        except Exception as error:  # noqa: BLE001  # a fault of ours: the client hears that, the log hears where
            log.error("a task failed: %s", _where(error))
            return escalation(order.task_id, "internal", "The daemon failed at this task; see its log: libria log")
        return Completion(task_id=order.task_id, output=best.output, validation=best.validation, model=best.said.target)

    async def _best(self) -> Result:
        """The first result, or the second where the first failed and the task wants another try."""
        turns = [Message("user", prompt.question(self._order))]
        first = await self._result(turns)
        if not self._order.retry or first.validation.all_passed or not first.mend:
            return first
        fed_back = prompt.again_better(self._order, first.mend, structured=self._format is not None)
        turns += [first.said.answer.message(), Message("user", fed_back)]
        try:
            second = await self._result(turns, why="criteria")
        except ProviderError as error:
            return _with_issue(first, f"A second try failed: {error.message}")
        met, before = (sum(one.validation.acceptance_criteria_met) for one in (second, first))
        return second if met >= before else _with_issue(first, "A second try met fewer criteria and was left out.")

    async def _result(self, turns: Sequence[Message], why: str = "") -> Result:
        """Asked once more where it cannot be read. Raises ProviderError."""
        said = await self._ask(turns, why)
        try:
            output, remarks = read(said.answer.text, self._order.wanted)
        except Unreadable as first:
            fed_back = prompt.again_readable(self._order, str(first), structured=self._format is not None)
            said = await self._ask([*turns, said.answer.message(), Message("user", fed_back)], "unreadable")
            try:
                output, remarks = read(said.answer.text, self._order.wanted)
            except Unreadable as error:
                raise self._stuck(str(error), said) from None
        return await self._checked(said, output, remarks)

    async def _ask(self, turns: Sequence[Message], why: str) -> Said:
        """In words, where the provider does not take the schema that is the form of the answer."""
        self.phase = "asking"
        if why:
            self._told.batch([Reset(why, self.model)])
        try:
            said = await self._ask_once(turns)
        except BadRequest:
            if self._format is None:
                raise
            self._format = None
            said = await self._ask_once(turns)
        self.model = said.target
        return said

    async def _ask_once(self, turns: Sequence[Message]) -> Said:
        call = replace(
            self._order.call,
            messages=tuple(turns),
            system=prompt.system(self._order, structured=self._format is not None),
            response_format=self._format,
        )
        self._asked += 1
        call_id = self._call_id if self._asked == 1 else _new_call_id()
        return await ask(self._engine, call, call_id, self._told, self._watch)

    async def _checked(self, said: Said, output: Output, remarks: list[str]) -> Result:
        def phase(phase: Phase) -> None:
            self.phase = phase

        config = self._engine.config.tasks
        found = await validate(self._order, output, config, self._ask_judge, phase)
        validation = Validation(
            acceptance_criteria_met=found.met, all_passed=all(found.met), issues=[*remarks, *found.issues]
        )
        return Result(said, output, validation, tuple(found.mend))

    async def _ask_judge(self, name: str, text: str) -> str:
        engine = self._engine
        call = replace(
            self._order.call,
            model=name,
            fallbacks=(),
            messages=(Message("user", text),),
            system=SYSTEM,
            max_tokens=None,
            temperature=0.0 if engine.takes_temperature(name) else None,
            top_p=None,
            stop=(),
            seed=None,
            reasoning=None,
            cache=CacheOptions("off"),  # a verdict that could not be read is asked for again in the same words
            response_format=ResponseFormat("jsonSchema", "verdicts", SCHEMA) if engine.takes_schema(name) else None,
        )
        try:
            said = await ask(engine, call, _new_call_id(), Silence(), self._watch)
        except BadRequest:
            if call.response_format is None:
                raise
            call = replace(call, response_format=None)
            said = await ask(engine, call, _new_call_id(), Silence(), self._watch)
        return said.answer.text

    def _response_format(self) -> ResponseFormat | None:
        """Not for code: models write it worse within a JSON string (https://aider.chat/2024/08/14/code-in-json.html),
        and files lie in one only where the list of them would else have to be guessed."""
        call, order = self._order.call, self._order
        if not all(map(self._engine.takes_schema, (call.model, *call.fallbacks))):
            return None
        if order.wanted == "files":
            return ResponseFormat("jsonSchema", "files", FILES_SCHEMA)
        schema = prompt.json_schema(order)
        if schema is None or schema.get("type") != "object":
            return None  # no vendor takes another at the top
        return ResponseFormat("jsonSchema", "answer", schema, strict=False)

    def _stuck(self, why: str, said: Said) -> ProviderError:
        error = InvalidResponse(
            f"The model's answer could not be read as {self._order.wanted}, twice: {why}; put the task more plainly, "
            "or name another model."
        )
        error.partial_text = said.answer.text
        return error


def _with_issue(result: Result, issue: str) -> Result:
    validation = result.validation
    return replace(
        result,
        validation=Validation(
            acceptance_criteria_met=validation.acceptance_criteria_met,
            all_passed=validation.all_passed,
            issues=[*validation.issues, issue],
        ),
    )


def _new_call_id() -> str:
    return f"call-{secrets.token_hex(8)}"


def _where(error: Exception) -> str:
    """The kind and the place, never the text, which may hold a prompt."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
