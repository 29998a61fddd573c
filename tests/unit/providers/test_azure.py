"""Azure's addresses and keys."""

import asyncio

import pytest

from libria_providers.errors import CredentialMissing
from libria_providers.http import Pools
from libria_providers.provider import Credential, Provider
from libria_providers.registry import address, endpoint, headers, key
from libria_providers.row import Row
from libria_providers.rows.openai import OTHERS, ROWS
from libria_providers.types import Call, Message
from libria_providers.wiring import wiring

BY_NAME = {row.name: row for row in (*ROWS, *OTHERS)}
AZURE, RESPONSES = BY_NAME["azure"], BY_NAME["azure-responses"]
HOST = "https://r.openai.azure.com"
DATED = f"{HOST}/openai/deployments/{{model}}?api-version=2024-10-21"


@pytest.mark.parametrize(
    ("override", "env", "where"),
    [
        (None, {"AZURE_OPENAI_ENDPOINT": HOST}, f"{HOST}/openai/v1"),
        (None, {"AZURE_OPENAI_ENDPOINT": f"{HOST}/"}, f"{HOST}/openai/v1"),
        (None, {"AZURE_OPENAI_ENDPOINT": "r.openai.azure.com"}, f"{HOST}/openai/v1"),
        (None, {"AZURE_OPENAI_BASE_URL": f"{HOST}/openai/v1/"}, f"{HOST}/openai/v1"),
        (None, {"AZURE_OPENAI_ENDPOINT": HOST, "OPENAI_API_VERSION": "2024-10-21"}, DATED),
        (None, {"AZURE_OPENAI_ENDPOINT": f"{HOST}/openai", "OPENAI_API_VERSION": "2024-10-21"}, DATED),
        (None, {"AZURE_OPENAI_ENDPOINT": f"{HOST}/openai/v1", "OPENAI_API_VERSION": "2024-10-21"}, f"{HOST}/openai/v1"),
        (None, {"AZURE_OPENAI_ENDPOINT": HOST, "OPENAI_API_VERSION": "v1"}, f"{HOST}/openai/v1"),
        (
            None,
            {"AZURE_OPENAI_ENDPOINT": HOST, "OPENAI_API_VERSION": "preview"},
            f"{HOST}/openai/v1?api-version=preview",
        ),
        (f"{HOST}?api-version=2024-10-21", {}, DATED),
        (
            f"{HOST}/openai/deployments/mine/chat/completions?api-version=2025-01-01",
            {"OPENAI_API_VERSION": "2024-10-21"},
            f"{HOST}/openai/deployments/mine?api-version=2025-01-01",
        ),
        (
            f"{HOST}/openai/deployments/mine",
            {"OPENAI_API_VERSION": "2024-10-21"},
            f"{HOST}/openai/deployments/mine?api-version=2024-10-21",
        ),
        (
            "https://r.services.ai.azure.com/models",
            {"OPENAI_API_VERSION": "2024-05-01-preview"},
            "https://r.services.ai.azure.com/models?api-version=2024-05-01-preview",
        ),
        ("http://127.0.0.1:9", {"AZURE_OPENAI_ENDPOINT": HOST}, "http://127.0.0.1:9/openai/v1"),
    ],
)
def test_address(override: str | None, env: dict[str, str], where: str) -> None:
    assert address(AZURE, override, env) == where


@pytest.mark.parametrize(
    ("base", "version"),
    [
        (HOST, ""),
        (HOST, "2024-10-21"),
        (f"{HOST}/openai", ""),
        (f"{HOST}/openai/v1", ""),
        (f"{HOST}/openai/v1/responses", ""),
        (f"{HOST}/openai/responses?api-version=2025-04-01-preview", ""),
        (f"{HOST}/openai/deployments/mine?api-version=2024-10-21", "2024-10-21"),
    ],
)
def test_responses_have_one_address(base: str, version: str) -> None:
    env = {"AZURE_OPENAI_ENDPOINT": base, "OPENAI_API_VERSION": version}
    assert address(RESPONSES, None, env) == f"{HOST}/openai/v1"


def test_the_deployment_is_in_the_path() -> None:
    url = endpoint(DATED, "/chat/completions", "my model")
    assert url == f"{HOST}/openai/deployments/my%20model/chat/completions?api-version=2024-10-21"


@pytest.mark.parametrize("row", [AZURE, RESPONSES])
def test_no_address(row: Row) -> None:
    with pytest.raises(CredentialMissing, match="AZURE_OPENAI_ENDPOINT"):
        address(row, None, {"AZURE_OPENAI_ENDPOINT": " ", "OPENAI_API_VERSION": "2024-10-21"})


@pytest.mark.parametrize("row", [AZURE, RESPONSES])
def test_key(row: Row) -> None:
    both = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_AD_TOKEN": "t"}
    assert headers(row, both, key(row, both)) == {"api-key": "k"}
    token = {"AZURE_OPENAI_AD_TOKEN": "t"}
    assert headers(row, token, key(row, token)) == {"authorization": "Bearer t"}


async def test_a_call() -> None:
    """Over a connection: the version, the deployment and the key are where Azure looks for them."""
    head: list[bytes] = []
    body = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(b"content-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Pools() as pools:
        port = server.sockets[0].getsockname()[1]
        env = {"AZURE_OPENAI_ENDPOINT": f"http://127.0.0.1:{port}", "OPENAI_API_VERSION": "2024-10-21"}
        where = address(AZURE, None, env)
        provider = Provider(
            AZURE,
            address=where,
            credential=Credential("AZURE_OPENAI_API_KEY", "k"),
            pool=pools.open(wiring("azure", where, {})),
            headers=headers(AZURE, {}, ("AZURE_OPENAI_API_KEY", "k")),
        )
        reply = await provider.send(Call(model="azure/mine", messages=(Message("user", "Hi"),), stream=False))
        assert (await reply.read()).text == "a"
    line, *rest = head[0].decode().splitlines()
    assert line == "POST /openai/deployments/mine/chat/completions?api-version=2024-10-21 HTTP/1.1"
    assert "api-key: k" in [one.lower() for one in rest]
