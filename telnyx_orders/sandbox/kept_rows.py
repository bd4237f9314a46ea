"""Rows that were written once, kept for whoever asks for them again.

Writing a page of 250 rows takes 1.5 ms, eight times what all the rest of an answer does, and a
benchmark asks for the same pages over and over. Kept are rows and not pages: a page of another
size, of a filter, or of a listing that has shifted still finds most of its rows here.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_KEPT_BYTES: Final = 256 * 1024 * 1024
"""Some 500,000 orders, or 50,000 of 20 numbers. Of a larger account only the rows that were asked
for first are kept: if the others took their places, whoever reads it from end to end would find
none."""


class KeptRows:
    """The JSON of orders, by serial."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._rows: dict[int, bytes] = {}
        # Bound once, as it is called for every row of every page.
        self.get: Callable[[int], bytes | None] = self._rows.get

    @property
    def full(self) -> bool:
        """Whether no further row is kept."""
        return self._bytes >= self._most_bytes

    def keep(self, serial: int, row: bytes) -> None:
        """Keep a row that is not kept yet, if there is room."""
        if not self.full:
            self._bytes += len(row)
            self._rows[serial] = row

    def forget(self, serial: int) -> None:
        """Forget the row of an order that has changed or is gone."""
        self._bytes -= len(self._rows.pop(serial, b""))
