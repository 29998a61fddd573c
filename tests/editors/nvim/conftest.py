"""A Neovim with the plugin for each test; those of a file share a home, its daemon and the provider."""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

from e2e_home import Home, provider_env  # found through the lines above
from nvim_kit import HOW_TO_GET, NEWEST, PINNED, Nvim, Provider, here, version

_numbers = count()

PRICED = {"gpt-5-mini": "story+rate:400", "gpt-5-nano": "story+rate:60"}
"""Names that have a price, and what answers to them."""

CONFIG = """
[daemon]
idle_exit = 30
[aliases]  # the first breaks in the middle: what it said is void
breaking-echo = ["openai/echo+rate:100+cut:0.5", "openai/echo"]
breaking-story = ["openai/story+rate:400+cut:0.5", "openai/story+rate:400"]
[editor]
completion_model = "openai/code"
completion_debounce = 0
[limits."openai/gpt-5-nano"]
concurrency = 1
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All on the newest that is here; what is marked `each` on every one; `since` on those that can do it."""
    if "nvim_binary" not in metafunc.fixturenames:
        return
    wanted = [NEWEST] if here(NEWEST) else [PINNED]
    if metafunc.definition.get_closest_marker("each"):
        wanted = [PINNED, NEWEST]
    if metafunc.definition.get_closest_marker("since"):
        wanted = [NEWEST]
    if os.environ.get("LIBRIA_TEST_NVIM"):
        wanted = [PINNED]
    metafunc.parametrize("nvim_binary", wanted, indirect=True)


@pytest.fixture
def nvim_binary(request: pytest.FixtureRequest) -> str:
    """Skips where it is not here; LIBRIA_TEST_REQUIRE=all fails then."""
    kind: str = request.param
    binary = here(kind)
    since = request.node.get_closest_marker("since")
    if binary is None:
        absent(f"no Neovim {kind}: {HOW_TO_GET[kind]}")
    elif since and version(binary) < tuple(map(int, since.args[0].split("."))):
        absent(f"of Neovim {since.args[0]}")
    return binary


def absent(reason: str) -> NoReturn:
    if os.environ.get("LIBRIA_TEST_REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("h"))
    home.write_config(CONFIG)
    yield home
    home.end()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider(pace=0, aliases=PRICED)
    yield provider
    provider.close()


@pytest.fixture
def open_nvim(home: Home, provider: Provider, nvim_binary: str) -> Iterator[Callable[..., Nvim]]:
    opened: list[Nvim] = []
    provider.look(lambda sim: sim.calls.clear())

    def open(**options: int) -> Nvim:
        env = home.env({**provider_env(provider.sim), "TERM": "xterm-256color", "XDG_STATE_HOME": str(home.path)})
        env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
        place = home.path / f"nvim-{next(_numbers)}"
        place.mkdir()
        nvim = Nvim(nvim_binary, env, place, **options)
        opened.append(nvim)
        return nvim

    yield open
    for nvim in opened:
        nvim.close()


@pytest.fixture
def nvim(open_nvim: Callable[..., Nvim]) -> Nvim:
    return open_nvim()
