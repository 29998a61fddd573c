"""Code completion by a chat model: asked in words, its answer made fit for the place of the cursor."""

from contextlib import aclosing
from dataclasses import replace

from libria_providers.dialects.base import Quirks
from libria_providers.errors import ProviderError
from libria_providers.fill_fence import Unfence
from libria_providers.fill_prefix import AfterPrefix
from libria_providers.fill_suffix import BeforeSuffix
from libria_providers.reply import Batches
from libria_providers.types import Call, Delta, Event, Fill, Finish, Message, Reset

TEMPERATURE = 0.2
"""Of two ways to go on, the likelier one: where the call asks for none, and the model takes any."""

_TASK = (
    "You complete code in an editor. The cursor stands between the text in <before_cursor> and the text in "
    "<after_cursor>. Reply with exactly what is to be inserted at the cursor and nothing else: no explanation, "
    "no Markdown fence, and nothing that already stands before or after the cursor. Mind indentation and line "
    "breaks, for your reply is inserted as it is. Keep it short: finish the statement or block that was begun."
)
_MARKDOWN = ("markdown", "md", "mdx", "rmd", "qmd", "quarto")


def asked(call: Call, quirks: Quirks | None = None) -> Call:
    """The question in words, for a model with these `quirks`."""
    fill = _fill(call)
    known = [("Path", fill.path), ("Language", fill.language)]
    question = "".join(f"{name}: {value}\n" for name, value in known if value)
    question += f"<before_cursor>{fill.prefix}</before_cursor>\n<after_cursor>{fill.suffix}</after_cursor>"
    takes = quirks is not None and "temperature" not in quirks.refuses
    return replace(
        call,
        ask=None,
        system=f"{call.system}\n\n{_TASK}" if call.system else _TASK,
        messages=(Message("user", question),),
        temperature=TEMPERATURE if call.temperature is None and takes else call.temperature,
    )


class Stripper:
    """Give it the pieces of an answer; it gives what belongs at the cursor, holding back no more than
    is undecided."""

    def __init__(self, fill: Fill) -> None:
        at_start = not fill.prefix or fill.prefix.endswith("\n")
        goes_on = fill.suffix[:1] not in ("", "\r", "\n")
        self._unfence = Unfence(markdown=_is_markdown(fill), line_break=at_start and goes_on)
        self._prefix = AfterPrefix(fill.prefix)
        self._suffix = BeforeSuffix(fill.prefix, fill.suffix)

    def feed(self, text: str) -> str:
        return self._suffix.feed(self._prefix.feed(self._unfence.feed(text)))

    def end(self) -> str:
        last = self._prefix.feed(self._unfence.end()) + self._prefix.end()
        return self._suffix.feed(last) + self._suffix.end()


async def stripped(batches: Batches, call: Call) -> Batches:
    """The answer without code fences and without what already stands around the cursor."""
    stripper = Stripper(_fill(call))
    async with aclosing(batches):
        try:
            async for batch in batches:
                events: list[Event] = []
                for event in batch:
                    if isinstance(event, Delta):
                        events += _delta(stripper.feed(event.text))
                        continue
                    if isinstance(event, Reset):
                        stripper = Stripper(_fill(call))
                    elif isinstance(event, Finish):
                        events += _delta(stripper.end())
                    events.append(event)
                yield events
        except ProviderError:
            if rest := _delta(stripper.end()):
                yield rest
            raise


def _delta(text: str) -> list[Event]:
    return [Delta(text)] if text else []


def _fill(call: Call) -> Fill:
    fill = call.ask
    assert isinstance(fill, Fill)
    return fill


def _is_markdown(fill: Fill) -> bool:
    ending = (fill.path or "").rpartition(".")[2]
    return any(word.lower() in _MARKDOWN for word in (fill.language or "", ending))
