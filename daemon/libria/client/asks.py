"""What each method of the clients asks, and what becomes of the answer: once, for both of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from libria.client import options as told
from libria.client.options import Message

if TYPE_CHECKING:
    from libria.client.results import ChatResult, CountTokensResult, EmbedResult, ModelsResult, StatusResult
    from libria.client.tasks import TaskCompletion, TaskListResult

Json = Any  # whatever JSON can say
T = TypeVar("T")


class Ask(Generic[T]):
    """`read` makes the result of the protocol's."""

    __slots__ = ("method", "params", "read")

    def __init__(self, method: str, params: dict[str, Json], read: Callable[[dict[str, Json]], T]) -> None:
        self.method = method
        self.params = params
        self.read = read


def chat(messages: str | Sequence[Message], options: Mapping[str, Any]) -> "Ask[ChatResult]":
    params = told.params(options, told.ChatOptions)
    return Ask("libria/chat", {**params, "messages": told.messages(messages)}, _reader("ChatResult"))


def complete(prefix: str, suffix: str, options: Mapping[str, Any]) -> "Ask[ChatResult]":
    params = told.params(options, told.CompleteOptions)
    return Ask("libria/complete", {**params, "prefix": prefix, "suffix": suffix}, _reader("ChatResult"))


def embed(input: str | Sequence[str], model: str, options: Mapping[str, Any]) -> "Ask[EmbedResult]":
    params = told.params(options, told.EmbedOptions)
    texts = [input] if isinstance(input, str) else list(input)
    return Ask("libria/embed", {**params, "model": model, "input": texts}, _reader("EmbedResult"))


def count_tokens(messages: str | Sequence[Message], model: str, options: Mapping[str, Any]) -> "Ask[CountTokensResult]":
    params = {**told.params(options, told.CountOptions), "model": model, "messages": told.messages(messages)}
    return Ask("libria/countTokens", params, _reader("CountTokensResult"))


def models(provider: str | None, *, refresh: bool) -> "Ask[ModelsResult]":
    params: dict[str, Json] = {"refresh": refresh}
    if provider is not None:
        params["provider"] = provider
    return Ask("libria/models", params, _reader("ModelsResult"))


def status() -> "Ask[StatusResult]":
    return Ask("libria/status", {}, _reader("StatusResult"))


def resume(call_id: str, after_seq: int) -> "Ask[ChatResult]":
    return Ask("libria/resume", {"callId": call_id, "afterSeq": after_seq}, _reader("ChatResult"))


def task(instruction: str, options: Mapping[str, Any]) -> "Ask[TaskCompletion]":
    """Its params are the one place where the protocol has Python's names."""
    params = told.given(options, told.TaskOptions)
    params.setdefault("task_id", f"task-{os.urandom(16).hex()}")
    for name in ("acceptance_criteria", "fallbacks"):
        if name in params:
            params[name] = list(params[name])
    if not isinstance(params.get("context", ""), str):
        params["context"] = list(params["context"])

    def read(result: dict[str, Json]) -> Json:
        from libria.client.tasks import completion

        return completion(result)

    return Ask("libria/task", {**params, "instruction": instruction}, read)


def tasks() -> "Ask[TaskListResult]":
    return Ask("libria/task/list", {}, _reader("TaskListResult", "libria.client.tasks"))


def cancel_task(task_id: str) -> "Ask[bool]":
    return Ask("libria/task/cancel", {"task_id": task_id}, lambda result: bool(result["cancelled"]))


def _reader(name: str, module: str = "libria.client.results") -> Callable[[dict[str, Json]], Json]:
    """The classes are made when the first answer is there: nobody's first token has waited for them."""

    def read(result: dict[str, Json]) -> Json:
        from importlib import import_module

        from libria.client import results

        return results.read(getattr(import_module(module), name), result)

    return read
