"""What a daemon loads before it serves: counted, as seconds would tell of the machine."""

import os
import subprocess
import sys

LATER = {
    "pygls", "lsprotocol", "cattrs",  # with the first message that is pygls'
    "rich", "click", "pygments", "prompt_toolkit",  # the commands' own
    "h2", "hpack",  # with the first connection that speaks it
    "genai_prices", "redis", "diskcache", "jsonschema_rs", "websockets", "cryptography", "keyring", "opentelemetry",
}  # fmt: skip
MOST = 450
"""Modules of others, the standard library's with them; a new library is seen here before it is felt."""


def loaded(code: str) -> set[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_a_daemon_that_serves_has_loaded_only_what_every_call_needs() -> None:
    modules = loaded("import libria.serve, libria.engine, libria.rpc.server")
    assert not {name for name in modules if name.partition(".")[0] in LATER}
    others = {name for name in modules if not name.startswith("libria")}
    assert len(others) <= MOST, len(others)


def test_http_2_is_found_when_it_is_wanted() -> None:
    modules = loaded("import libria_providers.http\nfrom httpcore._async.http2 import AsyncHTTP2Connection")
    assert "h2.connection" in modules
