"""Write `daemon/PROTOCOL.md` from the method table: `python -m libria.rpc.docs [--check]`."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from libria.rpc.methods import METHODS, Method
from libria.rpc.typescript import declarations

FILE = Path(__file__).resolve().parents[2] / "PROTOCOL.md"

HEAD = """# Libria's protocol

*Written by `python -m libria.rpc.docs` from the method table; a test fails when it is stale.*

JSON-RPC 2.0 in the base framing of the Language Server Protocol: `Content-Length: N`, an empty line, `N` bytes of
UTF-8 JSON. Over the standard input and output of `libria stdio`, or over the Unix socket whose path
`libria socket` prints. `initialize`, `initialized`, `shutdown`, `exit`, `$/cancelRequest`, `$/setTrace`,
`window/workDoneProgress/cancel` and document sync are as LSP 3.17 has them. A client that only calls Libria's own
methods need not send `initialize`. One message holds at most 128 MiB; batches are not taken.

Whose keys count: `libria stdio` carries its own environment over (variables that end in `_API_KEY`, `_API_TOKEN`,
`_AUTH_TOKEN`, `_BASE_URL`, `_API_BASE` or `_ENDPOINT`, proxies, certificates, and what the config names). A client
on the socket may hand its own over: `initialize` with `initializationOptions: {libria: {env: {NAME: VALUE}}}`.
"""

PROGRESS = """## Progress

With `partialResultToken`, `$/progress` notifications with that token come before the response, in order. `seq`
counts from 0 within a call. The deltas since the last `reset`, joined, are exactly the result's `content`.

```ts
type Progress =
  | {kind: "start", callId: string, seq: number}
  | {kind: "delta", text: string, seq: number}
  | {kind: "reasoning", text: string, seq: number}
  | {kind: "toolCall", index: number, id?: string, name?: string, arguments: string, seq: number}
  | {kind: "status", state: "queued" | "waiting" | "connecting" | "retrying" | "fallback",
     reason?: string, position?: number, etaMs?: number, target?: string, attempt?: number, seq: number}
  | {kind: "reset", reason: string, target: string, seq: number};
```

`reset`: throw away all deltas so far, the answer starts again. A client that reads slowly gets fewer and longer
deltas, never fewer characters. With `workDoneToken`, standard work-done progress comes besides.

### Coming back to a call

What a call says is kept under its `callId` while it is under way and for ten minutes after its end; less long where
many or large calls follow, and not beyond the daemon's own end. `libria/resume` with the `seq` of the last progress
that was seen sends what came after it, as it was, goes on with what comes, and is answered as the call was: with its
result or its error. Any number of clients may follow one call; one that reads slowly delays nobody. A `reset` with the
reason `disconnected` means that the daemon was lost and the call asked anew.

A call goes on while any client listens; when the last one has gone away, `onDisconnect` decides. Cancelling a
`libria/resume` ends the call itself where no other client listens to it, else only the listening.

## Editors

Any client of the Language Server Protocol gets, and is offered where it says that it can use it:

- `textDocument/inlineCompletion` for documents it has opened: one item or none, whatever went wrong. A newer request of
  the same document ends the one before (-32800). `[editor]` in the config names the model.
- `textDocument/codeAction`: explain, fix, improve and document, for the selection, the diagnostics or the block around
  the cursor.
- `workspace/executeCommand` with `libria.fix`, `libria.rewrite`, `libria.document`, `libria.explain`, and `libria.edit`
  for any `instruction`. A rewrite comes as one `workspace/applyEdit`; where the user typed meanwhile it moves along,
  or is refused if that was within the range. A short explanation comes as `window/showMessage`, a long one as
  `window/showDocument`. Both tell work-done progress, which can be cancelled.

```ts
interface EditArguments {  // the one argument of these commands
  uri: string; range: Range;
  version?: number;  // refused when the document is of another by now
  instruction?: string; diagnostics?: Diagnostic[]; model?: string;
  apply?: boolean;   // false: the result is all, and the client shows its own diff
}
interface EditResult {newText: string; range: Range | null; applied: boolean; version: number | null; model: string}
interface ExplainResult {text: string; model: string}
```

Documents of more than 4 million characters are not kept.

## Errors

| code | when |
| --- | --- |
| -32700, -32600, -32601, -32602 | as JSON-RPC says; the connection stays usable |
| -32800 | cancelled by the client; what was opened at the provider is closed |
| -32802 | the daemon drains or ends; `data.retryable` is true |
| -32803 | the call failed; `data` says how |

```ts
interface ErrorData {
  kind: "invalidParams" | "credentialMissing" | "credentialRejected" | "permissionDenied" | "modelNotFound"
      | "badRequest" | "contextTooLong" | "contentFiltered" | "rateLimited" | "quotaExhausted" | "overloaded"
      | "timedOut" | "disconnected" | "interrupted" | "invalidResponse" | "cacheMiss";
  message: string;  // one sentence that says what to do
  provider?: string; model?: string; status?: number; retryable: boolean; retryAfterMs?: number;
  requestId?: string; partialText?: string; attempts: AttemptResult[];
}
```
"""


def render() -> str:
    methods = [method for method in METHODS.values() if not method.internal]
    rows = "\n".join(f"| `{m.name}` | `{m.params.__name__}` | {_result(m)} | {m.about} |" for m in methods)
    table = f"## Methods\n\n| method | params | result | what for |\n| --- | --- | --- | --- |\n{rows}\n"
    shapes = f"## Shapes\n\n```ts\n{declarations(_schemas(methods))}\n```\n"
    return "\n".join([HEAD, table, PROGRESS, shapes])


def _result(method: Method) -> str:
    return f"`{method.result.__name__}`" if method.result else "`null`"


def _schemas(methods: list[Method]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for method in methods:
        schema = method.params.model_json_schema()
        inner = schema.pop("$defs", {})
        found |= {method.params.__name__: schema, **inner}
        if method.result is not None:
            inner = msgspec.json.schema(method.result)["$defs"]
            found |= {method.result.__name__: inner.pop(method.result.__name__), **inner}
    return found


def main(argv: list[str]) -> int:
    text = render()
    if "--check" in argv:
        if FILE.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{FILE.name} is stale: run python -m libria.rpc.docs\n")
            return 1
        return 0
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
