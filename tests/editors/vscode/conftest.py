"""VS Code with the extension for each kind of suite; where its pieces cannot be had, the tests say so."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).parents[1] / "nvim"))
sys.path.insert(0, str(Path(__file__).parent))

import vscode_pieces as pieces  # found through the lines above
from e2e_home import Home, provider_env
from nvim_kit import Provider
from vscode_control import Control
from vscode_kit import Host, Ran

CONFIG = """
[daemon]
idle_exit = 30
[defaults]
model = "openai/story"
[aliases]  # the first breaks in the middle: what it said is void
fast = ["openai/fast:50"]
breaking = ["openai/echo+rate:20+cut:0.5", "openai/echo"]
quick = ["openai/story+rate:0"]
endless = ["openai/story+count:4000+rate:40"]
steady = ["openai/story+rate:100"]
thinking = ["openai/story+think+count:40+rate:50"]
thinking-openai = ["openai/tools+think"]
thinking-anthropic = ["anthropic/tools+think"]
refused = ["openai/status:401"]
too-long = ["openai/context-length"]
[editor]
completion_model = "openai/code"
completion_debounce = 0
[budgets.everything]
usd = 100
"""
KEYLESS = '[daemon]\nidle_exit = 30\n[defaults]\nmodel = "openai/story"\n'

SHOTS = pytest.StashKey[Path]()


@pytest.fixture(scope="session")
def shots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: LIBRIA_TEST_SHOTS, else a folder of this run."""
    named = os.environ.get("LIBRIA_TEST_SHOTS")
    place = Path(named) if named else tmp_path_factory.mktemp("vscode-shots")
    request.config.stash[SHOTS] = place
    return place


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if SHOTS in config.stash:
        terminalreporter.write_line(f"VS Code's screenshots: {config.stash[SHOTS]}")


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension and its suites, bundled."""
    try:
        pieces.vscode()
        pieces.chromium()
        return pieces.build(tmp_path_factory.mktemp("x") / "extension", "--tests")
    except pieces.Missing as missing:
        if os.environ.get("LIBRIA_TEST_REQUIRE") == "all":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def run_of(extension: Path, shots: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, list[str]], Ran]:
    """Runs suites in a host of their kind."""
    return lambda kind, suites: _run(kind, suites, extension, shots, tmp_path_factory.mktemp("h"))


def _run(kind: str, suites: list[str], extension: Path, shots: Path, place: Path) -> Ran:
    home = Home(place)
    provider = Provider()
    control = Control(home, provider)
    env = provider_env(provider.sim)
    if kind == "keyless":
        env = {name: value for name, value in env.items() if not name.endswith("_API_KEY")}
    home.write_config(KEYLESS if kind == "keyless" else CONFIG)
    vsix = None
    if kind == "installed":
        vsix = place / "libria.vsix"
        pieces.package(pieces.build(place / "release"), vsix)
        assert vsix.stat().st_size < 1_000_000
    try:
        host = Host(kind, home, control, extension, shots, env, trust=kind == "untrusted", vsix=vsix)
        return host.run(suites)
    finally:
        control.close()
        home.end()
        provider.close()
