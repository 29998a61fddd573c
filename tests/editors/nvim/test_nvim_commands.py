"""`:Libria …`, typed into a real Neovim and read from its screen."""

import subprocess
from pathlib import Path

import pytest
from e2e_home import Home
from nvim_kit import Nvim, Provider

AT_REST = "require('libria.client').under_way() == 0 and require('libria.events').last ~= nil"


def setup(nvim: Nvim, model: str) -> None:
    nvim.lua("require('libria').setup({ model = ... })", model)


def said(provider: Provider) -> list[str]:
    """What the provider was told by the last call."""
    return provider.look(lambda sim: [str(message["content"]) for message in sim.calls[-1].body["messages"]])


@pytest.mark.each
def test_ask_streams_into_a_window_and_a_follow_up_keeps_the_conversation(nvim: Nvim, provider: Provider) -> None:
    setup(nvim, "openai/echo")
    nvim.input(":Libria ask Why one daemon?<CR>")
    nvim.until_screen("## Why one daemon?")
    nvim.until(AT_REST)
    nvim.input("<CR>")
    nvim.until_screen("Ask:")
    nvim.input("And why two?<CR>")
    nvim.until("require('libria.events').last.id == 2")
    assert said(provider) == ["Why one daemon?", "Why one daemon?", "And why two?"]
    assert nvim.buffer() == "## Why one daemon?\n\nWhy one daemon?\n\n## And why two?\n\nAnd why two?"
    nvim.input(":Libria! ask Afresh?<CR>")
    nvim.until("require('libria.events').last.id == 3")
    assert said(provider) == ["Afresh?"]


def test_ask_about_lines(nvim: Nvim, provider: Provider) -> None:
    setup(nvim, "openai/fast:3")
    nvim.input("ione<CR>two<Esc>")
    nvim.lua("vim.bo.filetype = 'text'")
    nvim.input("ggVG:Libria ask What is it?<CR>")
    nvim.until(AT_REST)
    assert said(provider) == ["What is it?\n\n```text\none\ntwo\n```"]


@pytest.mark.each
def test_ask_is_cancelled_by_a_key_and_goes_on(nvim: Nvim, provider: Provider) -> None:
    setup(nvim, "openai/story+rate:60")
    nvim.input(":Libria ask Tell me.<CR>")
    nvim.until("vim.fn.line('$') > 2 and #vim.fn.getline(3) > 20")
    nvim.input("<C-c>")
    nvim.until_screen("> Cancelled.")
    provider.saw_hang_up()
    setup(nvim, "openai/fast:3")
    nvim.input(":Libria ask On.<CR>")
    nvim.until("require('libria.events').last.id == 2")
    first, part, second = said(provider)
    assert (first, second) == ("Tell me.", "On.")
    assert part
    assert part.split("\n")[0] in nvim.buffer()


def test_what_failed_is_said_in_its_place_and_asked_again(nvim: Nvim, provider: Provider) -> None:
    setup(nvim, "openai/status:401")
    nvim.input(":Libria ask Who?<CR>")
    nvim.until_screen("> The provider rejected the API key")
    setup(nvim, "openai/echo")
    nvim.input(":Libria ask Who then?<CR>")
    nvim.until("require('libria.events').last.id == 2")
    assert said(provider) == ["Who then?"]


def test_explain_shows_the_lines_to_the_model(nvim: Nvim, provider: Provider) -> None:
    setup(nvim, "openai/fast:3")
    nvim.input("i<C-v><Tab>x = `1`<Esc>:Libria explain<CR>")
    nvim.until(AT_REST)
    assert said(provider) == ["Explain what this does.\n\n```\n\tx = `1`\n```"]
    nvim.until_screen("## Explain what this does.")


