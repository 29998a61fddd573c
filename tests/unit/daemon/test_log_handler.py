"""Python's logging in the log: our sentences whole, of others' faults only kind and place."""

import logging
import sys

import pytest

from libria.log.handler import Handler, where

Said = list[tuple[str, str, str]]
SECRET = "what the user asked"


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def handler(said: Said) -> Handler:
    return Handler(lambda _at, level, logger, message: said.append((level, logger, message)))


def record(
    name: str, level: int, message: str, *values: object, error: BaseException | None = None
) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord(name, level, "x.py", 1, message, values, trace)


def a_fault() -> BaseException:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        return error


@pytest.mark.parametrize(
    ("logger", "level", "message", "values", "shown"),
    [
        ("libria.serve", logging.INFO, "%d are %s", (2, "there"), "info serve: 2 are there"),
        ("libria", logging.WARNING, "plain", (), "warning libria: plain"),
        (
            "asyncio",
            logging.ERROR,
            f"Exception in callback f('{SECRET}')",
            (),
            "error asyncio: Exception in callback f",
        ),
        ("asyncio", logging.CRITICAL, f"<Task {SECRET}>", (), "error asyncio: a message"),
        (
            "opentelemetry.x",
            logging.WARNING,
            "Cannot export to %s",
            (SECRET,),
            "warning opentelemetry.x: Cannot export to",
        ),
        ("libria.x", logging.DEBUG, "%d", ("no number",), "warning log: a message could not be logged"),
    ],
)
def test_a_message(
    handler: Handler,
    said: Said,
    logger: str,
    level: int,
    message: str,
    values: tuple[object, ...],
    shown: tuple[str, ...],
) -> None:
    handler.emit(record(logger, level, message, *values))
    ((how, who, what),) = said
    assert f"{how} {who}: {what}" == shown


def test_an_exception_is_named_and_placed_but_not_quoted(handler: Handler, said: Said) -> None:
    handler.emit(record("asyncio", logging.ERROR, f"Task exception was never retrieved\n{SECRET}", error=a_fault()))
    ((level, logger, message),) = said
    assert (level, logger) == ("error", "asyncio")
    assert message.startswith("Task exception was never retrieved: KeyError at ")
    assert message.count("test_log_handler.py:") == 1
    assert SECRET not in message


def test_where_without_a_trace() -> None:
    assert where(ValueError(SECRET)) == "ValueError at ?"
    assert where(None, MemoryError) == "MemoryError at ?"
    assert sys.exc_info() == (None, None, None)
