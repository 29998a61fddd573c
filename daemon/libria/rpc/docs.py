"""Write `daemon/PROTOCOL.md` and the VS Code extension's types from the method table, `daemon/CONFIGURATION.md` from
the config's schema: `python -m libria.rpc.docs [--check]`."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from libria.config.docs import reference
from libria.rpc import task_docs
from libria.rpc.methods import METHODS, Method
from libria.rpc.typescript import declarations

ROOT = Path(__file__).resolve().parents[3]

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

PROGRESS_TYPE = """type Progress =
  | {kind: "start", callId: string, seq: number}
  | {kind: "delta", text: string, seq: number}
  | {kind: "reasoning", text: string, seq: number}
  | {kind: "toolCall", index: number, id?: string, name?: string, arguments: string, seq: number}
  | {kind: "status", state: "queued" | "waiting" | "connecting" | "retrying" | "fallback",
     reason?: string, position?: number, etaMs?: number, target?: string, attempt?: number, seq: number}
  | {kind: "reset", reason: string, target: string, seq: number};
"""

EDITOR_TYPES = """interface EditArguments {  // the one argument of these commands
  uri: string; range: Range;
  version?: number;  // refused when the document is of another by now
  instruction?: string; diagnostics?: Diagnostic[]; model?: string;
  apply?: boolean;   // false: the result is all, and the client shows its own diff
}
interface EditResult {newText: string; range: Range | null; applied: boolean; version: number | null; model: string}
interface ExplainResult {text: string; model: string}
"""

ERROR_TYPE = """interface ErrorData {
  kind: "invalidParams" | "credentialMissing" | "credentialRejected" | "permissionDenied" | "modelNotFound"
      | "badRequest" | "contextTooLong" | "contentFiltered" | "rateLimited" | "quotaExhausted" | "overloaded"
      | "timedOut" | "disconnected" | "interrupted" | "invalidResponse" | "cacheMiss";
  message: string;  // one sentence that says what to do
  provider?: string; model?: string; status?: number; retryable: boolean; retryAfterMs?: number;
  requestId?: string; partialText?: string; attempts: AttemptResult[];
}
"""

PROGRESS = (
    """## Progress

With `partialResultToken`, `$/progress` notifications with that token come before the response, in order. `seq`
counts from 0 within a call. The deltas since the last `reset`, joined, are exactly the result's `content`.

```ts
"""
    + PROGRESS_TYPE
    + """```

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

- `textDocument/inlineCompletion` for documents it has opened: one item or none, whatever went wrong; then
  `problem: {kind, message}` stands beside `items`, `kind` "noModel" or an error's. A newer request of the same document
  ends the one before (-32800). `[editor]` in the config names the model.
- `textDocument/codeAction`: explain, fix, improve and document, for the selection, the diagnostics or the block around
  the cursor.
- `workspace/executeCommand` with `libria.fix`, `libria.rewrite`, `libria.document`, `libria.explain`, and `libria.edit`
  for any `instruction`. A rewrite comes as one `workspace/applyEdit`; where the user typed meanwhile it moves along,
  or is refused if that was within the range. A short explanation comes as `window/showMessage`, a long one as
  `window/showDocument`. Both tell work-done progress, which can be cancelled; with `partialResultToken` the answer
  itself comes as progress, as that of `libria/chat`.

```ts
"""
    + EDITOR_TYPES
    + """```

Documents of more than 4 million characters are not kept.

## Errors

| code | when |
| --- | --- |
| -32700, -32600, -32601, -32602 | as JSON-RPC says; the connection stays usable |
| -32800 | cancelled by the client; what was opened at the provider is closed |
| -32802 | the daemon drains or ends; `data.retryable` is true |
| -32803 | the call failed; `data` says how |

```ts
"""
    + ERROR_TYPE
    + """```
"""
)


TYPESCRIPT = """/* eslint-disable */
// Written by `python -m libria.rpc.docs` from the daemon's method table; a test fails when it is stale.
import type { Diagnostic, Range } from "vscode-languageclient";
"""


def protocol() -> str:
    methods = _public()
    rows = "\n".join(f"| `{m.name}` | `{m.params.__name__}` | {_result(m)} | {m.about} |" for m in methods)
    table = f"## Methods\n\n| method | params | result | what for |\n| --- | --- | --- | --- |\n{rows}\n"
    shapes = f"## Shapes\n\n```ts\n{declarations(_schemas(methods))}\n```\n"
    return "\n".join([HEAD, table, PROGRESS, task_docs.section(), shapes])


def typescript() -> str:
    """`Methods` maps each method's name to its shapes."""
    methods = _public()
    rows = "\n".join(
        f'  /** {m.about} */\n  "{m.name}": {{ params: {m.params.__name__}; result: {_result_type(m)} }};'
        for m in methods
    )
    table = f"export interface Methods {{\n{rows}\n}}\n"
    fixed = [_exported(text) for text in (PROGRESS_TYPE, EDITOR_TYPES, ERROR_TYPE)]
    return "\n".join([TYPESCRIPT, table, *fixed, declarations(_schemas(methods), "export "), ""])


FILES: Mapping[Path, Callable[[], str]] = {
    ROOT / "daemon" / "PROTOCOL.md": protocol,
    ROOT / "daemon" / "CONFIGURATION.md": reference,
    ROOT / "editors" / "vscode" / "src" / "protocol.ts": typescript,
    **task_docs.files(),
}


def _public() -> list[Method]:
    return [method for method in METHODS.values() if not method.internal]


def _exported(text: str) -> str:
    return re.sub(r"^(type|interface) ", r"export \1 ", text, flags=re.MULTILINE)


def _result(method: Method) -> str:
    return f"`{_result_type(method)}`"


def _result_type(method: Method) -> str:
    return method.result.__name__ if method.result else "null"


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
    stale = [file for file, render in FILES.items() if _read(file) != render()]
    if "--check" in argv:
        for file in stale:
            sys.stderr.write(f"{file.relative_to(ROOT)} is stale: run python -m libria.rpc.docs\n")
        return 1 if stale else 0
    for file in stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(FILES[file](), encoding="utf-8")
    return 0


def _read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
