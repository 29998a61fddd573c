"""`libria config`: where the configuration is, what is in force, whether it is sound."""

import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from libria.cli.output import complain, print_json
from libria.paths import config_file

EPILOG = """\
  path     print where the file is, or would be
  show     print what is in force as TOML, each setting with where it is from
  check    say what is wrong with the file; exits 1 when something is
  schema   print the JSON Schema of the file, for editors

LIBRIA_CONFIG names another file.
"""


def run(argv: list[str]) -> int:
    parser = ArgumentParser(
        prog="libria config",
        description="Show, check and explain the configuration.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = {"path": _path, "show": _show, "check": _check, "schema": _schema}
    parser.add_argument("action", choices=actions, help="see below")
    return actions[parser.parse_args(argv).action]()


def _path() -> int:
    print(config_file())
    return 0


def _schema() -> int:
    from libria.config import json_schema

    print_json(json_schema())
    return 0


def _check() -> int:
    from libria.config import ConfigError, load, warnings

    file = config_file()
    try:
        config = load(file)
    except ConfigError as error:
        for line in str(error).splitlines():
            complain(line)
        return 1
    for warning in warnings(config):
        complain(warning)
    print(f"{file} is sound." if file.exists() else f"There is no {file}; the defaults are in force.")
    return 0


def _show() -> int:
    from libria.config import ConfigError, load, show

    file = config_file()
    try:
        config = load(file)
    except ConfigError as error:
        for line in str(error).splitlines():
            complain(line)
        return 1
    text = file.read_text("utf-8-sig") if file.exists() else ""
    print(f"# {file}" + ("" if file.exists() else ": no such file; all of this is default"))
    if os.environ.get("LIBRIA_REDIS_URL"):
        print("# LIBRIA_REDIS_URL is set and wins over [redis] url")
    print(show(config, text, file), end="")
    return 0
