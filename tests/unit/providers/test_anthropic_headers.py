"""The version of the API and its betas: headers that the config may set."""

from collections.abc import Mapping

import pytest

from libria_providers.dialects.anthropic_thinking import BINDING_BETA
from libria_providers.errors import BadRequest, Disconnected
from libria_providers.http import Response
from libria_providers.provider import Credential, Provider
from libria_providers.registry import headers
from libria_providers.rows.anthropic import ROWS
from libria_providers.types import Call, Message, Timeouts
from libria_providers.wiring import Wiring, wiring

ROW = ROWS[0]
OPAQUE = {"dialect": "anthropic", "content": [{"type": "thinking", "thinking": "", "signature": "s"}]}
TURNS = (Message("user", "u"), Message("assistant", "", opaque=OPAQUE), Message("user", "u"))


class Wire:
    """Keeps the headers of the one request that it is asked to carry, and breaks."""

    sent: Mapping[str, str] | None = None

    @property
    def wiring(self) -> Wiring:
        return wiring("anthropic", ROW.base_url, {})

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeouts: Timeouts
    ) -> Response:
        self.sent = headers
        raise Disconnected("as told")


async def sent(call: Call, config: Mapping[str, str]) -> Mapping[str, str]:
    wire, found = Wire(), ("ANTHROPIC_API_KEY", "k")
    all_headers = {**headers(ROW, {}, found), **config}
    provider = Provider(ROW, address="https://x/v1", credential=Credential(*found), pool=wire, headers=all_headers)
    with pytest.raises(Disconnected):
        await provider.send(call)
    assert wire.sent is not None
    return wire.sent


async def test_version() -> None:
    call = Call("anthropic/claude-haiku-4-5", (Message("user", "u"),), temperature=0.5)
    assert (await sent(call, {}))["anthropic-version"] == "2023-06-01"
    newer = {"anthropic-version": "2026-10-21"}
    with pytest.raises(BadRequest, match="temperature"):
        await sent(call, newer)
    said = await sent(Call("anthropic/claude-haiku-4-5", (Message("user", "u"),)), newer)
    assert (said["anthropic-version"], said["x-api-key"]) == ("2026-10-21", "k")


@pytest.mark.parametrize(
    ("model", "config", "betas"),
    [
        ("claude-haiku-4-5", {}, None),
        ("claude-haiku-4-5", {"anthropic-beta": "a,b"}, "a,b"),
        ("claude-opus-5-5", {}, BINDING_BETA),
        ("claude-opus-5-5", {"anthropic-beta": "a,b"}, f"a,b,{BINDING_BETA}"),
    ],
)
async def test_betas(model: str, config: Mapping[str, str], betas: str | None) -> None:
    said = await sent(Call(f"anthropic/{model}", TURNS), config)
    assert said.get("anthropic-beta") == betas
