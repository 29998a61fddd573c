"""The clients' shapes are the daemon's: what is stale fails here."""

import dataclasses
import typing
from typing import Any

import msgspec
import pytest

from libria import client
from libria.client import events, options, results, tasks
from libria.rpc import params as wire_params
from libria.rpc import results as wire_results
from libria.rpc import status_results, task_params
from libria.rpc import tasks as wire_tasks
from libria.rpc.methods import METHODS
from libria.tasks import messages

WHOLE = (
    "AttemptResult", "CacheResult", "ChatResult", "CostResult", "CountTokensResult", "EmbedResult", "ModelResult",
    "ModelsResult", "PriceResult", "Problem", "Timings", "ToolCallResult", "UsageResult",
)  # fmt: skip


def spelt(kind: Any) -> str:
    """A type in words that are the same for both: a list is a tuple, an object any dict."""
    text = str(getattr(kind, "__name__", kind) if isinstance(kind, type) and not typing.get_args(kind) else kind)
    for old, new in (
        ("libria.rpc.results.", ""), ("libria.client.results.", ""), ("list[", "tuple["), (", ...]", "]"),
        ("typing.", ""), ("MessageResult", "dict[str, Any]"), ("NoneType", "None"),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


def ours(name: str) -> dict[str, tuple[str, bool]]:
    return {
        one.name: (spelt(one.type), one.default is not dataclasses.MISSING)
        for one in dataclasses.fields(getattr(results, name))
        if one.name != "raw"
    }


def theirs(kind: type[msgspec.Struct]) -> dict[str, tuple[str, bool]]:
    hints = typing.get_type_hints(kind)
    return {
        one.name: (spelt(hints[one.name]), one.default is not msgspec.NODEFAULT) for one in msgspec.structs.fields(kind)
    }


@pytest.mark.parametrize("name", WHOLE)
def test_a_result_is_the_daemons(name: str) -> None:
    found = {
        key: (value[0].replace("tuple[tuple[float]]", "list[list[float]]"), value[1])
        for key, value in theirs(getattr(wire_results, name)).items()
    }
    mine = {
        key: (value[0].replace("tuple[tuple[float]]", "list[list[float]]"), value[1])
        for key, value in ours(name).items()
    }
    assert mine == found


TASKS = {
    tasks.TaskCompletion: messages.Completion,
    tasks.TaskFile: messages.File,
    tasks.TaskOutput: messages.Output,
    tasks.Validation: messages.Validation,
    tasks.TaskListResult: wire_tasks.TaskListResult,
    tasks.TaskStateResult: wire_tasks.TaskStateResult,
}


@pytest.mark.parametrize(("mine", "wire"), TASKS.items(), ids=lambda value: value.__name__)
def test_what_a_task_ends_in_is_the_daemons(mine: Any, wire: type[msgspec.Struct]) -> None:
    assert {one.name for one in dataclasses.fields(mine)} - {"raw"} == set(theirs(wire)) - {"status"}


def test_what_is_read_of_the_status_is_there() -> None:
    found = theirs(status_results.StatusResult)
    assert {name: found[name] for name in ours("StatusResult")} == ours("StatusResult")


OPTIONS = {
    options.ChatOptions: wire_params.ChatParams,
    options.CompleteOptions: wire_params.CompleteParams,
    options.EmbedOptions: wire_params.EmbedParams,
    options.CountOptions: wire_params.CountTokensParams,
    options.CacheOption: wire_params.CacheParam,
    options.TimeoutsOption: wire_params.TimeoutsParam,
    options.ReasoningOption: wire_params.ReasoningParam,
    options.TaskOptions: task_params.TaskParams,
}
ARGUMENTS = {"messages", "instruction", "prefix", "suffix", "input", "partial_result_token", "work_done_token"}
"""What is an argument of its own, or the clients' business."""


@pytest.mark.parametrize(("mine", "wire"), OPTIONS.items(), ids=lambda value: value.__name__)
def test_every_parameter_is_an_option(mine: type, wire: type[wire_params.Params]) -> None:
    assert known(mine) - {"timeout"} == {
        name
        for name in wire.model_fields
        if name not in ARGUMENTS and not (name == "model" and "model" not in known(mine))
    }


def known(mine: type) -> set[str]:
    return set(typing.get_type_hints(mine))


def test_the_clients_methods_are_the_daemons() -> None:
    asked = {
        "libria/chat", "libria/complete", "libria/embed", "libria/countTokens", "libria/models", "libria/status",
        "libria/resume", "libria/task", "libria/task/list", "libria/task/cancel",
    }  # fmt: skip
    assert asked <= set(METHODS)


def test_unknown_fields_are_not_read_but_kept() -> None:
    made = results.read(results.CountTokensResult, {"inputTokens": 3, "exact": True, "later": 1})
    assert made == results.CountTokensResult(raw={}, input_tokens=3, exact=True)
    assert made.raw["later"] == 1
    assert events.event({"kind": "later", "seq": 3}) is None


def test_results_cannot_be_changed() -> None:
    made = results.CostResult(usd=1.0)
    with pytest.raises(AttributeError):
        made.usd = 2.0  # type: ignore[misc]  # that is the point
    assert not hasattr(made, "__dict__")


def test_every_name_is_there() -> None:
    for name in client.__all__:
        assert getattr(client, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = client.Nothing  # type: ignore[attr-defined]  # that is the point
