"""Contract tests replay what providers really sent. Without the recordings they are skipped, or fail
with LIBRIA_TEST_REQUIRE=all."""

import sys
from collections import defaultdict
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


_passed: dict[tuple[str, str], int] = defaultdict(int)
_all: dict[tuple[str, str], int] = defaultdict(int)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # a wrapper's type is pytest's own
    report = yield
    if call.when == "call" and isinstance(item, pytest.Function):
        params = item.callspec.params if hasattr(item, "callspec") else {}
        recording = next((value for value in params.values() if isinstance(value, Recording)), None)
        if recording is not None:
            place = (recording.provider, recording.category)
            _all[place] += 1
            _passed[place] += report.passed
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _all:
        return
    terminalreporter.section("recordings: passes of provider × category")
    for provider in sorted({provider for provider, _ in _all}):
        cells = [
            f"{category} {_passed[provider, category]}/{_all[provider, category]}"
            for known, category in sorted(_all)
            if known == provider
        ]
        terminalreporter.write_line(f"{provider}: {', '.join(cells)}")
    terminalreporter.write_line(f"all: {sum(_passed.values())}/{sum(_all.values())}")
    for exception, files in wire_exceptions.used.items():
        files_of = f"{len(files)} recordings, {min(files)}" + (" and others" if len(files) > 1 else "")
        terminalreporter.write_line(f"exception, {exception.field}: {exception.reason} ({files_of})")
