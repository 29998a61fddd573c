"""The log of a daemon, from its config and its terminal to where the lines go."""

import sys
from datetime import datetime
from pathlib import Path

from libria.clock import SystemClock
from libria.config import Config
from libria.log.entry import Entry, stamp
from libria.log.file import LogFile
from libria.log.handler import attach
from libria.log.log import Log
from libria.log.otel import Spans
from libria.log.shown import shown
from libria.log.sinks import FileSink, TerminalSink
from libria.log.writer import Sink


def start(path: Path) -> Log:
    """What the process says from now on goes to `path`, and is shown to whoever looks at standard error."""
    clock, defaults = SystemClock(), Config().log
    file = LogFile(path, defaults.max_bytes, defaults.keep)
    spans = Spans()
    sinks: list[Sink[Entry]] = [FileSink(file, clock.wall), spans]
    if sys.stderr.isatty():
        sinks.insert(1, TerminalSink(sys.stderr, _shown))
    log = Log(sinks, wall=clock.wall, now=clock.now)
    attach(log.message)

    def fit(config: Config) -> bool:
        file.max_bytes, file.keep = config.log.max_bytes, config.log.keep
        return spans.configure(config.otel.endpoint)

    log.fits(fit)
    return log


def silent() -> Log:
    """For a process that keeps none."""
    clock = SystemClock()
    return Log([], wall=clock.wall, now=clock.now)


def _shown(entry: Entry) -> str:
    today = datetime.now().date().isoformat()
    return shown({"ts": stamp(entry.at), "level": entry.level, "event": entry.event, **entry.fields}, today)
