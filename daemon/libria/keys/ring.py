"""A key in the system's keyring: macOS' Keychain, GNOME's or KDE's wallet. An extra, `libria[keyring]`."""

import asyncio

from libria.keys.apart import apart
from libria.keys.fetched import NoKey

SECONDS = 10.0
"""The keyring may ask its user to unlock it."""


class Ring:
    """`name` is "SERVICE/USER", as in `keyring set SERVICE USER`. Only the user has a part without a slash."""

    def __init__(self, name: str) -> None:
        self._service, _, self._user = name.rpartition("/")
        self._asked: asyncio.Future[str] | None = None

    async def fetch(self) -> str:
        """Raises NoKey. A keyring that still waits for its user is not asked a second time."""
        if self._asked is None or self._asked.done():
            self._asked = apart(self._read)
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.shield(self._asked)
        except TimeoutError:
            raise NoKey(f"it did not answer in {SECONDS:g} s; unlock it and ask again") from None

    def _read(self) -> str:
        try:
            import keyring
        except ImportError:
            raise NoKey("it needs a package: pip install 'libria[keyring]'") from None
        try:
            found = keyring.get_password(self._service, self._user)
        except Exception as error:  # noqa: BLE001  # backends raise what they like, and may quote what they found
            raise NoKey(f"it cannot be used here ({type(error).__name__}); try: keyring diagnose") from None
        if not found or not found.strip():
            raise NoKey(f"store it with: keyring set {self._service} {self._user}")
        return found.strip()
