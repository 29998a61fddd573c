"""Reads replies in Ollama's own format, streamed as lines of JSON or whole."""

from zlib import crc32

import msgspec

from libria_providers.dialects import lenient
from libria_providers.dialects.classify import stated
from libria_providers.dialects.ollama_wire import Line, Number, Said, WireToolCall
from libria_providers.dialects.said import UNREADABLE, any_json, mapping
from libria_providers.errors import Interrupted, InvalidResponse, Overloaded
from libria_providers.frames import JSONReader
from libria_providers.types import Delta, Event, Finish, Json, Reasoning, StopReason, ToolCallDelta, Usage

NAME = "ollama"

_NOT_OLLAMA = "The provider sent something that is not Ollama's format; check its address."
_NOTHING = (b"", b"null", b'""', b"{}", b"false")


class OllamaDecoder:
    """Finish comes with the line that says `done`: the last one."""

    ending = False  # nothing follows that line, and until it anything may
    _json = msgspec.json.Decoder(Line)

    def __init__(self) -> None:
        self._thinking: list[str] = []
        self._ids: list[str] = []  # of the tool calls, in order
        self._model = ""
        self._spoke = False  # anything but an empty line
        self._finished = False

    def feed(self, event: str, data: bytes) -> list[Event]:
        if self._finished or not data.strip():
            return []
        try:
            line = self._json.decode(data)
        except UNREADABLE:
            better = lenient.read(data, Line)
            if better is None:
                raise InvalidResponse(_NOT_OLLAMA) from None
            line = better
        if line.error and bytes(line.error) not in _NOTHING:
            raise stated(any_json(data))
        if line.message is None and line.response is None and line.done is None and line.model is None:
            raise InvalidResponse(_NOT_OLLAMA)
        return self._read(line)

    def end(self) -> list[Event]:
        if self._finished:
            return []
        raise Interrupted("The provider broke off before the end of its reply; try again.")

    def whole(self, body: bytes) -> list[Event]:
        """One object, or the lines of a server that streams whatever it is asked."""
        reader = JSONReader()
        messages = [data for _, data in (*reader.feed(body), *reader.end())]
        events = [event for data in messages for event in self.feed("", data)]
        if not self._finished and self._spoke and len(messages) == 1:
            return events + self._finish(Line())  # a body that is JSON came to its end
        return events + self.end()

    def _read(self, line: Line) -> list[Event]:
        if line.model:
            self._model = line.model
        events: list[Event] = []
        if line.message is not None:
            self._said(line.message, line.created_at or "", events)
        self._text(line.thinking, line.response, events)
        self._spoke = self._spoke or bool(events)
        if line.done:
            events += self._finish(line)
        return events

    def _said(self, said: Said, created: str, events: list[Event]) -> None:
        self._text(said.thinking, said.content, events)
        events.extend(self._call(call, created) for call in said.tool_calls or ())

    def _text(self, thinking: str | None, text: str | None, events: list[Event]) -> None:
        if thinking:
            self._thinking.append(thinking)
            events.append(Reasoning(thinking))
        if text:
            events.append(Delta(text))

    def _call(self, call: WireToolCall, created: str) -> ToolCallDelta:
        """A call comes whole. One that has no id gets one: a tool's result must name its call."""
        index = len(self._ids)
        name = (call.function.name if call.function else None) or ""
        arguments = _arguments(bytes(call.function.arguments) if call.function else b"")
        identity = call.id or ""
        if not identity or identity in self._ids:
            seed = crc32(f"{created}\n{name}\n{arguments}".encode("utf-8", "replace"))
            identity = f"call_{seed:08x}_{index}"
        self._ids.append(identity)
        return ToolCallDelta(index, arguments, identity, name)

    def _finish(self, line: Line) -> list[Event]:
        """With "load" nothing was generated, the model is just in memory now; "unload" is the reverse.
        Neither answers a question."""
        if line.done_reason in ("load", "unload") and not self._spoke:
            raise Overloaded(
                f"The provider did nothing but {line.done_reason} the model, try again.", code=line.done_reason
            )
        self._finished = True
        stop_reason: StopReason = "stop"  # also said where there are calls
        if line.done_reason == "length":
            stop_reason = "length"
        elif self._ids:
            stop_reason = "toolUse"
        usage = Usage(_whole(line.prompt_eval_count), _whole(line.eval_count))
        return [Finish(stop_reason, usage, self._model, self._opaque())]

    def _opaque(self) -> dict[str, Json] | None:
        """Whole messages go back with their thinking; templates leave out what their model does not
        want: https://docs.ollama.com/capabilities/tool-calling#multi-turn-tool-calling-agent-loop"""
        return {"dialect": NAME, "thinking": "".join(self._thinking)} if self._thinking else None


def _arguments(raw: bytes) -> str:
    if not raw or raw == b"null":
        return ""
    value = any_json(raw)
    if isinstance(value, str):
        return value
    return msgspec.json.encode(mapping(value)).decode() if isinstance(value, dict) else raw.decode("utf-8", "replace")


def _whole(number: Number) -> int:
    return int(number or 0)
