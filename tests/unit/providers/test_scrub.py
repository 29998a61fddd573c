"""What an error quotes of the question or the key does not get out."""

import pytest

from libria_providers.scrub import scrub
from libria_providers.types import Call, Embed, Fill, Message, Text, Tool

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


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Bad: the plan for …", "Bad:…"),  # cut off in the middle of what was asked
        ("the plan is off …", "the plan is off …"),
        ("key abc123…", "key [key]…"),
        ("def secret(argument): no", "[…]: no"),
        ("not return secret_of_mine!", "not[…]!"),
        ("embedded: the first text of all!", "embedded:[…]!"),
        ("tool: what the tool is for.", "tool: […]."),
        (r'{"content":"line one \"quoted\"\nline two"}', '{"content":"[…]"}'),
        (r"{'content': 'gr\u00fc\u00dfe an alle leute'}", "{'content': '[…]'}"),
    ],
)
def test_whatever_was_asked(message: str, shown: str) -> None:
    asked = [
        Call("p/m", CALL.messages),
        Call("p/m", ask=Fill("def secret(argument)", "return secret_of_mine")),
        Call("p/m", ask=Embed(("an embedding of it", "x the first text of all"))),
        Call("p/m", tools=(Tool("t", {}, "what the tool is for"),)),
        Call("p/m", (Message("user", 'line one "quoted"\nline two'), Message("user", "grüße an alle leute"))),
    ]
    for call in asked:
        message = scrub(message, "abc12345", call)
    assert message == shown
