"""Code completion by a chat model: asked in words, its answer made fit for the place of the cursor."""

from dataclasses import replace

from libria_providers.reply import Batches
from libria_providers.types import Call, Fill, Message


def asked(call: Call) -> Call:
    """The question in words."""
    fill = call.ask
    assert isinstance(fill, Fill)
    return replace(call, ask=None, messages=(Message("user", fill.prefix),))


def stripped(batches: Batches, call: Call) -> Batches:
    """The answer without code fences and without what already stands around the cursor."""
    return batches
