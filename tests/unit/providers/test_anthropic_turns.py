"""A conversation as the turns of Anthropic's format: where results, instructions and empty text go."""

from typing import Any

import msgspec
import pytest

from libria_providers.dialects.anthropic_messages import AnthropicMessages
from libria_providers.errors import BadRequest
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import Call, File, Image, Message, Text, ToolCall

OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"
ASKED = Message("user", "u")
CALLS = Message("assistant", "a", tool_calls=(ToolCall("c1", "f", {}), ToolCall("c2", "f", {"x": 1})))
R1, R2 = Message("tool", "r1", tool_call_id="c1"), Message("tool", (Text("r2"),), tool_call_id="c2")

OPAQUE = {"dialect": "anthropic", "content": [{"type": "thinking"}]}

SAID: dict[str, Any] = {"role": "user", "content": "u"}
CALLED: dict[str, Any] = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
        {"type": "tool_use", "id": "c2", "name": "f", "input": {"x": 1}},
    ],
}
RESULTS: dict[str, Any] = {
    "role": "user",
    "content": [
        {"type": "tool_result", "tool_use_id": "c1", "content": "r1"},
        {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "r2"}]},
    ],
}


def body(*messages: Message, model: str = OLD, system: str | None = None) -> dict[str, Any]:
    call = Call("p/m", messages, system=system, provider_options={"cache_control": None})
    request = AnthropicMessages().encode(call, model, ROWS[0].quirks_of(model))
    return msgspec.json.decode(request.body, type=dict[str, Any])


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ((Message("system", "s"), ASKED), [SAID]),
        ((ASKED, CALLS, R1, R2), [SAID, CALLED, RESULTS]),
        ((ASKED, CALLS, R1, R2, ASKED), [SAID, CALLED, RESULTS, SAID]),
        # Results come first, whatever a client puts between a call and its result.
        ((ASKED, CALLS, R1, ASKED, R2), [SAID, CALLED, RESULTS, SAID]),
        ((ASKED, CALLS, ASKED, R1, R2), [SAID, CALLED, RESULTS, SAID]),
        ((ASKED, CALLS, R1, Message("system", "s"), R2), [SAID, CALLED, RESULTS]),
        ((ASKED, CALLS, R1, R2, CALLS, R1, R2), [SAID, CALLED, RESULTS, CALLED, RESULTS]),
        # Text that is empty is a 400.
        ((Message("user", " "), ASKED), [SAID]),
        ((ASKED, Message("assistant", ""), ASKED), [SAID, SAID]),
        ((ASKED, Message("assistant", " \n"), ASKED), [SAID, SAID]),
        (
            (Message("user", (Text(""), Text("u"), Text("\t"))),),
            [{"role": "user", "content": [{"type": "text", "text": "u"}]}],
        ),
        (
            (ASKED, Message("assistant", "x", opaque=OPAQUE), ASKED),
            [SAID, {"role": "assistant", "content": [{"type": "thinking"}]}, SAID],
        ),
        ((ASKED, Message("assistant", "x", opaque={"dialect": "openai-chat"}), ASKED),
         [SAID, {"role": "assistant", "content": "x"}, SAID]),
    ],
)  # fmt: skip
def test_turns(messages: tuple[Message, ...], said: list[Any]) -> None:
    assert body(*messages)["messages"] == said


@pytest.mark.parametrize("content", ["", " ", (), (Text(""),)])
def test_a_result_may_be_empty(content: str | tuple[Text, ...]) -> None:
    call = Message("assistant", " ", tool_calls=(ToolCall("c1", "f", {}),))
    said = body(ASKED, call, Message("tool", content, tool_call_id="c1"))["messages"]
    assert said[1]["content"] == [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]
    assert said[2]["content"] == [{"type": "tool_result", "tool_use_id": "c1", "content": ""}]


ANSWERED = Message("assistant", "a")
SYSTEM = Message("system", "s2")
IN_PLACE: dict[str, Any] = {"role": "system", "content": "s2"}
TURN: dict[str, Any] = {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("messages", "said", "system"),
    [
        ((SYSTEM, ASKED), [SAID], "s1\n\ns2"),
        ((ASKED, SYSTEM), [SAID, IN_PLACE], "s1"),
        ((ASKED, SYSTEM, ANSWERED, ASKED), [SAID, IN_PLACE, TURN, SAID], "s1"),
        # It may not stand between an answer and the next question: it comes behind that.
        ((ASKED, ANSWERED, SYSTEM, ASKED), [SAID, TURN, SAID, IN_PLACE], "s1"),
        ((ASKED, SYSTEM, ASKED, Message("system", "s3"), ANSWERED, ASKED),
         [SAID, SAID, {"role": "system", "content": "s2\n\ns3"}, TURN, SAID], "s1"),
        ((ASKED, CALLS, R1, SYSTEM, R2), [SAID, CALLED, RESULTS, IN_PLACE], "s1"),
        ((ASKED, Message("system", " ")), [SAID], "s1"),
    ],
)  # fmt: skip
def test_system_within_the_conversation(messages: tuple[Message, ...], said: list[Any], system: str) -> None:
    """Put before everything it changed what the thinking is bound to, and what the cache holds."""
    new = body(*messages, model=NEW, system="s1")
    assert (new["messages"], new["system"]) == (said, system)
    old = body(*messages, system="s1")
    assert all(turn["role"] != "system" for turn in old["messages"])
    assert ("s2" in old["system"]) == (messages != (ASKED, Message("system", " ")))


def test_what_comes_later_changes_nothing_before() -> None:
    messages = (ASKED, ANSWERED, SYSTEM, ASKED, CALLS, R1, R2, ANSWERED, Message("system", "s3"), ASKED)
    whole = body(*messages, model=NEW)["messages"]
    for end in range(4, len(messages)):
        if messages[end - 1].role in ("user", "tool") and messages[end].role == "assistant":
            part = body(*messages[:end], model=NEW)["messages"]
            assert whole[: len(part)] == part


@pytest.mark.parametrize(
    ("content", "end"), [("x \n", "x"), ([{"type": "text", "text": "x "}], [{"type": "text", "text": "x"}])]
)
def test_the_assistants_own_words_at_the_end(content: Any, end: Any) -> None:
    opaque = None if isinstance(content, str) else {"dialect": "anthropic", "content": content}
    last = Message("assistant", content if isinstance(content, str) else "x", opaque=opaque)
    assert body(ASKED, last)["messages"][-1] == {"role": "assistant", "content": end}
    with pytest.raises(BadRequest, match="messages"):
        body(ASKED, last, model=NEW)


def test_a_paused_turn_goes_on() -> None:
    opaque = {
        "dialect": "anthropic",
        "content": [{"type": "text", "text": "x "}],
        "paused": True,
        "provider": "anthropic",
    }
    said = body(ASKED, Message("assistant", "x", opaque=opaque), model=NEW)["messages"]
    assert said[-1] == {"role": "assistant", "content": [{"type": "text", "text": "x "}]}


@pytest.mark.parametrize("part", [File("AA", "application/pdf"), Image(url="u")])
@pytest.mark.parametrize("role", ["assistant", "system"])
def test_only_text(role: Any, part: File | Image) -> None:
    with pytest.raises(BadRequest, match="content"):
        body(ASKED, Message(role, (part,)), ASKED)
