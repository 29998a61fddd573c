"""An answer that streams into a buffer in which the user works on."""

import pytest
from nvim_kit import Nvim, Provider

START = """
require("libria").setup({ model = ..., batch_ms = 30 })
vim.api.nvim_buf_set_lines(0, 0, -1, true, { "one", "two", "three" })
"""
BEGUN = "#table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)) > 60"
AT_REST = "require('libria.client').under_way() == 0 and require('libria.events').last ~= nil"
SLOW = "openai/story+rate:100"


def insert(nvim: Nvim, model: str, keys: str = "gg$") -> None:
    nvim.lua(START, model)
    nvim.input(f"{keys}:Libria insert a story<CR>")


@pytest.mark.each
def test_one_step_of_undo(nvim: Nvim) -> None:
    insert(nvim, "openai/story+rate:400")
    nvim.until(AT_REST)
    assert len(nvim.buffer()) > 300
    nvim.input("u")
    assert nvim.buffer() == "one\ntwo\nthree"


@pytest.mark.each
def test_the_user_writes_elsewhere_meanwhile(nvim: Nvim, provider: Provider) -> None:
    insert(nvim, SLOW)
    nvim.until(BEGUN)
    nvim.input("ggOzero<Esc>Gofour<Esc>")
    nvim.until(AT_REST)
    answer = nvim.lua("return require('libria.events').last.usage ~= nil")
    assert answer
    lines = nvim.buffer().split("\n")
    assert lines[0] == "zero"
    assert lines[-3:] == ["two", "three", "four"] or lines[-1] == "four"
    assert nvim.lua("return vim.fn.line('.')") == len(lines)  # where the user is, not where the text is


@pytest.mark.each
def test_the_cursor_follows_only_from_the_end(nvim: Nvim) -> None:
    insert(nvim, "openai/story+rate:400")
    nvim.until(AT_REST)
    assert nvim.lua("return vim.fn.line('.')") == nvim.lua("return vim.api.nvim_buf_line_count(0) - 2")
    nvim.lua(START, SLOW)
    nvim.input("gg$:Libria insert a story<CR>")
    nvim.until(BEGUN)
    nvim.input("gg0")
    nvim.until("#table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)) > 200")
    assert nvim.lua("return vim.api.nvim_win_get_cursor(0)") == [1, 0]
    nvim.input(":Libria cancel<CR>")
    nvim.until(AT_REST)


@pytest.mark.each
def test_it_starts_again_in_the_middle(nvim: Nvim) -> None:
    insert(nvim, "breaking-story")
    nvim.until(AT_REST)
    again = nvim.buffer()
    nvim.input("u")
    assert nvim.buffer() == "one\ntwo\nthree"
    insert(nvim, "openai/story+rate:400")
    nvim.until("require('libria.events').last.id == 2")
    assert nvim.buffer() == again


@pytest.mark.parametrize("keys", ["u", ":bwipeout!<CR>", ":set nomodifiable<CR>", ":Libria cancel<CR>", "<C-x>"])
def test_the_provider_sees_that_nobody_wants_it(nvim: Nvim, provider: Provider, keys: str) -> None:
    nvim.lua("vim.keymap.set('n', '<C-x>', '<Plug>(libria-cancel)')")
    insert(nvim, "openai/story+rate:50")
    nvim.until(BEGUN)
    nvim.input(keys)
    provider.saw_hang_up()
    nvim.until(AT_REST)
    assert nvim.lua("return require('libria.events').last.cancelled") is True
    assert nvim.lua("return require('libria.jobs').cancel_all()") == 0


@pytest.mark.parametrize("row", [0, 1])
def test_a_fence_is_taken_off(nvim: Nvim, row: int) -> None:
    text, wanted = [("```lua\nlocal a = 1\nreturn a\n```", "local a = 1\nreturn a"), ("no fence", "no fence")][row]
    nvim.lua("local text = ... require('libria.prompts').insert = function() return text end", text)
    nvim.lua("require('libria').setup({ model = 'openai/echo+rate:400' })")
    nvim.input(":Libria insert it<CR>")
    nvim.until(AT_REST)
    assert nvim.buffer() == wanted
