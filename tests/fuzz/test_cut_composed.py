"""Bedrock's stream, of which there is no recording: as AWS documents it, cut after each of its bytes.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html"""

import json
from typing import Any

import pytest
from fuzz_body import framed, hear
from wire_expectations import Heard

from libria_providers.registry import ROWS

USE = {"toolUse": {"toolUseId": "tooluse_1", "name": "weather"}}


def delta(index: int, **delta: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


ANSWER = [
    ("messageStart", {"role": "assistant"}),
    delta(0, reasoningContent={"text": "Hm, "}),
    delta(0, reasoningContent={"text": "the weather."}),
    delta(0, reasoningContent={"signature": "c2lnbmF0dXJl"}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    delta(1, text="Let me "),
    delta(1, text="see … 😀"),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("contentBlockStart", {"contentBlockIndex": 2, "start": USE}),
    delta(2, toolUse={"input": '{"city":'}),
    delta(2, toolUse={"input": '"Bern"}'}),
    ("contentBlockStop", {"contentBlockIndex": 2}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": {"inputTokens": 9, "outputTokens": 30, "totalTokens": 39}, "metrics": {"latencyMs": 7}}),
]
FRAMES = [framed(name, json.dumps(value).encode()) for name, value in ANSWER]
BODY = b"".join(FRAMES)


def read(*pieces: bytes) -> Heard:
    return hear(ROWS["bedrock"].dialect, ROWS["bedrock"].quirks, pieces, stream=True)


def test_the_whole() -> None:
    whole = read(BODY)
    assert whole.error is None
    assert (whole.text, whole.reasoning) == ("Let me see … 😀", "Hm, the weather.")
    assert whole.tool_calls() == [("tooluse_1", "weather", {"city": "Bern"})]
    assert whole.finish.stop_reason == "toolUse"
    bytewise = read(*(BODY[at : at + 1] for at in range(len(BODY))))
    assert bytewise.finish == whole.finish
    assert bytewise.text == whole.text


@pytest.mark.parametrize("count", range(len(FRAMES) + 1))
def test_cut_after_each_message_and_within_the_next(count: int) -> None:
    whole, start = read(BODY), b"".join(FRAMES[:count])
    following = FRAMES[count] if count < len(FRAMES) else b""
    for cut in {0, 1, 12, len(following) // 2, len(following) - 1} if following else {0}:
        heard = read(start, following[:cut])
        if heard.error is None:
            assert count >= len(FRAMES) - 1, "finished before messageStop"
            assert (heard.text, heard.tool_calls()) == (whole.text, whole.tool_calls())
        else:
            assert heard.error.kind in ("interrupted", "disconnected", "invalidResponse")
