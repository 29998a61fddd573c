"""What one request is answered with, whatever wire carries it."""

from dataclasses import dataclass

from libria_providers.simulator import faults
from libria_providers.simulator.grammar import Spec
from libria_providers.simulator.sender import End
from libria_providers.simulator.vendor import Parts, Site, Tag, Whole


@dataclass(frozen=True, slots=True)
class Played:
    """`reply` is a stream, one body, or the end of the connection without either."""

    reply: Parts | Whole | End
    spec: Spec
    site: Site
    tag: Tag

    def headers(self) -> dict[str, str]:
        """Those that the model's name asks for."""
        return {**faults.limits(self.spec, self.site, self.tag), **faults.headers(self.spec)}
