"""`Outbox`: the changes that nobody has taken yet, kept in the mirror's own file.

A change is recorded in the transaction that makes it, and its record goes once it was taken. So
each is told at least once, whatever ends the program. There is one record an order: what it was
when somebody last heard of it. What it is now stands in `orders`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from attrs import frozen

from telnyx_orders.mirror.changes import ChangeKind, OrderChange
from telnyx_orders.models import NumberOrder

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Outbox", "Untold"]


@frozen
class Untold:
    """A change to be told, and the number of its record."""

    number: int
    change: OrderChange


class Outbox:
    """The changes of one mirror that nobody has taken yet.

    Args:
        connection: To its file.
        read: Gives the order of a row.
    """

    def __init__(
        self, connection: "sqlite3.Connection", read: Callable[[str], NumberOrder]
    ) -> None:
        self._connection = connection
        self._read = read
        self._in_hand = set[int]()  # given out, and neither taken nor given back

    def record(
        self, key: str, order: NumberOrder, data: str, before: str | None, *, gone: bool = False
    ) -> Untold | None:
        """Record a change within a transaction, and give it out.

        Args:
            key: The order's key in the file.
            order: The order as it is; as it was, if it is gone.
            data: The same as JSON.
            before: As JSON, what the mirror had; `None` for a new one.
            gone: Whether it is gone.

        Returns:
            The change since somebody last heard of the order; `None` if there is none by now.
        """
        kept = before
        row: tuple[int, str | None] | None = self._connection.execute(
            "SELECT number, before FROM untold WHERE order_id = ?", (key,)
        ).fetchone()
        if row is not None:
            kept = row[1]
            if row[0] not in self._in_hand:
                before = kept
                if before == (None if gone else data):
                    self._connection.execute("DELETE FROM untold WHERE number = ?", (row[0],))
                    return None
        number = self._connection.execute(
            "INSERT OR REPLACE INTO untold (order_id, before) VALUES (?, ?)", (key, kept)
        ).lastrowid
        assert number is not None  # noqa: S101  # it is, after an INSERT
        self._in_hand.add(number)
        return Untold(number, self._change(order, before, gone=gone))

    def waiting(self, after: int, most: int) -> list[Untold]:
        """Give out changes of earlier, those first that wait longest.

        Args:
            after: Only those with a higher number.
            most: So many at most.
        """
        rows: Iterable[tuple[int, str | None, str, str | None]] = self._connection.execute(
            "SELECT number, before, data, gone_at FROM untold JOIN orders ON id = order_id "
            "WHERE number > ? ORDER BY number",
            (after,),
        )
        found = list[Untold]()
        for number, before, data, gone_at in rows:
            if number not in self._in_hand:
                change = self._change(self._read(data), before, gone=gone_at is not None)
                found.append(Untold(number, change))
                if len(found) == most:
                    break
        self._in_hand.update(one.number for one in found)
        return found

    def taken(self, numbers: Iterable[int]) -> None:
        """Forget changes that were taken; what became of their orders since is another one."""
        numbers = list(numbers)
        self._connection.executemany(
            "DELETE FROM untold WHERE number = ?", [(number,) for number in numbers]
        )
        self._in_hand.difference_update(numbers)

    def give_back(self, numbers: Iterable[int]) -> None:
        """Have changes told again, as nobody has taken them."""
        self._in_hand.difference_update(numbers)

    def _change(self, order: NumberOrder, before: str | None, *, gone: bool) -> OrderChange:
        was = None if before is None else self._read(before)
        if gone:
            return OrderChange(kind=ChangeKind.GONE, order=order, before=was or order)
        kind = ChangeKind.NEW if was is None else ChangeKind.CHANGED
        return OrderChange(kind=kind, order=order, before=was)