@pytest.mark.each
def test_commit_reads_what_is_staged(nvim: Nvim, provider: Provider, home: Home) -> None:
    setup(nvim, "openai/echo")
    place = Path(nvim.lua("return vim.fn.getcwd()"))
    git = ["git", "-C", str(place), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True, env=home.env())
    nvim.input(":Libria commit<CR>")
    nvim.until_screen("nothing is staged; git add it first.")
    (place / "a.txt").write_text("a line of text\n")
    subprocess.run([*git, "add", "a.txt"], check=True, env=home.env())
    nvim.command(f"edit {place}/.git/COMMIT_EDITMSG")
    nvim.lua("vim.bo.filetype = 'gitcommit' vim.api.nvim_buf_set_lines(0, 0, -1, true, { '', '# Please' })")
    nvim.input("G:Libria commit it is needed<CR>")
    nvim.until(AT_REST)
    assert "+a line of text" in said(provider)[-1]
    assert said(provider)[-1].endswith("Say also: it is needed")
    assert nvim.buffer().startswith("diff --git a/a.txt b/a.txt")
    assert nvim.buffer().endswith("\n# Please")


@pytest.mark.each
def test_a_model_is_chosen_from_the_list_or_by_name(nvim: Nvim) -> None:
    found = nvim.lua("return vim.fn.getcompletion('Libria models openai/st', 'cmdline')")
    assert "openai/story" in found
    nvim.lua("""vim.ui.select = function(models, options, choose)
      _G.shown = vim.tbl_map(options.format_item, models)
      choose(models[1])
    end""")
    nvim.input(":Libria models<CR>")
    screen = nvim.until_screen("answers from now on.")
    assert f"Libria: {nvim.lua('return require([[libria.config]]).current.model')} answers" in screen
    nvim.input(":Libria models openai/echo<CR>")
    nvim.until("require('libria.config').current.model == 'openai/echo'")


@pytest.mark.each
def test_status_is_shown_over_the_editor(nvim: Nvim) -> None:
    setup(nvim, "openai/status:401")
    nvim.input(":Libria insert it<CR>")
    nvim.until(AT_REST)
    nvim.input(":Libria status<CR>")
    screen = nvim.until_screen("clients, ")
    assert "calls under way" in screen
    assert "The last call that failed: " in screen
    nvim.input("q")
    nvim.until("#vim.api.nvim_list_wins() == 1")


@pytest.mark.each
def test_the_log_is_followed_in_a_terminal(nvim: Nvim) -> None:
    setup(nvim, "openai/fast:3")
    nvim.input(":Libria insert it<CR>")
    nvim.until(AT_REST)
    nvim.input(":Libria log<CR>")
    nvim.until_screen("openai/fast:3")
    nvim.input(":bwipeout!<CR>")


def test_an_unknown_word_is_said(nvim: Nvim) -> None:
    nvim.input(":Libria nonsense<CR>")
    nvim.until_screen("there is no :Libria nonsense; <Tab> shows what there is.")


def test_the_words_complete(nvim: Nvim) -> None:
    assert nvim.lua("return vim.fn.getcompletion('Libria s', 'cmdline')") == ["status"]
    assert nvim.lua("return vim.fn.getcompletion('Libria accept ', 'cmdline')") == ["one"]
    assert nvim.lua("return vim.fn.getcompletion('Libria ask a', 'cmdline')") == []


def test_an_unknown_option_is_said(nvim: Nvim) -> None:
    said = nvim.lua("return select(2, pcall(require('libria').setup, { ghost = { filetype = {} } }))")
    assert said == 'libria.setup: there is no option "ghost.filetype"; see :help libria-options'
    said = nvim.lua("return select(2, pcall(require('libria').setup, { model = 3 }))")
    assert said == "libria.setup: model is a string; see :help libria-options"
    nvim.lua("require('libria').setup({ cmd = { 'libria', 'stdio' }, ghost = { filetypes = { 'lua' } } })")


def test_without_the_command_it_is_said_what_to_do(nvim: Nvim) -> None:
    nvim.lua("vim.env.PATH = '/nowhere'")
    nvim.input(":Libria ask Why?<CR>")
    nvim.until_screen("> The command libria is not on PATH: `pip install libria`")
