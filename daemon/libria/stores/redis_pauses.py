"""Pauses of a key on all machines: those that all wait for, and those for which others are better asked."""

from typing import Literal, cast

from libria.clock import Clock
from libria.layers.windows import Windows
from libria.stores.redis_fault import Answer, Away
from libria.stores.redis_link import Link
from libria.stores.redis_script import Script

PREFIX = "libria:1"
"""Of every key in Redis; the figure is that of the format."""

LOOK = 1.0
"""Seconds between two looks whether a key is still shunned."""

Kind = Literal["pause", "shun"]


class Pauses:
    """`local` knows of all that this machine was told; what Redis has not heard yet it hears when it is back."""

    def __init__(self, link: Link, local: Windows, clock: Clock, script: Script, who: str) -> None:
        self._link = link
        self._local = local
        self._clock = clock
        self._script = script
        self._who = who
        self._untold: dict[tuple[Kind, str], float] = {}  # until when, 0.0 to end it
        self._looked: dict[str, float] = {}  # when it was last asked whether it is still shunned

    async def pause(self, key: str, seconds: float) -> None:
        await self._local.pause(key, seconds)
        self._tell("pause", key, self._clock.now() + seconds)

    async def paused(self, key: str) -> float:
        here = await self._local.paused(key)
        try:
            answer = await self._link.run(self._script, [shared(key)], "paused", self._who, 0, key)
        except Away:
            return here
        return max(here, cast("list[int]", answer)[0] / 1e6)

    def shun(self, key: str, seconds: float) -> None:
        self._local.shun(key, seconds)
        self._tell("shun", key, self._clock.now() + seconds if seconds > 0 else 0.0)

    def shunned(self, key: str) -> float:
        """Another machine may have found out that it is over: that is looked for now and then."""
        left, now = self._local.shunned(key), self._clock.now()
        if left > 0 and now - self._looked.get(key, 0.0) >= LOOK:
            self._looked = {name: when for name, when in self._looked.items() if now - when < LOOK}
            self._looked[key] = now

            def done(said: Answer | Away) -> None:
                if isinstance(said, list):
                    self.told(key, cast(int, said[1]) / 1e6)

            self._link.post_run(self._script, [shared(key)], "paused", self._who, 0, key, done=done)
        return left

    def joined(self) -> None:
        untold, self._untold = self._untold, {}
        for (kind, key), until in untold.items():
            self._tell(kind, key, until)

    def told(self, key: str, seconds: float) -> None:
        """Redis says for how long it is shunned."""
        if ("shun", key) not in self._untold:  # else we know better
            self._local.shun(key, seconds)

    def _tell(self, kind: Kind, key: str, until: float) -> None:
        """Tell Redis now, or when it is back."""
        left = int((until - self._clock.now()) * 1e6) if until else 0
        if left < 0 or (until and not left):
            return
        place = (kind, key)
        self._untold[place] = until

        def done(said: Answer | Away) -> None:
            if not isinstance(said, Away) and self._untold.get(place) == until:
                del self._untold[place]

        self._link.post_run(self._script, [shared(key)], kind, self._who, 0, key, left, done=done)


def shared(key: str) -> str:
    """Of all that begins with the same name: one place in a Cluster, as the braces are all that counts of a
    key there (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags)."""
    return f"{PREFIX}:s:{{{key.partition(':')[0]}}}"
