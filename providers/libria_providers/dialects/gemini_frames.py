"""Gemini's server-sent events, and the one thing in them that is none.

An error that ends a stream may come as bare lines of JSON, without `data:`; the google-genai SDK
(3.6.1, _api_client.py, _iter_response_stream) puts such lines together too.
"""

from libria_providers.dialects.said import any_json
from libria_providers.frames import Frames, JSONReader
from libria_providers.sse import SSEReader


class GeminiSSE(SSEReader):
    def __init__(self) -> None:
        super().__init__()
        self._bare: list[bytes] = []  # lines of JSON that are no event's

    def feed(self, chunk: bytes) -> list[tuple[str, bytes]]:
        return super().feed(chunk) + self._whole()

    def end(self) -> list[tuple[str, bytes]]:
        return super().end() + self._whole()

    def _field(self, line: bytes) -> None:
        if self._bare or line[:1] in (b"{", b"["):
            self._bare.append(line)
            self._grow(len(line))
        else:
            super()._field(line)

    def _whole(self) -> list[tuple[str, bytes]]:
        if not self._bare or self._bare[-1].rstrip(b" ,")[-1:] not in (b"}", b"]"):
            return []
        data = b"\n".join(self._bare)
        if isinstance(any_json(data), str):
            return []
        self._bare.clear()
        return [("", data)]


def frames(mark: bytes) -> Frames | None:
    """With alt=sse there are events, without it one array in pieces; an object is a whole reply."""
    if mark == b"[":
        return JSONReader()
    return None if mark == b"{" else GeminiSSE()
