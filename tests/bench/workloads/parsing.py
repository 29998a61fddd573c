"""CPU time from the bytes of a provider's stream to its events, a delta: in this process, without a connection."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.figure import Figure, Goal
from tests.bench.rig import Rig
from tests.bench.samples import interleaved, median

from libria_providers.dialects.base import Dialect
from libria_providers.registry import ROWS
from libria_providers.types import Delta

DELTAS = 5_000  # in a body
READS = {"one in a read": 1, "20 in a read": 20}
ROUNDS, QUICK_ROUNDS = 20, 4
WORDS = ("The", " quick", " brown", " fox", ' "jumps"', " over\\n", " é…", " 😀")


def run(rig: Rig, quick: bool) -> list[Figure]:
    return [
        _measured(f"{title}, {words}", ROWS[name].dialect, _joined(events, each), text, quick)
        for title, name, events, text in (
            ("OpenAI chat", "openai", _chat(), _chat_text),
            ("Anthropic", "anthropic", _messages(), _messages_text),
        )
        for words, each in READS.items()
    ]


def _measured(
    title: str, dialect: Dialect, reads: Sequence[bytes], text: Callable[[Any], str | None], quick: bool
) -> Figure:
    assert _ours(dialect, reads) == _plain(reads, text), "both read the same text"
    blocks = {
        "libria": lambda: [_seconds(lambda: _ours(dialect, reads))],
        "json": lambda: [_seconds(lambda: _plain(reads, text))],
    }
    samples = interleaved(blocks, QUICK_ROUNDS if quick else ROUNDS)
    ours, plain = (1e6 * median(samples[name]) / DELTAS for name in blocks)
    return Figure(
        name=f"parsing a delta, {title}",
        unit="µs",
        libria=ours,
        direct=plain,
        beside="json.loads a line",
        beyond="ratio",
        goal=Goal(at_most=10),
        note=f"CPU, median of {len(samples['libria'])}, best {1e6 * min(samples['libria']) / DELTAS:.2f}",
    )


def _seconds(work: Callable[[], str]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _ours(dialect: Dialect, reads: Sequence[bytes]) -> str:
    """As body.py reads a stream."""
    reader, decoder = dialect.frames(b"d"), dialect.decoder(ROWS["openai"].quirks)
    assert reader is not None
    texts: list[str] = []
    for read in reads:
        for event, data in reader.feed(read):
            for said in decoder.feed(event, data):
                if type(said) is Delta:
                    texts.append(said.text)
    return "".join(texts)


def _plain(reads: Sequence[bytes], text: Callable[[Any], str | None]) -> str:
    """What cannot be left out: each line that holds data, parsed by the standard library."""
    texts: list[str] = []
    for read in reads:
        for line in read.split(b"\n"):
            if line.startswith(b"data: {"):
                texts.append(text(json.loads(line[6:])) or "")
    return "".join(texts)


def _chat() -> list[bytes]:
    """As OpenAI sends them in 2026: with `obfuscation`, and every field of a chunk."""
    head = {"id": "chatcmpl-DY0bJ7vKBq2hJDqYyUO1ZIVnzS4hQ", "object": "chat.completion.chunk", "created": 1786500000,
            "model": "gpt-5-mini-2025-08-07", "service_tier": "default", "system_fingerprint": None}  # fmt: skip

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _data({**head, "choices": [choice], "usage": None, "obfuscation": "q8Zr2mA1x"})

    texts = [chunk({"content": WORDS[i % len(WORDS)]}) for i in range(DELTAS)]
    usage = _data(
        {**head, "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": DELTAS, "total_tokens": 9}}
    )
    return [chunk({"role": "assistant", "content": ""}), *texts, chunk({}, "stop"), usage, b"data: [DONE]\n\n"]


def _chat_text(value: Any) -> str | None:
    return value["choices"][0]["delta"].get("content") if value["choices"] else None


def _messages() -> list[bytes]:
    def event(kind: str, **fields: Any) -> bytes:
        return b"event: " + kind.encode() + b"\n" + _data({"type": kind, **fields})

    start = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-5", "content": [],
             "stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}}  # fmt: skip
    texts = [
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": WORDS[i % len(WORDS)]})
        for i in range(DELTAS)
    ]
    return [
        event("message_start", message=start),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *texts,
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": DELTAS}),
        event("message_stop"),
    ]


def _messages_text(value: Any) -> str | None:
    text: str | None = value.get("delta", {}).get("text")
    return text


def _data(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _joined(events: Sequence[bytes], each: int) -> list[bytes]:
    """The reads in which they come."""
    return [b"".join(events[at : at + each]) for at in range(0, len(events), each)]
