"""What a user sees of the calls: status line, events, progress, health, help."""

import shutil
import subprocess
from pathlib import Path

import pytest
from nvim_kit import PLUGIN, Nvim

LINE = "require('libria.status').line()"
CHAT = "_G.handle = require('libria').chat({ model = ..., prompt = 'Why?' })"
CACHED = """
require("libria").chat({
  model = ..., prompt = "Why?", params = { cache = { mode = "use" } },
  on_done = function() _G.asked = (asked or 0) + 1 end,
})
"""
AT_REST = "require('libria.client').under_way() == 0 and require('libria.events').last ~= nil"


def test_the_status_line(nvim: Nvim) -> None:
    nvim.lua("vim.o.laststatus, vim.o.statusline = 2, [[%f %{%v:lua.require'libria.status'.line()%}]]")
    assert nvim.lua(f"return {LINE}") == ""
    nvim.lua(CHAT, "openai/story+rate:40+first:50")
    nvim.until_screen("openai/story+rate:40+first:50 ")
    nvim.until_screen("tok/s")
    nvim.lua("handle.cancel()")
    nvim.until(AT_REST)
    nvim.until_screen("[No Name] openai/story+rate:40+first:50\n")


QUEUE = """
_G.others = {}
for number = 1, 2 do -- one has the only place there is, one is the next
  others[number] = require("libria.client").request("libria/chat", {
    model = "openai/gpt-5-nano", messages = { { role = "user", content = "Other " .. number } },
  }, function() end, function() end)
end
"""


@pytest.mark.each
def test_the_status_line_says_place_cache_and_spend(nvim: Nvim) -> None:
    """As the daemon has it, which lets one call of this model in at a time."""
    nvim.lua("vim.o.laststatus, vim.o.statusline = 2, [[%{%v:lua.require'libria.status'.line()%}]]")
    nvim.lua(QUEUE)
    nvim.until("require('libria.client').get().initialized")
    nvim.lua(CHAT, "openai/gpt-5-nano")
    nvim.until_screen("openai/gpt-5-nano queued 2")
    nvim.lua("others[1].cancel() others[2].cancel() handle.cancel()")
    nvim.until(AT_REST)
    for times in (1, 2):
        nvim.lua(CACHED, "openai/gpt-5-mini")
        nvim.until(f"{AT_REST} and asked == {times}")
    nvim.until_screen("openai/gpt-5-mini cached")
    nvim.until_screen("openai/gpt-5-mini cached <$0.01 today")


def test_the_status_line_shows_the_newest_call_that_streams(nvim: Nvim) -> None:
    nvim.lua("""
      _G.calls = {}
      for number, model in ipairs({ "old", "new", "queued" }) do
        calls[number] = require("libria.events").begin(model)
      end
      calls[3].value({ kind = "status", state = "queued", position = 4 })
    """)

    def shows(text: str) -> None:
        nvim.until(f"vim.startswith({LINE}, '{text}')")

    shows("queued queued 4 +2")
    nvim.lua("calls[1].value({ kind = 'delta', text = 'x' })")
    shows("old streaming +2")
    nvim.lua("calls[2].value({ kind = 'reasoning', text = 'x' })")
    shows("new thinking +2")
    nvim.lua("calls[1].value({ kind = 'delta', text = 'x' })")
    shows("new thinking +2")
    nvim.lua("calls[2].done(nil, { model = 'new' })")
    shows("old streaming +1")


def test_events_tell_what_a_call_does(nvim: Nvim) -> None:
    nvim.lua("""_G.seen = {}
      vim.api.nvim_create_autocmd("User", { pattern = "LibriaRequest*", callback = function(event)
        table.insert(seen, { event.match, event.data.state, event.data.model })
      end })""")
    nvim.lua(CHAT, "openai/fast:3")
    nvim.until(AT_REST)
    seen = nvim.lua("return seen")
    assert seen[0] == ["LibriaRequestStarted", "asked", "openai/fast:3"]
    assert ["LibriaRequestStatus", "streaming", "openai/fast:3"] in seen
    assert seen[-1] == ["LibriaRequestFinished", "done", "openai/fast:3"]


def test_waiting_is_said_where_the_answer_will_be(nvim: Nvim) -> None:
    nvim.lua("require('libria').setup({ model = 'openai/story+first:400+rate:40' })")
    nvim.input(":Libria ask Why?<CR>")
    nvim.until_screen("⋯ ")
    nvim.until("#vim.fn.getline(3) > 10")
    assert "⋯" not in nvim.screen()
    nvim.input("<C-c>")


@pytest.mark.since("0.12")
def test_progress_is_native(nvim: Nvim) -> None:
    nvim.lua("""_G.shown = {}
      vim.api.nvim_create_autocmd("Progress", { callback = function(event)
        table.insert(shown, { event.data.status, event.data.title })
      end })""")
    nvim.lua(CHAT, "openai/fast:3")
    nvim.until(AT_REST)
    shown = nvim.lua("return shown")
    assert shown[0] == ["running", "Libria"]
    assert shown[-1] == ["success", "Libria"]


@pytest.mark.each
def test_the_health_check(nvim: Nvim) -> None:
    nvim.lua(CHAT, "openai/fast:3")
    nvim.until(AT_REST)
    nvim.command("checkhealth libria")
    report = nvim.buffer()
    assert "OK libria 0." in report
    assert "OK The daemon runs (process " in report
    assert "This Neovim is connected." in report
    assert "OK OpenAI: key from OPENAI_API_KEY" in report
    assert "ERROR" not in report
    assert "fake-" not in report  # no key


def test_the_health_check_without_the_command(nvim: Nvim) -> None:
    nvim.lua("require('libria').setup({ cmd = { '/nowhere/libria', 'stdio' } })")
    nvim.command("checkhealth libria")
    assert "ERROR `/nowhere/libria --version` failed" in nvim.buffer()


@pytest.mark.each
def test_the_help_is_what_the_plugin_has(nvim_binary: str) -> None:
    run = [nvim_binary, "-l", str(PLUGIN / "scripts" / "help.lua"), "--check"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_help_is_found(nvim: Nvim, tmp_path: Path) -> None:
    shutil.copytree(PLUGIN / "doc", tmp_path / "doc")
    nvim.command(f"set rtp^={tmp_path} | helptags {tmp_path / 'doc'}")
    nvim.command("help libria-ghost")
    assert "*libria-ghost*" in nvim.buffer()
