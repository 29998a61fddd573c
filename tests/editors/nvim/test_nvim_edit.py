"""`:Libria edit` and `fix`: the preview, what is accepted, undo, and lines that move or go meanwhile."""

import pytest
from nvim_kit import Nvim, Provider

OLD = ["import os", "def area(w, height):", "    return w * height", "", "print(area(1, 2))"]
NEW = "def area(width, height):\n    return width * height"
START = """
local model, old, new = ...
require("libria").setup({ model = model })
-- `echo` answers what it is asked: here the new text.
require("libria.prompts").edit = function(_, _, words) _G.words = words return new end
vim.bo.filetype = "python"
vim.api.nvim_buf_set_lines(0, 0, -1, true, old)
"""
WAITS = "require('libria.review').waiting(vim.api.nvim_get_current_buf())"
AT_REST = "require('libria.client').under_way() == 0 and require('libria.events').last ~= nil"


def edit(nvim: Nvim, new: str = NEW, model: str = "openai/echo", lines: str = "2,3", old: list[str] = OLD) -> None:
    nvim.lua(START, model, old, new)
    nvim.input(f":{lines}Libria edit use whole names<CR>")


@pytest.mark.each
def test_the_differences_are_shown_and_accepted_as_one_step_of_undo(nvim: Nvim) -> None:
    edit(nvim, f"```python\n{NEW}\n```\n")
    screen = nvim.until_screen("1 change; :Libria accept, reject")
    assert "def area(width, height):" in screen
    assert "def area(w, height):" in screen
    assert nvim.buffer().split("\n") == OLD
    nvim.input(":Libria accept<CR>")
    nvim.until(f"{WAITS} == 0")
    assert nvim.buffer().split("\n") == [OLD[0], *NEW.split("\n"), *OLD[3:]]
    assert ":Libria accept, reject" not in nvim.screen()
    nvim.input("u")
    assert nvim.buffer().split("\n") == OLD


@pytest.mark.each
def test_words_that_differ_are_marked(nvim: Nvim) -> None:
    edit(nvim)
    nvim.until(f"{WAITS} == 1")
    marks = nvim.lua("""
        local found = {}
        local space = vim.api.nvim_get_namespaces()["libria.hunks"]
        for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
          local d = mark[4]
          if d.hl_group then
            table.insert(found, vim.api.nvim_buf_get_text(0, mark[2], mark[3], mark[2], d.end_col, {})[1])
          end
          for _, line in ipairs(d.virt_lines or {}) do
            for _, chunk in ipairs(line) do
              if chunk[2] == "LibriaAddedWord" then table.insert(found, "+" .. chunk[1]) end
            end
          end
        end
        table.sort(found)
        return found
    """)
    assert marks == ["+width", "+width", "w", "w"]


SELECT = "vim.keymap.set('x', 'E', '<Plug>(libria-edit)')"


@pytest.mark.each
@pytest.mark.parametrize(
    ("keys", "new", "made"),
    [
        ("2Gfwv", "width", ["def area(width, height):", "    return w * height"]),
        ("2G4lv3G15|", "space(w):\n    return 1 + ", ["def space(w):", "    return 1 + height"]),
        ("2Gfwv$", "):\n", ["def area():", "    return w * height"]),
        ("2GVj", NEW, NEW.split("\n")),
        ("2Gvj$", NEW, NEW.split("\n")),
        (":set selection=exclusive<CR>2Gfwvl", "width", ["def area(width, height):", "    return w * height"]),
    ],
    ids=["word", "over lines", "to the end", "linewise", "whole lines", "exclusive"],
)
def test_just_the_selected_characters(nvim: Nvim, keys: str, new: str, made: list[str]) -> None:
    nvim.lua(START, "openai/echo", OLD, new)
    nvim.lua(SELECT)
    nvim.input(f"{keys}E")
    nvim.until_screen("Edit:")
    nvim.input("use whole names<CR>")
    nvim.until(f"{WAITS} > 0")
    nvim.input(":Libria accept<CR>")
    nvim.until(f"{WAITS} == 0")
    assert nvim.buffer().split("\n") == [OLD[0], *made, *OLD[3:]]
    nvim.input("u")
    assert nvim.buffer().split("\n") == OLD


def test_the_model_sees_what_is_selected_and_the_rest_of_its_line(nvim: Nvim, provider: Provider) -> None:
    nvim.lua("require('libria').setup({ model = 'openai/fast:3' })")
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)", ["one", "say “größe” now", "three"])
    nvim.lua(SELECT)
    nvim.input("2Gfgv4lE")
    nvim.until_screen("Edit:")
    nvim.input("in English<CR>")
    nvim.until(f"{WAITS} > 0")
    system, question = [m["content"] for m in provider.look(lambda sim: sim.calls[-1].body["messages"])]
    assert "begins or ends within a line" in system
    assert "Before the part:\none\nsay “\n\nBehind it:\n” now\nthree\n\nThe part to rewrite:\ngröße\n" in question


