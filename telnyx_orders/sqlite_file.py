"""What the files of SQLite have in common that orders are kept in: the journal, and the mirror."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["connect_private", "from_text", "to_text", "transaction"]


def connect_private(path: Path, busy: float) -> "sqlite3.Connection":
    """Connect to a file that nobody else may read; it is made if it is not there.

    Args:
        path: The file.
        busy: Seconds to wait for another process that is at it.
    """
    import sqlite3

    # Never opened where it is there already: closing it again would drop the locks that SQLite
    # holds on it for another connection of this process (sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # Explicit transactions: the module would begin some of its own.
    return sqlite3.connect(path, timeout=busy, isolation_level=None)


@contextmanager
def transaction(connection: "sqlite3.Connection") -> Generator[None]:
    """Run a block in one transaction, which no writer comes between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def to_text(moment: datetime) -> str:
    """Write a time as UTC in ISO 8601, always as long, so that texts sort as times do."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Read a time that `to_text` wrote."""
    return datetime.fromisoformat(text)
