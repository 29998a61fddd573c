"""The user's configuration: read once, validated whole, frozen."""

from libria.config.load import ConfigError, load
from libria.config.model import Config, json_schema
from libria.config.problems import Problem
from libria.config.show import show
from libria.config.warn import warnings
from libria.config.watch import Stamp, changed, stamp

__all__ = [
    "Config", "ConfigError", "Problem", "Stamp", "changed", "json_schema", "load", "show", "stamp", "warnings",
]  # fmt: skip
