"""The names in a row without the keys that may have got into them."""

from collections.abc import Mapping

from libria.ledger.row import Row
from libria.log.clean import clean, keys_in

MOST = 2000
"""Names whose clean form is remembered: nearly every row has those of the one before."""

Names = tuple[str, str, str, str, str, str]


class Cleaner:
    """For one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, Names], Names] = {}
        self._env: Mapping[str, str] = {}
        self._keys: list[str] = []

    def clean(self, row: Row) -> Names:
        """Tool and its version, the model asked for, provider, model, the model that served."""
        if row.env is not self._env:
            self._env, self._keys = row.env, keys_in(row.env)
            self._known.clear()  # what is remembered was clean of another's keys
        names = (row.tool, row.tool_version, row.asked, row.provider, row.model, row.served_model)
        place = (row.key, names)
        known = self._known.get(place)
        if known is None:
            keys = self._keys if row.key is None or row.key in self._keys else [row.key, *self._keys]
            tool, version, asked, provider, model, served = (
                _sound(clean(name, keys)) if name else "" for name in names
            )
            known = (tool, version, asked, provider, model, served)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[place] = known
        return known


def _sound(name: str) -> str:
    """JSON can hold half a character, SQLite cannot."""
    return name.encode("utf-8", "replace").decode()
