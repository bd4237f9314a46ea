"""Who is alive: each open journal holds a lock that ends with its process, however that ends.

The lock is one of SQLite's on a file beside the journal, `<path>-owner-<id>`, whose id is drawn
anew each time a journal is opened. The system gives it back when the process dies, even by
`kill -9`, and not while it is merely stopped. All of this runs while the caller has the write lock
of the journal's database, so that no owner is looked at between making its file and locking it.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from telnyx_orders.order_errors import JournalError
from telnyx_orders.sqlite_file import connect_private

__all__ = ["Ownership", "check_not_forked", "is_alive", "remove_dead"]

_MARK = "-owner-"
_ID_BYTES = 8

_open_here: dict[str, tuple[int, Path]] = {}
"""The process and the journal of each owner, for what a fork takes along.

It belongs to the process, as does what it stands for: SQLite's own table of the locks it holds.
"""


def check_not_forked(journal: Path) -> None:
    """Refuse a journal that was open when this process was forked.

    SQLite would take its parent's locks for its own, and each could remove what the other has
    written (sqlite.org/howtocorrupt.html, 2.6).
    """
    process = os.getpid()
    if any(path == journal and owner != process for owner, path in list(_open_here.values())):
        raise JournalError(
            f"the journal {journal} was open when this process was forked, and cannot be used in "
            "it. Fork before you open it, or start processes by another method, such as "
            "multiprocessing's 'spawn'"
        )


class Ownership:
    """The lock of one open journal. Made while the database's write lock is held.

    Attributes:
        id: Which journal it is; no other ever has the same.
    """

    def __init__(self, journal: Path) -> None:
        self.id: str = secrets.token_hex(_ID_BYTES)
        self._file = _file_of(journal, self.id)
        self._connection = connect_private(self._file, 0)
        try:
            # Nothing is written, so no file to roll it back is needed either.
            self._connection.execute("PRAGMA journal_mode = MEMORY")
            self._connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            self.end()
            raise
        _open_here[self.id] = (os.getpid(), journal)

    def end(self) -> None:
        """Give the lock back."""
        self._connection.close()
        _open_here.pop(self.id, None)
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
