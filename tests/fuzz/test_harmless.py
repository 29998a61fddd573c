"""What does not matter in a format does not matter: other line ends, comments, new fields, another order or
spelling of the same JSON. Each answer is read again with all of its events so changed, and is the same."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fuzz_body import hear
from wire_exchanges import answerer
from wire_expectations import Heard
from wire_recordings import Recording

from libria_providers.reply import Answer

Change = Callable[[bytes], bytes]
LINES = re.compile(rb"\r\n|\r|\n")
BOM = b"\xef\xbb\xbf"


def _each_value(change: Callable[[Any], bytes]) -> Change:
    """Each JSON object of a body that is one, of a line or of an event's data."""

    def changed(body: bytes) -> bytes:
        value = _json(body)
        if value is not None:
            return change(value)
        return b"".join(_line(line, change) for line in re.findall(rb"[^\r\n]+|[\r\n]+", body))

    return changed


def _line(line: bytes, change: Callable[[Any], bytes]) -> bytes:
    start = 6 if line.startswith(b"data: ") else 5 if line.startswith(b"data:") else 0
    value = _json(line[start:])
    return line if value is None else line[:start] + change(value)


def _json(data: bytes) -> Any:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(inner) for name, inner in reversed(value.items())}
    return [_reversed(inner) for inner in value] if isinstance(value, list) else value


def _with_more(value: Any) -> Any:
    new = {"zz_new": {"a": [1, None]}, "zz_text": "x"}
    if isinstance(value, dict):
        return {**new, **value, "zz_more": []}
    return [_with_more(inner) for inner in value]


def _dumped(value: Any, **options: Any) -> bytes:
    return json.dumps(value, **options).encode("utf-8", "surrogatepass")


OF_STREAMS: dict[str, Change] = {
    "crlf": lambda body: LINES.sub(b"\r\n", body),
    "cr": lambda body: LINES.sub(b"\r", body),
    "lf": lambda body: LINES.sub(b"\n", body),
    "bom": lambda body: BOM + body,
    "no blank line at the end": lambda body: body.rstrip(b"\r\n"),
}
OF_EVENTS: dict[str, Change] = {
    "comments": lambda body: b": first\n\n" + re.sub(rb"(?m)^(data:.*)$", rb": ping\n\1\n:", body),
    "comments between": lambda body: re.sub(rb"\n\n", b"\n\n: keep-alive\n\n", LINES.sub(b"\n", body)),
    "ids": lambda body: re.sub(rb"(?m)^(data:)", rb"id: 7\nretry: 100\nnew: x\n\1", LINES.sub(b"\n", body)),
    "no space": lambda body: re.sub(rb"(?m)^(data|event): ", rb"\1:", body),
    "events of a new kind": lambda body: re.sub(
        rb"\n\n", b'\n\nevent: new.kind\ndata: {"type":"new.kind","new":{}}\n\n', LINES.sub(b"\n", body), count=1
    ),
}
OF_BODIES: dict[str, Change] = {
    "white": lambda body: b"\n\n \r\n" + body + b"\n\n",
    "bom": lambda body: BOM + body,
    "pretty": _each_value(lambda value: _dumped(value, indent=2)),
}
OF_JSON: dict[str, Change] = {
    "another order": _each_value(lambda value: _dumped(_reversed(value))),
    "escapes": _each_value(lambda value: _dumped(value, ensure_ascii=True)),
    "no escapes": _each_value(lambda value: _dumped(value, ensure_ascii=False, separators=(",", ":"))),
    "new fields": _each_value(lambda value: _dumped(_with_more(value))),
}


@pytest.mark.parametrize("change", OF_STREAMS | OF_JSON)
def test_a_stream(stream: Recording, change: str) -> None:
    if stream.category == "cut-stream" and "end" in change:
        return  # there is none
    _check(stream, (OF_STREAMS | OF_JSON)[change])


@pytest.mark.parametrize("change", OF_EVENTS)
def test_server_sent_events(events: Recording, change: str) -> None:
    _check(events, OF_EVENTS[change])


@pytest.mark.parametrize("change", OF_BODIES | OF_JSON)
def test_a_body(whole_body: Recording, change: str) -> None:
    _check(whole_body, (OF_BODIES | OF_JSON)[change])


def _check(recording: Recording, change: Change) -> None:
    assert _told(_hear(recording, change(recording.body))) == _told(_hear(recording, recording.body))


def _hear(recording: Recording, body: bytes) -> Heard:
    who = answerer(recording)
    return hear(who.exchange, who.quirks, [body], stream=recording.streamed)


def _told(heard: Heard) -> list[object]:
    answer = Answer()
    for event in heard.events:
        answer.add(event)
    calls = [(name, json.loads(text or "{}")) for _, name, text in answer.tool_texts()] if not heard.error else []
    return [
        heard.error and (heard.error.kind, heard.error.message),
        answer.text,
        answer.reasoning,
        calls,
        answer.vectors,
        answer.counted,
        heard.finish.usage if not heard.error else None,
        heard.finish.stop_reason if not heard.error else None,
        heard.finish.served_model if not heard.error else None,
        heard.finish.opaque is not None if not heard.error else None,
    ]
