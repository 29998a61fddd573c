"""A conversation whose turns were answered by different providers goes on with any of them: each gets back
what it alone can read, and nothing of the others'.

The turns are recorded ones, as a client appends them: the result's message, then the tools' results."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from wire_bodies import fields
from wire_exchanges import ENDPOINTS, answerer, exchanges
from wire_recordings import Recording, recordings
from wire_replay import read

from libria_providers.dialects.base import Exchange
from libria_providers.errors import BadRequest
from libria_providers.opaque import readable, signed
from libria_providers.registry import ROWS
from libria_providers.reply import Answer
from libria_providers.row import Row
from libria_providers.types import Call, Message, Tool

SEALED = re.compile("signature|encrypted|^data$|redacted", re.IGNORECASE)
"""Fields of what only their vendor can read."""


def _chats() -> Iterator[Any]:
    """Every row and format in which it holds a conversation."""
    talk = Call(model="p/m", messages=(Message("user", "a"), Message("assistant", "b"), Message("user", "c")))
    for row in ROWS.values():
        for exchange in {exchange.name: exchange for slot, exchange in exchanges(row) if slot == "dialect"}.values():
            with suppress(BadRequest):
                exchange.encode(talk, "model", row.quirks)
                yield pytest.param(row, exchange, id=f"{row.name}-{exchange.name}")


every = pytest.mark.parametrize(("row", "exchange"), tuple(_chats()))


@every
def test_each_gets_its_own_and_nothing_of_another(row: Row, exchange: Exchange) -> None:
    call = _everything()
    sent = list(_strings(_encoded(call, row, exchange)))
    text = "\n".join(sent)
    for message in call.messages:
        if message.role == "assistant":
            assert str(message.content).strip() in text
            assert all(tool_call.name in sent for tool_call in message.tool_calls)
        if message.opaque is None:
            continue
        if message.opaque["provider"] != row.name:
            shown = "\n".join(_strings([message.content, *([one.id, one.arguments] for one in message.tool_calls)]))
            hidden = {one for one in _strings(message.opaque) if len(one) > 24 and one[0] != "{" and one not in shown}
            foreign = hidden & set(sent)
            assert not foreign, f"of {message.opaque['provider']}: {[one[:40] for one in foreign]}"
        elif message.opaque["dialect"] == exchange.name:
            missing = _sealed(message.opaque) - set(sent)
            assert not missing, f"it wants back {[one[:40] for one in missing]}"


@pytest.mark.parametrize("name", ROWS)
def test_a_provider_s_own_conversation_is_not_touched(name: str) -> None:
    own = tuple(one for one in _everything().messages if not one.opaque or one.opaque["provider"] == name)
    call = Call(model=f"{name}/m", messages=own)
    assert readable(call, name) is call


@every
def test_one_that_says_nothing_of_itself_is_said_from_its_content(row: Row, exchange: Exchange) -> None:
    """A client that keeps content and tool calls alone loses no turn."""
    call = _everything()
    plain = tuple(replace(one, opaque=None) for one in call.messages)
    sent = list(_strings(_encoded(Call(model="p/m", messages=plain, tools=call.tools), row, exchange)))
    for message in call.messages:
        if message.role == "assistant":
            assert str(message.content).strip() in "\n".join(sent)
            assert all(tool_call.name in sent for tool_call in message.tool_calls)


def _encoded(call: Call, row: Row, exchange: Exchange) -> Any:
    """As it goes to the model that gave this row's own turns, where there is one."""
    models = [one.model for one in _chosen() if answerer(one).row.name == row.name]
    model = next(iter(models), "model")
    request = exchange.encode(readable(call, row.name), model, row.quirks_of(model))
    return json.loads(request.body)


@cache
def _everything() -> Call:
    messages: list[Message] = []
    for recording in _chosen():
        messages += _turn(recording, len(messages))
    names = {call.name for message in messages for call in message.tool_calls}
    tools = tuple(Tool(name, {"type": "object"}) for name in sorted(names))
    return Call(model="p/m", messages=(*messages, Message("user", "And now?")), tools=tools)


@cache
def _chosen() -> tuple[Recording, ...]:
    """Of each provider, one that wants something back with tool calls and one without; else any."""
    best: dict[tuple[str, bool], tuple[bool, Recording]] = {}
    for recording in recordings():
        if ENDPOINTS[recording.endpoint].slot == "dialect" and not recording.is_error and recording.status == 200:
            who = answerer(recording)
            heard = read(recording, who, [recording.body])
            if heard.error is None and heard.finish.stop_reason in ("stop", "toolUse"):
                key = (f"{who.row.name} {recording.endpoint}", bool(heard.tool_calls()))
                opaque = heard.finish.opaque is not None
                if key not in best or (opaque and not best[key][0]):
                    best[key] = (opaque, recording)
    return tuple(recording for _, recording in best.values())


def _turn(recording: Recording, number: int) -> list[Message]:
    """A question and its answer, as it comes back from a client that keeps it as JSON."""
    who = answerer(recording)
    answer = Answer()
    for event in signed(read(recording, who, [recording.body]).events, who.row.name):
        answer.add(event)
    message = answer.message()
    opaque = json.loads(json.dumps(message.opaque))
    turn = [
        Message("user", f"Question {number}"),
        Message("assistant", message.content, message.tool_calls, opaque=opaque),
    ]
    return turn + [Message("tool", "done", tool_call_id=call.id) for call in message.tool_calls]


def _sealed(opaque: Any) -> set[str]:
    return {value for name, value in fields(opaque) if isinstance(value, str) and value and SEALED.search(name)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):  # JSON within JSON
            with suppress(ValueError):
                yield from _strings(json.loads(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
