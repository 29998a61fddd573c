"""Code completion asked in words: the question, and the stream of its answer."""

from collections.abc import AsyncGenerator

import pytest

from libria_providers.dialects.base import Quirks
from libria_providers.errors import Interrupted
from libria_providers.fill_prompt import asked, stripped
from libria_providers.types import Call, Delta, Event, Fill, Finish, Message, Reasoning, Reset

FILL = Fill("def f():\n    return ", "\n", "python", "src/a.py")
CALL = Call(model="p/m", ask=FILL, max_tokens=9, stop=("x",))


def test_question() -> None:
    call = asked(CALL)
    assert call.ask is None
    assert (call.max_tokens, call.stop, call.temperature) == (9, ("x",), None)
    [message] = call.messages
    assert message.role == "user"
    assert message.content == (
        "Path: src/a.py\nLanguage: python\n"
        "<before_cursor>def f():\n    return </before_cursor>\n<after_cursor>\n</after_cursor>"
    )
    assert call.system
    assert "<before_cursor>" in call.system


def test_what_is_not_known_is_not_said() -> None:
    [message] = asked(Call(model="p/m", ask=Fill("a"))).messages
    assert message == Message("user", "<before_cursor>a</before_cursor>\n<after_cursor></after_cursor>")


def test_the_callers_system_text_stands_first() -> None:
    system = asked(Call(model="p/m", ask=FILL, system="Use tabs.")).system
    assert system is not None
    assert system.startswith("Use tabs.\n\n")


@pytest.mark.parametrize(
    ("said", "quirks", "temperature"),
    [
        (None, None, None),  # whether the model takes one is not known
        (None, Quirks(), 0.2),
        (None, Quirks(refuses=("temperature",)), None),
        (0.9, Quirks(), 0.9),
        (0.9, Quirks(refuses=("temperature",)), 0.9),  # refused elsewhere, for it was asked for
    ],
)
def test_temperature(said: float | None, quirks: Quirks | None, temperature: float | None) -> None:
    assert asked(Call(model="p/m", ask=FILL, temperature=said), quirks).temperature == temperature


class Source:
    """Batches that tell whether they were closed."""

    def __init__(self, *batches: list[Event], error: Exception | None = None) -> None:
        self.closed = False
        self._batches = batches
        self._error = error

    async def read(self) -> AsyncGenerator[list[Event], None]:
        try:
            for batch in self._batches:
                yield batch
            if self._error:
                raise self._error
        finally:
            self.closed = True


async def test_stream() -> None:
    source = Source(
        [Reasoning("hm"), Delta("```py")],
        [Delta("thon\n"), Delta("return 1")],
        [],
        [Delta("\n")],
        [Delta("```")],
        [Finish("stop")],
    )
    found = [batch async for batch in stripped(source.read(), CALL)]
    assert found == [[Reasoning("hm")], [Delta("1")], [], [], [], [Finish("stop")]]
    assert source.closed


async def test_what_is_held_back_comes_before_the_end() -> None:
    source = Source([Delta("retu")], [Delta("r"), Finish("length")])
    assert [batch async for batch in stripped(source.read(), CALL)] == [[], [Delta("retur"), Finish("length")]]


async def test_a_break_loses_nothing() -> None:
    source = Source([Delta("retu")], error=Interrupted("gone"))
    found: list[list[Event]] = []
    batches = stripped(source.read(), CALL)
    found += [await batches.__anext__(), await batches.__anext__()]
    with pytest.raises(Interrupted):
        await batches.__anext__()
    assert found == [[], [Delta("retu")]]
    assert source.closed


async def test_a_reset_starts_again() -> None:
    reset = Reset("why", "p/n")
    source = Source([Delta("```\nx"), reset], [Delta("return 1"), Finish("stop")])
    assert [batch async for batch in stripped(source.read(), CALL)] == [
        [Delta("x"), reset],
        [Delta("1"), Finish("stop")],
    ]


async def test_closing_closes_the_source() -> None:
    source = Source([Delta("a")], [Delta("b")])
    batches = stripped(source.read(), CALL)
    assert await batches.__anext__() == [Delta("a")]
    await batches.aclose()
    assert source.closed
