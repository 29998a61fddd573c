"""The output items of one reply, told apart by the little that a server may say of each.

Everything may be said more than once: in pieces, whole when a part is done, again with its item and
again with the reply (OpenAI); or only in some of these places (other servers). What was said counts once.
"""

from collections.abc import Mapping
from zlib import crc32

from libria_providers.dialects.openai_responses_call import CallPieces
from libria_providers.dialects.openai_responses_item import REFUSAL, Item
from libria_providers.dialects.openai_responses_keep import kept
from libria_providers.types import Event, Json


class Items:
    def __init__(self) -> None:
        self.calls: list[CallPieces] = []  # in the order in which they were told
        self._all: list[Item] = []  # in the order in which they began
        self._by_index: dict[int, Item] = {}
        self._by_id: dict[str, Item] = {}

    @property
    def refused(self) -> bool:
        return any(channel == REFUSAL for item in self._all for channel, _ in item.said)

    def at(self, index: int | None, identity: str | None, kind: str) -> Item:
        """The item of type `kind` that an event belongs to. Its index counts before its id: some gateways
        give an item another id with every event, others give all items the same index."""
        found = self._by_index.get(index) if index is not None else None
        if found is None and identity:
            found = self._by_id.get(identity)
        if found is None and index is None and not identity and self._all and not self._all[-1].done:
            found = self._all[-1]
        if found is None or (kind and found.kind and kind != found.kind):
            return self._begin(index, identity, kind)
        return found

    def add(self, index: int | None, value: Mapping[str, Json]) -> list[Event]:
        """An item begins. One at the index of another that was begun so is a new one."""
        kind, identity = _string(value.get("type")), _string(value.get("id"))
        item = self.at(index, identity, kind)
        if item.value:
            item = self._begin(index, identity, kind)
        return self._know(item, value)

    def done(self, index: int | None, value: Mapping[str, Json]) -> list[Event]:
        kind, identity = _string(value.get("type")), _string(value.get("id"))
        item = self.at(index, identity, kind)
        if item.done and item.id != identity:
            item = self._begin(index, identity, kind)
        item.done = True
        return self._know(item, value)

    def arguments(self, item: Item, text: str, *, whole: bool = False, name: str = "") -> list[Event]:
        call = item.call
        if call is None:
            return []
        call.name = call.name or name
        if whole:
            call.complete(text)
        elif text:
            call.pieces.append(text)
        return call.told(self.calls) if call.index is not None else self._tell(item)

    def all(self, output: list[dict[str, Json]], cut: bool) -> list[Event]:
        """The items of the whole reply, which may have been said before, in part or not at all; `cut`
        when the token limit ended it."""
        events: list[Event] = []
        left = list(self._all)
        for value in output:
            item = _same(left, value)
            if item is None:
                item = self._begin(None, _string(value.get("id")), _string(value.get("type")))
            else:
                left.remove(item)
                # OpenAI encrypts the reasoning anew for the reply, and says to send back that of the done
                # item: ReasoningItem of its OpenAPI. Some leave it out of one of the two.
                if item.done and item.value.get("encrypted_content"):
                    value = item.value
            item.done = item.done or not cut
            events += self._know(item, value)
            item.done = True
        return events

    def end(self, cut: bool, reply: str) -> list[Event]:
        """Calls that lack an id or a name are told now, with an id of the `reply` of that id; of those that
        the token limit cut off before their first argument nothing is told: they must not look like
        calls without arguments."""
        events: list[Event] = []
        for item in self._all:
            call = item.call
            if call is not None and (call.text or not cut) and (call.name or item.value):
                made = f"call_{crc32(reply.encode('utf-8', 'replace')):08x}_{len(self.calls)}"
                events += call.told(self.calls, item.id or made)
        return events

    def agree(self) -> bool:
        """Whether the pieces that were given are all that the items, said whole, hold."""
        return all(item.agrees() for item in self._all)

    def opaque(self, cut: bool) -> dict[str, Json] | None:
        return kept([value for item in self._all if (value := item.final())], cut)

    def _begin(self, index: int | None, identity: str | None, kind: str) -> Item:
        item = Item(identity or "", kind)
        self._all.append(item)
        if index is not None:
            self._by_index[index] = item
        if identity:
            self._by_id[identity] = item
        return item

    def _know(self, item: Item, value: Mapping[str, Json]) -> list[Event]:
        events = item.know(value)
        if item.call is None:
            return events
        if item.call.index is not None:
            return item.call.told(self.calls)
        # Told with its first argument, or once it is whole: one that is cut off between must not be.
        return self._tell(item) if item.call.text or item.is_whole else []

    def _tell(self, item: Item) -> list[Event]:
        """The first of a call, after all calls that began before it and thus are not cut off."""
        events: list[Event] = []
        for other in self._all:
            if other.call is not None:
                events += other.call.told(self.calls)
            if other is item:
                break
        return events


def _same(known: list[Item], value: Mapping[str, Json]) -> Item | None:
    """The item that `value` says again: by its ids, else the first of its type."""
    for name in ("id", "call_id"):
        if said := value.get(name):
            for item in known:
                if item.value.get(name) == said or (name == "id" and item.id == said):
                    return item
    kind = value.get("type")
    return next((item for item in known if item.kind == kind), None)


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""
