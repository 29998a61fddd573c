"""Contract tests replay what providers really sent. Without the recordings they are skipped, or fail
with LIBRIA_TEST_REQUIRE=all."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file

import wire_exceptions  # found through the line above, as is the next
from wire_recordings import Recording, missing, recordings, shared


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`recording` is each of them, `stream` those that are streams, `chunked` those whose network
    chunks were recorded, `answered` Anthropic's that are no errors."""
    which: dict[str, Callable[[Recording], bool]] = {
        "recording": lambda _one: True,
        "stream": lambda one: one.streamed,
        "answered": lambda one: one.endpoint == "anthropic.messages" and not one.is_error,
        "chunked": lambda one: one.streamed and bool(one.chunk_sizes),
    }
    for name, wanted in which.items():
        if name in metafunc.fixturenames:
            found = [one for one in recordings() if wanted(one)]
            ids = [one.file.removesuffix(".json") for one in found]
            metafunc.parametrize(name, found or [None], ids=ids or ["missing"])


@pytest.fixture(autouse=True)
def _need_recordings() -> None:
    if shared() is None:
        missing()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # a wrapper's type is pytest's own
    """Says with the report what the table at the end is made of; that is put together where all reports come in."""
    report = yield
    if call.when == "call" and isinstance(item, pytest.Function):
        params = item.callspec.params if hasattr(item, "callspec") else {}
        recording = next((value for value in params.values() if isinstance(value, Recording)), None)
        if recording is not None:
            report.user_properties.append(("recording", [recording.provider, recording.category]))
        for exception, files in wire_exceptions.used.items():
            report.user_properties += [("exception", [exception.field, exception.reason, file]) for file in files]
        wire_exceptions.used.clear()
    return report
