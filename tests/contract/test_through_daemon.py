"""Every recording the whole way that a user's question goes: JSON-RPC, daemon, HTTP, and back as progress and result.

One daemon has a provider for each; all are asked at once, when the first is wanted."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from wire_exchanges import ENDPOINTS, Answerer, answerer, leading
from wire_expectations import Heard, check
from wire_recordings import Recording, missing, recordings
from wire_replay import served

from libria_providers import errors
from libria_providers.errors import ProviderError
from libria_providers.rows.own import DIALECTS
from libria_providers.types import Counted, Delta, Embed, Event, Fill, Finish, Reasoning, ToolCallDelta, Usage, Vectors

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from e2e_client import Client, RpcFailed  # found through the line above, as is the next
from e2e_home import Home

AT_ONCE = 24
RETRYABLE = ("overloaded", "rateLimited")
KEY = "RECORDED_API_KEY"
UNSAID: Mapping[str, tuple[str, ...]] = {  # by method: what its result does not say
    "libria/embed": ("model",),
    "libria/countTokens": (),
    "libria/models": (),
}


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Heard | Exception]]:
    """What a client heard of each recording that anybody reads, by its file, or how it came to nothing."""
    if not recordings():
        missing()
    home = Home(tmp_path_factory.mktemp("recorded"))
    readable: dict[str, tuple[Recording, Answerer]] = {}
    for recording in recordings():
        try:
            readable[recording.file] = (recording, answerer(recording))
        except AssertionError:
            continue  # its own test says so
    try:
        yield asyncio.run(_ask_all(home, list(readable.values())))
    except ConnectionError as error:
        error.add_note(home.report())
        raise
    home.end()


def test_through_daemon(recording: Recording, heard: dict[str, Heard | Exception]) -> None:
    who = answerer(recording)
    method, _ = _question(recording, who, "")
    found = heard[recording.file]
    if isinstance(found, Exception):
        raise found
    check(recording, found, who, without=("code", *UNSAID.get(method, ())), change=_as_told)


def _as_told(recording: Recording, expected: dict[str, Any]) -> None:
    """What a client is told otherwise than a reader of events: who was asked where nobody says who
    answered; and that an answer was interrupted, where asking again may help."""
    if expected.get("model") == "":
        expected["model"] = recording.model
    if expected["error"] in RETRYABLE and recording.status == 200 and recording.expected["text_len"] not in ("", "0"):
        expected["error"] = "interrupted"


async def _ask_all(home: Home, readable: list[tuple[Recording, Answerer]]) -> dict[str, Heard | Exception]:
    async with served(lambda path: readable[int(path.split("/")[1])][0]) as address:
        sections = [_section(i, recording, who, address) for i, (recording, who) in enumerate(readable)]
        home.write_config("\n".join(["[retry]\nattempts = 1\n", *sections]))
        client = await home.stdio("--isolated", env={KEY: "a-key-of-the-tests"})
        try:
            await client.initialize()
            turn = asyncio.Semaphore(AT_ONCE)
            found = await asyncio.gather(
                *(_ask(client, f"r{i}", recording, who, turn) for i, (recording, who) in enumerate(readable)),
                return_exceptions=True,
            )
        finally:
            await client.close()
    heard = {recording.file: one for (recording, _), one in zip(readable, found, strict=True)}
    return {file: one for file, one in heard.items() if isinstance(one, Heard | Exception)}


def _section(number: int, recording: Recording, who: Answerer, address: str) -> str:
    """A provider of the config that is asked in the recording's format."""
    lines = [f"[providers.r{number}]", f'base_url = "{address}/{number}"', f'api_key_env = "{KEY}"']
    if leading(recording, who) is None and who.exchange.name in DIALECTS:
        lines += ['kind = "openai-compatible"', f'dialect = "{who.exchange.name}"']
    else:
        lines.append(f'kind = "{who.row.name}"')
    return "\n".join([*lines, ""])


