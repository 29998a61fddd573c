"""What an answer repeats of the text after the cursor, as it streams.

A model ends with the line that follows, or with the bracket or quote that the editor had closed already.
Only what stands at the very end of an answer can be such, so its last characters wait for the next ones.
"""

import re
from collections.abc import Iterator

_PAIRS = {")": "(", "]": "[", "}": "{"}
_LITTLE = re.compile(r"[)\]};,\"'`\s]+")
_QUOTES = ('"', "'", "`", '"""', "'''")
_BREAK = re.compile(r"(?<!\n)\n")  # the first of those in a row


class BeforeSuffix:
    """Give it the pieces of an answer; it gives them without the repetition at the end. What follows on
    the cursor's own line is compared character by character, what follows on lines of its own by lines:
    there blank ones do not matter."""

    def __init__(self, prefix: str, suffix: str) -> None:
        self._prefix = prefix
        self._suffix = suffix
        self._lines = [line.rstrip() for line in suffix.split("\n") if line.strip()]
        self._by_lines = suffix.lstrip(" \t\r").startswith("\n")
        self._given: list[str] = []
        self._held = ""

    def feed(self, text: str) -> str:
        self._held += text
        at = next(self._starts(self._held), len(self._held))
        given, self._held = self._held[:at], self._held[at:]
        if given:
            self._given.append(given)
        return given

    def end(self) -> str:
        held, self._held = self._held, ""
        answer = "".join(self._given) + held
        for at in self._starts(held):
            tail = held[at:]
            if self._whole(tail) and (
                self._tells(answer, tail) or closes_again(self._prefix, answer, self._suffix, tail)
            ):
                return held[:at]
        return held

    def _starts(self, held: str) -> Iterator[int]:
        """Where in what is held the suffix may have begun, and gone on to the end of it."""
        if not self._lines:
            return
        if not self._by_lines:
            for at in range(len(held)):
                tail = held[at:]
                if self._suffix.startswith(tail) or (tail.strip() and self._suffix.startswith(tail.rstrip())):
                    yield at
            return
        if not self._given and not self._prefix.rpartition("\n")[2].strip() and self._follows(held):
            yield 0
        for match in _BREAK.finditer(held):
            if self._follows(held[match.start() :]):
                yield match.start()

    def _follows(self, tail: str) -> bool:
        """Whether `tail` is white space or the suffix's lines, the last perhaps not to its end."""
        said = [line.rstrip() for line in tail.split("\n") if line.strip()]
        if not said or len(said) > len(self._lines):
            return not said
        ended = tail.endswith("\n")
        *whole, last = said
        wanted = self._lines[len(whole)]
        return whole == self._lines[: len(whole)] and (last == wanted if ended else wanted.startswith(last))

    def _whole(self, tail: str) -> bool:
        """Whether `tail`, at the end of the answer, is no mere beginning of one of the suffix's lines."""
        said = [line.rstrip() for line in tail.split("\n") if line.strip()]
        return bool(said) and (not self._by_lines or len(said) > 1 or said[0] == self._lines[0])

    def _tells(self, answer: str, tail: str) -> bool:
        """Whether it can be no chance that an answer ends so: more than signs, and no part of a word."""
        bare = tail.strip() if self._by_lines else tail.rstrip()
        if sum(map(str.isalnum, bare)) < 3:
            return False
        if self._by_lines:
            return True
        before = (self._prefix + answer[: len(answer) - len(tail)])[-1:]
        after = self._suffix[len(bare) : len(bare) + 1]
        return not (_in_word(before) and _in_word(bare[0])) and not (_in_word(after) and _in_word(bare[-1]))


def closes_again(prefix: str, answer: str, suffix: str, tail: str) -> bool:
    """Whether `tail`, with which `answer` ends and `suffix` begins, closes what the suffix closes itself:
    brackets of which the prefix has no more open ones, a quote that is one too many, a comma."""
    bare = tail.strip()
    if not bare or not _LITTLE.fullmatch(tail):
        return False
    brackets = [closer for closer in _PAIRS if closer in bare]
    if brackets:
        return all(bare.count(closer) == _surplus(closer, prefix, answer, suffix) for closer in brackets)
    if bare in _QUOTES:
        line = prefix if len(bare) > 1 else prefix.rpartition("\n")[2]
        return (line + answer + (suffix if len(bare) > 1 else suffix.partition("\n")[0])).count(bare) % 2 == 1
    return bare in (";", ",")


def _surplus(closer: str, prefix: str, answer: str, suffix: str) -> int:
    """How many of these brackets the answer closes that the suffix closes too."""
    opener = _PAIRS[closer]
    left_open = 0
    for character in prefix:
        if character == opener:
            left_open += 1
        elif character == closer and left_open:
            left_open -= 1
    return _closes(answer, opener, closer) - max(0, left_open - _closes(suffix, opener, closer))


def _closes(text: str, opener: str, closer: str) -> int:
    """How many that were opened before `text`."""
    found = within = 0
    for character in text:
        if character == opener:
            within += 1
        elif character == closer and within:
            within -= 1
        elif character == closer:
            found += 1
    return found


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
