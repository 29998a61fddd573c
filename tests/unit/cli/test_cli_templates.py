"""Templates: what is in the files, how they are filled, and the command that looks after them."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main
from libria.cli.output import Wrong
from libria.cli.templates import Template, load

REVIEW = """\
---
# a comment
description: finds faults
model: a/b
fallbacks: c/d, e/f
system: You review {language}.
temperature: 0.5
max_tokens: 100
reasoning_effort: low
---
What is wrong?

{input}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    found = tmp_path / "config" / "templates"
    found.mkdir(parents=True, mode=0o700)
    return found


def test_markdown_with_a_head(folder: Path) -> None:
    (folder / "review.md").write_text(REVIEW)
    assert load(folder / "review.md") == Template(
        prompt="What is wrong?\n\n{input}", description="finds faults", model="a/b", fallbacks=["c/d", "e/f"],
        system="You review {language}.", temperature=0.5, max_tokens=100, reasoning_effort="low",
    )  # fmt: skip


def test_toml(folder: Path) -> None:
    (folder / "a.toml").write_text('prompt = "Hi {who}"\nschema = "a.json"\n[defaults]\nwho = "you"\nyears = 3\n')
    assert load(folder / "a.toml") == Template(
        prompt="Hi {who}", schema=str(folder / "a.json"), defaults={"who": "you", "years": "3"}
    )


FILLED: dict[str, tuple[str, str, dict[str, str], str]] = {
    "in its place": ("Fix:\n{input}\nNow.", "x", {}, "Fix:\nx\nNow."),
    "below": ("Fix this.", "x", {}, "Fix this.\n\nx"),
    "nothing to add": ("Tell a story.", "", {}, "Tell a story."),
    "words": ("{a} and {b}", "", {"a": "1", "b": "{a}"}, "1 and {a}"),
    "braces": ('{{a}} {"x": 1} { a } {} {1}', "", {}, '{a} {"x": 1} { a } {} {1}'),
    "said by -p": ("{input}!", "", {"input": "x"}, "x!"),
}


@pytest.mark.parametrize(("prompt", "input", "given", "filled"), FILLED.values(), ids=FILLED)
def test_words_are_filled_in(prompt: str, input: str, given: dict[str, str], filled: str) -> None:
    assert Template(prompt=prompt).filled(input, given, "t") == (filled, None)


@pytest.mark.parametrize(
    ("prompt", "given", "words"),
    [
        ("{a}", {}, "wants a value for {a}: add -p a=…"),
        ("{input}", {}, "wants an input"),
        ("x", {"a": "1"}, "has no place for 'a'"),
    ],
)
def test_what_is_missing_or_too_much_is_said(prompt: str, given: dict[str, str], words: str) -> None:
    with pytest.raises(Wrong) as caught:
        Template(prompt=prompt).filled("", given, "t")
    assert words in str(caught.value)


def test_ask_says_what_the_template_says_and_the_command_line_goes_before(daemon: Any, folder: Path) -> None:
    daemon.answers("libria/chat", {"content": "x"})
    (folder / "review.md").write_text(REVIEW)
    assert main(["ask", "-t", "review", "-p", "language=Rust", "--max-tokens", "7", "-m", "x/y", "fn main"]) == 0
    params = daemon.seen[0]["params"]
    del params["partialResultToken"]
    assert params == {
        "messages": [{"role": "user", "content": "What is wrong?\n\nfn main"}],
        "model": "x/y", "fallbacks": ["c/d", "e/f"], "system": "You review Rust.",
        "temperature": 0.5, "maxTokens": 7, "reasoning": {"effort": "low"},
    }  # fmt: skip


WRONG = {
    "no such": ("reviw", "", "There is no template 'reviw'. Did you mean review?"),
    "no name": ("../x y", "", "cannot be read"),
    "a bad name": (".x", "", "can be no template's name"),
    "an unknown word": ("a", "---\nmodle: x\n---\n", "there is no 'modle' in a template"),
    "a wrong kind": ("a", "---\ntemperature: hot\n---\n", "temperature must be a number, 0 or more."),
    "no pair": ("a", "---\nmodel\n---\n", "a.md, line 2: write it as name: value."),
}


@pytest.mark.parametrize(("name", "text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_a_sentence(
    daemon: Any, folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, words: str
) -> None:
    (folder / "review.md").write_text("x")
    if text:
        (folder / f"{name}.md").write_text(text)
    assert main(["ask", "-t", name, "Hi"]) == 2
    assert words in capsys.readouterr().err
    assert not daemon.seen


def test_no_toml_is_a_sentence_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.toml").write_text("prompt = \n")
    assert main(["ask", "-t", "a", "Hi"]) == 2
    assert "a.toml is no TOML: " in capsys.readouterr().err


def test_params_need_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "-p", "a=b", "Hi"]) == 2
    assert "name it with -t" in capsys.readouterr().err
    assert main(["ask", "-p", "nonsense", "Hi"]) == 2
    assert "is no WORD=VALUE" in capsys.readouterr().err


def test_list_show_and_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "list"]) == 0
    assert "There are no templates in" in capsys.readouterr().out
    (folder / "review.md").write_text(REVIEW)
    (folder / "story.toml").write_text('prompt = "Tell a story."')
    (folder / "notes.txt").write_text("no template")
    assert main(["template", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME    MODEL  WHAT FOR",
        "review  a/b    finds faults",
        "story          Tell a story.",
    ]
    assert main(["template", "show", "review"]) == 0
    assert capsys.readouterr().out == REVIEW
    assert main(["template", "path"]) == 0
    assert main(["template", "path", "story"]) == 0
    assert capsys.readouterr().out == f"{folder}\n{folder / 'story.toml'}\n"


def test_list_names_what_is_broken_and_shows_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.md").write_text("x")
    (folder / "bad.toml").write_text("=")
    assert main(["template", "list"]) == 1
    said = capsys.readouterr()
    assert "good" in said.out
    assert "bad.toml" in said.err


EDITS = {
    "written": ("printf 'Hi {input}' >\"$1\"", 0, "is sound: libria ask -t new"),
    "left": ("true", 1, "Nothing was written"),
    "broken": ("printf -- '---\\nx: y\\n---\\n' >\"$1\"", 1, "there is no 'x' in a template"),
    "the editor failed": ('echo x >"$1"; exit 3', 1, "The editor ended with code 3."),
}


@pytest.mark.parametrize(("script", "code", "words"), EDITS.values(), ids=EDITS)
def test_edit_begins_one_and_looks_at_it(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    script: str,
    code: int,
    words: str,
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    assert main(["template", "edit", "new"]) == code
    said = capsys.readouterr()
    assert words in said.out + said.err
    assert (folder / "new.md").exists() == (words != "Nothing was written")


def test_no_editor_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    assert main(["template", "edit", "new"]) == 2
    assert "set EDITOR" in capsys.readouterr().err
    assert not list(folder.iterdir())
