"""What a model says, made what a task wants: nothing of it lost, nothing taken that is no path."""

import time

import pytest

from libria.tasks.fences import blocks, without
from libria.tasks.mend import NoJson, json_in
from libria.tasks.paths import safe
from libria.tasks.read import MOST_FILES, Unreadable, read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("none", []),
        ("```py\na\n```", [("py", "a\n", "")]),
        ("Say:\n\n~~~\na\n```\nb\n~~~\nmore", [("", "a\n```\nb\n", "Say:")]),
        ("```\nopen", [("", "open", "")]),
        ("```a.md\n```py\nx\n```\n```\n```b.md\ny\n```", [("a.md", "```py\nx\n```\n", ""), ("b.md", "y\n", "")]),
        ("````a.md\n```\nx\n```\n````", [("a.md", "```\nx\n```\n", "")]),
        ("a ``` b\n", []),
        ("```py\r\na\r\n```\r\n", [("py", "a\r\n", "")]),
    ],
)
def test_fenced_blocks(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(block.info, block.content, block.before) for block in blocks(text)] == found


def test_what_stands_around_blocks_is_left() -> None:
    text = "a\n```\nb\n```\nc\n```\nd\n```\ne"
    assert without(text, blocks(text)[:1]) == "a\nc\n```\nd\n```\ne"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here you are:\n```json\n{"a": 1}\n```\nBye.', {"a": 1}),
        ('Sure! {"a": [1, 2,], "b": {"c": True,},} Done.', {"a": [1, 2], "b": {"c": True}}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        ('{"a": "None, ],}"}', {"a": "None, ],}"}),
        ('{"a": "\n// kept,\n}",}', {"a": "\n// kept,\n}"}),
        ("[1, 2]", [1, 2]),
        ('see [1] and {"a": 1} or {"b": 2}', {"a": 1}),
    ],
)
def test_json_is_found_and_mended(text: str, value: object) -> None:
    assert json_in(text) == value


@pytest.mark.parametrize(
    "text", ["", "no", '{"a": ', '{"a": NaN}', '{"files": [{"path": "a", "content": "x"}, {"pa', "{'a': 1}"]
)
def test_what_would_have_to_be_guessed_is_no_json(text: str) -> None:
    with pytest.raises(NoJson):
        json_in(text)


@pytest.mark.parametrize("text", ["{" * 50_000, '"' * 50_000, "[1," * 50_000, "```\n" * 50_000, ",}" * 50_000])
def test_garbage_is_refused_in_time(text: str) -> None:
    began = time.process_time()
    with pytest.raises(NoJson):
        json_in(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("path", "sound"),
    [
        ("a.txt", "a.txt"),
        ("./src//a.txt", None),
        ("./src/a.txt", "src/a.txt"),
        ("a/./b", "a/b"),
        ("ü/ñ.md", "ü/ñ.md"),
        (".github/x.yml", ".github/x.yml"),
        ("", None),
        (".", None),
        ("..", None),
        ("a/../b", None),
        ("../a", None),
        ("/etc/passwd", None),
        ("~/.ssh/config", None),
        ("C:\\a", None),
        ("c:/a", None),
        ("a\\..\\b", None),
        ("a\0b", None),
        ("a\nb", None),
        ("a/", None),
        ("con", None),
        ("x/NUL.txt", None),
        ("a./b", None),
        ("a" * 300, None),
        ("/".join("a" * 300), None),
    ],
)
def test_paths(path: str, sound: str | None) -> None:
    assert safe(path) == sound


def files_of(answer: str) -> dict[str, str]:
    return {file.path: file.content for file in read(answer, "files")[0].files}


@pytest.mark.parametrize(
    ("answer", "files"),
    [
        ("```python src/a.py\nx\n```", {"src/a.py": "x\n"}),
        ("```src/a.py\nx\n```", {"src/a.py": "x\n"}),
        ("```python:src/a.py\nx\n```", {"src/a.py": "x\n"}),
        ('```python title="src/a.py"\nx\n```', {"src/a.py": "x\n"}),
        ("### `src/a.py`\n```python\nx\n```", {"src/a.py": "x\n"}),
        ("**src/a.py**\n\n```python\nx\n```", {"src/a.py": "x\n"}),
        ("File: src/a.py\n```\nx\n```", {"src/a.py": "x\n"}),
        ("1. Create `Makefile`:\n```make\nall:\n```", {"Makefile": "all:\n"}),
        ("```.gitignore\n*.o\n```\n```Dockerfile\nFROM x\n```", {".gitignore": "*.o\n", "Dockerfile": "FROM x\n"}),
        ('[{"path": "a", "content": "x"}]', {"a": "x"}),
        ('{"files": [{"path": "a", "content": "x", "language": "y"}]}', {"a": "x"}),
        ('The "files":\n```a.txt\nx\n```', {"a.txt": "x\n"}),
    ],
)
def test_files_as_models_write_them(answer: str, files: dict[str, str]) -> None:
    assert files_of(answer) == files


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("I will not.", "no files"),
        ("```python\nx\n```", "no file in it is named"),
        ("```../a.py\nx\n```", "“../a.py”"),
        ("```/etc/a\nx\n```", "“/etc/a”"),
        ("```a.py\nx\n```\n```a.py\ny\n```", "twice"),
        ('{"files": []}', "no files"),
        ('{"files": {}}', "form"),
        ('{"files": [{"path": "a", "content": 5}]}', "form"),
        ('{"files": [{"path": "a", "content": "x', "cannot be read"),
        ('{"files": [' + ",".join(f'{{"path":"{n}","content":""}}' for n in range(MOST_FILES + 1)) + "]}", "more than"),
        ('{"files": [{"path": "a", "content": "' + "x" * (16 * 1024 * 1024 + 1) + '"}]}', "MiB"),
    ],
)
def test_what_is_no_output_is_named(answer: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(answer, "files")


def test_nothing_of_an_answer_is_dropped() -> None:
    output, remarks = read("Do:\n```sh\nls\n```\n```a.py\nx\n```\nEnd.", "files")
    assert output.summary == "Do:\n```sh\nls\n```\nEnd."
    assert "1 blocks without a file's name" in remarks[0]
    output, remarks = read("```sh\nls\n```\nThen:\n```py\nprint(1)\n```", "code")
    assert (output.code, output.summary) == ("print(1)\n", "```sh\nls\n```\nThen:")
    assert "2 blocks of code" in remarks[0]
    with pytest.raises(Unreadable, match="no fenced block"):
        read("print(1)", "code")
    with pytest.raises(Unreadable, match="is empty"):
        read("```\n```", "code")