@pytest.mark.each
def test_one_by_one(nvim: Nvim) -> None:
    old = [f"line {number}" for number in range(1, 10)]
    new = [*old[:1], "TWO", *old[2:5], "six and a half", *old[5:8]]
    edit(nvim, "\n".join(new), lines="1,9", old=old)
    nvim.until_screen("3 changes")
    nvim.input("6G:Libria accept one<CR>")
    nvim.until(f"{WAITS} == 2")
    assert nvim.buffer().split("\n") == [*old[:5], "six and a half", *old[5:]]
    nvim.lua("vim.keymap.set('n', 'R', '<Plug>(libria-reject-one)') vim.keymap.set('n', ']h', '<Plug>(libria-next)')")
    nvim.input("gg]h")
    assert nvim.lua("return vim.fn.line('.')") == 2
    nvim.input("R")
    nvim.until(f"{WAITS} == 1")
    nvim.input(":Libria accept<CR>")
    nvim.until(f"{WAITS} == 0")
    assert nvim.buffer().split("\n") == [*old[:5], "six and a half", *old[5:8]]
    nvim.input("u")
    nvim.input("u")
    assert nvim.buffer().split("\n") == old


def test_those_of_a_range(nvim: Nvim) -> None:
    old = ["a", "same", "b", "same", "c"]
    edit(nvim, "A\nsame\nB\nsame\nC", lines="1,5", old=old)
    nvim.until(f"{WAITS} == 3")
    nvim.input(":1,3Libria accept<CR>")
    nvim.until(f"{WAITS} == 1")
    assert nvim.buffer() == "A\nsame\nB\nsame\nc"
    nvim.input("u")
    assert nvim.buffer().split("\n") == old


def test_the_lines_have_moved_meanwhile(nvim: Nvim) -> None:
    edit(nvim, model="openai/echo+rate:20")
    nvim.until_screen("def area(width")
    nvim.input("ggOnew first<Esc>Gonew last<Esc>")
    nvim.until(f"{WAITS} == 1")
    nvim.input(":Libria accept<CR>")
    nvim.until(f"{WAITS} == 0")
    assert nvim.buffer().split("\n") == ["new first", OLD[0], *NEW.split("\n"), *OLD[3:], "new last"]


def test_lines_changed_behind_the_preview_are_left_alone(nvim: Nvim) -> None:
    edit(nvim)
    nvim.until(f"{WAITS} == 1")
    nvim.input("3GA  # mine<Esc>:Libria accept<CR>")
    nvim.until_screen("1 left: these lines were changed meanwhile.")
    assert nvim.buffer().split("\n")[1:3] == [OLD[1], f"{OLD[2]}  # mine"]
    nvim.input(":Libria reject<CR>")
    nvim.until(f"{WAITS} == 0")


def test_it_starts_again_in_the_middle(nvim: Nvim) -> None:
    edit(nvim, model="breaking-echo")
    nvim.until(f"{WAITS} == 1")
    nvim.input(":Libria accept<CR>")
    nvim.until(f"{WAITS} == 0")
    assert nvim.buffer().split("\n") == [OLD[0], *NEW.split("\n"), *OLD[3:]]


@pytest.mark.parametrize("gone", ["2Gdj", ":bwipeout!<CR>"])
def test_the_lines_are_gone_in_the_middle(nvim: Nvim, provider: Provider, gone: str) -> None:
    edit(nvim, NEW * 20, model="openai/echo+rate:20")
    nvim.until_screen("def area(width")
    nvim.input(gone)
    provider.saw_hang_up()
    nvim.until(AT_REST)
    assert nvim.lua(f"return {WAITS}") == 0


@pytest.mark.each
def test_fix_says_what_is_reported_of_the_lines(nvim: Nvim) -> None:
    nvim.lua(START, "openai/echo", OLD, NEW)
    nvim.lua("""vim.diagnostic.set(vim.api.nvim_create_namespace("t"), 0, {
      { lnum = 1, col = 9, message = "w is no word", source = "lint" },
      { lnum = 4, col = 0, message = "of no interest" },
    })""")
    nvim.input(":2,3Libria fix<CR>")
    nvim.until(f"{WAITS} == 1")
    words = nvim.lua("return words")
    assert "- at “def area(w, height):”: w is no word (lint)" in words
    assert "of no interest" not in words
    nvim.input(":1Libria fix<CR>")
    nvim.until_screen("no problem is reported of these lines; say what to fix.")


def test_the_model_sees_the_lines_and_what_is_around(nvim: Nvim, provider: Provider) -> None:
    nvim.lua("require('libria').setup({ model = 'openai/fast:3' })")
    nvim.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)", OLD)
    nvim.input("jVj:Libria edit use whole names<CR>")
    nvim.until(f"{WAITS} > 0")
    asked = provider.look(lambda sim: sim.calls[-1].body["messages"][-1]["content"])
    assert "The part to rewrite:\ndef area(w, height):\n    return w * height\n\nWanted: use whole names" in asked
    assert "Before the part:\nimport os\n" in asked
