"""A recorded stream of which one event is broken: the whole answer all the same, or an error; never less."""

import re

from fuzz_body import hear
from wire_exchanges import answerer
from wire_expectations import Heard
from wire_recordings import Recording

from libria_providers.errors import ProviderError

MOST = 40
"""Events that are broken in turn, spread over the stream: some have thousands."""

EVENT = re.compile(rb"(?:[^\r\n]+\r?\n)+\r?\n")


def test_one_broken_event(stream: Recording) -> None:
    events = EVENT.findall(stream.body)
    who = answerer(stream)
    before = hear(who.exchange, who.quirks, [stream.body], stream=True)
    if before.error is not None or len(events) < 3 or b"data:" not in events[0]:
        return  # it fails by itself, or is no stream of such events
    told = whole = 0
    for at in range(0, len(events), max(1, len(events) // MOST)):
        event = events[at]
        data = event.find(b"data:")
        if data < 0 or b"[DONE]" in event:
            continue
        broken = event[: data + 6] + event[data + 6 :].strip()[: (len(event) - data) // 2] + b"\n\n"
        heard = hear(who.exchange, who.quirks, [b"".join([*events[:at], broken, *events[at + 1 :]])], stream=True)
        told += 1
        assert heard.error is not None or _said(heard) == _said(before), (at, event)
        assert heard.error is None or isinstance(heard.error, ProviderError)
        whole += heard.error is None
    assert told
    if who.exchange.name == "openai-responses":
        assert whole, "its end says everything once more"


def _said(heard: Heard) -> object:
    return heard.text, [(name, arguments) for _, name, arguments in heard.tool_calls()], heard.finish.stop_reason
