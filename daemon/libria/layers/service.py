"""The seam: what every layer is, what every layer wraps."""

from typing import Protocol

from libria_providers.reply import Reply
from libria_providers.types import Call


class Service(Protocol):
    async def send(self, call: Call) -> Reply:
        """Return once the first delta has arrived. Raises ProviderError."""
        ...
