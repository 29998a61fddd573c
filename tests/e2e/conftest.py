"""The same test body in three modes: isolated stdio, shared stdio, socket."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file

from e2e_client import Client  # found through the line above
from e2e_home import Home, OpenClient, provider_env

from libria_providers.simulator import Simulator

MODES = ("isolated", "shared", "socket")


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One daemon for the tests of a file, which use different simulators and clients."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_config("[retry]\nbase_delay = 0.01\n")
    yield home
    home.end()


@pytest.fixture
def home(module_home: Home) -> Home:
    module_home.log_mark = module_home.log.stat().st_size if module_home.log.exists() else 0
    return module_home


@pytest.fixture
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A daemon of this test's own, for what changes or ends it."""
    home = Home(tmp_path_factory.mktemp("own"))
    yield home
    home.end()


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    """The providers' side, in the test's own loop: as fast as it goes unless a model says its rate."""
    async with Simulator(pace=0) as simulator:
        yield simulator


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_client(mode: str, home: Home, sim: Simulator) -> AsyncIterator[OpenClient]:
    """Opens initialized clients in this mode, and ends them after the test. `env` adds to the
    environment of the tool (None for a variable takes it away)."""
    clients: list[Client] = []

    async def open(env: Mapping[str, str | None] | None = None, *, initialize: bool = True) -> Client:
        given = {k: v for k, v in {**provider_env(sim), **(env or {})}.items() if v is not None}
        if mode == "socket":
            client = await home.join()
            options = {"libria": {"env": given}}
        else:
            client = await home.stdio(*(["--isolated"] if mode == "isolated" else []), env=given)
            options = None
        clients.append(client)
        if initialize:
            await client.initialize(initializationOptions=options)
        return client

    yield open
    await asyncio.gather(*(client.close() for client in clients))
    assert not [client.fault for client in clients if client.fault]


@pytest.fixture
async def client(open_client: OpenClient) -> Client:
    return await open_client()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens, and nobody will: it is bound."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """The port of a listener that takes no more connections: whoever comes now waits."""
    if sys.platform != "linux":
        pytest.skip("a full backlog makes others wait on Linux; elsewhere it may refuse them")
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # a wrapper's type is pytest's own
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        homes = {id(value): value for value in item.funcargs.values() if isinstance(value, Home)}
        report.sections += [("the daemon's log", home.report()) for home in homes.values()]
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each body runs in each mode; the further rows of its table on the socket alone, where a row
    costs no process of its own: the code that it meets is the same in all three."""
    seen: set[tuple[tuple[str, str], str]] = set()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        body = (str(item.path), getattr(item, "originalname", item.name))
        mode = callspec.params.get("mode", "socket") if callspec is not None else "socket"
        (dropped if mode != "socket" and (body, mode) in seen else kept).append(item)
        seen.add((body, mode))
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
