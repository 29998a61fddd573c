"""Where a conversation is marked for Anthropic's prompt cache."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.dialects.base import Quirks
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import Call, Image, Message, Text, Tool, ToolCall

MARK = {"type": "ephemeral"}
USER, TURN = Message("user", "u"), Message("assistant", "a")
CALL = Message("assistant", "", tool_calls=(ToolCall("c1", "f", {}), ToolCall("c2", "f", {})))
RESULTS = (Message("tool", "r1", tool_call_id="c1"), Message("tool", "r2", tool_call_id="c2"))
PLAIN = Call("p/m", system="s")


def body(*messages: Message, quirks: Quirks = ROWS[0].quirks, **changes: Any) -> dict[str, Any]:
    request = AnthropicMessages().encode(replace(PLAIN, messages=messages, **changes), "m", quirks)
    return msgspec.json.decode(request.body, type=dict[str, Any])


def marks(said: dict[str, Any]) -> list[str]:
    """The places of the marks, as `system` or `turn.block`."""
    found: list[str] = []
    for place in ("system", "tools"):
        if not isinstance(said.get(place, ""), str):
            found += [place for block in said[place] if "cache_control" in block]
    for at, turn in enumerate(said["messages"]):
        if isinstance(turn["content"], list):
            found += [f"{at}.{i}" for i, block in enumerate(turn["content"]) if "cache_control" in block]
    return found


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        ((USER,), []),
        ((USER, USER), []),
        ((USER, TURN, USER), ["system", "0.0", "2.0"]),
        ((USER, TURN, USER, TURN, USER), ["system", "2.0", "4.0"]),
        ((USER, CALL, *RESULTS), ["system", "0.0", "2.1"]),
        ((USER, CALL, *RESULTS, CALL, *RESULTS), ["system", "2.1", "4.1"]),
        ((USER, CALL, *RESULTS, USER), ["system", "0.0", "3.0"]),  # one turn to the API: its end
        ((USER, TURN), ["system", "0.0"]),
        ((USER, TURN, Message("user", (Image(url="x"), Text("u"))), TURN, USER), ["system", "2.1", "4.0"]),
    ],
)
def test_marks(messages: tuple[Message, ...], where: list[str]) -> None:
    said = body(*messages)
    assert marks(said) == where
    unmarked = body(*messages, provider_options={"cache_control": None})
    assert marks(unmarked) == []
    assert str(said).count(str(MARK)) == len(where)


def test_without_system_the_tools_are_marked() -> None:
    said = body(USER, TURN, USER, system=None, tools=(Tool("f", {}), Tool("g", {})))
    assert marks(said) == ["tools", "0.0", "2.0"]
    assert "cache_control" in said["tools"][1]
    assert marks(body(USER, TURN, USER, system=None)) == ["0.0", "2.0"]


def test_each_request_reads_where_the_last_one_wrote() -> None:
    conversation: list[Message] = [USER, CALL, *RESULTS, CALL, *RESULTS, TURN, USER, TURN, USER]
    last: str | None = None
    for end in (4, 7, 9, 11):
        where = marks(body(*conversation[:end]))
        assert last is None or last in where
        assert len(where) <= 4
        last = where[-1]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"cache_control": {"type": "ephemeral", "ttl": "1h"}}, []),  # the API's own, at the end
        ({"cache_control": None}, []),
        ({"messages": [{"role": "user", "content": "x"}]}, []),
        ({"system": [{"type": "text", "text": "s", "cache_control": MARK}]}, ["system"]),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ["system", "0.0", "2.0"]),
        ({"top_k": 1}, ["system", "0.0", "2.0"]),
    ],
)
def test_the_caller_decides(options: dict[str, Any], where: list[str]) -> None:
    said = body(USER, TURN, USER, provider_options=options)
    assert marks(said) == where
    assert said.get("cache_control") == options.get("cache_control")
    assert ("cache_control" in said) == bool(options.get("cache_control"))


def test_a_server_that_copies_the_format_gets_none() -> None:
    assert marks(body(USER, TURN, USER, quirks=Quirks())) == []
