"""`libria chat`: a conversation in the terminal."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

EPILOG = """\
/help lists what can be said to the chat itself: another model, files, asking again, saving. Enter sends, Alt-Enter
begins a new line, what is pasted is one message. Ctrl-C ends an answer and keeps what has come of it; Ctrl-D leaves.

Conversations are kept in the state folder, readable by you alone, the last 200 of them: --continue goes on with the
last or with the one that --list names; --no-save keeps neither this one nor what is typed. Without a terminal each
line of standard input is a message, and answers are plain text.
"""


def run(argv: list[str]) -> int:
    options = _options(argv)
    if options.list:
        return _list()

    from libria.cli.chat import saved  # what follows takes a while, which no other command pays
    from libria.cli.chat.chat import Chat, learn_models
    from libria.cli.chat.ends import ends
    from libria.cli.chat.quiet import ended_by_signals
    from libria.cli.chat.talk import Talk

    talk, keep = Talk(), saved.Saved()
    problem = None
    if options.go_on is not None:
        found = options.go_on or saved.latest()
        if found is None:
            from libria.cli.output import Wrong

            raise Wrong("There is no conversation to go on with.")
        talk, problem = saved.load(found)
        keep = saved.Saved(found)
    talk.model, talk.system = options.model or talk.model, options.system or talk.system
    if options.attach:
        from libria.cli.attach import parts

        talk.attached = parts(options.attach)
    here = ends(keep=not options.no_save)
    if here.terminal:
        learn_models()
        here.greet(talk)
    for sentence in (problem, here.problem):
        if sentence:
            here.say(sentence)
    chat = Chat(talk, None if options.no_save else keep, here, more=_more(options), reasoning=options.reasoning)
    with ended_by_signals(), here.quiet():
        return chat.run(" ".join(options.prompt))


def _more(options: Namespace) -> dict[str, object]:
    said = {
        "fallbacks": options.fallback,
        "reasoning": {"effort": options.reasoning_effort} if options.reasoning_effort else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _list() -> int:
    import time

    from libria.cli.chat.saved import summaries
    from libria.cli.output import table, without_empty_columns

    rows = [("ID", "LAST", "MODEL", "BEGAN WITH")]
    for one in summaries():
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.when))
        rows.append((one.id, when, one.model, one.first[:60]))
    if len(rows) == 1:
        print("No conversation is kept yet.")
    else:
        print(table(without_empty_columns(rows)))
    sys.stdout.flush()
    return 0


def _options(argv: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="libria chat",
        description="Talk with a model in the terminal.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("prompt", nargs="*", metavar="PROMPT", help="what is said first")
    add("-m", "--model", help="provider/model, or an alias from the config")
    add("--fallback", action="append", metavar="MODEL", help="who is asked when that fails; may be repeated")
    add("-s", "--system", help="what the model is told about its task")
    add("-a", "--attach", action="append", default=[], metavar="FILE", help="goes with what is said first")
    add("--reasoning", action="store_true", help="show the model's reasoning, dimmed")
    add(
        "--reasoning-effort", choices=["minimal", "low", "medium", "high"], metavar="EFFORT",
        help="how much a model that can think thinks: minimal, low, medium, high",
    )  # fmt: skip
    add(
        "-c", "--continue", nargs="?", const="", dest="go_on", metavar="ID",
        help="go on with the last conversation, or this one",
    )  # fmt: skip
    add("--list", action="store_true", help="list the conversations that are kept")
    add("--no-save", action="store_true", help="keep nothing of this conversation")
    return parser.parse_args(argv)
