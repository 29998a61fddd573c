"""The table at the end of a run: which recordings passed, by provider and category; a plugin of pytest.

It is made of the tests' reports, so that it is whole also where several processes share the tests."""

from collections import defaultdict

import pytest

_passed: dict[tuple[str, str], int] = defaultdict(int)
_all: dict[tuple[str, str], int] = defaultdict(int)
_exceptions: dict[tuple[str, str], set[str]] = defaultdict(set)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties if report.when == "call" else ():
        match name, value:
            case "recording", [str(provider), str(category)]:
                _all[provider, category] += 1
                _passed[provider, category] += report.passed
            case "exception", [str(field), str(reason), str(file)]:
                _exceptions[field, reason].add(file)
            case _:
                pass  # another plugin's


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
    for (field, reason), files in sorted(_exceptions.items()):
        files_of = f"{len(files)} recordings, {min(files)}" + (" and others" if len(files) > 1 else "")
        terminalreporter.write_line(f"exception, {field}: {reason} ({files_of})")
