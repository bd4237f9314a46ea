"""What is asked of a mirror's file. Blocking; used in one thread."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from telnyx_orders.mirror.columns import Span, column_values, key_of, text_of
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import MALFORMED, make_converter
from telnyx_orders.sqlite_file import from_text, to_text

if TYPE_CHECKING:
    import sqlite3

    import cattrs

__all__ = ["DOUBTFUL", "Row", "StoredOrders", "is_later"]

DOUBTFUL: Final = "(source = 'webhook' OR ifnull(created_at > :recent, 0))"
"""Whose absence from a listing proves nothing, as a listing may lag behind."""


class Row(NamedTuple):
    """What decides whether something is news of an order."""

    data: str
    gone_at: str | None
    status: str | None
    updated_at: str | None
    as_of: str | None
    source: str
    seen: int


class StoredOrders:
    """The orders of one mirror.

    Args:
        path: Its file, for errors.
        connection: To the file.
    """

    def __init__(self, path: Path, connection: "sqlite3.Connection") -> None:
        self.path = path
        self.connection = connection
        self.converter: cattrs.Converter = make_converter()

    def state(self, key: str) -> str | None:
        """Give what was kept under a key."""
        row: tuple[str] | None = self.connection.execute(
            "SELECT value FROM sync_state WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else row[0]

    def moment(self, key: str) -> datetime | None:
        """Give the time that was kept under a key."""
        kept = self.state(key)
        return None if kept is None else self._moment(key, kept)

    def unseen(self, span: Span, before: int, recent: datetime, most: int) -> list[str]:
        """Give the ids of what `gone` leaves, as a listing may not have it yet."""
        condition, values = span.conditions()
        return self._ids(
            f"{condition} AND seen < :before AND {DOUBTFUL} ORDER BY seen LIMIT :most",
            {**values, "before": before, "recent": to_text(recent), "most": most},
        )

    def with_status(self, condition: str) -> list[str]:
        """Give the ids of the orders whose status, or lack of it, fulfils a condition in SQL.

        Those come first that were not seen for longest.
        """
        return self._ids(f"gone_at IS NULL AND {condition} ORDER BY seen", {})

    def undated(self) -> list[str]:
        """Give the ids of the orders that have no `created_at`."""
        return self._ids("gone_at IS NULL AND created_at IS NULL", {})

    def count(self, span: Span, field: str | None = None, value: object = None) -> int:
        """Say how many orders of a time are there, with a value in a column."""
        condition, values = span.conditions()
        chosen: dict[str, object] = dict(values)
        if field is not None:
            condition += f" AND {field} = :value"
            chosen["value"] = value
        found: tuple[int] = self.connection.execute(
            f"SELECT count(*) FROM orders WHERE {condition}",  # noqa: S608  # our own names
            chosen,
        ).fetchone()
        return found[0]

    def middle(self, span: Span) -> datetime | None:
        """Give a time that has half of the orders of a span before it."""
        condition, values = span.conditions()
        row: tuple[str] | None = self.connection.execute(
            f"SELECT created_at FROM orders WHERE {condition} AND created_at IS NOT NULL "  # noqa: S608
            "ORDER BY created_at LIMIT 1 OFFSET :half",
            {**values, "half": self.count(span) // 2},
        ).fetchone()
        return None if row is None else self._moment("created_at", row[0])

    def get(self, order_id: str) -> NumberOrder | None:
        """Give an order; `None` if it is not there, or gone."""
        row = self.row(order_id)
        return None if row is None or row.gone_at is not None else self.read(row.data)

    def _moment(self, name: str, text: str) -> datetime:
        try:
            moment = from_text(text)
        except (TypeError, ValueError):
            raise self.damaged(f"a {name}", repr(text)) from None
        if moment.tzinfo is None:
            raise self.damaged(f"a {name}", f"{text!r} has no zone")
        return moment

    def _ids(self, condition: str, values: Mapping[str, object]) -> list[str]:
        # From `data`, as the column has no lone surrogates.
        rows: list[tuple[str]] = self.connection.execute(
            f"SELECT data FROM orders WHERE {condition}",  # noqa: S608  # our own conditions
            dict(values),
        ).fetchall()
        return [self.read(data).id for (data,) in rows]

    def row(self, order_id: str) -> Row | None:
        """Give the row of an order, gone or not."""
        found: tuple[str, str | None, str | None, str | None, str | None, str, int] | None = (
            self.connection.execute(
                "SELECT data, gone_at, status, updated_at, as_of, source, seen FROM orders "
                "WHERE id = ?",
                (key_of(order_id),),
            ).fetchone()
        )
        return None if found is None else Row(*found)

    def read(self, data: str) -> NumberOrder:
        """Give the order of a row."""
        try:
            return self.converter.structure(json.loads(data), NumberOrder)
        except (*MALFORMED, RecursionError) as error:
            raise self.damaged("an order", f"{error!s:.200}") from None

    def damaged(self, what: str, how: str) -> MirrorError:
        """Make the error for what another program has spoilt."""
        return MirrorError(
            f"the mirror {self.path} holds {what} that cannot be read; it was changed from "
            f"outside: {how}. Begin a new one"
        )


def is_later(order: NumberOrder, row: Row) -> bool:
    """Say whether the mirror's row is later than what a listing says of its order."""
    updated = text_of(order.updated_at)
    if updated is not None and row.updated_at is not None and updated < row.updated_at:
        return True
    # An event need not say when the order was updated. The listing, which then has another time
    # than the event, may add to what the event said, but not gainsay it.
    return (
        row.source == "webhook"
        and row.as_of is not None
        and (updated is None or updated < row.as_of)
        and row.status is not None
        and row.status != column_values(order)["status"]
    )
