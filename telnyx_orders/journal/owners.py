"""Who is alive: each open journal holds a lock that ends with its process, however that ends.

The lock is one of SQLite's on a file beside the journal, `<path>-owner-<id>`, whose id is drawn
anew each time a journal is opened. The system gives it back when the process dies, even by
`kill -9`, and not while it is merely stopped. All of this runs while the caller has the write lock
of the journal's database, so that no owner is looked at between making its file and locking it.
"""

import secrets
from contextlib import suppress
from pathlib import Path

from telnyx_orders.journal.database import connect_private

__all__ = ["Ownership", "is_alive", "remove_dead"]

_MARK = "-owner-"
_ID_BYTES = 8


class Ownership:
    """The lock of one open journal. Made while the database's write lock is held.

    Attributes:
        id: Which journal it is; no other ever has the same.
    """

    def __init__(self, journal: Path) -> None:
        self.id = secrets.token_hex(_ID_BYTES)
        self._file = _file_of(journal, self.id)
        self._connection = connect_private(self._file, 0)
        try:
            # Nothing is written, so no file to roll it back is needed either.
            self._connection.execute("PRAGMA journal_mode = MEMORY")
            self._connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Give the lock back."""
        self._connection.close()
        with suppress(OSError):  # somebody who looks at it now; the next to open removes it
            self._file.unlink()


def is_alive(journal: Path, owner: str) -> bool:
    """Tell whether the journal that has this id is open in a living process."""
    import sqlite3

    file = _file_of(journal, owner)
    if not file.exists():
        return False
    connection: sqlite3.Connection | None = None
    try:
        # Never created: a lock on a new file would say nothing about the old one.
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", timeout=0, uri=True)
        # A shared lock, so that two who look do not take each other for the owner.
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        # Whatever else keeps us from looking, it is safe to take it for alive.
        return error.sqlite_errorcode != sqlite3.SQLITE_CANTOPEN or file.exists()
    else:
        return False
    finally:
        if connection is not None:
            connection.close()


def remove_dead(journal: Path) -> None:
    """Remove the files of owners that died without giving their locks back."""
    for file in journal.parent.glob(f"*{_MARK}{'[0-9a-f]' * 2 * _ID_BYTES}"):
        name, _, owner = file.name.rpartition(_MARK)
        if name == journal.name and not is_alive(journal, owner):
            with suppress(OSError):  # of the same name, but no file; or somebody looks at it now
                file.unlink()


def _file_of(journal: Path, owner: str) -> Path:
    return journal.with_name(f"{journal.name}{_MARK}{owner}")
