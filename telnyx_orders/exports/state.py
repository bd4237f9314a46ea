"""How far an export came, on the disk: what can be gone on with, and who is at it.

It is an SQLite database beside the file. While an export runs it is locked, which the system undoes
when its process ends, however that ends.
"""

import json
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen

from telnyx_orders.exports.errors import ExportError, ExportInProgressError

__all__ = ["Identity", "Progress", "State"]

VERSION: Final = 2
TIMES: Final = ("oldest", "last", "done_to")


@frozen(kw_only=True)
class Identity:
    """What an export is of; one that is gone on with must be of the same.

    Attributes:
        account: Tells the account and its server from others, and nothing of its key.
        filter: The parameters of the listing.
        form: Which form the file has.
    """

    account: str
    filter: tuple[tuple[str, str], ...]
    form: str

    def difference(self, other: "Identity") -> str | None:
        """Say in what another export differs, if it does."""
        names = {"account": "of another account, key or server", "filter": "with another filter"}
        for name in ("account", "filter", "form"):
            if getattr(self, name) != getattr(other, name):
                return names.get(name, f"in another form ({other.form})")
        return None


@frozen(kw_only=True)
class Progress:
    """How far an export came.

    Attributes:
        oldest: When the first order was created, as far as is known; `None` if nothing is.
        last: When the last one was, by the first look.
        done_to: The orders that were created before this time are written; `None` if none are.
        size: How many bytes of the part count: more may follow that was not recorded.
        orders: How many orders they are.
        total: How many orders the account has, by the first answer.
        windows: How many windows were read.
        spent: How many requests were sent in all runs, or may have been before a kill.
        reserved: How many of these were not sent when it was written, or not yet of use.
        lost: How many requests came to nothing in earlier runs, or may have.
        runs: How many runs it took so far.
        undated_seen: Whether a window had orders without a time of creation.
        undated: Whether these are written, if there are any.
        finished: Whether all is written, and only the file's name is missing, if that.
    """

    oldest: datetime | None = None
    last: datetime | None = None
    done_to: datetime | None = None
    size: int = 0
    orders: int = 0
    total: int = 0
    windows: int = 0
    spent: int = 0
    reserved: int = 0
    lost: int = 0
    runs: int = 1
    undated_seen: bool = False
    undated: bool = False
    finished: bool = False


class State:
    """The state of one export, locked.

    Args:
        file: Where it is kept; it is made if it is not there.
        path: What is exported, for messages.

    Raises:
        ExportError: Another export is at it, or it cannot be used.
    """

    def __init__(self, file: Path, path: Path) -> None:
        import sqlite3

        self._file = file
        self._path = path
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(file, timeout=0, isolation_level=None)
            for pragma in (
                "locking_mode = EXCLUSIVE",
                "synchronous = FULL",
                "fullfsync = ON",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS export "
                "(version INTEGER NOT NULL, identity TEXT NOT NULL, progress TEXT NOT NULL)"
            )
            # Written, so that SQLite notices a file that was removed by whoever had it before.
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY_DBMOVED):
                raise ExportInProgressError(
                    f"another export to {path} is running: wait for its end, or choose another "
                    "name",
                    path=path,
                ) from None
            raise ExportError(
                f"{file}, which says how far the export of {path} came, cannot be used: {error}. "
                "See that its folder can be written; if it was damaged, remove it to begin anew",
                path=path,
            ) from None
        self._connection: sqlite3.Connection = connection

    @contextmanager
    def _foreign_errors(self) -> Generator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise ExportError(
                f"{self._file}, which says how far the export of {self._path} came, cannot be "
                f"used: {error}. See that the disk has room and its folder can be written, then "
                "go on with resume",
                path=self._path,
            ) from error

    def load(self) -> tuple[Identity, Progress] | None:
        """Give what was saved last; `None` if nothing that can be read was."""
        with self._foreign_errors():
            row: tuple[int, str, str] | None = self._connection.execute(
                "SELECT version, identity, progress FROM export"
            ).fetchone()
        if row is None or row[0] != VERSION:
            return None
        try:
            identity: dict[str, Any] = json.loads(row[1])
            progress: dict[str, Any] = json.loads(row[2])
            identity["filter"] = tuple((name, value) for name, value in identity["filter"])
            for name in TIMES:
                if progress[name] is not None:
                    progress[name] = datetime.fromisoformat(progress[name])
            return Identity(**identity), Progress(**progress)
        except (ValueError, TypeError, KeyError) as error:
            raise ExportError(
                f"{self._file} was changed from outside and says nothing now: leave out resume to "
                "begin anew",
                path=self._path,
            ) from error

    def save(self, identity: Identity, progress: Progress) -> None:
        """Put it on the disk."""
        told = attrs.asdict(progress)
        for name in TIMES:
            if told[name] is not None:
                told[name] = told[name].isoformat()
        with self._foreign_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM export")
            self._connection.execute(
                "INSERT INTO export VALUES (?, ?, ?)",
                (VERSION, json.dumps(attrs.asdict(identity)), json.dumps(told)),
            )
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let it go."""
        self._connection.close()

    def remove(self) -> None:
        """Let it go, and forget it."""
        with closing(self._connection):
            self._file.unlink(missing_ok=True)
