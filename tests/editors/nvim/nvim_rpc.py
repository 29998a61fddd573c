"""Neovim's msgpack-RPC over the standard streams of `nvim --embed`, as a user interface speaks it.

https://neovim.io/doc/user/api.html#rpc. Of pynvim's `child` the pipes stay open until they are collected, which
pytest takes for a fault; and here each `redraw` is seen, which is what some tests count.
"""

import os
import subprocess
from collections.abc import Callable
from typing import Any

import msgspec

REQUEST, RESPONSE, NOTIFICATION = 0, 1, 2


class NvimError(Exception):
    """What Neovim answered in place of a result."""


class Rpc:
    """`heard` is called with the name and the arguments of each notification."""

    def __init__(self, process: "subprocess.Popen[bytes]", heard: Callable[[str, list[Any]], None]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self._heard = heard
        self._number = 0
        self._rest = b""

    def request(self, method: str, *arguments: Any) -> Any:
        """Returns what Neovim answers; raises NvimError."""
        self._number += 1
        self.send([REQUEST, self._number, method, list(arguments)])
        while True:
            message = self._receive()
            if message[0] == NOTIFICATION:
                self._heard(message[1], message[2])
            elif message[0] == RESPONSE and message[1] == self._number:
                if message[2] is not None:
                    raise NvimError(_words(message[2]))
                return message[3]

    def send(self, message: list[Any]) -> None:
        self._in.write(msgspec.msgpack.encode(message))
        self._in.flush()

    def close(self) -> None:
        self._in.close()
        self._out.close()

    def _receive(self) -> list[Any]:
        while True:
            size = _length(self._rest)
            if size:
                whole, self._rest = self._rest[:size], self._rest[size:]
                message: list[Any] = msgspec.msgpack.decode(whole, ext_hook=lambda _code, data: bytes(data))
                return message
            data = os.read(self._out.fileno(), 1 << 20)
            if not data:
                raise NvimError("Neovim has ended.")
            self._rest += data


def _words(error: Any) -> str:
    """Mostly a pair of a number and the words."""
    return error if isinstance(error, str) else str(error[1])


def _length(data: bytes) -> int:
    """Bytes of the first value in `data`, 0 where it is not whole: msgspec decodes whole messages only."""
    need = at = 0
    values = 1
    while values:
        if at >= len(data):
            return 0
        kind = data[at]
        values -= 1
        at += 1
        head, unit = _HEADS.get(kind, (0, 0))
        if kind <= 0x7F or kind >= 0xE0:
            continue
        if kind <= 0x8F:
            values += 2 * (kind & 15)
        elif kind <= 0x9F:
            values += kind & 15
        elif kind <= 0xBF:
            at += kind & 31
        elif unit:  # a length of `head` bytes, then `unit` values or bytes for each
            if at + head > len(data):
                return 0
            need = int.from_bytes(data[at : at + head], "big")
            at += head
            if kind in (0xDC, 0xDD):
                values += need
            elif kind in (0xDE, 0xDF):
                values += 2 * need
            else:
                at += need + (1 if kind in (0xC7, 0xC8, 0xC9) else 0)
        else:
            at += head
    return at if at <= len(data) else 0


_HEADS = {
    0xC0: (0, 0), 0xC2: (0, 0), 0xC3: (0, 0),
    0xC4: (1, 1), 0xC5: (2, 1), 0xC6: (4, 1), 0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),
    0xCA: (4, 0), 0xCB: (8, 0), 0xCC: (1, 0), 0xCD: (2, 0), 0xCE: (4, 0), 0xCF: (8, 0),
    0xD0: (1, 0), 0xD1: (2, 0), 0xD2: (4, 0), 0xD3: (8, 0),
    0xD4: (2, 0), 0xD5: (3, 0), 0xD6: (5, 0), 0xD7: (9, 0), 0xD8: (17, 0),
    0xD9: (1, 1), 0xDA: (2, 1), 0xDB: (4, 1), 0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 1), 0xDF: (4, 1),
}  # fmt: skip
