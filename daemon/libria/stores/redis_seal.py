"""Answers made unreadable, and unrecognizable, for whoever has no key: in Redis they lie with strangers.

The key is derived from the user's own word by scrypt (RFC 7914), and what is stored is sealed by
AES-256-GCM with a random nonce, together with the name under which it lies: nobody can put one answer in
the place of another. The names are keyed hashes, so that nobody can ask whether a question was asked.
Without a word of the user's the names are the plain hashes that the cache gives.
"""

import asyncio
import hashlib
import secrets
from typing import Any

SALT = b"libria cache 1"
"""The same on all machines, as all must come to the same key."""

COST = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}
"""About 0.1 s and 32 MB, once."""

NONCE = 12


class Seal:
    def __init__(self, aead: Any, naming: bytes) -> None:
        self._aead = aead
        self._naming = naming

    @classmethod
    async def of(cls, word: str) -> "Seal":
        """Raises ImportError where `cryptography` is not installed."""
        return await asyncio.to_thread(cls._made, word)

    @classmethod
    def _made(cls, word: str) -> "Seal":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        both = hashlib.scrypt(word.encode(), salt=SALT, dklen=64, **COST)
        return cls(AESGCM(both[:32]), both[32:])

    def name(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, key=self._naming, digest_size=24).digest()

    def close(self, value: bytes, beside: bytes) -> bytes:
        """`beside` is what lies there in clear and must be the same when it is opened."""
        nonce = secrets.token_bytes(NONCE)
        sealed: bytes = self._aead.encrypt(nonce, value, beside)
        return nonce + sealed

    def open(self, sealed: bytes, beside: bytes) -> bytes | None:
        """None for what was sealed with another key, or was changed."""
        from cryptography.exceptions import InvalidTag

        try:
            value: bytes = self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], beside)
        except (InvalidTag, ValueError):
            return None
        return value
