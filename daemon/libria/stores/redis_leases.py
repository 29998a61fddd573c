"""Who of all machines asks a provider right now, so that the others wait for the answer."""

import secrets

from libria.clock import Clock
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_question import patience
from libria.stores.redis_script import Script

PREFIX = "libria:1:l:"

LOOKS = (0.02, 0.25)
"""Seconds between two looks whether a lease is still held, at first and at most."""


class RedisLeases:
    """While Redis is away nobody else exists: each machine asks for itself. A lease ends by itself after its
    seconds; a machine that died holds nobody up for longer."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._script = Script.read("redis_release")
        self._held: dict[bytes, str] = {}

    async def acquire(self, key: bytes, seconds: float) -> bool:
        token = secrets.token_hex(8)

        def late(said: Answer | Away) -> None:
            if said == b"OK":
                self._give_up(key, token)

        try:
            said = await self._link.ask("SET", _name(key), token, "NX", "PX", max(1, int(seconds * 1000)), late=late)
        except Away:
            return True
        if said is None:
            return False
        self._held[key] = token
        return True

    async def released(self, key: bytes, seconds: float) -> None:
        until = self._clock.now() + seconds
        pause, most = LOOKS
        # A look is short, but many of them are not what a call's patience is for.
        with patience(seconds):
            while (left := until - self._clock.now()) > 0:
                try:
                    if await self._link.ask("EXISTS", _name(key)) == 0:
                        return
                except Away:
                    return
                await self._clock.sleep(min(pause, left))
                pause = min(pause * 1.5, most)

    async def release(self, key: bytes) -> None:
        """Does not wait for Redis."""
        token = self._held.pop(key, None)
        if token is not None:
            self._give_up(key, token)

    def _give_up(self, key: bytes, token: str) -> None:
        self._link.post_run(self._script, [_name(key)], token)


def _name(key: bytes) -> str:
    return PREFIX + key.hex()
