"""Read `config.toml`: a whole Config, or a ConfigError that names every fault."""

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from libria.config.meaning import faults_in_meaning
from libria.config.model import Config
from libria.config.problems import Problem, problems


class ConfigError(Exception):
    """The file cannot be used. One line a problem: "FILE:LINE: PATH: what to do"."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.sentence(file) for problem in problems))


def load(path: Path) -> Config:
    """The configuration in `path`; all defaults where there is no such file. Raises ConfigError."""
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, [_broken_toml(error)]) from None
    except (ValueError, RecursionError):
        raise ConfigError(path, [Problem("", "this cannot be read: a number or a nesting is too large")]) from None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(path, problems(error, text)) from None
    if faults := faults_in_meaning(config, text):
        raise ConfigError(path, faults)
    return config


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(path, [Problem("", "this is not UTF-8; save the file as UTF-8", line)]) from None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigError(path, [Problem("", f"the file cannot be read ({reason})")]) from None


def _broken_toml(error: tomllib.TOMLDecodeError) -> Problem:
    """tomllib tells the place in its message alone: "… (at line 3, column 7)"."""
    message, _, place = str(error).partition(" (at ")
    found = re.match(r"line (\d+), column (\d+)", place)
    line = int(found[1]) if found else None
    where = f" (column {found[2]})" if found else " (at the end)" if place else ""
    return Problem("", f"this is not TOML: {message[:1].lower()}{message[1:]}{where}", line)
