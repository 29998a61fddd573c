"""The tables of the ledger's file, and how a file of an older version becomes one of this.

Steps only ever add: while a daemon hands over to its successor both write, and the older one goes on with what it
knows of the file that the newer one has changed."""

import sqlite3

STEPS = (
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,  -- milliseconds since the epoch, when it ended
        how TEXT NOT NULL,  -- attempt, cached, coalesced
        tool TEXT NOT NULL,
        tool_version TEXT NOT NULL,
        session TEXT NOT NULL,
        call TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        served_model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        status INTEGER,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cached_input_tokens INTEGER,
        cache_write_input_tokens INTEGER,
        reasoning_tokens INTEGER,
        exact INTEGER NOT NULL,
        cost INTEGER,  -- trillionths of a US dollar, null where the price is not known
        queued_ms REAL NOT NULL,
        first_token_ms REAL,
        total_ms REAL NOT NULL,
        daemon INTEGER NOT NULL  -- who wrote it, among those that wrote this file
    ) STRICT;
    CREATE INDEX entries_at ON entries (at);
    """,
    # The model as the client named it, an alias perhaps. SQLite copies these words into the table: no comment in them.
    "ALTER TABLE entries ADD COLUMN asked TEXT NOT NULL DEFAULT ''",
)

VERSION = len(STEPS)

COLUMNS = (
    "at", "how", "tool", "tool_version", "session", "call", "asked", "provider", "model", "served_model", "outcome",
    "status", "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_tokens",
    "exact", "cost", "queued_ms", "first_token_ms", "total_ms", "daemon",
)  # fmt: skip

INSERT = f"INSERT INTO entries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def version_of(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that are left, all or none of them; another daemon may take them at once."""
    if version_of(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version_of(connection), VERSION):
            for statement in STEPS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
