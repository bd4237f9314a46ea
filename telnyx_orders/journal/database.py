"""The journal's file: what it holds, how it is opened, and what its errors mean.

It is an SQLite database, which the `sqlite3` program reads:

    sqlite3 orders.db "SELECT reference, state, sent_at, reason FROM intents"

Its one table, `intents`, has a row for each order that was about to be sent:

| column | what it holds |
|---|---|
| `reference` | its `customer_reference`, the key |
| `state` | `open`, `placed` or `not_placed` |
| `request` | what was asked for: the JSON body of the request |
| `sent_at` | when it was first about to be sent; anew after `not_placed` |
| `given_up_at` | when it was given up; before that, when it was last about to be sent |
| `longest` | how many seconds after that its request is given up at the latest |
| `ended_at` | when it was known to be placed or not; null while it is open |
| `owner` | which open journal is sending it, see `owners`; null if none is |
| `attempts` | how often it was about to be sent |
| `placed_order` | the order as JSON, if it was placed |
| `reason` | why it was not placed, if it was not |

Times are UTC in ISO 8601 with microseconds, such as `2026-02-01T12:00:00.000000Z`. The version of
all this is in `PRAGMA user_version`, and `PRAGMA application_id` says that it is a journal.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telnyx_orders.order_errors import JournalError
from telnyx_orders.sqlite_file import connect_private, transaction

if TYPE_CHECKING:
    import sqlite3

__all__ = ["BUSY_SECONDS", "foreign_errors", "open_database"]

APPLICATION_ID: Final = 0x54784F4A  # "TxOJ"
VERSION: Final = 1

BUSY_SECONDS: Final = 10.0
"""How long to wait for another process, whose writes take milliseconds."""

SCHEMA: Final = """
CREATE TABLE intents (
    reference TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'placed', 'not_placed')),
    request TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    given_up_at TEXT NOT NULL,
    longest REAL NOT NULL,
    ended_at TEXT CHECK ((ended_at IS NULL) = (state = 'open')),
    owner TEXT CHECK (owner IS NULL OR state = 'open'),
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    placed_order TEXT CHECK ((placed_order IS NOT NULL) = (state = 'placed')),
    reason TEXT CHECK ((reason IS NOT NULL) = (state = 'not_placed'))
) WITHOUT ROWID;
CREATE INDEX open_intents ON intents (sent_at) WHERE state = 'open';
"""


def open_database(path: Path) -> "sqlite3.Connection":
    """Open the journal's file, and make it if there is none.

    Raises:
        JournalError: It is no journal, of a newer version, or cannot be read and written.
    """
    with foreign_errors(path):
        connection = connect_private(path, BUSY_SECONDS)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(connection: "sqlite3.Connection", path: Path) -> None:
    for pragma in ("synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON"):
        connection.execute(f"PRAGMA {pragma}")
    # Looked at before anything is changed, as it may be somebody else's database.
    _check_kind(connection, path)
    with transaction(connection):
        if _is_empty(connection):
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        else:
            _check_kind(connection, path)
    _use_wal(connection)


def _check_kind(connection: "sqlite3.Connection", path: Path) -> None:
    if _is_empty(connection):
        return
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise JournalError(
            f"{path} is a database of something else, and was left as it is. "
            "Give OrderJournal a path of its own"
        )
    version = _pragma(connection, "user_version")
    if version != VERSION:
        raise JournalError(
            f"the journal {path} has version {version}, and this release of telnyx-orders knows "
            f"version {VERSION}. Use the release that wrote it, or a newer one"
        )


def _is_empty(connection: "sqlite3.Connection") -> bool:
    kinds = (_pragma(connection, "application_id"), _pragma(connection, "user_version"))
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return not any((*kinds, tables))


def _pragma(connection: "sqlite3.Connection", name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _use_wal(connection: "sqlite3.Connection") -> None:
    import sqlite3

    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait here for another process that is opening the file too.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def foreign_errors(path: Path) -> Generator[None]:
    """Turn what SQLite and the system raise into a `JournalError` that says what to do."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        advice = next((said for start, said in _ADVICE if name.startswith(start)), _OTHERWISE)
        raise JournalError(f"the journal {path} cannot be used: {error}. {advice}") from error
    except OSError as error:
        why = error.strerror or error
        raise JournalError(f"the journal {path} cannot be used: {why}. {_NOT_WRITABLE}") from error


_NOT_WRITABLE = (
    "This process must be able to read and write the file, and to create others beside it"
)
_OTHERWISE = "If it stays so, look at the disk and at the file"
_ADVICE = (
    ("SQLITE_FULL", "Free some space on its disk"),
    ("SQLITE_READONLY", _NOT_WRITABLE),
    ("SQLITE_CANTOPEN", _NOT_WRITABLE),
    ("SQLITE_PERM", _NOT_WRITABLE),
    (
        "SQLITE_BUSY",
        f"Another process has held it for {BUSY_SECONDS:g} s: look whether one is stopped",
    ),
    ("SQLITE_NOTADB", "It is no journal, and was left as it is: give OrderJournal another path"),
    ("SQLITE_CORRUPT", "It is damaged: look the orders up in the account before you order anew"),
    ("SQLITE_IOERR", "The disk may be full, or fail: look at it"),
)
