"""What our words are for what INDEX.tsv says of a recording, and the check of it."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from wire_recordings import Recording

from libria_providers.errors import ProviderError
from libria_providers.types import Delta, Event, Finish, Reasoning, ToolCallDelta, Usage

STOP_REASONS = {
    "stop": "stop", "end_turn": "stop", "length": "length", "max_tokens": "length",
    "tool_calls": "toolUse", "tool_use": "toolUse", "refusal": "contentFilter", "content_filter": "contentFilter",
}  # fmt: skip

# By the category; what the vendor's code or type makes more precise stands before it.
KINDS_BY_CODE = {
    "model_decommissioned": "modelNotFound",
    "insufficient_quota": "quotaExhausted",
    "exceed_context_size_error": "contextTooLong",
    "context_length_exceeded": "contextTooLong",
    "overloaded_error": "overloaded",
    "tool_use_failed": "badRequest",
    "content_filter": "contentFiltered",
}
KINDS_BY_CATEGORY = {
    "error-400": "badRequest",
    "error-403": "permissionDenied",
    "error-413": "contextTooLong",
    "error-422": "badRequest",
    "error-429": "rateLimited",
    "error-498": "overloaded",
    "error-500": "overloaded",
    "error-503": "overloaded",
    "error-529": "overloaded",
    "error-auth-401": "credentialRejected",
    "error-not-found": "modelNotFound",
    "error-context-length": "contextTooLong",
    "error-auth-400": "credentialRejected",
}


@dataclass(frozen=True, slots=True)
class Departure:
    """Where we answer otherwise than INDEX.tsv says, on purpose."""

    reason: str
    stop_reason: str
    text_field: str  # the field whose pieces are the text that we give


# By what the recording is, never by its file.
REFUSAL = Departure(
    "A refusal is the model's own words: an empty answer with a plain stop would tell nobody anything.",
    "contentFilter",
    "refusal",
)


@dataclass(slots=True)
class Heard:
    """What a reader of the events has, at the end or when it broke."""

    events: list[Event]
    error: ProviderError | None = None

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
        return [(ids[index], names[index], json.loads(text or "{}")) for index, text in texts.items()]


def check(recording: Recording, heard: Heard) -> None:
    """Everything that INDEX.tsv says of `recording` holds of `heard`."""
    if recording.expected["error_where"]:
        _check_error(recording, heard)
    elif recording.category == "cut-stream":
        assert heard.error is not None
        assert heard.error.kind == "interrupted"
        assert _sha(heard.text) == recording.expected["text_sha256"]
    else:
        assert heard.error is None, heard.error
        _check_answer(recording, heard)


def departure(recording: Recording) -> Departure | None:
    return REFUSAL if recording.streamed and re.search(rb'"refusal": ?"[^"]', recording.body) else None


def _check_answer(recording: Recording, heard: Heard) -> None:
    expected = recording.expected
    finish = heard.finish
    assert sum(isinstance(event, Finish) for event in heard.events) == 1
    calls = heard.tool_calls()
    assert len(calls) == int(expected["n_tool_calls"] or 0)
    if calls:
        assert all(identity for identity, _, _ in calls)
        assert len({identity for identity, _, _ in calls}) == len(calls)
        assert _sha(_canonical(calls)) == expected["tools_sha256"]
    stop_reason = STOP_REASONS[expected["finish_reason"]]
    if stop_reason == "stop" and calls:
        stop_reason = "toolUse"
    if departs := departure(recording):
        pieces = re.findall(rb'"%s": ?("(?:[^"\\]|\\.)*")' % departs.text_field.encode(), recording.body)
        assert heard.text == "".join(json.loads(piece) for piece in pieces)
        stop_reason = departs.stop_reason
    else:
        assert _sha(heard.text) == expected["text_sha256"], heard.text[:80]
    assert finish.stop_reason == stop_reason
    assert len(heard.reasoning) == int(expected["reasoning_len"] or 0)
    assert finish.usage == _usage(recording, finish.usage)
    assert finish.served_model == expected["model"]


def _check_error(recording: Recording, heard: Heard) -> None:
    expected, error = recording.expected, heard.error
    assert error is not None, heard.events[-1]
    assert not any(isinstance(event, Finish) for event in heard.events)
    assert error.kind == _kind(recording), error.message
    assert _sha(heard.text) == (expected["text_sha256"] or _sha(""))
    words = [expected["error_code"], expected["error_type"]]
    if error.code is not None:
        assert error.code in words
    elif expected["error_where"] == "http":
        assert all(not word or word.isdigit() for word in words)
    assert "\n" not in error.message
    assert len(error.message) < 450
    if expected["error_where"] != "http":
        return
    assert error.status == recording.status
    retry_after = expected["retry_after"]
    assert error.retry_after == (float(retry_after) if retry_after else None)
    assert error.request_id == (expected["request_id"] or _unlisted_request_id(recording))


def _unlisted_request_id(recording: Recording) -> str | None:
    """INDEX.tsv knows the commonest header only; some have another, Anthropic's body says it too."""
    for name in ("x-ds-trace-id", "x-kong-request-id", "mistral-correlation-id", "x-generation-id"):
        if value := recording.headers.get(name):
            return value
    return json.loads(recording.body).get("request_id") if b'"request_id"' in recording.body else None


def _kind(recording: Recording) -> str:
    expected = recording.expected
    for word in (expected["error_code"], expected["error_type"]):
        if word in KINDS_BY_CODE:
            return KINDS_BY_CODE[word]
    if recording.category in KINDS_BY_CATEGORY:
        return KINDS_BY_CATEGORY[recording.category]
    return "overloaded" if int(expected["error_code"]) >= 500 else "badRequest"


def _usage(recording: Recording, got: Usage) -> Usage:
    """INDEX.tsv has the vendor's numbers; this is our arithmetic over them."""
    expected = recording.expected
    into, out = int(expected["usage_in"] or 0), int(expected["usage_out"] or 0)
    cached = int(expected["cached_in"]) if expected["cached_in"] else None
    reasoning = int(expected["reasoning_out"]) if expected["reasoning_out"] else None
    if recording.expected["endpoint"] == "anthropic.messages":
        written = re.findall(rb'"cache_creation_input_tokens": ?(\d+)', recording.body)
        into += (cached or 0) + max(map(int, written), default=0)
    if recording.quirks.reasoning_outside_output:
        out += reasoning or 0
    # Where the index says 0 or nothing, we say 0 or None.
    return Usage(into, out, cached or got.cached_input_tokens, reasoning or got.reasoning_tokens)


def _canonical(calls: Sequence[tuple[str, str, object]]) -> str:
    """The form whose hash INDEX.tsv holds."""
    return json.dumps([[name, arguments] for _, name, arguments in calls], sort_keys=True, separators=(",", ":"))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
