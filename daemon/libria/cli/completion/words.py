"""`libria __words KIND`: what the completion scripts ask for when somebody presses Tab."""


def run(argv: list[str]) -> int:
    """A word a line; nothing for what is not known."""
    match argv:
        case ["models"]:
            from libria.cli.known import asked

            words = asked()
        case ["templates"]:
            from libria.cli.templates import names

            words = names()
        case ["chats"]:
            from libria.cli.chat.saved import ids

            words = ids()
        case _:
            words = []
    print("\n".join(words))
    return 0
