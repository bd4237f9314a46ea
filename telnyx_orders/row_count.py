"""The count: as many rows found that were there at the start as there were."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from attrs import define, field

__all__ = ["Row", "RowCount"]

CLOCK_SLACK = timedelta(seconds=5)
"""How far the clocks behind `Date` and behind `created_at` may be apart."""


class Row(Protocol):
    """A row of a listing, and what is asked of it."""

    @property
    def id(self) -> str:
        """Identifies the row."""
        ...

    @property
    def created_at(self) -> datetime | None:
        """When it was created."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """When it last changed."""
        ...


@define(eq=False, repr=False)
class RowCount:
    """Counts the rows that were there when the first page was read.

    Attributes:
        total: How many there were, by the first page.
        read_at: When the first page was read, by its `Date`.
        filter_may_change: Whether rows enter or leave the filter when they change.
        found: How many of them were found.
        contradicted: Whether something shows that this cannot be counted.
    """

    total: int
    read_at: float | None
    filter_may_change: bool
    found: int = 0
    contradicted: bool = False
    _before: datetime | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        if self.read_at is not None:
            self._before = datetime.fromtimestamp(self.read_at, UTC) - CLOCK_SLACK

    @property
    def holds(self) -> bool:
        """Whether all that were there have been found."""
        return self.found == self.total and not self.contradicted

    def was_there(self, row: Row) -> bool:
        """Tell whether a row surely was there when the first page was read."""
        before = self._before
        if before is None or row.created_at is None or row.created_at >= before:
            return False
        if not self.filter_may_change:
            return True
        return row.updated_at is not None and row.updated_at < before

    def were_there(self, rows: Sequence[Row], created: Sequence[datetime | None]) -> bool:
        """Tell, faster than one by one, whether all rows of a page surely were there.

        Args:
            rows: The rows.
            created: When each of them was created.
        """
        before = self._before
        moments = [moment for moment in created if moment is not None]
        if self.filter_may_change:
            moments += [row.updated_at for row in rows if row.updated_at is not None]
        wanted = len(rows) * (2 if self.filter_may_change else 1)
        if before is None or len(moments) < wanted or not moments:
            return False
        return max(moments) < before

    def is_new(self, row: Row) -> bool:
        """Tell whether a row may have come only after the first page, by its own times."""
        before = self._before
        if before is None:
            return False
        if row.created_at is not None and row.created_at >= before:
            return True
        return self.filter_may_change and row.updated_at is not None and row.updated_at >= before

    def agrees_with(self, rows: Sequence[Row]) -> bool:
        """Tell whether no row of the first page is from after it, as wrong clocks would have it."""
        if self._before is None:
            return True
        latest = self._before + 2 * CLOCK_SLACK
        return all(row.created_at is None or row.created_at <= latest for row in rows)

    def can_hold(self, rows: Sequence[Row]) -> bool:
        """Tell whether rows like these, of the first page, have the times to be counted by."""
        return self._before is not None and all(
            row.created_at is not None
            and (row.updated_at is not None or not self.filter_may_change)
            for row in rows
        )
