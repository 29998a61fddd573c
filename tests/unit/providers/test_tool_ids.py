"""A conversation that goes on with a provider that refuses the ids of the one before."""

import re
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.tool_ids import IdRule, ToolIds
from libria_providers.registry import ROWS
from libria_providers.types import Call, Message, ToolCall

OPENAI, MISTRAL, KIMI = "call_PTLP8xhu3uwZk4l3nlnrrJha", "aB3dE6gH9", "functions.Bash:0"


def talk(*ids: str) -> tuple[Message, ...]:
    calls = tuple(ToolCall(identity, "f", {}) for identity in ids)
    results = tuple(Message("tool", "r", tool_call_id=identity) for identity in ids)
    return (Message("user", "u"), Message("assistant", "", calls), *results)


def wire(row: str, messages: tuple[Message, ...]) -> tuple[list[str], list[str]]:
    """The ids of the calls and of the results."""
    request = ROWS[row].dialect.encode(Call("p/m", messages), "m", ROWS[row].quirks)
    said: list[dict[str, Any]] = msgspec.json.decode(request.body)["messages"]
    if row != "anthropic":
        calls = [one["id"] for message in said for one in message.get("tool_calls", ())]
        return calls, [message["tool_call_id"] for message in said if message["role"] == "tool"]
    blocks = [block for message in said if isinstance(message["content"], list) for block in message["content"]]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return calls, [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]


@pytest.mark.parametrize(
    ("row", "pattern", "unchanged"),
    [
        ("mistral", r"[a-zA-Z0-9]{9}", [MISTRAL]),
        ("anthropic", r"[a-zA-Z0-9_-]{1,64}", [OPENAI, MISTRAL]),
        ("openai", r".{1,40}", [OPENAI, MISTRAL, KIMI]),
        ("vllm", r".*", [OPENAI, MISTRAL, KIMI, "x" * 90]),
    ],
)
def test_every_id_fits_and_names_its_call(row: str, pattern: str, unchanged: list[str]) -> None:
    ids = [OPENAI, MISTRAL, KIMI, "x" * 90]
    calls, results = wire(row, talk(*ids))
    assert calls == results
    assert all(re.fullmatch(pattern, identity) for identity in calls)
    assert len(set(calls)) == len(ids)
    assert [new for old, new in zip(ids, calls, strict=True) if new == old] == unchanged
    assert wire(row, talk(*ids, "more"))[0][:4] == calls, "the same in every request"


def test_blocks_that_go_back_verbatim_have_the_ids_of_their_results() -> None:
    content = [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "tool_use", "id": KIMI, "name": "f"}]
    opaque = {"dialect": "anthropic", "content": content}
    answer = Message("assistant", "", (ToolCall(KIMI, "f", {}),), opaque=opaque)
    calls, results = wire("anthropic", (Message("user", "u"), answer, Message("tool", "r", tool_call_id=KIMI)))
    assert calls == results != [KIMI]
    assert content[1]["id"] == KIMI, "the caller's own is not touched"


def test_no_two_ids_become_one() -> None:
    names = [f"call_{number}" for number in range(30)]
    ids = ToolIds(IdRule("[0-9a-f]{2}", 2), talk("00", "ff", *names))
    assert len({ids[name] for name in ("00", "ff", *names)}) == 32
    assert ids["00"] == "00"
