"""The mirror's file: what it holds, how it is opened, and who is at it.

It is an SQLite database that other programs may read at any time:

- `orders`: a row an order, by `id`, with the fields of the API that are no lists; `data` is all of
  it as JSON.
- `phone_numbers`: a row a phone number: `order_id`, its `position` in the order, `id`,
  `phone_number`.
- `sync_state`: `key` and `value`: how far the mirror is, for itself.

`orders` has three columns of its own. `gone_at` is when the account was seen without the order, and
null while it is there; `source` is `listing` or `webhook`; `seen` counts when it was last seen.
Times are UTC in ISO 8601 with microseconds, such as `2026-02-01T12:00:00.000000Z`, and sort as
texts do. The version of all this is in `PRAGMA user_version`.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telnyx_orders.mirror.errors import MirrorError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["foreign_errors", "lock", "open_database", "transaction"]

APPLICATION_ID: Final = 0x54784F4D  # "TxOM"
VERSION: Final = 1

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
CREATE TABLE sync_state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


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
    import sqlite3

    with foreign_errors(path):
        if not path.exists():
            # It holds what an account has bought: nobody else needs to read it.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: "sqlite3.Connection", path: Path) -> None:
    kind: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and kind != APPLICATION_ID:
        raise MirrorError(f"{path} is a database of something else, and was left as it is")
    if tables and version != VERSION:
        raise MirrorError(
            f"the mirror {path} has version {version}, and this release of telnyx-orders knows "
            f"version {VERSION}: begin a new one, or use the release that wrote it"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit may be lost with the power, but nothing is torn; the next sync sees it again.
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        with transaction(connection):
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: "sqlite3.Connection") -> Generator[None]:
    """Run a block in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def foreign_errors(path: Path) -> Generator[None]:
    """Turn what SQLite and the system raise into a `MirrorError`."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as error:
        raise MirrorError(f"the mirror {path} cannot be used: {error}") from error
    except OSError as error:
        raise MirrorError(f"the mirror {path} cannot be used: {error.strerror or error}") from error
