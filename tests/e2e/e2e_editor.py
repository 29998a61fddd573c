"""A client as an editor is one: documents, suggestions, commands, and what the daemon asks of it."""

from typing import Any

from e2e_client import Client, Pending
from e2e_home import OpenClient, provider_env

from libria_providers.simulator import Simulator

Json = Any

URI = "file:///home/me/project/a.py"
CONFIG = """
[retry]
base_delay = 0.01
[editor]
completion_model = "ollama/code"
completion_debounce = 0.01
edit_model = "openai/code"
"""
NEW = '"""Count the words of a text, the most frequent first."""\n'  # how the simulator's program begins
ABLE = {
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": [""]}}},
    },
    "workspace": {"executeCommand": {}, "applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "window": {"workDoneProgress": True},
}


async def editor(open_client: OpenClient, sim: Simulator, mode: str, **params: Json) -> Client:
    """A client that can all there is, and greets as an editor does."""
    env = {**provider_env(sim), "OLLAMA_HOST": sim.url}
    client = await open_client({"OLLAMA_HOST": sim.url}, initialize=False)
    options = {"libria": {"env": env}} if mode == "socket" else None
    await client.initialize(**{"capabilities": ABLE, "initializationOptions": options, **params})
    return client


def open_document(client: Client, text: str, uri: str = URI, language: str = "python") -> None:
    item = {"uri": uri, "languageId": language, "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": item})


def change(client: Client, version: int, text: str, *place: int, uri: str = URI) -> None:
    one: dict[str, Json] = {"text": text}
    if place:
        one["range"] = span(*place)
    client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [one]})


def span(first: int, before: int, last: int, behind: int) -> Json:
    return {"start": {"line": first, "character": before}, "end": {"line": last, "character": behind}}


def suggest(client: Client, line: int, character: int, trigger: int = 2) -> Pending:
    return client.start(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": trigger},
        },
    )


def command(client: Client, name: str, *place: int, **more: Json) -> Pending:
    argument = {"uri": URI, "range": span(*place), **more}
    return client.start("workspace/executeCommand", {"command": f"libria.{name}", "arguments": [argument]})


async def asked(client: Client, method: str, result: Json = None) -> Json:
    """The params of the daemon's own request, which is answered with `result`."""
    message = await client.until(lambda message: message.get("method") == method, method)
    client.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
    return message["params"]


def of(client: Client, method: str) -> list[Json]:
    return [message["params"] for message in client.messages if message.get("method") == method]
