"""What a provider wants back in the next turn goes back to it alone.

Signatures and encrypted reasoning are sealed with the provider's own key: another one answers 400 to
them. So what a reply carries is signed with the provider's name, and of what a call brings only the
provider's own is passed on to the dialect (which looks for its own name besides).
"""

from dataclasses import replace

import msgspec

from libria_providers.types import Call, Event, Finish


def signed(batch: list[Event], provider: str) -> list[Event]:
    """`batch`, with the name of `provider` in what its Finish carries."""
    if batch and type(batch[-1]) is Finish and batch[-1].opaque is not None:
        finish = batch[-1]
        return [*batch[:-1], msgspec.structs.replace(finish, opaque={**(finish.opaque or {}), "provider": provider})]
    return batch


def readable(call: Call, provider: str) -> Call:
    """`call` without what only another provider can read."""
    if not any(message.opaque and message.opaque.get("provider", provider) != provider for message in call.messages):
        return call
    return replace(
        call,
        messages=tuple(
            message
            if message.opaque is None or message.opaque.get("provider", provider) == provider
            else replace(message, opaque=None)
            for message in call.messages
        ),
    )
