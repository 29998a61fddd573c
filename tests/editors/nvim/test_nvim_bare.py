"""A Neovim without the plugin, as any editor is that speaks LSP: `vim.lsp.start` and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_home import Home
from nvim_kit import Nvim, Provider

START = """
vim.cmd.edit(...)
vim.bo.filetype = "python"
vim.api.nvim_buf_set_lines(0, 0, -1, true, { "import os", "old = 1", "last = 2" })
_G.progress = {}
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event) table.insert(progress, event.data.params.value.kind) end,
})
_G.client = vim.lsp.start({ name = "bare", cmd = { "libria", "stdio" }, root_dir = vim.fn.getcwd() })
"""
ACT = """
local wanted, message = ...
local place = { start = { line = 1, character = 0 }, ["end"] = { line = 1, character = 3 } }
vim.api.nvim_win_set_cursor(0, { 2, 0 })
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return action.title:find(wanted, 1, true) ~= nil end,
  context = { diagnostics = message and { { range = place, message = message, severity = 1 } } or {} },
})
"""
FIRST = '"""Count the words of a text, the most frequent first."""'  # how the simulator's program begins


@pytest.fixture
def bare(home: Home, open_nvim: Callable[..., Nvim]) -> Nvim:
    home.write_config('[editor]\nedit_model = "openai/code"\ncompletion_model = "openai/code"\n')
    nvim = open_nvim(columns=400)  # a message that is longer waits for a key
    nvim.lua(START, str(Path(home.path, "a.py")))
    nvim.until("vim.lsp.get_client_by_id(client) ~= nil and vim.lsp.get_client_by_id(client).initialized")
    return nvim


@pytest.mark.each
def test_a_fix_is_applied_and_undone_at_once(bare: Nvim, provider: Provider) -> None:
    bare.lua(ACT, "Fix", "old is old")
    bare.until(f"vim.api.nvim_buf_get_lines(0, 1, 2, true)[1] == [==[{FIRST}]==]", "the fix")
    lines = bare.buffer().split("\n")
    assert lines[0] == "import os"
    assert lines[-2:] == ["    raise SystemExit(main())", "last = 2"]
    bare.until('progress[#progress] == "end"')
    assert bare.lua("return progress[1]") == "begin"
    question = provider.look(lambda sim: sim.calls[0].body["messages"][-1]["content"])
    assert "line 1 of the selection: old is old" in question
    bare.command("undo")
    assert bare.buffer() == "import os\nold = 1\nlast = 2"


def test_an_explanation_is_a_message(bare: Nvim, provider: Provider) -> None:
    """Neovim's own way to show one waits for a key."""
    bare.lua("vim.lsp.handlers['window/showMessage'] = function(_, result) _G.shown = result.message end")
    provider.look(lambda sim: sim.script(["fast:4"]))
    bare.lua(ACT, "Explain")
    bare.until("_G.shown ~= nil")
    assert bare.lua("return shown").startswith("Why we share")
    assert bare.buffer() == "import os\nold = 1\nlast = 2"


@pytest.mark.since("0.12")
def test_a_suggestion_is_accepted(bare: Nvim) -> None:
    """Neovim shows what a server suggests by itself."""
    bare.lua("vim.lsp.inline_completion.enable(true)")
    bare.input("Go")
    bare.until_screen("Count the words")
    assert bare.lua("return vim.lsp.inline_completion.get()") is True
    bare.until(f"vim.api.nvim_buf_get_lines(0, 3, 4, true)[1] == [==[{FIRST}]==]", "the suggestion")


def test_the_editor_is_told_where_nothing_can_be_done(bare: Nvim, provider: Provider) -> None:
    provider.look(lambda sim: sim.script(["status:401"]))
    bare.lua(ACT, "Improve")
    bare.until('vim.fn.execute("messages"):find("rejected the API key", 1, true) ~= nil', "what is wrong")
    assert bare.buffer() == "import os\nold = 1\nlast = 2"
