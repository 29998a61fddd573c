"""A key out of the system's keyring, by the real library and a backend of this test's own."""

import asyncio
import sys
import threading
from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from libria.keys import ring
from libria.keys.fetched import NoKey
from libria.keys.ring import Ring


class Wallet(keyring.backend.KeyringBackend):
    """In memory; opens once `unlocked`."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.unlocked = threading.Event()
        self.unlocked.set()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.unlocked.wait(10)
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    before, wallet = keyring.get_keyring(), Wallet()
    keyring.set_keyring(wallet)
    yield wallet
    wallet.unlocked.set()
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("name", "entry"), [("openai/me", ("openai", "me")), ("https://x/y/me@z", ("https://x/y", "me@z"))]
)
async def test_service_and_user(wallet: Wallet, name: str, entry: tuple[str, str]) -> None:
    keyring.set_password(*entry, "sk-stored\n")
    assert await Ring(name).fetch() == "sk-stored"


async def test_what_is_not_stored_says_how_to(wallet: Wallet) -> None:
    with pytest.raises(NoKey, match="keyring set openai me"):
        await Ring("openai/me").fetch()


async def test_a_locked_keyring_holds_up_nobody_and_is_asked_once(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "SECONDS", 0.05)
    keyring.set_password("openai", "me", "k")
    wallet.unlocked.clear()
    locked = Ring("openai/me")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(others())
    for _ in range(2):
        with pytest.raises(NoKey, match="unlock it"):
            await locked.fetch()
    beside.cancel()
    assert turns > 10
    assert wallet.asked == 1
    wallet.unlocked.set()
    monkeypatch.setattr(ring, "SECONDS", 10.0)
    assert await locked.fetch() == "k"


async def test_without_any_keyring(wallet: Wallet) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(NoKey, match=r"cannot be used here \(NoKeyringError\)"):
        await Ring("openai/me").fetch()


async def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NoKey, match=r"pip install 'libria\[keyring\]'"):
        await Ring("openai/me").fetch()
