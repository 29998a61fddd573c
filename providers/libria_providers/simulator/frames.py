"""Frames of a WebSocket as a server sends them: never masked. https://www.rfc-editor.org/rfc/rfc6455#section-5.2"""

_CONTINUATION, _TEXT, _CLOSE, _PING = 0x0, 0x1, 0x8, 0x9
_LAST = 0x80


def message(text: bytes, size: int = 0) -> bytes:
    """`text`, in fragments of `size` bytes unless that is 0."""
    if not size:
        return _frame(_TEXT | _LAST, text)
    places = range(0, max(len(text), 1), size)
    opcodes = [(_CONTINUATION if at else _TEXT) | (_LAST if at == places[-1] else 0) for at in places]
    return b"".join(_frame(opcode, text[at : at + size]) for opcode, at in zip(opcodes, places, strict=True))


def _frame(first: int, data: bytes) -> bytes:
    length = len(data)
    if length < 126:
        return bytes([first, length]) + data
    if length < 1 << 16:
        return bytes([first, 126]) + length.to_bytes(2, "big") + data
    return bytes([first, 127]) + length.to_bytes(8, "big") + data


PING = _frame(_PING | _LAST, b"")
GOODBYE = _frame(_CLOSE | _LAST, (1000).to_bytes(2, "big"))
