"""The mirror's file: what it holds, how it is opened, and who is at it.

It is an SQLite database that other programs may read at any time:

- `orders`: a row an order, by `id`, with the fields of the API that are no lists; `data` is all of
  it as JSON.
- `phone_numbers`: a row a phone number: `order_id`, its `position` in the order, `id`,
  `phone_number`.
- `untold`: `order_id`: an order whose change nobody has taken yet, with what it was `before`.
- `sync_state`: `key` and `value`: how far the mirror is, for itself.

`orders` has four columns of its own. `gone_at` is when the account was seen without the order, and
null while it is there; `source` is `listing` or `webhook`, whichever spoke last; `seen` counts when
that was; `as_of` is the latest time for which anything is known of the order. Times are UTC in ISO
8601 with microseconds, such as `2026-02-01T12:00:00.000000Z`, and sort as texts do. Truth is 1 or
0. The version of all this is in `PRAGMA user_version`.
"""

import stat
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.sqlite_file import connect_private, transaction

if TYPE_CHECKING:
    import sqlite3

__all__ = ["check_file", "foreign_errors", "lock", "open_database"]

APPLICATION_ID: Final = 0x54784F4D  # "TxOM"
VERSION: Final = 2

BUSY_SECONDS: Final = 5.0
"""How long to wait for another program that writes the file."""

_OTHER: Final = "Another program keeps it from being written: end that, or try again"
_PATH: Final = "Give the mirror a path of its own"
_ANEW: Final = "It is damaged: begin a new one"
_DISK: Final = "See that the disk has room and that this process may write the file and its folder"

SCHEMA: Final = """
CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    status TEXT,
    customer_reference TEXT,
    phone_numbers_count INTEGER,
    requirements_met INTEGER,
    connection_id TEXT,
    messaging_profile_id TEXT,
    billing_group_id TEXT,
    created_at TEXT,
    updated_at TEXT,
    data TEXT NOT NULL,
    source TEXT NOT NULL,
    seen INTEGER NOT NULL,
    as_of TEXT,
    gone_at TEXT
);
CREATE INDEX orders_by_time ON orders (created_at, status) WHERE gone_at IS NULL;
CREATE INDEX orders_by_status ON orders (status) WHERE gone_at IS NULL;
CREATE TABLE phone_numbers (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position INTEGER NOT NULL,
    id TEXT,
    phone_number TEXT,
    PRIMARY KEY (order_id, position)
) WITHOUT ROWID;
CREATE INDEX phone_numbers_by_number ON phone_numbers (phone_number);
CREATE TABLE untold (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL UNIQUE,
    before TEXT
);
CREATE TABLE sync_state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def check_file(path: Path) -> None:
    """Refuse what is no mirror, before anything is written beside it.

    Raises:
        MirrorError: It is a folder, a device, something else's database, or of another version.
    """
    import sqlite3

    with foreign_errors(path):
        try:
            found = path.stat()
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise MirrorError(
                    f"the folder {path.parent} is not there: make it, or give another path"
                ) from None
            return
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise MirrorError(f"{path} is {what}: give the mirror the path of a file of its own")
        if found.st_size:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                _check_kind(connection, path)


def lock(path: Path) -> "sqlite3.Connection":
    """Keep other processes from writing the mirror, until this is closed or its process ends.

    Raises:
        MirrorError: Another one is at it.
    """
    import sqlite3

    with foreign_errors(path):
        connection = sqlite3.connect(path.with_name(f"{path.name}-lock"), 0, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise MirrorError(
                    f"the mirror {path} is in use by another process, or opened twice in this one: "
                    "wait for its end"
                ) from None
            raise
    return connection


def open_database(path: Path) -> "sqlite3.Connection":
    """Open the mirror, and make it if it is not there.

    Raises:
        MirrorError: It is no mirror, of another version, or cannot be used.
    """
    with foreign_errors(path):
        # It holds what an account has bought: nobody else needs to read it.
        connection = connect_private(path, BUSY_SECONDS)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: "sqlite3.Connection", path: Path) -> None:
    tables = _check_kind(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit may be lost with the power, but nothing is torn; the next sync sees it again.
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        with transaction(connection):
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _check_kind(connection: "sqlite3.Connection", path: Path) -> int:
    """Refuse a database that is no mirror; give the number of its tables and indexes."""
    kind: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and kind != APPLICATION_ID:
        raise MirrorError(f"{path} is a database of something else, and was left as it is. {_PATH}")
    if tables and version != VERSION:
        raise MirrorError(
            f"the mirror {path} has version {version}, and this release of telnyx-orders knows "
            f"version {VERSION}: begin a new one, or use the release that wrote it"
        )
    return tables


@contextmanager
def foreign_errors(path: Path) -> Generator[None]:
    """Turn what SQLite and the system raise into a `MirrorError`."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        # Extended codes have the kind of error in their lowest byte.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        busy = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        advice = {
            sqlite3.SQLITE_BUSY: _OTHER,
            sqlite3.SQLITE_LOCKED: _OTHER,
            sqlite3.SQLITE_NOTADB: _PATH,
            sqlite3.SQLITE_CORRUPT: _ANEW,
        }.get(code, _DISK)
        raise MirrorError(
            f"the mirror {path} cannot be used: {error}. {advice}", transient=busy
        ) from error
    except OSError as error:
        raise MirrorError(
            f"the mirror {path} cannot be used: {error.strerror or error}. {_DISK}"
        ) from error
