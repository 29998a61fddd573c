"""`libria ask`: one question, its answer printed as it comes."""

from typing import Any

from libria.cli.ask_options import call, parser
from libria.cli.output import complain, print_json
from libria.cli.screen import Screen
from libria.cli.showing import Show, cut_short
from libria.client.channel import connect
from libria.client.errors import CallFailed

Json = Any


def run(argv: list[str]) -> int:
    options_of = parser()
    options = options_of.parse_args(argv)
    if options.param and options.template is None:
        options_of.error("-p says what a {word} in a template stands for: name it with -t")
    params = call(options)
    content = params["messages"][0]["content"]
    if not content or (isinstance(content, str) and not content.strip()):
        options_of.error("there is no prompt: write it behind the options, or pipe it in")
    if options.json:
        with connect() as client:
            result = client.request("libria/chat", params)
        print_json(result)
        return _judged(params, result)[1]
    screen = Screen()
    result = _asked(params, screen, reasoning=options.reasoning)
    return 1 if result is None else _finish(screen, params, result)


def _asked(params: dict[str, Json], screen: Screen, *, reasoning: bool) -> dict[str, Json] | None:
    """The result; None when it failed, which has been said then."""
    show = Show(screen, reasoning=reasoning, answer="responseFormat" not in params)
    with connect() as client:
        try:
            result: dict[str, Json] = client.request("libria/chat", params, show)
            return result
        except (CallFailed, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            screen.end_line()
            complain(str(error))
            return None
        except KeyboardInterrupt:
            screen.end_line()
            raise


def _finish(screen: Screen, params: dict[str, Json], result: dict[str, Json]) -> int:
    answer, code = _judged(params, result, screen)
    if code == 0 and not screen.written:
        screen.answer(answer)
    screen.end_line()
    if (reason := cut_short(result)) is not None:
        screen.notice(reason)
    return code


def _judged(params: dict[str, Json], result: dict[str, Json], screen: Screen | None = None) -> tuple[str, int]:
    """What is to be printed, and 0 unless there is a schema that the answer does not keep to: then what is wrong, and
    with a screen the answer as it came, are on standard error, and standard output stays clean."""
    content: str = result.get("content") or ""
    if "responseFormat" not in params:
        return content, 0
    from libria.cli.structured import verdict

    text, wrong = verdict(params["responseFormat"]["schema"], content)
    if not wrong:
        return text, 0
    if screen is not None:
        screen.end_line()
    complain("The answer does not keep to the schema:")
    for sentence in wrong:
        complain(f"  {sentence}")
    if screen is not None:
        screen.raw(content)
    return text, 1
