"""`libria completion`: what the Tab key does in bash, zsh and fish."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module

EPILOG = """\
  bash:  libria completion bash >~/.local/share/bash-completion/completions/libria
  zsh:   libria completion zsh >~/.zfunc/_libria         (with fpath+=~/.zfunc before compinit in .zshrc)
  fish:  libria completion fish >~/.config/fish/completions/libria.fish

Commands and options are in the script: write it anew after an upgrade. Models, templates and conversations are asked
for when they are wanted; a daemon that runs is asked for the models, and else those that were seen last are named.
"""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria completion",
        description="Print the script that completes libria's commands, options, models and templates.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])
    options = parser.parse_args(argv)
    from libria.cli.completion.spec import commands

    sys.stdout.write(import_module(f"libria.cli.completion.{options.shell}").script(commands()))
    return 0
