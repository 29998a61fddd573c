"""What an error quotes of the question or the key does not get out."""

import pytest

from libria_providers.scrub import scrub
from libria_providers.types import Call, Message, Text

CALL = Call(
    "p/m",
    (Message("user", "my password is   hunter2-and-more"), Message("user", (Text("the plan for tomorrow"),))),
    system="You are a pirate of the seven seas.",
)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Invalid content: 'my password is hunter2-and-more' is refused.", "Invalid content: '[…]' is refused."),
        ("Bad: the plan for tomorrow!", "Bad:[…]!"),
        ("System 'are a pirate of the' odd", "System '[…]' odd"),
        ("key abc12345 is wrong", "key [key] is wrong"),
        ("The model `m` does not exist", "The model `m` does not exist"),
        ("short", "short"),
    ],
)
def test_scrub(message: str, shown: str) -> None:
    assert scrub(message, "abc12345", CALL) == shown
