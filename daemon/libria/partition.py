"""Whose answers those of the cache are: two clients share them only when they pay with the same key, unless
the config says otherwise (`[cache] share_between_keys`).

A partition is a keyed hash of the headers that carry a credential (the key, an organization, what the
config adds). It goes into the hash that an answer is kept under, and nowhere else. By what it is keyed:

- for this machine alone by 32 random bytes in the state folder, made once: who has a copy of the cache
  cannot try credentials on it, and entries survive the daemon;
- for what machines share by a constant, as they must agree without a word: a provider's key is itself
  128 random bits or more, which nobody finds by trying. What has no key, mostly a server on the
  machine itself, is never shared: each machine's 127.0.0.1 is another.
"""

import logging
import os
import secrets
import stat
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import msgspec

from libria.paths import ensure_private_dir

log = logging.getLogger("libria.cache")

FILE = "partition.key"
SIZE = 32  # bytes
SHARED = b"libria: answers that machines share"


@dataclass(frozen=True, slots=True)
class Partitions:
    """`own` is this machine's secret; `shared` whether answers are shared with other machines."""

    own: bytes = field(repr=False)
    shared: bool = False

    def of(self, headers: Mapping[str, str], *, keyless: bool = False, but: Collection[str] = ()) -> str:
        """The partition of who sends `headers`; `keyless` when there is no key among them. With `but`, names of
        headers in lower case that do not count, it is that of all who send the others, with a key or without."""
        lowered = sorted((name.lower(), value) for name, value in headers.items() if name.lower() not in but)
        said = msgspec.json.encode([keyless, lowered] if but else lowered)
        return blake2b(said, key=SHARED if self.shared and not keyless else self.own, digest_size=16).hexdigest()


def own_secret(folder: Path) -> bytes:
    """What `folder` has, made where it is missing or not ours alone. A folder that cannot be written
    gives one for this process, and entries then end with it."""
    file = folder / FILE
    try:
        return _read(file) or _make(file)
    except OSError as error:
        log.warning("cached answers will not outlive this daemon: %s", error.strerror or error)
        return secrets.token_bytes(SIZE)


def _read(file: Path) -> bytes | None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # not there, a link, a folder, another user's
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        private = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        secret = stream.read(SIZE + 1) if private else b""
    return secret if len(secret) == SIZE else None


def _make(file: Path) -> bytes:
    """Whole from the first moment, and the same for two daemons that make it at once."""
    ensure_private_dir(file.parent)
    descriptor, name = tempfile.mkstemp(prefix=f"{FILE}.", dir=file.parent)  # 0600
    secret = secrets.token_bytes(SIZE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secret)
        try:
            os.link(name, file)
        except FileExistsError:
            if other := _read(file):
                return other
            os.replace(name, file)
        except OSError:
            os.replace(name, file)  # a file system without hard links
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    return secret
