"""What the events of a reply add up to, and how a reply ends."""

import asyncio

import pytest

from libria_providers.errors import Disconnected, Interrupted, InvalidResponse, ProviderError
from libria_providers.reply import Answer, Batches, Reply
from libria_providers.types import Delta, Event, Finish, Reasoning, Reset, ToolCall, ToolCallDelta


def added(*events: Event) -> Answer:
    answer = Answer()
    for event in events:
        answer.add(event)
    return answer


def test_pieces_are_joined() -> None:
    answer = added(
        Reasoning("h"),
        Reasoning("m"),
        Delta("a"),
        ToolCallDelta(1, "", "t2", "second"),
        ToolCallDelta(0, '{"x"', "t1", "first"),
        ToolCallDelta(0, ":[1]}"),
        Delta("b"),
        Finish("toolUse", opaque={"dialect": "d"}),
    )
    assert (answer.text, answer.reasoning) == ("ab", "hm")
    assert answer.tool_calls() == (ToolCall("t1", "first", {"x": [1]}), ToolCall("t2", "second", {}))
    assert answer.message().opaque == {"dialect": "d"}


def test_a_reset_throws_away_what_was_said() -> None:
    answer = added(Delta("half"), ToolCallDelta(0, "{", "t", "n"), Reset("disconnected", "b/m"), Delta("whole"))
    assert (answer.text, answer.tool_calls()) == ("whole", ())


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", "nonsense", '"text"'])
def test_arguments_that_are_no_object_are_refused_unless_the_limit_cut_them(arguments: str) -> None:
    with pytest.raises(InvalidResponse):
        added(ToolCallDelta(0, arguments, "t", "n"), Finish("toolUse")).tool_calls()
    whole = ToolCallDelta(0, "{}", "t1", "n")
    cut = ToolCallDelta(1, arguments, "t2", "n")
    assert added(whole, cut, Finish("length")).tool_calls() == (ToolCall("t1", "n", {}),)


class Source:
    def __init__(self, *steps: list[Event] | ProviderError) -> None:
        self.closed = 0
        self.steps = steps
        self.ends: list[tuple[Finish | None, ProviderError | None]] = []

    async def batches(self) -> Batches:
        for step in self.steps:
            if isinstance(step, ProviderError):
                raise step
            yield step

    async def close(self) -> None:
        self.closed += 1

    def reply(self) -> Reply:
        reply = Reply(self.batches(), target="a/m", close=self.close)
        reply.on_end(lambda finish, error: self.ends.append((finish, error)))
        return reply


FINISH = Finish("stop")
CUT = Disconnected("cut")


async def test_a_reply_read_to_the_end_ends_once_with_its_finish() -> None:
    source = Source([Delta("a")], [FINISH])
    reply = source.reply()
    answer = await reply.read()
    await reply.aclose()
    assert (answer.text, source.closed, source.ends) == ("a", 1, [(FINISH, None)])


async def test_a_reply_that_its_reader_leaves_ends_with_neither() -> None:
    source = Source([Delta("a")], [FINISH])
    reply = source.reply()
    await reply.__anext__()
    await reply.aclose()
    assert (source.closed, source.ends) == (1, [(None, None)])


async def test_a_reply_that_breaks_ends_with_the_error() -> None:
    source = Source([Delta("a")], CUT)
    with pytest.raises(Disconnected):
        await source.reply().read()
    assert (source.closed, source.ends) == (1, [(None, CUT)])


async def test_a_rescued_reply_closes_both() -> None:
    first, second = Source([Delta("a")], CUT), Source([Reset("disconnected", "b/m")], [Delta("b")], [FINISH])
    reply = first.reply()

    async def rescue(error: ProviderError) -> Reply:
        assert error is CUT
        return second.reply()

    reply.rescue = rescue
    assert (await reply.read()).text == "b"
    assert (first.closed, second.closed) == (1, 1)
    assert (first.ends, second.ends) == ([(None, CUT)], [(FINISH, None)])


async def test_a_rescue_that_fails_raises_its_own_error() -> None:
    source = Source([Delta("a")], CUT)
    reply = source.reply()

    async def rescue(error: ProviderError) -> Reply:
        raise Interrupted("no target left")

    reply.rescue = rescue
    with pytest.raises(Interrupted):
        await reply.read()
    assert source.closed == 1


async def test_what_broke_is_closed_before_another_is_asked() -> None:
    """Its attempt is the earlier one; and a cancel while it closes must not lose a reply that was asked for."""
    first, second = Source([Delta("a")], CUT), Source([Delta("b")], [FINISH])
    reply = first.reply()

    async def rescue(error: ProviderError) -> Reply:
        assert (first.closed, first.ends) == (1, [(None, CUT)])
        return second.reply()

    reply.rescue = rescue
    assert (await reply.read()).text == "ab"  # without a Reset, which fallback adds
    assert (first.closed, second.closed) == (1, 1)


async def test_a_reply_closes_its_upstream_also_when_its_reader_is_cancelled_meanwhile() -> None:
    closed: list[str] = []

    async def batches() -> Batches:
        try:
            yield [Delta("a")]
        finally:
            await asyncio.get_running_loop().create_future()

    async def close() -> None:
        closed.append("upstream")

    reply = Reply(batches(), target="a/m", close=close)
    await reply.__anext__()
    closing = asyncio.create_task(reply.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert closed == ["upstream"]
