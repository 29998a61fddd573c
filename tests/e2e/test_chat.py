"""`libria chat` in a real terminal, over the shared daemon: what a person types, and sees."""

import base64
import os
import re
import signal
from pathlib import Path

import pytest
from e2e_home import Home, provider_env
from e2e_terminal import Screen

from libria_providers.simulator import Simulator

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def chat(home: Home, sim: Simulator, *arguments: str, columns: int = 80, rows: int = 24, **env: str) -> Screen:
    """pyte answers no question about the cursor, so that none is asked."""
    env = {**provider_env(sim), "PROMPT_TOOLKIT_NO_CPR": "1", **env}
    return Screen(home, "chat", *arguments, columns=columns, rows=rows, **env)


def paste(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def ready(text: str) -> bool:
    """Whether the last line waits for what is typed."""
    lines = [line for line in text.splitlines() if line]
    return bool(lines) and lines[-1].endswith(">")


async def test_a_pasted_text_is_one_message_and_code_is_shown_as_code(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/echo") as screen:
        await screen.until(ready)
        screen.type(paste("# Look\n\n```python\nprint('x')  # 漢字\n```\n\n- **one**\n- two") + "\r")
        seen = await screen.until(lambda text: "tokens" in text and ready(text))
        assert "\n╶── python\nprint('x')  # 漢字" in re.sub(r"(?<=[漢字]) ", "", seen)
        assert "\n • one\n • two\n" in seen
        assert "openai/echo · " in seen
        assert re.search(rb"\x1b\[(?:[0-9;]*;)?[39][0-7][;m]", screen.written), "code has colours"
        screen.type("\x04")
        assert await screen.ended() == 0
        assert screen.restored
    assert len(sim.calls) == 1


async def test_new_lines_can_be_typed(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/echo", "--no-save") as screen:
        await screen.until(ready)
        screen.type("one\x1b\rtwo\nthree\\\rfour\r")
        await screen.until(lambda text: "tokens" in text)
    assert sim.calls[-1].body["messages"][-1]["content"] == "one\ntwo\nthree\nfour"
    typed = home.path / "state" / "chat-history.jsonl"
    assert not typed.exists() or "three" not in typed.read_text(), "--no-save keeps nothing of what was typed"


async def test_ctrl_c_ends_the_answer_and_the_talk_goes_on_with_what_came(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/fast:10+stall:0.5", "Hello") as screen:
        await screen.until(lambda text: "Why we share one daemon" in text)
        screen.type("\x03")
        await screen.until(lambda text: "Cancelled; what has come counts." in text and ready(text))
        await sim.wait_for(lambda call: call.state == "hung up")
        screen.type("/model openai/echo\r")
        await screen.until(lambda text: "openai/echo answers." in text and ready(text))
        screen.type("And now?\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
        screen.type("\x03")
        await screen.until(lambda text: "Ctrl-D leaves." in text.partition("tokens")[2])
        screen.type("/exit\r")
        assert await screen.ended() == 0
        assert screen.restored
    told = [(one["role"], one["content"].strip()) for one in sim.calls[-1].body["messages"]]
    assert told == [("user", "Hello"), ("assistant", "Why we share one daemon"), ("user", "And now?")]


async def test_ctrl_c_before_the_first_word_takes_the_question_back(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/silent", "Hello") as screen:
        await sim.wait_for(lambda call: call.state == "open")
        await screen.until(lambda text: "openai/silent" in text)
        screen.type("\x03")
        await screen.until(lambda text: "Cancelled; /retry asks again." in text and ready(text))
        screen.type("/model openai/echo\r/retry\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
    assert [one["content"] for one in sim.calls[-1].body["messages"]] == ["Hello"]


async def test_what_is_typed_meanwhile_is_the_next_message(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/story+rate:50+count:60", "Hello") as screen:
        await screen.until(lambda text: "In the house" in text)
        screen.type("/model openai/echo\rnext\r")
        seen = await screen.until(lambda text: text.count("tokens") == 2 and ready(text))
        assert seen.count("next") == 2
    assert sim.calls[-1].body["messages"][-1]["content"] == "next"


async def test_an_answer_that_breaks_is_marked_and_starts_again(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/fast:20+cut:0.5", "--fallback", "groq/fast:5", "Hello") as screen:
        seen = await screen.until(lambda text: "tokens" in text and ready(text))
        assert "it starts again from groq/fast:5." in " ".join(seen.split())
        assert "groq/fast:5 · " in seen


async def test_retrying_is_seen(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/status:429+retry-after:50", "Hello") as screen:
        await screen.until(lambda text: re.search(r"(retrying|waiting).* openai/status:429", text))
        screen.type("\x03")
        await screen.until(ready)
        assert "retrying" not in screen.text, "and gone when it is over"


async def test_an_error_is_a_sentence_and_the_talk_goes_on(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/status:403", "Hello") as screen:
        seen = await screen.until(ready)
        assert "/retry asks again." in " ".join(seen.split())
        screen.type("\x04")
        assert await screen.ended() == 1


async def test_an_image_goes_along(home: Home, sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(PNG)
    with chat(home, sim, "-m", "openai/echo") as screen:
        await screen.until(ready)
        screen.type(f"/attach {tmp_path}/a\\ b.png\r")
        await screen.until(lambda text: "image/png" in text and ready(text))
        assert "[1 attached] >" in screen.text
        screen.type("What is it?\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
    image, words = sim.calls[-1].body["messages"][-1]["content"]
    assert image["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert words["text"] == "What is it?"


async def test_thirty_columns_wide_characters_and_no_colour(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/echo", columns=30, rows=12, NO_COLOR="1") as screen:
        await screen.until(ready)
        text = "漢字も含む長い文章です。とても長いので折り返されます。" * 2
        screen.type(paste(f"{text}\n\n```python\nx = '{'y' * 60}'\n```") + "\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
        assert not re.search(rb"\x1b\[[0-9;]*(?<![0-9;])(3[0-7]|9[0-7])m", screen.written)
        screen.resize(100, 30)
        screen.type("/retry\r")
        await screen.until(lambda text: f"x = '{'y' * 60}'" in text)


async def test_a_model_is_chosen_from_those_that_are_known(own_home: Home, sim: Simulator) -> None:
    (own_home.path / "state").mkdir(mode=0o700)
    (own_home.path / "state" / "models.json").write_text('["simulate/code", "simulate/story", "openai/echo"]')
    with chat(own_home, sim, "-m", "openai/echo") as screen:
        await screen.until(ready)
        screen.type("/model\r")
        await screen.until(lambda text: "simulate/story" in text)
        screen.type("late tor")
        await screen.until(lambda text: "simulate/code" not in text and "simulate/story" in text)
        screen.type("\r")
        await screen.until(lambda text: "simulate/story answers." in text)


async def test_it_is_gone_on_with_and_what_was_typed_is_found_again(own_home: Home, sim: Simulator) -> None:
    with chat(own_home, sim, "-m", "openai/echo") as screen:
        await screen.until(ready)
        screen.type("the first thing\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
        screen.type("\x04")
        assert await screen.ended() == 0
    typed = own_home.path / "state" / "chat-history.jsonl"
    typed.write_bytes(typed.read_bytes() + b"\xffbroken\n")
    with chat(own_home, sim, "--continue") as screen:
        seen = await screen.until(ready)
        assert "openai/echo answers · 2 messages so far" in seen
        assert "is damaged in part" in " ".join(seen.split())
        screen.type("\x1b[A")
        await screen.until(lambda text: "> the first thing" in text)
        screen.type("\r")
        await screen.until(lambda text: "tokens" in text and ready(text))
    assert [one["content"] for one in sim.calls[-1].body["messages"]] == ["the first thing"] * 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_however_it_ends_the_terminal_is_as_before(home: Home, sim: Simulator, number: signal.Signals) -> None:
    with chat(home, sim, "-m", "openai/fast:10+stall:0.5", "Hello") as screen:
        await screen.until(lambda text: "Why we share one daemon" in text)
        assert not screen.restored
        os.kill(screen.process.pid, number)
        assert await screen.ended() == 128 + number
        assert screen.restored
    await sim.wait_for(lambda call: call.state == "hung up")


async def test_a_terminal_that_can_do_little_gets_lines(home: Home, sim: Simulator) -> None:
    with chat(home, sim, "-m", "openai/echo", TERM="dumb") as screen:
        await screen.until(ready)
        screen.type("**Hello**\r")
        await screen.until(lambda text: text.count("**Hello**") == 2 and ready(text))
        assert b"\x1b" not in screen.written
        screen.type("\x04")
        assert await screen.ended() == 0


async def test_through_a_pipe_it_is_text_and_nothing_else(home: Home, sim: Simulator) -> None:
    code, out, err = await home.command("chat", "-m", "openai/echo", env=provider_env(sim), input=b"**one**\n\ntwo\n")
    assert (code, out, err) == (0, "**one**\ntwo\n", "")
