"""What the simulator's models say."""

import re

STORY = """\
Why we share one daemon

In the house on the hill every tool had its own telephone. The editor had one, the test runner had \
one, the script that wrote the release notes had one, and each of them dialled the same library in \
the same town, all day long.

It worked, in the way that things work when nobody looks at the bill. Each tool knocked, waited for \
the door, said who it was, waited again, and only then asked its question. When the library was \
busy, every tool found out alone, and every tool called back at once, so that the library became \
busier still. Two tools that asked the same question within the same minute paid for the answer \
twice and never knew.

One winter a small keeper moved into the hall. She kept one line to the library open and warm. A \
tool that wanted something told her, in a few words, and went back to its work; the answer came to \
it word by word, as if it had dialled itself. She wrote nothing on the walls and told nobody what \
the others had asked.

When the library said "later", she heard it once, and everyone in the house waited politely in one \
queue, the person at the keyboard first and the nightly job last. When the library was closed, she \
knew of another one across the river. When a tool hung up in the middle of a sentence, she hung up \
too, so that nobody paid for words that no one would read. And when a question came that had been \
answered a moment ago, she smiled and read it from her notebook.

The tools did not become cleverer that winter. They became lighter. Each lost its own telephone, \
its own list of numbers, its own way of being impatient, and kept only what it was good at.

In spring somebody asked the editor how it had become so quick. "I stopped calling," it said. "I \
just ask."
"""

CODE = '''\
"""Count the words of a text, the most frequent first."""

import re
import sys
from collections import Counter


def words(text: str) -> Counter[str]:
    """Words in lower case; an apostrophe belongs to its word."""
    return Counter(re.findall(r"[a-z']+", text.lower()))


def main() -> int:
    for word, times in words(sys.stdin.read()).most_common(10):
        print(f"{times:6d}  {word}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
'''

REASONING = """\
The question is short, so the answer can be short too. I check what is asked, set aside what is \
not, and begin with the part that matters most."""

REASONED = "I thought about it first: one shared line is enough, as long as everyone may use it."

REFUSAL = "I'm very sorry, but I can't assist with that."

PLAN = "I call what I was given to find the answer."

NO_TOOLS = "No tool was offered, so there is none to call."

PAGE = """\
<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Sign in to the network</h1><p>Accept the terms to go on.</p></body></html>
"""

_PIECE = re.compile(r"\s*\S{1,6}|\s+")


def pieces(text: str) -> list[str]:
    """About one piece a token; joined they are exactly `text`."""
    return _PIECE.findall(text)
