"""A client's task made an order, with everything that is wrong with it said before anybody works on it."""

import json
from hashlib import sha256

from libria.config import Config
from libria.rpc import params as wire
from libria.rpc import task_params as given
from libria.rpc.codes import invalid_params
from libria.rpc.convert import to_call
from libria.schemas import check_schema
from libria.tasks.criteria import pattern_schema
from libria.tasks.order import (
    Command,
    Contains,
    ContextFile,
    Criterion,
    MaxLength,
    Order,
    Prose,
    Regex,
    Schema,
)  # fmt: skip
from libria.tasks.paths import safe
from libria_providers.types import Origin, Trace

_ASIDE = {"partial_result_token", "work_done_token", "restart"}
"""What makes no other task of it."""


def to_order(params: given.TaskParams, config: Config, origin: Origin) -> Order:
    """Raises RpcError -32602 that names what is wrong."""
    timeouts, reasoning = params.timeouts, params.reasoning
    chat = wire.ChatParams.model_construct(
        messages=[],
        model=params.model,
        fallbacks=params.fallbacks,
        system=params.system,
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        reasoning=wire.ReasoningParam.model_construct(**reasoning.model_dump()) if reasoning else None,
        timeouts=wire.TimeoutsParam.model_construct(**timeouts.model_dump()) if timeouts else None,
        priority="batch",  # whoever types comes first
        on_disconnect="finish",
    )
    return Order(
        task_id=params.task_id,
        digest=_digest(params),
        instruction=params.instruction,
        call=to_call(chat, config, started=0.0, origin=origin, trace=Trace()),
        wanted=params.output,
        criteria=tuple(
            _criterion(one, f"acceptance_criteria[{number}]", params, config)
            for number, one in enumerate(params.acceptance_criteria)
        ),
        context=params.context
        if isinstance(params.context, str)
        else tuple(ContextFile(file.path, file.content) for file in params.context),
        retry=params.retry_on_failure,
    )


def _digest(params: given.TaskParams) -> str:
    content = params.model_dump(mode="json", by_alias=True, exclude=_ASIDE)
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _criterion(one: given.CriterionParam, where: str, params: given.TaskParams, config: Config) -> Criterion:
    if isinstance(one, str):
        return Prose(one)
    if isinstance(one, given.CommandCriterion):
        if not config.tasks.allow_commands:
            raise invalid_params(
                f"{where}: commands are not run; to allow that, set allow_commands = true in [tasks] of the config "
                "(libria config path)."
            )
        return Command(tuple(one.command), one.timeout)
    path = _path(one.path, where, params)
    if isinstance(one, given.JsonSchemaCriterion):
        fault = check_schema(one.schema_)
        if fault is not None:
            raise invalid_params(f"{where}.schema is no JSON Schema: {fault.rstrip('.')}.")
        return Schema(one.schema_, path)
    if isinstance(one, given.RegexCriterion):
        if check_schema(pattern_schema(one.pattern)) is not None:
            raise invalid_params(
                f"{where}.pattern is no regular expression; it is written as in a JSON Schema (ECMA 262)."
            )
        return Regex(one.pattern, path)
    if isinstance(one, given.ContainsCriterion):
        return Contains(one.text, path)
    return MaxLength(one.length, path)


def _path(path: str | None, where: str, params: given.TaskParams) -> str | None:
    if path is None:
        return None
    if params.output != "files":
        raise invalid_params(f'{where}.path names a file, and only a task with output "files" has such.')
    sound = safe(path)
    if sound is None:
        raise invalid_params(f"{where}.path is not the relative path of a file.")
    return sound
