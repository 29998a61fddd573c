"""`libria chat` where there is no terminal, and what it keeps: conversations, and what was typed."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from libria.cli import main
from libria.cli.chat import history, saved
from libria.cli.chat.commands import message, parse
from libria.cli.chat.talk import Talk, markdown


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def echoes(daemon: Any) -> None:
    """Answers with the number of messages that came, and costs a cent."""

    def chat(fake: Any, asked: dict[str, Any]) -> None:
        text = f"answer to {len(asked['params']['messages'])}"
        fake.progress(asked, {"kind": "delta", "text": text})
        answer = {"role": "assistant", "content": text, "opaque": {"sign": 1}}
        result = {"content": text, "message": answer, "stopReason": "stop", "model": "a/b"}
        usage = {"inputTokens": 3, "outputTokens": 4}
        fake.send({"id": asked["id"], "result": result | {"usage": usage, "cost": {"usd": 0.01}}})

    daemon.on("libria/chat", chat)


def asked(daemon: Any) -> list[dict[str, Any]]:
    return [one["params"] for one in daemon.seen if one.get("method") == "libria/chat"]


def test_each_line_is_a_message_and_the_answers_are_plain_text(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    echoes(daemon)
    typed(monkeypatch, "one", "", "  ", "//two")
    assert main(["chat", "-m", "a/b", "-s", "S", "--fallback", "c/d", "zero"]) == 0
    assert capsys.readouterr() == ("answer to 1\nanswer to 3\nanswer to 5\n", "")
    first, second, third = asked(daemon)
    assert first["messages"] == [{"role": "user", "content": "zero"}]
    assert (first["model"], first["system"], first["fallbacks"]) == ("a/b", "S", ["c/d"])
    answer = {"role": "assistant", "content": "answer to 1", "opaque": {"sign": 1}}
    assert second["messages"] == [*first["messages"], answer, {"role": "user", "content": "one"}]
    assert third["messages"][-1]["content"] == "/two"


def test_what_is_attached_goes_once(daemon: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    echoes(daemon)
    (tmp_path / "a b.txt").write_text("A")
    typed(monkeypatch, f'/attach "{tmp_path}/a b.txt"', "one", "two")
    assert main(["chat"]) == 0
    first, second = asked(daemon)
    assert [part["type"] for part in first["messages"][0]["content"]] == ["text", "text"]
    assert second["messages"][2]["content"] == "two"


def test_retry_asks_the_last_question_again_and_the_new_answer_counts(
    daemon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    echoes(daemon)
    typed(monkeypatch, "one", "two", "/retry", "/clear", "/model x/y", "/system T", "three")
    assert main(["chat"]) == 0
    _, two, again, three = asked(daemon)
    assert again["messages"] == two["messages"]
    assert again["cache"] == {"mode": "refresh"}
    assert three["messages"] == [{"role": "user", "content": "three"}]
    assert (three["model"], three["system"]) == ("x/y", "T")


def test_a_failure_is_a_sentence_the_talk_goes_on_and_its_question_is_not_in_it(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.fails("libria/chat", -32803, "Set A_KEY.")
    typed(monkeypatch, "one", "two")
    assert main(["chat"]) == 1
    assert capsys.readouterr().err == "Set A_KEY. /retry asks again.\n" * 2
    assert [params["messages"][0]["content"] for params in asked(daemon)] == ["one", "two"]


SAID = {
    "/nope": "There is no /nope.",
    "/modle": "Did you mean /model?",
    "/retry": "There is no question yet.",
    "/save": "Name the file",
    "/attach /no/such": "/no/such cannot be read (no such file or directory).",
    "/attach": "0 attached; /attach FILE adds one.",
    "/help": "Ctrl-C ends an answer",
    "/h": "Ctrl-C ends an answer",
    "/system": "The model is told nothing.",
    "/reasoning": "What the model thinks is shown.",
    "/save /no/such/file": "cannot be written (no such file or directory).",
}


@pytest.mark.parametrize(("line", "words"), SAID.items())
def test_what_is_said_to_the_chat_itself_asks_nobody(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    typed(monkeypatch, line, "/exit", "never read")
    assert main(["chat"]) == 0
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert not asked(daemon)


def test_save_writes_what_was_said_and_overwrites_nothing(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    echoes(daemon)
    typed(monkeypatch, "one", f"/save {tmp_path}/talk.md", f"/save {tmp_path}/talk.json", f"/save {tmp_path}/talk.md")
    assert main(["chat", "-m", "a/b"]) == 0
    assert (tmp_path / "talk.md").read_text() == (
        "# A conversation with a/b\n\n## You\n\none\n\n## Answer\n\nanswer to 1\n"
    )
    assert [one["role"] for one in json.loads((tmp_path / "talk.json").read_text())["messages"]] == [
        "user",
        "assistant",
    ]
    assert "is there already; name another." in capsys.readouterr().err


def test_a_conversation_is_gone_on_with(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    echoes(daemon)
    typed(monkeypatch, "one", "two", "/retry")
    assert main(["chat", "-m", "a/b", "-s", "S"]) == 0
    [file] = saved.folder().iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    typed(monkeypatch, "three")
    assert main(["chat", "--continue"]) == 0
    last = asked(daemon)[-1]
    assert [one["content"] for one in last["messages"] if one["role"] == "user"] == ["one", "two", "three"]
    assert last["messages"][1]["opaque"] == {"sign": 1}
    assert (last["model"], last["system"]) == ("a/b", "S")
    capsys.readouterr()
    assert main(["chat", "--list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 2
    assert rows[1].startswith(file.stem)
    assert rows[1].endswith("one")
    typed(monkeypatch, "four")
    assert main(["chat", "-c", file.stem, "-m", "x/y"]) == 0
    assert asked(daemon)[-1]["model"] == "x/y"
    assert len(asked(daemon)[-1]["messages"]) == 7


def test_nothing_is_kept_when_that_is_said(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    echoes(daemon)
    typed(monkeypatch, "one")
    assert main(["chat", "--no-save"]) == 0
    assert not saved.folder().exists()
    assert main(["chat", "--continue"]) == 2


def test_a_damaged_conversation_is_said_and_its_sound_part_goes_on(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    echoes(daemon)
    typed(monkeypatch, "one", "two")
    assert main(["chat"]) == 0
    [file] = saved.folder().iterdir()
    lines = file.read_bytes().splitlines()
    file.write_bytes(b'{"messages": [1]}\n' + lines[0] + b"\n" + lines[1][:50])
    typed(monkeypatch, "three")
    capsys.readouterr()
    assert main(["chat", "-c"]) == 0
    assert f"{file} is damaged; 2 lines of it could not be read." in capsys.readouterr().err
    assert [one["content"] for one in asked(daemon)[-1]["messages"]] == ["one", "answer to 1", "three"]


def test_no_more_conversations_than_are_looked_for(daemon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    echoes(daemon)
    monkeypatch.setattr(saved, "MOST", 3)
    for _ in range(5):
        typed(monkeypatch, "one", "two")
        assert main(["chat"]) == 0
    assert len(saved.ids()) == 3


def test_a_folder_that_takes_nothing_is_said_once_and_the_talk_goes_on(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    echoes(daemon)
    saved.folder().parent.mkdir(parents=True, mode=0o700)
    saved.folder().write_text("no folder")
    typed(monkeypatch, "one", "two")
    assert main(["chat"]) == 0
    said = capsys.readouterr()
    assert said.out == "answer to 1\nanswer to 3\n"
    assert said.err.count("cannot be kept") == 1


def test_what_was_typed_is_bounded_private_and_survives_damage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    monkeypatch.setattr(history, "MOST", 5)
    for number in range(11):
        history.Typed().store_string(f"line {number}\nand more")
    history.Typed().store_string("x" * (history.MAX_ENTRY + 1))
    assert history.file().stat().st_mode & 0o777 == 0o600
    found = history.Typed()
    assert next(iter(found.load_history_strings())) == "line 10\nand more"
    assert len(history.file().read_text().splitlines()) == 5
    assert found.problem is None
    with history.file().open("ab") as file:
        file.write(b'\xff{"half')
    damaged = history.Typed()
    assert "damaged" in str(damaged.problem)
    assert len(list(damaged.load_history_strings())) == 5
    assert history.file().with_suffix(".damaged").exists()
    assert history.Typed().problem is None


def test_what_is_typed_is_not_kept_when_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    history.Typed(keep=False).store_string("secret")
    assert not history.file().exists()


def test_a_history_that_cannot_be_read_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIBRIA_HOME", str(tmp_path))
    history.file().mkdir(parents=True, mode=0o700)
    typed = history.Typed()
    assert "cannot be read" in str(typed.problem)
    typed.store_string("x")
    assert "cannot be kept" in str(typed.problem)


def test_commands_by_their_first_letters() -> None:
    assert parse("/model a/b c") == ("model", "a/b c")
    assert parse("/mo") == ("model", "")
    assert parse("/s") == ("s", "")
    assert parse("//s") is None
    assert parse("s") is None
    assert message("//s") == "/s"


def test_a_document_says_what_was_attached() -> None:
    talk = Talk(system="S", attached=[{"type": "file", "data": "", "mediaType": "application/pdf", "name": "a.pdf"}])
    talk.answered(talk.ask("Hi"), {"role": "assistant", "content": "Ho"})
    assert "## System\n\nS\n\n## You\n\n[a.pdf]\n\nHi\n\n## Answer\n\nHo\n" in markdown(talk)
