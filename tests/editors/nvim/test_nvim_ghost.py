"""Ghost text: off by default, shown while one types, accepted whole or in part."""

import pytest
from nvim_kit import Nvim, Provider

START = """
require("libria").setup({ ghost = { filetypes = { "python" }, debounce_ms = 30 } })
vim.keymap.set("i", "<Tab>", function()
  return require("libria.ghost").accept() and "" or "<Tab>"
end, { expr = true })
vim.keymap.set("i", "<C-b>", "<Plug>(libria-ghost-word)")
vim.keymap.set("i", "<C-l>", "<Plug>(libria-ghost-line)")
vim.cmd.edit("a.py")
vim.bo.filetype = "python"
vim.bo.expandtab, vim.bo.shiftwidth = true, 4
"""
pytestmark = pytest.mark.each

READY = "(require('libria.client').get() or {}).initialized"
LINE = '"""Count the words of a text, the most frequent first."""'  # how the simulator's program begins


@pytest.fixture
def ghost(nvim: Nvim) -> Nvim:
    nvim.lua(START)
    nvim.until(READY)
    nvim.input("ix = 1<CR>")
    nvim.until_screen(LINE)
    return nvim


def test_it_is_off_by_default(nvim: Nvim) -> None:
    nvim.command("edit a.py | set filetype=python")
    nvim.input("ix = 1<CR>")
    assert nvim.lua("return require('libria.client').get()") is None
    assert nvim.lua("return require('libria.ghost').is_on()") is False


def test_it_is_shown_and_not_in_the_buffer(ghost: Nvim, provider: Provider) -> None:
    assert ghost.buffer() == "x = 1\n"
    ghost.input("<Esc>")
    ghost.until("vim.api.nvim_get_mode().mode == 'n'")
    assert LINE not in ghost.screen()
    assert provider.look(lambda sim: len(sim.calls)) >= 1


def test_all_of_it_is_accepted(ghost: Nvim) -> None:
    ghost.input("<Tab>")
    ghost.until("vim.fn.getline(2) ~= ''")
    assert ghost.buffer().startswith(f"x = 1\n{LINE}")
    before = ghost.buffer()
    ghost.input("<Esc>u")
    assert ghost.buffer() != before


def test_a_word_then_the_line(ghost: Nvim) -> None:
    ghost.input("<C-b>")
    ghost.until("vim.fn.getline(2) ~= ''")
    assert ghost.buffer() == 'x = 1\n"""'
    ghost.until_screen(LINE)
    ghost.input("<C-b>")
    ghost.until('vim.fn.getline(2) ~= [["""]]')
    assert ghost.buffer() == 'x = 1\n"""Count'
    ghost.until_screen(LINE)
    ghost.input("<C-l>")
    ghost.until("#vim.fn.getline(2) > 12")
    assert ghost.buffer() == f"x = 1\n{LINE}"


def test_typing_along_keeps_it(ghost: Nvim) -> None:
    ghost.input('"""Cou')
    ghost.until_screen(LINE)
    assert ghost.buffer() == 'x = 1\n"""Cou'
    ghost.until_screen(LINE)
    ghost.input("<Tab>")
    ghost.until("#vim.fn.getline(2) > 12")
    assert ghost.buffer().startswith(f"x = 1\n{LINE}")


def test_the_key_does_what_it_did_where_nothing_is_shown(nvim: Nvim) -> None:
    nvim.lua(START)
    nvim.input(":Libria ghost<CR>")
    nvim.until("not require('libria.ghost').is_on()")
    nvim.input("i<Tab>x")
    nvim.until("vim.fn.getline(1) ~= ''")
    assert nvim.buffer() == "    x"
    nvim.input("<Esc>:Libria ghost<CR>")
    nvim.until_screen("completion while typing is on here.")


def test_it_comes_back_after_the_forwarder_is_gone(ghost: Nvim) -> None:
    ghost.input("<Esc>")
    ghost.lua("require('libria.client').get():stop(true)")
    ghost.until("require('libria.client').get() == nil")
    ghost.lua("require('libria').chat({ model = 'openai/fast:1', prompt = 'x' })")
    ghost.until(READY)
    ghost.input("oy = 2<CR>")
    ghost.until_screen(LINE)
