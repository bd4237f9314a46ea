"""`MirrorStore`: what is written into a mirror, and what it holds. Blocking; used in one thread."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from telnyx_orders.journal.intent import to_text
from telnyx_orders.mirror.changes import ChangeKind, OrderChange, as_listed, merged
from telnyx_orders.mirror.database import foreign_errors, lock, open_database, transaction
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import MALFORMED, make_converter

if TYPE_CHECKING:
    import sqlite3

__all__ = ["MirrorStore", "Span"]

COLUMNS: Final = (
    "status",
    "customer_reference",
    "phone_numbers_count",
    "requirements_met",
    "connection_id",
    "messaging_profile_id",
    "billing_group_id",
)

_WRITTEN: Final = (*COLUMNS, "created_at", "updated_at", "data", "source", "seen")
_UPSERT: Final = (
    f"INSERT INTO orders (id, {', '.join(_WRITTEN)}) "  # noqa: S608  # our own names
    f"VALUES (:id, {', '.join(f':{name}' for name in _WRITTEN)}) "
    "ON CONFLICT (id) DO UPDATE SET gone_at = NULL, "
    f"{', '.join(f'{name} = excluded.{name}' for name in _WRITTEN)}"
)


@frozen
class Span:
    """A time in which orders were created, open at both ends.

    Attributes:
        gt: Later than this; `None` for no bound.
        lt: Earlier than this; `None` for no bound.
    """

    gt: datetime | None = None
    lt: datetime | None = None

    def conditions(self) -> tuple[str, dict[str, str]]:
        """Give the condition in SQL, and its parameters."""
        conditions, values = ["gone_at IS NULL"], dict[str, str]()
        for name, sign, moment in (("gt", ">", self.gt), ("lt", "<", self.lt)):
            if moment is not None:
                conditions.append(f"created_at {sign} :{name}")
                values[name] = to_text(moment)
        return " AND ".join(conditions), values


class MirrorStore:
    """The orders of one mirror, opened for writing.

    Args:
        path: Its file.

    Raises:
        MirrorError: It cannot be used, or another process is at it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._converter = make_converter()
        self._lock = lock(path)
        try:
            self._connection: sqlite3.Connection = open_database(path)
        except BaseException:
            self._lock.close()
            raise
        self._sequence = int(self.state("sequence") or 0)

    def close(self) -> None:
        """Let the file go."""
        with closing(self._lock), foreign_errors(self._path):
            self._connection.close()

    def state(self, key: str) -> str | None:
        """Give what was kept under a key."""
        with foreign_errors(self._path):
            row: tuple[str] | None = self._connection.execute(
                "SELECT value FROM sync_state WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else row[0]

    def keep(self, values: Mapping[str, str]) -> None:
        """Keep some values under their keys."""
        with foreign_errors(self._path), transaction(self._connection):
            self._keep(values)

    def next_sequence(self) -> int:
        """Begin a new sequence: what is seen from now on is seen later than what was before."""
        self._sequence += 1
        self.keep({"sequence": str(self._sequence)})
        return self._sequence

    def write(self, orders: Iterable[NumberOrder]) -> list[OrderChange]:
        """Take in orders that a listing gave, in one transaction; give those that changed."""
        with foreign_errors(self._path), transaction(self._connection):
            return [
                change
                for order in orders
                if (change := self._take(as_listed(order), "listing")) is not None
            ]

    def apply(self, order: NumberOrder, occurred_at: datetime | None) -> OrderChange | None:
        """Take in what an event says of an order, unless something later is known."""
        with foreign_errors(self._path), transaction(self._connection):
            row = self._row(order.id)
            if row is None:
                return self._take(as_listed(order), "webhook")
            known, gone_at = self._read(row[0]), row[1]
            happened = order.updated_at or occurred_at
            latest = max(filter(None, (known.updated_at, _moment(gone_at))), default=None)
            if latest is not None and (happened is None or happened <= latest):
                return None
            return self._take(merged(known, order), "webhook")

    def gone(
        self, ids: Iterable[str] | None, span: Span, before: int, now: datetime
    ) -> list[OrderChange]:
        """Mark as gone what was not seen since a sequence began.

        Args:
            ids: Of these orders; `None` for all of `span`.
            span: Where they are looked for.
            before: The sequence.
            now: The time.
        """
        condition, values = span.conditions()
        with foreign_errors(self._path), transaction(self._connection):
            rows: list[tuple[str, str]] = self._connection.execute(
                f"SELECT id, data FROM orders WHERE {condition} AND seen < :before",  # noqa: S608
                {**values, "before": before},
            ).fetchall()
            chosen = None if ids is None else set(ids)
            lost = [row for row in rows if chosen is None or row[0] in chosen]
            self._connection.executemany(
                "UPDATE orders SET gone_at = ? WHERE id = ?",
                [(to_text(now), order_id) for order_id, _ in lost],
            )
        orders = [self._read(data) for _, data in lost]
        return [OrderChange(kind=ChangeKind.GONE, order=one, before=one) for one in orders]

    def count(self, span: Span, field: str | None = None, value: object = None) -> int:
        """Say how many orders of a time are there, with a value in a column."""
        condition, values = span.conditions()
        chosen: dict[str, object] = dict(values)
        if field is not None:
            condition += f" AND {field} = :value"
            chosen["value"] = value
        with foreign_errors(self._path):
            found: tuple[int] = self._connection.execute(
                f"SELECT count(*) FROM orders WHERE {condition}",  # noqa: S608  # our own names
                chosen,
            ).fetchone()
        return found[0]

    def middle(self, span: Span) -> datetime | None:
        """Give a time that has half of the orders of a span before it."""
        condition, values = span.conditions()
        with foreign_errors(self._path):
            row: tuple[str] | None = self._connection.execute(
                f"SELECT created_at FROM orders WHERE {condition} AND created_at IS NOT NULL "  # noqa: S608
                "ORDER BY created_at LIMIT 1 OFFSET :half",
                {**values, "half": self.count(span) // 2},
            ).fetchone()
        return None if row is None else _moment(row[0])

    def pending(self) -> list[str]:
        """Give the ids of the orders that have not ended."""
        with foreign_errors(self._path):
            rows: list[tuple[str]] = self._connection.execute(
                "SELECT id FROM orders WHERE status = 'pending' AND gone_at IS NULL"
            ).fetchall()
        return [order_id for (order_id,) in rows]

    def get(self, order_id: str) -> NumberOrder | None:
        """Give an order; `None` if it is not there, or gone."""
        with foreign_errors(self._path):
            row = self._row(order_id)
        return None if row is None or row[1] is not None else self._read(row[0])

    def _take(self, order: NumberOrder, source: str) -> OrderChange | None:
        row = self._row(order.id)
        data = json.dumps(self._converter.unstructure(order))
        before = None if row is None or row[1] is not None else self._read(row[0])
        if before is not None and row is not None:
            older = (
                order.updated_at is not None
                and before.updated_at is not None
                and order.updated_at < before.updated_at
            )
            if older or row[0] == data:
                self._connection.execute(
                    "UPDATE orders SET seen = ? WHERE id = ?", (self._sequence, order.id)
                )
                return None
        values: dict[str, object] = {name: _text(getattr(order, name)) for name in COLUMNS}
        values |= {
            "id": order.id,
            "status": None if order.status is None else _text(order.status.value),
            "created_at": None if order.created_at is None else to_text(order.created_at),
            "updated_at": None if order.updated_at is None else to_text(order.updated_at),
            "data": data,
            "source": source,
            "seen": self._sequence,
        }
        self._connection.execute(_UPSERT, values)
        self._connection.execute("DELETE FROM phone_numbers WHERE order_id = ?", (order.id,))
        self._connection.executemany(
            "INSERT INTO phone_numbers VALUES (?, ?, ?, ?)",
            [
                (_text(order.id), position, _text(number.id), _text(number.phone_number))
                for position, number in enumerate(order.phone_numbers)
            ],
        )
        kind = ChangeKind.NEW if before is None else ChangeKind.CHANGED
        return OrderChange(kind=kind, order=order, before=before)

    def _row(self, order_id: str) -> tuple[str, str | None] | None:
        found: tuple[str, str | None] | None = self._connection.execute(
            "SELECT data, gone_at FROM orders WHERE id = ?", (order_id,)
        ).fetchone()
        return found

    def _read(self, data: str) -> NumberOrder:
        try:
            return self._converter.structure(json.loads(data), NumberOrder)
        except (*MALFORMED, RecursionError) as error:
            raise MirrorError(
                f"the mirror {self._path} holds an order that cannot be read; it was changed from "
                f"outside: {error!s:.200}"
            ) from None

    def _keep(self, values: Mapping[str, str]) -> None:
        rows: Sequence[tuple[str, Any]] = list(values.items())
        self._connection.executemany("INSERT OR REPLACE INTO sync_state VALUES (?, ?)", rows)


def _text(value: object) -> object:
    # A lone surrogate, which JSON can write and SQLite cannot, as its escape.
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
