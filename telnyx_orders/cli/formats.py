"""The formats for programs: orders in, pieces of text out. Nothing is kept but what joins them.

A writer is told of the orders page by page and of the end only if all came, so that what an error
cut short cannot be mistaken for the whole.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Protocol

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.error_details import printable
from telnyx_orders.exports.csv_rows import COLUMNS, order_row
from telnyx_orders.exports.text_rows import NdjsonRows, OrderValues, to_json

__all__ = [
    "CsvWriter",
    "JsonWriter",
    "NdjsonWriter",
    "OrderWriter",
    "json_for_terminal",
    "to_json",
]


class OrderWriter(Protocol):
    """Turns orders into text."""

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give what is to be written for a page of orders, which may be empty."""
        ...

    def end(self) -> str:
        """Give what is to be written when all orders have come."""
        ...


def json_for_terminal(text: str) -> str:
    """Escape what is not printable in JSON, which then means the same and cannot act."""
    if text.isascii():  # where it is escaped already
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )


class NdjsonWriter:
    """One order a line, as compact JSON.

    Args:
        columns: Which fields, in which sequence; `None` takes all.
        escaped: Escape what is not printable, because a terminal will show it.
    """

    def __init__(self, columns: Sequence[str] | None = None, *, escaped: bool = False) -> None:
        self._rows = NdjsonRows(columns)
        self._escaped = escaped

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give a line for each order."""
        text = self._rows.rows(orders)
        return json_for_terminal(text) if self._escaped else text

    def end(self) -> str:
        """Give nothing: every line stands for itself."""
        return ""


class JsonWriter:
    """One array of all orders, indented.

    Args:
        columns: Which fields, in which sequence; `None` takes all.
        escaped: Escape what is not printable, because a terminal will show it.
    """

    OPENING = "[\n  "

    def __init__(self, columns: Sequence[str] | None = None, *, escaped: bool = False) -> None:
        self._values = OrderValues(columns)
        self._escaped = escaped
        self._before = self.OPENING

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give the next elements of the array."""
        pieces: list[str] = []
        for order in orders:
            text = to_json(self._values.of(order), indent=2)
            # Every line break is one of the indentation: in strings they are escaped.
            pieces += (self._before, text.replace("\n", "\n  "))
            self._before = ",\n  "
        text = "".join(pieces)
        return json_for_terminal(text) if self._escaped else text

    def end(self) -> str:
        """Close the array."""
        return "[]\n" if self._before == self.OPENING else "\n]\n"


class CsvWriter:
    """One order a row, its columns the fields of `NumberOrder`.

    Args:
        columns: Which fields, in which sequence; `None` takes all.
        escaped: Escape what is not printable, because a terminal will show it.
    """

    def __init__(self, columns: Sequence[str] | None = None, *, escaped: bool = False) -> None:
        self._converter = make_converter()
        self._columns = COLUMNS if columns is None else columns
        self._escaped = escaped
        self._header_due = True

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give a row for each order; before the first, the header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self._header_due:
            writer.writerow(self._columns)
            self._header_due = False
        writer.writerows(self._row(order) for order in orders)
        return text.getvalue()

    def end(self) -> str:
        """Give nothing: every row stands for itself."""
        return ""

    def _row(self, order: NumberOrder) -> list[str]:
        by_name = dict(zip(COLUMNS, order_row(order, self._converter), strict=True))
        cells = [by_name[name] for name in self._columns]
        return [printable(cell) for cell in cells] if self._escaped else cells
