"""Libria for Python scripts: `from libria.client import Client`. Standard library only; each name is loaded when it is
used first, so that a script starts at once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libria.client.aio import AsyncClient, AsyncStream
    from libria.client.errors import CallFailed, DaemonGone, LibriaError, TaskBlocked, TooManyRounds
    from libria.client.events import Acknowledged, Delta, Event, Reasoning, Reset, Start, Status, ToolCall
    from libria.client.parts import file, image
    from libria.client.results import (
        AttemptResult,
        CacheResult,
        ChatResult,
        CostResult,
        CountTokensResult,
        EmbedResult,
        ModelResult,
        ModelsResult,
        PriceResult,
        Problem,
        StatusResult,
        Timings,
        ToolCallResult,
        UsageResult,
    )
    from libria.client.schema import tool_spec
    from libria.client.sync import Client, Stream
    from libria.client.tasks import TaskCompletion, TaskFile, TaskListResult, TaskOutput, TaskStateResult, Validation
    from libria.client.tools import ToolOutcome, ToolRun

_MODULES = {
    "aio": ("AsyncClient", "AsyncStream"),
    "errors": ("CallFailed", "DaemonGone", "LibriaError", "TaskBlocked", "TooManyRounds"),
    "events": ("Acknowledged", "Delta", "Event", "Reasoning", "Reset", "Start", "Status", "ToolCall"),
    "parts": ("file", "image"),
    "results": (
        "AttemptResult", "CacheResult", "ChatResult", "CostResult", "CountTokensResult", "EmbedResult", "ModelResult",
        "ModelsResult", "PriceResult", "Problem", "StatusResult", "Timings", "ToolCallResult", "UsageResult",
    ),
    "schema": ("tool_spec",),
    "sync": ("Client", "Stream"),
    "tasks": ("TaskCompletion", "TaskFile", "TaskListResult", "TaskOutput", "TaskStateResult", "Validation"),
    "tools": ("ToolOutcome", "ToolRun"),
}  # fmt: skip

__all__ = [
    "Acknowledged", "AsyncClient", "AsyncStream", "AttemptResult", "CacheResult", "CallFailed", "ChatResult",
    "Client", "CostResult", "CountTokensResult", "DaemonGone", "Delta", "EmbedResult", "Event", "LibriaError",
    "ModelResult", "ModelsResult", "PriceResult", "Problem", "Reasoning", "Reset", "Start", "Status", "StatusResult",
    "Stream", "TaskBlocked", "TaskCompletion", "TaskFile", "TaskListResult", "TaskOutput", "TaskStateResult",
    "Timings", "TooManyRounds", "ToolCall", "ToolCallResult", "ToolOutcome", "ToolRun", "UsageResult", "Validation",
    "file", "image", "tool_spec",
]  # fmt: skip


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            value = getattr(import_module(f"libria.client.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
