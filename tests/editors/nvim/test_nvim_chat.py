"""`require("libria").chat` in a real Neovim: deltas, the end, cancel, the daemon's death, company."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_home import Home, provider_env
from nvim_kit import Nvim, Provider

SCRIPT = Path(__file__).parents[3] / "editors" / "scripts" / "stream.py"
CHAT = """
_G.heard = { text = "", resets = 0, done = 0, states = {} }
_G.handle = require("libria").chat({
  model = ..., prompt = "Why?",
  on_delta = function(text) heard.text = heard.text .. text; heard.deltas = (heard.deltas or 0) + 1 end,
  on_reset = function() heard.resets = heard.resets + 1; heard.text = "" end,
  on_status = function(status) table.insert(heard.states, status.state) end,
  on_done = function(err, result) heard.done = heard.done + 1; heard.err = err; heard.result = result end,
})
"""


def kill(home: Home) -> None:
    for pid in home.processes("serve"):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.each
def test_the_deltas_are_the_answer(nvim: Nvim) -> None:
    nvim.lua(CHAT, "openai/fast:30")
    nvim.until("heard.done > 0")
    heard = nvim.lua("return heard")
    assert heard["result"]["content"] == heard["text"]
    assert heard["deltas"] > 1
    assert heard["done"] == 1


@pytest.mark.each
def test_after_a_reset_they_are_the_answer_of_the_next(nvim: Nvim) -> None:
    nvim.lua(CHAT, "breaking-story")
    nvim.until("heard.done > 0")
    heard = nvim.lua("return heard")
    assert heard["result"]["content"] == heard["text"]
    assert heard["resets"] == 1


def test_a_failure_is_a_sentence(nvim: Nvim) -> None:
    nvim.lua(CHAT, "openai/status:401")
    nvim.until("heard.done > 0")
    assert nvim.lua("return heard.err.code") == -32803
    assert nvim.lua("return heard.err.data.kind") == "credentialRejected"


@pytest.mark.each
def test_a_cancel_reaches_the_provider(nvim: Nvim, provider: Provider) -> None:
    nvim.lua(CHAT, "openai/story+rate:50")
    nvim.until('heard.text ~= ""')
    assert nvim.lua("return handle.cancel()") is True
    nvim.until("heard.done > 0")
    assert nvim.lua("return heard.err.code") == -32800
    assert nvim.lua("return handle.cancel()") is False
    nvim.until("require('libria.client').under_way() == 0")
    provider.saw_hang_up()


@pytest.mark.each
def test_a_cancel_before_the_client_is_ready(nvim: Nvim) -> None:
    nvim.lua(f"{CHAT} handle.cancel()", "openai/story")
    nvim.until("heard.done > 0")
    nvim.lua(CHAT, "openai/fast:3")
    nvim.until("heard.done > 0")
    assert nvim.lua("return heard.err") is None


@pytest.mark.each
def test_the_daemon_is_killed_in_the_middle(nvim: Nvim, home: Home) -> None:
    nvim.lua(CHAT, "openai/story+rate:200")
    nvim.until('heard.text ~= ""')
    kill(home)
    nvim.until("heard.done > 0")
    heard = nvim.lua("return heard")
    assert heard["result"]["content"] == heard["text"]
    assert heard["resets"] == 1
    assert heard["done"] == 1


@pytest.mark.each
def test_the_forwarder_is_killed_and_the_next_question_starts_it_again(
    open_nvim: Callable[..., Nvim], home: Home
) -> None:
    nvim = open_nvim(columns=250)  # Neovim's own message about it is long, and waits for Enter on a narrow screen
    nvim.lua(CHAT, "openai/story+rate:50")
    nvim.until('heard.text ~= ""')
    for pid in home.processes("stdio"):
        os.kill(pid, signal.SIGKILL)
    nvim.until("heard.done > 0")
    assert "ended" in nvim.lua("return heard.err.message")
    nvim.lua(CHAT, "openai/fast:3")
    nvim.until("heard.done > 0")
    assert nvim.lua("return heard.err") is None


def test_two_neovims_and_a_script_share_one_daemon(
    open_nvim: Callable[..., Nvim], home: Home, provider: Provider
) -> None:
    one, other = open_nvim(), open_nvim()
    for nvim in (one, other):
        nvim.lua(CHAT, "openai/story+rate:200")
    env = home.env(provider_env(provider.sim))
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    run = [*home.python(), str(SCRIPT), "openai/fast:20", "Why?"]
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=30, check=True)
    for nvim in (one, other):
        nvim.until("heard.done > 0")
        assert nvim.lua("return heard.result.content == heard.text")
    assert done.stdout.strip()
    assert len(home.processes("serve")) == 1
    clients = json.loads(home.run("status", "--json").stdout)["clients"]
    assert len([client for client in clients if "Neovim" in client["name"]]) == 2


def test_neovim_ends_in_the_middle(nvim: Nvim, provider: Provider) -> None:
    nvim.lua(CHAT, "openai/story+rate:50")
    nvim.until('heard.text ~= ""')
    nvim.close()
    provider.saw_hang_up()
