"""`MirrorStore`: what is written into a mirror, and what it holds. Blocking; used in one thread."""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from telnyx_orders.mirror.changes import as_listed, merged
from telnyx_orders.mirror.columns import (
    COLUMNS,
    Span,
    column_values,
    key_of,
    latest,
    stored,
    text_of,
)
from telnyx_orders.mirror.database import check_file, foreign_errors, lock, open_database
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.outbox import Outbox, Untold
from telnyx_orders.mirror.stored_orders import DOUBTFUL, Row, StoredOrders, is_later
from telnyx_orders.models import NumberOrder
from telnyx_orders.sqlite_file import to_text, transaction

__all__ = ["MirrorStore"]

_WRITTEN: Final = (*COLUMNS, "created_at", "updated_at", "data", "source", "seen", "as_of")
_UPSERT: Final = (
    f"INSERT INTO orders (id, {', '.join(_WRITTEN)}) "  # noqa: S608  # our own names
    f"VALUES (:id, {', '.join(f':{name}' for name in _WRITTEN)}) "
    "ON CONFLICT (id) DO UPDATE SET gone_at = NULL, "
    f"{', '.join(f'{name} = excluded.{name}' for name in _WRITTEN)}"
)


class MirrorStore(StoredOrders):
    """The orders of one mirror, opened for writing.

    Args:
        path: Its file, with no symbolic link in it.

    Raises:
        MirrorError: It cannot be used, or another process is at it.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._lock = lock(path)
        try:
            super().__init__(path, open_database(path))
        except BaseException:
            self._lock.close()
            raise
        self.outbox: Outbox = Outbox(self.connection, self.read)

    def close(self) -> None:
        """Let the file go."""
        with closing(self._lock), foreign_errors(self.path):
            self.connection.close()

    def keep(self, values: Mapping[str, str]) -> None:
        """Keep some values under their keys."""
        with transaction(self.connection):
            self._keep(values)

    def begin(self, account: str) -> None:
        """Check that the mirror is of this account, or of none yet.

        Raises:
            MirrorError: It is of another one.
        """
        if self.state("account") in (None, account):
            return
        if self.connection.execute("SELECT 1 FROM orders LIMIT 1").fetchone() is not None:
            raise MirrorError(
                "the mirror is of another account, or was made with another key or base_url: give "
                "each account a mirror of its own"
            )
        with transaction(self.connection):
            self.connection.execute("DELETE FROM sync_state")

    def next_sequence(self) -> int:
        """Begin a new sequence: what is seen from now on is seen later than what was before."""
        with transaction(self.connection):
            sequence = self._sequence() + 1
            self._keep({"sequence": str(sequence)})
        return sequence

    def write(
        self, orders: Iterable[NumberOrder], account: str, proven: int | None = None
    ) -> list[Untold]:
        """Take in orders that the account gave, in one transaction; give what has changed.

        Args:
            orders: The orders.
            account: Whose they are.
            proven: The sequence of a full read that they are of. It overrules all but the events
                that came since it began.
        """
        with transaction(self.connection):
            self._keep({"account": account})
            sequence = self._sequence()
            found = [self._take(as_listed(order), sequence, proven) for order in orders]
        return [one for one in found if one is not None]

    def apply(self, order: NumberOrder, occurred_at: datetime | None) -> list[Untold]:
        """Take in what an event says of an order, unless something later is known."""
        with transaction(self.connection):
            order, sequence, row = as_listed(order), self._sequence(), self.row(order.id)
            updated = text_of(order.updated_at)
            happened = latest(updated, text_of(occurred_at))
            if row is not None:
                known = latest(row.as_of, row.gone_at)
                if known is not None and (happened is None or happened <= known):
                    return []
                if updated is not None and row.updated_at is not None and updated < row.updated_at:
                    return []
                order, happened = merged(self.read(row.data), order), latest(happened, row.as_of)
            found = self._put(order, row, "webhook", happened, sequence)
        return [] if found is None else [found]

    def gone(self, span: Span, before: int, now: datetime, recent: datetime) -> list[Untold]:
        """Mark as gone what was created in a time and not seen since a sequence began.

        What a listing may not have yet is left: it came with an event, or was created lately.
        """
        condition, values = span.conditions()
        with transaction(self.connection):
            rows: list[tuple[str, str]] = self.connection.execute(
                "SELECT id, data FROM orders "  # noqa: S608  # our own names
                f"WHERE {condition} AND seen < :before AND NOT {DOUBTFUL}",
                {**values, "before": before, "recent": to_text(recent)},
            ).fetchall()
            return self._lose(rows, now)

    def gone_one(self, order_id: str, before: int, now: datetime) -> list[Untold]:
        """Mark an order as gone, unless it was seen since a sequence began."""
        with transaction(self.connection):
            rows: list[tuple[str, str]] = self.connection.execute(
                "SELECT id, data FROM orders WHERE id = ? AND seen < ? AND gone_at IS NULL",
                (key_of(order_id), before),
            ).fetchall()
            return self._lose(rows, now)

    def taken(self, numbers: Iterable[int]) -> None:
        """Forget changes that were taken."""
        with transaction(self.connection):
            self.outbox.taken(numbers)

    def _take(self, order: NumberOrder, sequence: int, proven: int | None) -> Untold | None:
        """Take in an order that the account gave, unless something later is known."""
        row = self.row(order.id)
        as_of = text_of(order.updated_at)
        if row is not None and row.gone_at is None:
            if not is_later(order, row):
                as_of = latest(as_of, row.as_of)
            elif proven is None or (row.source == "webhook" and row.seen >= proven):
                self.connection.execute(
                    "UPDATE orders SET seen = ? WHERE id = ?", (sequence, key_of(order.id))
                )
                return None
        return self._put(order, row, "listing", as_of, sequence)

    def _put(
        self, order: NumberOrder, row: Row | None, source: str, as_of: str | None, sequence: int
    ) -> Untold | None:
        key, data = key_of(order.id), json.dumps(self.converter.unstructure(order))
        before = None if row is None or row.gone_at is not None else row.data
        if before == data:
            # A listing confirms what an event said; an event makes no doubt of what was listed.
            self.connection.execute(
                "UPDATE orders SET seen = ?, as_of = ?, source = min(source, ?) WHERE id = ?",
                (sequence, as_of, source, key),
            )
            return None
        values = column_values(order) | {
            "id": key,
            "created_at": text_of(order.created_at),
            "updated_at": text_of(order.updated_at),
            "data": data,
            "source": source,
            "seen": sequence,
            "as_of": as_of,
        }
        self.connection.execute(_UPSERT, values)
        if row is not None:
            self.connection.execute("DELETE FROM phone_numbers WHERE order_id = ?", (key,))
        self.connection.executemany(
            "INSERT INTO phone_numbers VALUES (?, ?, ?, ?)",
            [
                (key, position, stored(number.id), stored(number.phone_number))
                for position, number in enumerate(order.phone_numbers)
            ],
        )
        return self.outbox.record(key, order, data, before)

    def _lose(self, rows: list[tuple[str, str]], now: datetime) -> list[Untold]:
        self.connection.executemany(
            "UPDATE orders SET gone_at = ? WHERE id = ?", [(to_text(now), key) for key, _ in rows]
        )
        found = [
            self.outbox.record(key, self.read(data), data, data, gone=True) for key, data in rows
        ]
        return [one for one in found if one is not None]

    def _sequence(self) -> int:
        # In a transaction, so that it is that of the file and not of memory.
        kept = self.state("sequence")
        try:
            return int(kept or self._last_seen())
        except ValueError:
            raise self.damaged("a sequence", repr(kept)) from None

    def _last_seen(self) -> int:
        found: tuple[int | None] = self.connection.execute(
            "SELECT max(seen) FROM orders"
        ).fetchone()
        return found[0] or 0

    def _keep(self, values: Mapping[str, str]) -> None:
        self.connection.executemany(
            "INSERT OR REPLACE INTO sync_state VALUES (?, ?)", list(values.items())
        )
