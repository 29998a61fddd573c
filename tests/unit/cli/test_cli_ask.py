"""`libria ask`: what is asked, what is printed where, and how it ends."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from libria.cli import main

Start = Callable[..., "subprocess.Popen[bytes]"]

RESULT = {"content": "Hello, you", "stopReason": "stop", "usage": {"inputTokens": 1, "outputTokens": 2}}


def delta(text: str) -> dict[str, str]:
    return {"kind": "delta", "text": text}


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"")


def test_the_answer_goes_to_standard_output(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    start = {"kind": "start", "callId": "c", "seq": 0}
    daemon.answers("libria/chat", RESULT, start, delta("Hello"), {"kind": "future"}, delta(", you"))
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr() == ("Hello, you\n", "")


def test_it_ends_with_one_newline(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers("libria/chat", RESULT, delta("Hello\n"))
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr().out == "Hello\n"


def test_an_answer_that_came_whole_is_printed(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers("libria/chat", RESULT)
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr().out == "Hello, you\n"


ASKED = {
    "silent": (["Hi"], b"", {"messages": [{"role": "user", "content": "Hi"}]}),
    "all options": (
        ["-m", "a/b", "--system", "S", "--no-cache", "--max-tokens", "9", "--temperature", "0", "Hi", "you"],
        b"",
        {
            "messages": [{"role": "user", "content": "Hi you"}],
            "model": "a/b",
            "system": "S",
            "cache": {"mode": "off"},
            "maxTokens": 9,
            "temperature": 0.0,
        },
    ),
    "piped": ([], b"from a file\n", {"messages": [{"role": "user", "content": "from a file"}]}),
    "both": (["Explain"], b"x = 1\n", {"messages": [{"role": "user", "content": "Explain\n\nx = 1"}]}),
    "a dash": (["-"], b"x = 1\n", {"messages": [{"role": "user", "content": "x = 1"}]}),
    "not UTF-8": ([], b"caf\xe9", {"messages": [{"role": "user", "content": "caf\ufffd"}]}),
}


@pytest.mark.parametrize(("arguments", "piped", "params"), ASKED.values(), ids=ASKED)
def test_only_what_was_said_is_asked(
    daemon: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], piped: bytes, params: dict[str, Any]
) -> None:
    pipe(monkeypatch, piped)
    daemon.answers("libria/chat", RESULT)
    assert main(["ask", *arguments]) == 0
    assert daemon.seen[0]["params"] == params | {"partialResultToken": "libria-1"}


@pytest.mark.parametrize("arguments", [[], ["  "], ["-"]])
def test_no_prompt_is_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["ask", *arguments]) == 2
    assert "there is no prompt" in capsys.readouterr().err


def test_json_is_one_object_and_no_stream(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers("libria/chat", RESULT, delta("Hello"))
    assert main(["ask", "--json", "Hi"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said) == RESULT
    assert said.count("\n") == 1
    assert "partialResultToken" not in daemon.seen[0]["params"]


def test_reasoning_is_shown_when_asked_for_and_apart(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    progress = ({"kind": "reasoning", "text": "Hm"}, {"kind": "reasoning", "text": "m."}, delta("Yes"))
    daemon.answers("libria/chat", RESULT, *progress)
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr() == ("Yes\n", "")
    assert main(["ask", "--reasoning", "Hi"]) == 0
    assert capsys.readouterr() == ("Yes\n", "Hmm.\n\n")


def test_a_reset_is_told_and_the_answer_starts_on_a_new_line(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    reset = {"kind": "reset", "reason": "interrupted", "target": "openai/gpt-5-mini"}
    daemon.answers("libria/chat", RESULT, delta("Hel"), reset, delta("Hello"))
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr() == (
        "Hel\nHello\n",
        "libria: The answer above broke off (interrupted); it starts again from openai/gpt-5-mini.\n",
    )


NOTES = {"length": "--max-tokens", "contentFilter": "content filter"}


@pytest.mark.parametrize(("reason", "words"), NOTES.items())
def test_a_cut_answer_is_said_to_be(daemon: Any, capsys: pytest.CaptureFixture[str], reason: str, words: str) -> None:
    daemon.answers("libria/chat", RESULT | {"stopReason": reason}, delta("Hel"))
    assert main(["ask", "Hi"]) == 0
    said = capsys.readouterr()
    assert said.out == "Hel\n"
    assert words in said.err


def test_an_error_is_one_sentence_below_what_came(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def chat(fake: Any, message: dict[str, Any]) -> None:
        fake.progress(message, delta("Hel"))
        fake.send({"id": message["id"], "error": {"code": -32803, "message": "It broke; try again."}})

    daemon.on("libria/chat", chat)
    assert main(["ask", "Hi"]) == 1
    assert capsys.readouterr() == ("Hel\n", "libria: It broke; try again.\n")


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_lost_daemon_is_a_sentence(daemon: Any, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    daemon.on("libria/chat", lambda fake, _: fake.hang_up())
    assert main(["ask", *arguments, "Hi"]) == 1
    assert capsys.readouterr() == ("", "libria: The daemon ended before it answered; try again.\n")


def test_ctrl_c_cancels_and_exits_130(daemon: Any, start: Start) -> None:
    def cancelled(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"id": message["params"]["id"], "error": {"code": -32800, "message": "Cancelled."}})

    daemon.on("libria/chat", lambda fake, message: fake.progress(message, delta("Once")))
    daemon.on("$/cancelRequest", cancelled)
    process = start("ask", "Hi")
    assert process.stdout is not None
    assert process.stdout.read(4) == b"Once"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, b"\n", b"")
    assert daemon.wait_for("$/cancelRequest")["params"] == {"id": daemon.wait_for("libria/chat")["id"]}


def test_a_reader_that_has_enough_ends_it_quietly(daemon: Any, start: Start) -> None:
    def chat(fake: Any, message: dict[str, Any]) -> None:
        for _ in range(200):
            fake.progress(message, delta("x" * 1000 + "\n"))

    def cancelled(fake: Any, message: dict[str, Any]) -> None:
        fake.send({"id": message["params"]["id"], "error": {"code": -32800, "message": "Cancelled."}})

    daemon.on("libria/chat", chat)
    daemon.on("$/cancelRequest", cancelled)
    reading, writing = os.pipe()
    process = start("ask", "Hi", stdout=writing)
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, b"")
    daemon.wait_for("$/cancelRequest")


def test_characters_that_the_terminal_lacks_do_not_end_it(
    daemon: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    daemon.answers("libria/chat", RESULT, delta("é 🙂"))
    out, err = start("ask", "Hi").communicate(timeout=10)
    assert (out, err) == ("é ?\n".encode("latin-1"), b"")


def on_a_terminal(start: Start, *arguments: str) -> bytes:
    """What a person sees: standard output and error on one terminal."""
    ours, theirs = pty.openpty()
    process = start(*arguments, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:
        pass  # Linux says so that the other side has closed
    finally:
        os.close(ours)
    assert process.wait(timeout=10) == 0
    return seen


def test_a_terminal_shows_what_is_waited_for_and_clears_it(
    daemon: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    retrying = {"kind": "status", "state": "retrying", "target": "groq/x", "etaMs": 1500, "reason": "rateLimited"}
    daemon.answers("libria/chat", RESULT, retrying, delta("Hello"), retrying)
    assert on_a_terminal(start, "ask", "Hi") == (
        b"\r\x1b[K\x1b[2mretrying groq/x for 1.5 s (rateLimited) \xe2\x80\xa6\x1b[0m\r\x1b[KHello\r\n"
    )


def test_without_a_terminal_nothing_is_shown_of_it(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers("libria/chat", RESULT, {"kind": "status", "state": "connecting"}, delta("Hello"))
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr() == ("Hello\n", "")


def test_a_model_cannot_steer_the_terminal(daemon: Any, start: Start) -> None:
    daemon.answers("libria/chat", RESULT, delta("a\x1b]0;title\x07\tb\x9b2J"))
    assert on_a_terminal(start, "ask", "Hi") == b"a]0;title\tb2J\r\n"


def test_a_file_gets_the_text_as_it_is(daemon: Any, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers("libria/chat", RESULT, delta("a\x1b[0m\r\n"))
    assert main(["ask", "Hi"]) == 0
    assert capsys.readouterr().out == "a\x1b[0m\r\n"