def _question(recording: Recording, who: Answerer, provider: str) -> tuple[str, dict[str, Any]]:
    asked = {"model": f"{provider}/{leading(recording, who) or recording.model}", "cache": {"mode": "off"}}
    messages = [{"role": "user", "content": "Hello"}]
    match ENDPOINTS[recording.endpoint].slot:
        case "models":
            return "libria/models", {"provider": provider}
        case "fill":
            assert isinstance(who.call.ask, Fill)
            return "libria/complete", {**asked, "prefix": "def f():\n    ", "suffix": who.call.ask.suffix}
        case "embed":
            assert isinstance(who.call.ask, Embed)
            return "libria/embed", {**asked, "input": list(who.call.ask.input)}
        case "count":
            return "libria/countTokens", {**asked, "messages": messages}
        case _:
            return "libria/chat", {**asked, "messages": messages}


async def _ask(client: Client, provider: str, recording: Recording, who: Answerer, turn: asyncio.Semaphore) -> Heard:
    method, params = _question(recording, who, provider)
    streams = method in ("libria/chat", "libria/complete") and recording.streamed
    if streams:
        params["partialResultToken"] = provider
    async with turn:
        try:
            result = await client.request(method, params)
        except RpcFailed as failed:
            said = failed.data.get("partialText", "")
            return Heard([Delta(said), *_reasoning(client, provider)], error=_error(failed))
    if method == "libria/models":
        assert not result["problems"], result["problems"]
        return Heard(models=[model["id"].removeprefix(f"{provider}/") for model in result["models"]])
    if method == "libria/countTokens":
        return Heard([Counted(result["inputTokens"], result["exact"]), Finish("stop")])
    if method == "libria/embed":
        return Heard([Vectors(result["embeddings"]), Finish("stop", _usage(result["usage"]))])
    if streams:
        _check_progress(client, provider, result)
    return Heard(_events(result))


def _check_progress(client: Client, token: str, result: dict[str, Any]) -> None:
    """The pieces are the whole."""
    values = client.values(token)
    assert [value["seq"] for value in values] == list(range(len(values)))
    assert "".join(value["text"] for value in values if value["kind"] == "delta") == result["content"]
    assert "".join(e.text for e in _reasoning(client, token)) == result.get("reasoning", "")
    pieces: dict[int, str] = {}
    for value in values:
        if value["kind"] == "toolCall":
            pieces[value["index"]] = pieces.get(value["index"], "") + value["arguments"]
    assert [json.loads(piece or "{}") for piece in pieces.values()] == [c["arguments"] for c in result["toolCalls"]]


def _reasoning(client: Client, token: str) -> list[Reasoning]:
    return [Reasoning(value["text"]) for value in client.values(token) if value["kind"] == "reasoning"]


def _events(result: dict[str, Any]) -> list[Event]:
    """The events that would have said this result."""
    assert result["attempts"][-1]["outcome"] == "ok"
    assert result["message"]["content"] == result["content"]
    assert result["message"].get("toolCalls", []) == result["toolCalls"]
    events: list[Event] = [Reasoning(result.get("reasoning", "")), Delta(result["content"])]
    for index, call in enumerate(result["toolCalls"]):
        events.append(ToolCallDelta(index, json.dumps(call["arguments"]), call["id"], call["name"]))
    return [*events, Finish(result["stopReason"], _usage(result["usage"]), result["servedModel"])]


def _usage(said: dict[str, Any]) -> Usage:
    return Usage(
        said["inputTokens"],
        said["outputTokens"],
        said.get("cachedInputTokens"),
        said.get("reasoningTokens"),
        said.get("cacheWriteInputTokens"),
    )


def _error(failed: RpcFailed) -> ProviderError:
    if "kind" not in failed.data:
        raise failed
    kinds = {kind.kind: kind for kind in vars(errors).values() if isinstance(kind, type)
             and issubclass(kind, ProviderError) and "kind" in vars(kind)}  # fmt: skip
    data = failed.data
    retry_after = data.get("retryAfterMs")
    return kinds[data["kind"]](
        data["message"],
        status=data.get("status"),
        retry_after=None if retry_after is None else retry_after / 1000,
        request_id=data.get("requestId"),
    )
