"""What a Claude turn that the token limit cut off says, and gives back to the next one."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
from libria_providers.reply import Answer
from libria_providers.types import Finish, ToolCall

THINKING = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}


def block(index: int, content: dict[str, Any], *changes: dict[str, Any], stop: bool = True) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [{"type": "content_block_start", "index": index, "content_block": content}]
    said += [{"type": "content_block_delta", "index": index, "delta": change} for change in changes]
    return [*said, {"type": "content_block_stop", "index": index}] if stop else said


def pieces(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "input_json_delta", "partial_json": text} for text in texts]


def run(*said: dict[str, Any], reason: str, content: list[dict[str, Any]] | None = None) -> Answer:
    decoder, answer = AnthropicMessages().decoder(Quirks()), Answer()
    start = {"type": "message_start", "message": {"model": "m", "content": content or []}}
    end = {"type": "message_delta", "delta": {"stop_reason": reason}}
    for one in (start, *said, end, {"type": "message_stop"}):
        for event in decoder.feed(one["type"], msgspec.json.encode(one)):
            answer.add(event)
    return answer


def opaque(answer: Answer) -> object:
    assert isinstance(answer.finish, Finish)
    return answer.finish.opaque and answer.finish.opaque["content"]


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("texts", [(), ("",), ("", '{"x": '), ('{"x": [1',)])
def test_a_cut_call_is_in_neither(texts: tuple[str, ...], stop: bool) -> None:
    """It was in `opaque` and not in `toolCalls`: a call without a result, 400 in the next turn. And one
    that was cut before its arguments was taken for a whole call of {}."""
    answer = run(*block(0, THINKING), *block(1, CALL, *pieces(*texts), stop=stop), reason="max_tokens")
    assert answer.tool_calls() == ()
    assert opaque(answer) == [THINKING]
    assert answer.finish is not None
    assert answer.finish.stop_reason == "length"


@pytest.mark.parametrize(("texts", "given"), [(('{"x":1}',), {"x": 1}), ((), {})])
def test_a_whole_call_is_in_both(texts: tuple[str, ...], given: dict[str, Any]) -> None:
    whole = {**CALL, "input": given}
    answer = run(
        *block(0, THINKING), *block(1, CALL, *pieces(*texts)), *block(2, {**CALL, "id": "b"}), reason="max_tokens"
    )
    assert answer.tool_calls() == (ToolCall("a", "f", given),)
    assert opaque(answer) == [THINKING, whole]
    done = run(*block(0, THINKING), *block(1, CALL, *pieces(*texts)), reason="tool_use")
    assert done.tool_calls() == (ToolCall("a", "f", given),)
    assert opaque(done) == [THINKING, whole]


@pytest.mark.parametrize(
    "refused",
    [
        {"type": "text", "text": ""},
        {"type": "text", "text": "\n"},
        {"type": "thinking", "thinking": "h", "signature": ""},
    ],
)
def test_what_the_api_refuses_to_have_back(refused: dict[str, Any]) -> None:
    text = {"type": "text", "text": "a"}
    assert opaque(run(*block(0, THINKING), *block(1, refused), *block(2, text), reason="end_turn")) == [THINKING, text]
    assert opaque(run(*block(0, refused), *block(1, text), reason="max_tokens")) is None


def test_blocks_that_are_there_from_the_start() -> None:
    there: list[dict[str, Any]] = [THINKING, {"type": "text", "text": "a"}, {**CALL, "input": {"x": 1}}]
    answer = run(*block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "b"}), reason="tool_use",
                 content=there)  # fmt: skip
    assert answer.text == "ab"
    assert answer.tool_calls() == (ToolCall("a", "f", {"x": 1}),)
    assert opaque(answer) == [*there, {"type": "text", "text": "b"}]


def test_a_compaction_goes_back_with_its_words() -> None:
    change = {"type": "compaction_delta", "content": "so far", "encrypted_content": "sealed"}
    answer = run(*block(0, {"type": "compaction", "content": None}, change), reason="end_turn")
    assert opaque(answer) == [{"type": "compaction", "content": "so far", "encrypted_content": "sealed"}]
    assert answer.text == ""
