"""The README's ways to install, each as it is written there, in an editor that knows nothing of the plugin."""

import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from e2e_home import Home, provider_env
from nvim_kit import PLUGIN, Nvim, Provider

README = (PLUGIN / "README.md").read_text()
_numbers = count()
ASKED = "require('libria.client').under_way() == 0 and require('libria.events').last ~= nil"


def snippet(heading: str) -> str:
    """The code behind the bold words."""
    found = re.search(rf"\*\*{re.escape(heading)}\*\*.*?```\w*\n(.*?)```", README, re.S)
    assert found, f"the README says nothing of {heading}"
    return found[1]


@pytest.fixture
def place(home: Home) -> Path:
    place = home.path / f"user-{next(_numbers)}"
    place.mkdir()
    return place


@pytest.fixture
def environment(home: Home, provider: Provider, place: Path) -> dict[str, str]:
    """A user's, with a home of its own and no configuration."""
    env = home.env({**provider_env(provider.sim), "TERM": "xterm-256color", "HOME": str(place)})
    return {**env, "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"}


@pytest.fixture
def repository(tmp_path: Path, environment: dict[str, str]) -> Path:
    """As a clone has it: the plugin in its folder, something else beside."""
    shutil.copytree(PLUGIN, tmp_path / "libria" / "editors" / "nvim")
    (tmp_path / "libria" / "README.md").write_text("# Libria\n")
    who = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run(["git", *who, *command], cwd=tmp_path / "libria", env=environment, check=True, timeout=30)
    return tmp_path / "libria"


def asks(nvim: Nvim) -> None:
    while not nvim.lua("return vim.v.vim_did_enter == 1 and vim.fn.exists(':Libria') == 2"):
        pass  # a wait within the editor would be one within its start
    nvim.input(":Libria models openai/fast:30<CR>:Libria ask Why?<CR>")
    nvim.until(ASKED, "an answer")
    assert "Why we share" in nvim.buffer()


@pytest.mark.since("0.12")
def test_vim_pack(nvim_binary: str, environment: dict[str, str], place: Path, repository: Path) -> None:
    """The first start asks whether to fetch it, as `vim.pack` does of all plugins."""
    code = snippet("vim.pack").replace('"…"', f'"file://{repository}"')
    config = place / ".config" / "nvim"
    config.mkdir(parents=True)
    (config / "init.lua").write_text(code)
    fetched = Nvim(nvim_binary, environment, place, ["-n", "--cmd", "lua vim.fn.confirm = function() return 1 end"])
    try:
        asks(fetched)
    finally:
        fetched.close()
    again = Nvim(nvim_binary, environment, place, ["-n"])
    try:
        asks(again)
    finally:
        again.close()


@pytest.mark.each
def test_by_copying(nvim_binary: str, environment: dict[str, str], place: Path, repository: Path) -> None:
    subprocess.run(["sh", "-ec", snippet("By copying")], cwd=repository, env=environment, check=True, timeout=30)
    nvim = Nvim(nvim_binary, environment, place, ["-n"])
    try:
        asks(nvim)
        nvim.command("helptags ALL")
        nvim.command("help libria-ghost")
        assert "*libria-ghost*" in nvim.buffer()
    finally:
        nvim.close()


@pytest.mark.each
def test_by_hand(nvim_binary: str, environment: dict[str, str], place: Path, repository: Path) -> None:
    config = place / ".config" / "nvim"
    config.mkdir(parents=True)
    (config / "init.lua").write_text(snippet("By hand").replace("/path/to/libria", str(repository)))
    nvim = Nvim(nvim_binary, environment, place, ["-n"])
    try:
        asks(nvim)
    finally:
        nvim.close()
