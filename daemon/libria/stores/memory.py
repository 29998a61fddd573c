"""Bytes in memory, the least recently used thrown out first."""

from collections import OrderedDict

OVERHEAD = 200
"""Bytes that an entry costs besides its key and value."""


class MemoryStore:
    """Holds at most `max_bytes`; an entry over an eighth of that is not kept."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._entries: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, key: bytes) -> bytes | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        size = len(key) + len(value) + OVERHEAD
        old = self._entries.pop(key, None)
        if old is not None:
            self._size -= len(key) + len(old) + OVERHEAD
        if size > self._max // 8:
            return
        self._entries[key] = value
        self._size += size
        while self._size > self._max:
            gone, thrown = self._entries.popitem(last=False)
            self._size -= len(gone) + len(thrown) + OVERHEAD

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._size
