"""What a script pays for `libria.client`: the standard library, and only what it uses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import libria

TELL = "; import json, sys; print(json.dumps(sorted(sys.modules)))"
ALL = "from libria.client import *"
HEAVY = {"asyncio", "ssl", "inspect", "dataclasses", "threading", "subprocess", "platformdirs", "http", "urllib"}


def loaded(code: str) -> set[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code + TELL], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


def test_the_name_alone_costs_nothing() -> None:
    assert {name for name in loaded("import libria.client") if name.startswith("libria")} == {"libria", "libria.client"}


def test_the_blocking_client_knows_no_loop() -> None:
    found = loaded("from libria.client import Client, Delta, LibriaError")
    assert not found & (HEAVY - {"dataclasses", "inspect", "threading"})


def test_what_a_first_token_waits_for_is_little() -> None:
    assert not loaded("from libria.client import Client, LibriaError; Client()") & (HEAVY - {"threading"})


def test_it_is_all_of_the_standard_library() -> None:
    roots = {name.partition(".")[0] for name in loaded(ALL)}
    assert roots - sys.stdlib_module_names - {"__main__", "libria"} <= {"sitecustomize", "usercustomize"}


def test_it_is_typed() -> None:
    assert (Path(libria.__file__).parent / "py.typed").exists()
