"""The simulator as a program: `libria simulate`, `python -m libria_providers.simulator`."""

import argparse
import asyncio
import contextlib
import signal
import sys

from libria_providers.simulator.grammar import MODELS, WORDS
from libria_providers.simulator.server import Simulator


def main(argv: list[str]) -> int:
    """Serves until interrupted. The first line of standard output is the address."""
    options = _parser().parse_args(argv)
    simulator = Simulator(options.host, options.port, pace=options.pace, key=options.key, keep=100)
    try:
        asyncio.run(_serve(simulator))
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(simulator: Simulator) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: the process is simply ended
        loop.add_signal_handler(signal.SIGTERM, stopped.set)
    async with simulator:
        print(simulator.url, flush=True)
        print(_hint(simulator.url), file=sys.stderr, flush=True)
        await stopped.wait()


def _hint(url: str) -> str:
    return (
        "To use it:\n"
        f"  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=simulated       # openai/story\n"
        f"  export GROQ_BASE_URL={url} GROQ_API_KEY=simulated            # groq/story\n"
        f"  export ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=simulated  # anthropic/story\n"
        f"  export GEMINI_BASE_URL={url} GEMINI_API_KEY=simulated        # gemini/story\n"
        f"  export CO_API_URL={url} CO_API_KEY=simulated                 # cohere/story\n"
        f"  export OLLAMA_HOST={url}                                     # ollama/story\n"
        f"Models: {', '.join(MODELS)}.\n"
        "Options follow a plus, as in story+cut:0.5; --help lists them. Ctrl-C ends it."
    )


def _parser() -> argparse.ArgumentParser:
    words = "\n".join(f"  {name:<16} {word.about}" for name, word in WORDS.items())
    models = "\n".join(f"  {name:<16} {about}" for name, about in MODELS.items())
    parser = argparse.ArgumentParser(
        prog="libria simulate",
        description="A provider on loopback that needs no key and misbehaves on request.",
        epilog=f"models:\n{models}\n\noptions of a model, each after a plus (story+cut:0.5):\n{words}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument(
        "--pace", type=float, help="deltas a second of models without a rate of their own; 0 for no pause"
    )
    parser.add_argument("--key", help="refuse every other key (default: any key, or none)")
    return parser
