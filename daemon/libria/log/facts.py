"""What is known of a call or an attempt at its end, apart from what was said in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from libria_providers.types import Usage

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Facts:
    """`seed` names the call it belongs to, in this daemon and no other; times are seconds since the epoch.
    `provider` is a built-in one's name; `request` what was asked for, by OpenTelemetry's names."""

    of: Literal["call", "attempt"]
    seed: str
    operation: str
    began: float
    ended: float
    outcome: str
    provider: str = ""
    model: str = ""
    served_model: str = ""
    stop_reason: str | None = None
    address: str = ""
    status: int | None = None
    request_id: str | None = None
    first_token: float | None = None  # seconds after `began`
    usage: Usage | None = None
    request: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    more: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
