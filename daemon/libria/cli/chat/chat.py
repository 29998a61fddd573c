"""The conversation as it goes: read, ask, show, remember."""

import json
import threading
from pathlib import Path
from typing import Any

from libria.cli import known
from libria.cli.attach import describe, parts
from libria.cli.chat import saved
from libria.cli.chat.commands import help_text, message, no_such, parse
from libria.cli.chat.ends import Ends
from libria.cli.chat.talk import Message, Talk, markdown
from libria.cli.output import Wrong
from libria.cli.showing import cut_short
from libria.client.channel import connect
from libria.client.errors import CallFailed

Json = Any


class Chat:
    """`keep` is None when nothing is to be kept. `more` are params that every call has."""

    def __init__(
        self, talk: Talk, keep: saved.Saved | None, ends: Ends, *, more: dict[str, Json], reasoning: bool
    ) -> None:
        self._talk = talk
        self._keep = keep
        self._reader = ends.reader
        self._show = ends.show
        self._say = ends.say
        self._terminal = ends.terminal
        self._more = more
        self._reasoning = reasoning
        self._failed = False
        self._told: set[str] = set()

    def run(self, first: str) -> int:
        """Until the user leaves: 1 when the last answer failed, else 0. `first` is asked at once."""
        if first.strip() or (first and self._talk.attached):
            self._ask(self._talk.ask(first))
        while True:
            attached = f"[{len(self._talk.attached)} attached] " if self._talk.attached else ""
            try:
                line = self._reader.read(f"{attached}> ").strip()
            except EOFError:
                return 1 if self._failed else 0
            except KeyboardInterrupt:
                if not self._terminal:
                    raise
                self._say("Ctrl-D leaves.")
                continue
            try:
                if self._leaves(line):
                    return 1 if self._failed else 0
            except (Wrong, CallFailed, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                self._say(str(error))
            except KeyboardInterrupt:
                if not self._terminal:
                    raise

    def _leaves(self, line: str) -> bool:
        """Do what `line` says; whether that was to leave."""
        command = parse(line)
        if command is not None and command[0] in ("exit", "quit"):
            return True
        if command is not None:
            self._do(*command)
        elif line:
            self._ask(self._talk.ask(message(line)))
        return False

    def _do(self, command: str, rest: str) -> None:
        match command:
            case "help" | "?":
                self._say(help_text())
            case "model":
                self._model(rest)
            case "system":
                self._system(rest)
            case "attach":
                self._attach(rest)
            case "clear":
                self._talk.clear()
                if self._keep is not None:
                    self._keep = saved.Saved()
                self._say("A new conversation.")
            case "retry":
                self._retry()
            case "save":
                self._save(rest)
            case "reasoning":
                self._reasoning = not self._reasoning
                self._say(f"What the model thinks is {'shown' if self._reasoning else 'not shown'}.")
            case _:
                self._say(no_such(command))

    def _ask(self, asked: Message, *, back: int = 0, anew: bool = False) -> None:
        """`back`: messages that the question and its answer stand for from then on; `anew`: not from the cache."""
        talk = self._talk
        more = {**self._more, "cache": {"mode": "refresh"}} if anew else self._more
        result: dict[str, Json] | None = None
        answer: Message | None = None
        shown = self._show(talk.model or "asking", self._reasoning)
        try:
            with connect() as client:
                got: dict[str, Json] = client.request("libria/chat", talk.params(asked, more, back=back), shown)
            result, answer, sentence = got, got["message"], cut_short(got)
            if not shown.text and got.get("content"):
                shown({"kind": "delta", "text": got["content"]})
        except KeyboardInterrupt:
            if not self._terminal:
                raise
            sentence = "Cancelled; /retry asks again."
            if shown.text:  # the model is told what the user has seen
                answer, sentence = {"role": "assistant", "content": shown.text}, "Cancelled; what has come counts."
        except (CallFailed, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            sentence = f"{error} /retry asks again."
        finally:
            shown.end()
        self._failed = answer is None
        if result is not None:
            talk.counted(result)
            if self._terminal:
                self._say(summary(result, talk))
        if sentence is not None:
            self._say(sentence)
        if answer is not None:
            talk.answered(asked, answer, back=back)
            if self._keep is not None:
                self._keep.turn(talk, back=back)
                self._once(self._keep.problem)

    def _retry(self) -> None:
        asked, back = self._talk.last()
        if asked is None:
            raise Wrong("There is no question yet.")
        self._ask(asked, back=back, anew=True)

    def _model(self, name: str) -> None:
        if not name:
            names = known.known()
            if not names:
                self._say("Asking which models there are …")
                with connect() as client:
                    names = [model["id"] for model in client.request("libria/models", {})["models"]]
                known.remember(names)
            name = self._reader.choose("model: ", names) or ""
        if name:
            self._talk.model = name
        self._say(f"{self._talk.model or 'The default model'} answers.")

    def _system(self, text: str) -> None:
        if text:
            self._talk.system = None if text == "-" else text
        self._say(f"The model is told: {self._talk.system}" if self._talk.system else "The model is told nothing.")

    def _attach(self, file: str) -> None:
        if file == "-":
            self._talk.attached = []
            self._say("Nothing is attached.")
        elif not file:
            self._say(f"{len(self._talk.attached)} attached; /attach FILE adds one.")
        else:
            file = _unquoted(file)
            [part] = parts([file])
            self._talk.attached.append(part)
            self._say(f"Goes with the next message: {describe(part, file)}.")

    def _save(self, name: str) -> None:
        if not name:
            raise Wrong("Name the file: /save talk.md")
        file = Path(_unquoted(name)).expanduser()
        text = markdown(self._talk)
        if file.suffix == ".json":
            content = {"model": self._talk.model, "system": self._talk.system, "messages": self._talk.messages}
            text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        try:
            with file.open("x", encoding="utf-8", errors="replace") as out:
                out.write(text)
        except FileExistsError:
            raise Wrong(f"{file} is there already; name another.") from None
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "there can be no such file"
            raise Wrong(f"{file} cannot be written ({reason.lower()}).") from None
        self._say(f"Written to {file}.")

    def _once(self, problem: str | None) -> None:
        if problem is not None and problem not in self._told:
            self._told.add(problem)
            self._say(problem)


def learn_models() -> None:
    """So that names can be completed; nobody waits for it."""
    threading.Thread(target=known.asked, name="models", daemon=True).start()


def summary(result: dict[str, Json], talk: Talk) -> str:
    """Who answered, tokens, cost, time: what a person wants to know of an answer."""
    usage: dict[str, Json] = result.get("usage") or {}
    timings: dict[str, Json] = result.get("timings") or {}
    cache: dict[str, Json] = result.get("cache") or {}
    words = [str(result.get("model") or "")]
    if usage:
        words.append(f"{usage.get('inputTokens', 0):,} → {usage.get('outputTokens', 0):,} tokens")
    if cache.get("hit"):
        words.append("from the cache")
    elif (cost := result.get("cost")) is not None:
        words.append(f"${cost['usd']:.4f}" + (f" of ${talk.usd:.4f} in all" if talk.usd > cost["usd"] else ""))
    if timings.get("totalMs") is not None:
        words.append(f"{timings['totalMs'] / 1000:.1f} s")
    return " · ".join(words)


def _unquoted(file: str) -> str:
    """As a terminal's drag and drop quotes it."""
    if len(file) > 1 and file[0] == file[-1] and file[0] in "\"'":
        return file[1:-1]
    return file.replace("\\ ", " ")
