"""Files as parts of a message: by what is in them, and a sentence for what cannot be one."""

import io
import os
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from libria.cli import attach, main
from libria.cli.attach import describe, fenced, parts
from libria.cli.output import Wrong

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
IMAGES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/gif": b"GIF89a\1\0\1\0",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
}


@pytest.mark.parametrize(("media_type", "data"), IMAGES.items())
def test_an_image_is_one_by_its_first_bytes(tmp_path: Path, media_type: str, data: bytes) -> None:
    file = tmp_path / "no-suffix"
    file.write_bytes(data)
    [part] = parts([str(file)])
    assert part == {"type": "image", "mediaType": media_type, "data": part["data"]}
    assert b64decode(part["data"]) == data
    assert media_type in describe(part, "x.png")


def test_a_pdf_is_a_file_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "paper.pdf"
    file.write_bytes(b"%PDF-1.7\n\0\1")
    [part] = parts([str(file)])
    assert (part["type"], part["mediaType"], part["name"]) == ("file", "application/pdf", "paper.pdf")


def test_the_address_of_an_image_is_left_to_the_provider() -> None:
    assert parts(["https://example.org/a.png"]) == [{"type": "image", "url": "https://example.org/a.png"}]


TEXTS = {
    "UTF-8": ("é\n".encode(), "é"),
    "with a mark": (b"\xef\xbb\xbfa", "a"),
    "UTF-16": ("é".encode("utf-16"), "é"),
    "an old editor's": (b"caf\xe9", "café"),
}


@pytest.mark.parametrize(("data", "text"), TEXTS.values(), ids=TEXTS)
def test_text_is_fenced_under_its_name(tmp_path: Path, data: bytes, text: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(data)
    assert parts([str(file)]) == [{"type": "text", "text": f"{file}:\n\n```py\n{text}\n```\n\n"}]


def test_a_fence_is_longer_than_those_in_the_text() -> None:
    assert fenced("a.md", "x\n````\ny\n````\n", ".md") == "a.md:\n\n`````md\nx\n````\ny\n````\n`````\n\n"


def test_standard_input_can_be_attached_and_is_no_prompt_then(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon.answers("libria/chat", {"content": "x"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PNG)))
    assert main(["ask", "-a", "-", "What is it?"]) == 0
    [message] = daemon.seen[0]["params"]["messages"]
    assert [part["type"] for part in message["content"]] == ["image", "text"]
    assert message["content"][1]["text"] == "What is it?"


def test_files_alone_are_a_question(daemon: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    daemon.answers("libria/chat", {"content": "x"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    (tmp_path / "a.txt").write_text("A")
    assert main(["ask", "-a", str(tmp_path / "a.txt")]) == 0
    assert len(daemon.seen[0]["params"]["messages"][0]["content"]) == 1


def a_folder(path: Path) -> None:
    path.mkdir()


def unreadable(path: Path) -> None:
    path.symlink_to(path)  # round and round: not even root can read it


BAD: dict[str, tuple[str, Any, str]] = {
    "missing": ("a.txt", None, "cannot be read (no such file or directory)."),
    "a folder": ("a", a_folder, "is a folder; attach its files one by one."),
    "unreadable": ("a.txt", unreadable, "cannot be read ("),
    "empty": ("a.txt", b"", "is empty; there is nothing to attach."),
    "neither": ("a.bin", b"\0\1\2", "is neither text nor an image (PNG, JPEG, GIF, WebP) nor a PDF."),
    "no image": ("a.png", b"just words", "is no image, although its name says so."),
    "no image either": ("a.png", b"\0\1", "is no image, although its name says so."),
    "another image": ("a.heic", b"\0\0\0\x18ftypheic", "is an image of a kind that models do not take; convert it"),
    "a long text": ("a.txt", b"x" * 101, "is a text of more than"),
    "a large image": ("a.png", PNG + b"\0" * 1000, "is larger than"),
}


@pytest.mark.parametrize(("name", "content", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_attached_is_a_sentence_and_asks_nobody(
    daemon: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    content: Any,
    words: str,
) -> None:
    monkeypatch.setattr(attach, "MAX_TEXT_BYTES", 100)
    monkeypatch.setattr(attach, "MAX_BYTES", 500)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    file = tmp_path / name
    if callable(content):
        content(file)
    elif content is not None:
        file.write_bytes(content)
    assert main(["ask", "-a", str(file), "Hi"]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not daemon.seen


def test_all_together_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "MAX_ALL_BYTES", 10)
    (tmp_path / "a").write_text("123456")
    with pytest.raises(Wrong, match="together"):
        parts([str(tmp_path / "a")] * 2)


def test_a_device_without_an_end_is_not_read_to_it() -> None:
    if not os.path.exists("/dev/zero"):
        pytest.skip("there is no /dev/zero here")
    with pytest.raises(Wrong, match="neither text nor"):
        parts(["/dev/zero"])
