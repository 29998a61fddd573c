"""The base of an exchange whose reply is always one JSON body: embeddings, counts."""

from collections.abc import Mapping

from libria_providers.dialects import classify
from libria_providers.dialects.base import Decoder, Quirks
from libria_providers.errors import InvalidResponse, ProviderError
from libria_providers.frames import Frames


class WholeBody:
    """Give it `name`, `version`, `encode` and `whole`."""

    def frames(self, mark: bytes) -> Frames | None:
        return None

    def decoder(self, quirks: Quirks) -> Decoder:
        raise InvalidResponse("The provider sent something that is not JSON; check its address.")

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        return classify.failed(status, headers, body)
