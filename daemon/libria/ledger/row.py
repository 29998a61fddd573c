"""One row of the ledger: an attempt that has ended, or a call that was answered without one."""

from collections.abc import Mapping
from typing import Literal

import msgspec

How = Literal["attempt", "cached", "coalesced"]

PICO = 10**12
"""Trillionths in a US dollar: a token at a tenth of a cent a million is a thousand of them, so sums are exact."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """Names are as they came: `env` and `key` say what must not be in them, and are not kept themselves. `asked` is the
    model as the client named it: an alias, or empty where it named none. `at` is milliseconds since the epoch, when it
    ended; `cost` trillionths of a US dollar, None where the price is not known; `exact` whether the provider itself
    said the tokens; `queued_ms` of the call until then."""

    at: int
    how: How
    tool: str
    tool_version: str
    session: str
    call: str
    asked: str
    provider: str
    model: str
    served_model: str
    outcome: str
    status: int | None
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int | None
    cache_write_input_tokens: int | None
    reasoning_tokens: int | None
    exact: bool
    cost: int | None
    queued_ms: float
    first_token_ms: float | None
    total_ms: float
    env: Mapping[str, str]
    key: str | None

    @property
    def weight(self) -> int:
        """A name may be as long as a client likes."""
        return 500 + len(self.asked) + len(self.model) + len(self.served_model)


def pico(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * PICO)
