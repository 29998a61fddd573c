"""What the simulated models answer, before any vendor's format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from libria_providers.simulator import texts
from libria_providers.simulator.grammar import Spec
from libria_providers.simulator.schema import instance

Json = Any
Finish = Literal["stop", "stop_sequence", "length", "tools", "filter"]


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for, read from any vendor's format.

    `tool_result` is set when the last message is one, `prefill` when it is the assistant's.
    `forced` names the tool that must be called; with `required` any must be. `schema` is the response
    format's. `said` is what the vendor says again in its reply."""

    model: str
    stream: bool
    user_text: str
    input_tokens: int
    tool_result: str | None = None
    prefill: str | None = None
    tools: tuple[Tool, ...] = ()
    forced: str | None = None
    required: bool = False
    schema: Json = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    usage_chunk: bool = False
    obfuscated: bool = True
    said: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class ToolUse:
    """`arguments` are the pieces of the JSON text."""

    name: str
    arguments: list[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """In pieces, each of which becomes one event. `stopped_by` is the stop sequence that was met."""

    text: list[str]
    reasoning: list[str] = field(default_factory=list[str])
    uses: list[ToolUse] = field(default_factory=list[ToolUse])
    finish: Finish = "stop"
    stopped_by: str | None = None
    refused: bool = False
    cached: int = 0

    @property
    def reasoning_tokens(self) -> int:
        return len(self.reasoning)

    @property
    def tokens(self) -> int:
        return len(self.text) + len(self.reasoning) + sum(len(use.arguments) + 8 for use in self.uses)


PACED = {"story": 80.0, "code": 80.0, "reason": 80.0}  # deltas a second; the others do not pause


def answer(spec: Spec, ask: Ask) -> Answer:
    """The same request always gets the same answer."""
    uses = _uses(spec, ask)
    pieces = [] if uses else texts.pieces(_text(spec, ask))
    if spec.model == "fast" and "count" not in spec:
        pieces = _repeated(pieces, spec.deltas)
    if "count" in spec:
        pieces = _repeated(pieces, int(spec.number("count")))
    thinks = spec.model == "reason" or "think" in spec
    reasoning = texts.pieces(texts.REASONING) if thinks else []
    finish: Finish = "tools" if uses else "stop"
    if "refusal" in spec:
        pieces, uses, finish = texts.pieces(texts.REFUSAL), [], "stop"
    stopped_by = None
    if ask.stop:
        pieces, stopped_by = _stopped(pieces, ask.stop)
        finish = "stop_sequence" if stopped_by else finish
    for word in ("length", "filter"):
        if word in spec:
            pieces = pieces[: int(spec.number(word) * len(pieces))]
            finish = "length" if word == "length" else "filter"
    if ask.max_tokens is not None and ask.max_tokens < len(pieces):
        pieces, finish, stopped_by = pieces[: ask.max_tokens], "length", None
    return Answer(
        text=pieces,
        reasoning=reasoning,
        uses=uses,
        finish=finish,
        stopped_by=stopped_by,
        refused="refusal" in spec,
        cached=min(int(spec.number("cached")), ask.input_tokens) if "cached" in spec else 0,
    )


def _text(spec: Spec, ask: Ask) -> str:
    if "say" in spec:
        return unquote(spec.options["say"])
    if spec.model in ("tools", "parallel-tools"):
        return texts.NO_TOOLS if ask.tool_result is None else f"The tool says: {ask.tool_result}"
    if spec.model == "json":
        made = instance(ask.schema) if ask.schema is not None else {"answer": ask.user_text}
        return msgspec.json.encode(made).decode()
    if spec.model == "echo":
        return ask.user_text
    return {"code": texts.CODE, "reason": texts.REASONED}.get(spec.model, texts.STORY)


def _uses(spec: Spec, ask: Ask) -> list[ToolUse]:
    """Every model calls a tool that it is forced to call."""
    forced = [tool for tool in ask.tools if tool.name == ask.forced]
    wants = spec.model in ("tools", "parallel-tools") and ask.tool_result is None
    if not (forced or wants or ask.required):
        return []
    chosen = forced or list(ask.tools)
    if spec.model != "parallel-tools":
        chosen = chosen[:1]
    elif len(chosen) == 1:
        chosen = chosen * 2
    return [ToolUse(tool.name, _json_pieces(instance(tool.schema))) for tool in chosen]


def _json_pieces(value: Json) -> list[str]:
    text = "{}" if value is None else msgspec.json.encode(value).decode()
    return [text[i : i + 5] for i in range(0, len(text), 5)]


def _repeated(pieces: list[str], count: int) -> list[str]:
    if not pieces:
        return pieces
    return (pieces * (count // len(pieces) + 1))[:count]


def _stopped(pieces: list[str], stop: tuple[str, ...]) -> tuple[list[str], str | None]:
    text = "".join(pieces)
    found = [(text.find(one), one) for one in stop if one and one in text]
    if not found:
        return pieces, None
    place, by = min(found)
    return texts.pieces(text[:place]), by
