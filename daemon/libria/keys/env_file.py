"""A file of variables (`NAME=value` lines), for tools that were started without the shell's."""

import asyncio
import io
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from libria.clock import Clock
from libria.keys.apart import apart

LOOK_SECONDS = 0.5
"""How often at most the file is read; it is, when there is a call."""

PATIENCE_SECONDS = 1.0
"""For a file system that hangs: after it what was known goes on to count."""

MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Contents:
    """`problem` says why the file cannot be used, and what to do; `unread` are lines that are no `NAME=value`."""

    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    problem: str | None = None
    unread: tuple[int, ...] = ()


class EnvFile:
    """The file at `path`, as it is now."""

    def __init__(self, path: str, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._known: Contents | None = None
        self._raw: bytes | None = None
        self._looked = float("-inf")
        self._looking: asyncio.Future[tuple[bytes, Contents]] | None = None

    async def read(self) -> Contents:
        ago = self._clock.now() - self._looked
        under_way = self._looking is not None and not self._looking.done()
        if self._known is not None and (ago < LOOK_SECONDS or (under_way and ago >= PATIENCE_SECONDS)):
            return self._known
        if self._looking is None or not under_way:
            self._looked = self._clock.now()
            self._looking = apart(lambda: _look(self._path, self._raw, self._known))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._raw, known = await asyncio.shield(self._looking)
        except TimeoutError:
            known = self._known or Contents(problem=f"the file {self._path} cannot be read in time")
        self._known = known
        return known


def read_env_file(path: str) -> Contents:
    """What `path`, which may begin with `~`, holds now."""
    return _look(path, None, None)[1]


def _look(path: str, raw: bytes | None, known: Contents | None) -> tuple[bytes, Contents]:
    """The bytes, and what they say; `known` is what `raw` said."""
    try:
        now = _private(path)
    except FileNotFoundError:
        return b"", Contents(problem=f"the file {path}, which api_key_env_file names, is not there")
    except OSError as error:
        reason = f"the file {path} cannot be read ({(error.strerror or '').lower()})" if error.errno else str(error)
        return b"", Contents(problem=reason)
    if known is not None and known.problem is None and now == raw:
        return now, known
    return now, _parsed(now)


def _private(path: str) -> bytes:
    """The bytes of a file that is this user's and that nobody else can read. A link is followed: many keep such
    files elsewhere. Raises OSError, with a sentence and no number where it is not private."""
    descriptor = os.open(os.path.expanduser(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is no file")
        if found.st_uid != os.geteuid():
            raise OSError(f"the file {path} belongs to another user, and keys are read from your own only")
        if found.st_mode & 0o077:
            raise OSError(f'other users may read the file {path}; run: chmod 600 "{path}"')
        if found.st_size > MAX_BYTES:
            raise OSError(f"the file {path} is too large for a list of variables")
        return file.read(MAX_BYTES)


def _parsed(raw: bytes) -> Contents:
    from dotenv.parser import parse_stream  # some 20 ms, for those who have such a file

    values: dict[str, str] = {}
    unread: list[int] = []
    for binding in parse_stream(io.StringIO(raw.decode("utf-8-sig", "replace"))):
        if binding.error or (binding.key and binding.value is None):
            unread.append(binding.original.line)
        elif binding.key and binding.value is not None:
            values[binding.key] = binding.value
    return Contents(values, None, tuple(unread))
