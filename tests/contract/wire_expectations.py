"""What a correct client gets out of a recording, in our words, and the check of it.

INDEX.tsv has the vendor's words and numbers; all of ours are derived from them and from the body by the
rules here, wire_usage.py and wire_errors.py. Nothing is known of a single file.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import wire_bodies
from wire_errors import expected_error
from wire_exceptions import but_for_exceptions
from wire_exchanges import ENDPOINTS, Answerer
from wire_recordings import Recording
from wire_usage import comparable, expected_usage

from libria_providers.errors import ProviderError
from libria_providers.types import Counted, Delta, Event, Finish, Reasoning, ToolCallDelta, Vectors

# By the word in lower case. Whatever is no other reason and came with tool calls is "toolUse".
_WORDS = {
    "stop": "stop end_turn completed complete 1 eos word stop_sequence pause_turn tool_calls tool_use tool_call",
    "length": "length max_tokens limit 2 model_length model_context_window_exceeded max_output_tokens",
    "contentFilter": "refusal content_filter safety 3 recitation 4 blocklist prohibited_content spii "
    "guardrail_intervened content_filtered error_toxic promptfeedback",
}
STOP_REASONS = {word: reason for reason, words in _WORDS.items() for word in words.split()}


@dataclass(slots=True)
class Heard:
    """What a reader of the events has, at the end or when it broke; or the list of models."""

    events: list[Event] = field(default_factory=list[Event])
    error: ProviderError | None = None
    models: list[str] | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Reasoning))

    @property
    def finish(self) -> Finish:
        last = self.events[-1]
        assert isinstance(last, Finish), last
        assert sum(isinstance(event, Finish) for event in self.events) == 1
        return last

    def tool_calls(self) -> list[tuple[str, str, object]]:
        """(id, name, arguments) of each, in order."""
        ids: dict[int, str] = {}
        names: dict[int, str] = {}
        texts: dict[int, str] = {}
        for event in self.events:
            if isinstance(event, ToolCallDelta):
                texts[event.index] = texts.get(event.index, "") + event.arguments
                assert not (event.id and event.index in ids), "an id comes once"
                assert not (event.name and event.index in names), "a name comes once"
                if event.id:
                    ids[event.index] = event.id
                if event.name:
                    names[event.index] = event.name
        assert list(texts) == list(range(len(texts))), "numbered from 0, in order"
        assert len(set(ids.values())) == len(texts), "each has an id of its own"
        return [(ids[index], names[index], json.loads(text or "{}")) for index, text in texts.items()]


def check(
    recording: Recording,
    heard: Heard,
    answerer: Answerer,
    *,
    without: Sequence[str] = (),
    change: Callable[[Recording, dict[str, Any]], None] | None = None,
) -> None:
    """Everything that INDEX.tsv says of `recording` holds of `heard`, but for the fields `without` and
    what `change` has put in their place."""
    expected = {name: value for name, value in _expected(recording, answerer).items() if name not in without}
    if change is not None:
        change(recording, expected)
    got = _said(recording, heard, expected)
    wrong = {name: (got.get(name), value) for name, value in expected.items() if got.get(name) != value}
    wrong = but_for_exceptions(recording, wrong, expected)
    told = "; ".join(f"{name} is {was!r:.300}, not {value!r:.300}" for name, (was, value) in wrong.items())
    assert not wrong, told + (f" ({heard.error.message})" if heard.error else "")


def _expected(recording: Recording, answerer: Answerer) -> dict[str, Any]:
    line = recording.expected
    if recording.is_error:
        return expected_error(recording) | {"text": _text(recording) if line["text_sha256"] else _sha("")}
    if recording.category == "cut-stream":
        return {"error": "interrupted", "text": line["text_sha256"], "reasoning": int(line["reasoning_len"] or 0)}
    match ENDPOINTS[recording.endpoint].slot:
        case "models":
            return {"error": None, "models": wire_bodies.model_ids(recording)}
        case "count":
            return {"error": None, "counted": Counted(int(line["usage_in"]), exact=True)}
        case "embed":
            return {
                "error": None,
                "vectors": wire_bodies.vectors(recording),
                "usage": expected_usage(recording, answerer.quirks),
                "model": line["model"],
            }
        case _:
            return {
                "error": None,
                "text": _text(recording),
                "reasoning": int(line["reasoning_len"] or 0),
                "tool calls": (int(line["n_tool_calls"] or 0), line["tools_sha256"] or _sha("[]")),
                "stop reason": _stop_reason(recording),
                "usage": expected_usage(recording, answerer.quirks),
                "model": line["model"],
            }


def _said(recording: Recording, heard: Heard, expected: Mapping[str, Any]) -> dict[str, Any]:
    error = heard.error
    got: dict[str, Any] = {"error": error and error.kind, "models": heard.models, "text": _sha(heard.text)}
    got["reasoning"] = len(heard.reasoning)
    if error is not None:
        assert not any(isinstance(event, Finish) for event in heard.events)
        assert "\n" not in error.message
        assert len(error.message) < 450
        words = expected.get("code")
        got["code"] = words if isinstance(words, tuple) and error.code in words else error.code
        got |= {"status": error.status, "retry after": error.retry_after, "request id": error.request_id}
        return got
    if heard.models is not None:
        return got
    finish, calls = heard.finish, heard.tool_calls()
    got |= {"tool calls": (len(calls), _sha(_canonical(calls))), "stop reason": finish.stop_reason}
    got |= {"usage": finish.usage, "model": finish.served_model}
    if "usage" in expected:
        got["usage"] = comparable(recording, expected["usage"], finish.usage)
    got["vectors"] = [one for event in heard.events if isinstance(event, Vectors) for one in event.vectors]
    got["counted"] = next((event for event in heard.events if isinstance(event, Counted)), None)
    return got


def refusal(recording: Recording) -> str:
    """What the model said instead of an answer. We give it as the text: an empty answer with a plain
    stop would tell nobody anything; the index leaves it out."""
    said = [one for one in wire_bodies.all_of(recording, "refusal") if isinstance(one, str)]
    if recording.streamed and recording.endpoint == "openai.responses":
        deltas = [one for one in wire_bodies.values(recording) if one.get("type") == "response.refusal.delta"]
        said = [one["delta"] for one in deltas]
    return "".join(said)


def _text(recording: Recording) -> str:
    refused = refusal(recording)
    return _sha(refused) if refused and not int(recording.expected["text_len"]) else recording.expected["text_sha256"]


def _stop_reason(recording: Recording) -> str:
    line = recording.expected
    if refusal(recording):
        return "contentFilter"
    word = line["finish_reason"].partition(":")[0].lower()
    if word == "incomplete":
        word = wire_bodies.all_of(recording, "incomplete_details")[-1]["reason"]
    reason = STOP_REASONS[word]
    return "toolUse" if reason == "stop" and int(line["n_tool_calls"] or 0) else reason


def _canonical(calls: Sequence[tuple[str, str, object]]) -> str:
    """The form whose hash INDEX.tsv holds."""
    return json.dumps([[name, arguments] for _, name, arguments in calls], sort_keys=True, separators=(",", ":"))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
