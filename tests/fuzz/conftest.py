"""Fuzzing: always the same cases, and more of them with LIBRIA_TEST_FUZZ=ROUNDS.

What mutates recordings needs them, as the contract tests do."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "contract")]

import fuzz_body  # noqa: E402  # found through the line above, as are the next
from wire_exchanges import answerer  # noqa: E402
from wire_recordings import Recording, missing, recordings  # noqa: E402


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`recording` is each that somebody reads, `stream` those that are streams, `events` those of
    server-sent events, `whole_body` the answers that are one JSON body, `listed` the lists of models."""
    which: dict[str, Callable[[Recording], bool]] = {
        "recording": lambda _one: True,
        "stream": lambda one: one.streamed,
        "events": lambda one: one.streamed and b"data:" in one.body[:2000],
        "whole_body": lambda one: not one.streamed and not one.is_error and one.endpoint != "models",
        "listed": lambda one: one.endpoint == "models",
    }
    for name, wanted in which.items():
        if name in metafunc.fixturenames:
            found = [one for one in recordings() if wanted(one) and _read(one)]
            ids = [one.file.removesuffix(".json") for one in found]
            metafunc.parametrize(name, found or [None], ids=ids or ["missing"])


@pytest.fixture(autouse=True)
def _need_recordings(request: pytest.FixtureRequest) -> None:
    """Where a test wants one and there is none."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if None in params.values():
        missing()


@pytest.fixture(scope="session", autouse=True)
def _loop() -> Iterator[None]:
    yield
    fuzz_body.close()


def _read(recording: Recording) -> bool:
    try:
        answerer(recording)
    except AssertionError:
        return False  # tests/contract fails for it
    return True
