"""The formats for programs: orders in, pieces of text out. Nothing is kept but what joins them.

A writer is told of the orders page by page and of the end only if all came, so that what an error
cut short cannot be mistaken for the whole.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import attrs
import cattrs

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.error_details import printable

__all__ = ["CsvWriter", "JsonWriter", "NdjsonWriter", "OrderWriter"]

COLUMNS = tuple(field.name for field in attrs.fields(NumberOrder))


class OrderWriter(Protocol):
    """Turns orders into text."""

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give what is to be written for a page of orders, which may be empty."""
        ...

    def end(self) -> str:
        """Give what is to be written when all orders have come."""
        ...


def to_json(value: object, *, indent: int | None = None) -> str:
    """Write JSON, in which characters stand for themselves.

    Only the controls U+007F to U+009F are escaped, which `json` leaves alone and some terminals
    obey. They can only stand in strings, where the escape means the same.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return re.sub(r"[\x7f-\x9f]", lambda control: f"\\u{ord(control[0]):04x}", text)


class NdjsonWriter:
    """One order a line, as compact JSON."""

    def __init__(self) -> None:
        self._converter = make_converter()

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give a line for each order."""
        return "".join([f"{to_json(self._converter.unstructure(order))}\n" for order in orders])

    def end(self) -> str:
        """Give nothing: every line stands for itself."""
        return ""


class JsonWriter:
    """One array of all orders, indented."""

    OPENING = "[\n  "

    def __init__(self) -> None:
        self._converter = make_converter()
        self._before = self.OPENING

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give the next elements of the array."""
        pieces: list[str] = []
        for order in orders:
            text = to_json(self._converter.unstructure(order), indent=2)
            # Every line break is one of the indentation: in strings they are escaped.
            pieces += (self._before, text.replace("\n", "\n  "))
            self._before = ",\n  "
        return "".join(pieces)

    def end(self) -> str:
        """Close the array."""
        return "[]\n" if self._before == self.OPENING else "\n]\n"


class CsvWriter:
    """One order a row, its columns the fields of `NumberOrder`.

    Args:
        escaped: Escape what is not printable, because a terminal will show it.
    """

    def __init__(self, *, escaped: bool = False) -> None:
        self._converter = make_converter()
        self._escaped = escaped
        self._header_due = True

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Give a row for each order; before the first, the header."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self._header_due:
            writer.writerow(COLUMNS)
            self._header_due = False
        writer.writerows(self._row(order) for order in orders)
        return text.getvalue()

    def end(self) -> str:
        """Give nothing: every row stands for itself."""
        return ""

    def _row(self, order: NumberOrder) -> list[str]:
        cells = csv_cells(order, self._converter)
        return [printable(cell) for cell in cells] if self._escaped else cells


def csv_cells(order: NumberOrder, converter: cattrs.Converter) -> list[str]:
    """Give an order's cells: lists joined by spaces, times in ISO 8601, `None` empty."""
    values = cast("Mapping[str, Any]", converter.unstructure(order))
    numbers = [number.phone_number or "" for number in order.phone_numbers]
    lists: dict[str, Sequence[str]] = {
        "phone_numbers": numbers,
        "sub_number_orders_ids": order.sub_number_orders_ids,
    }
    return [" ".join(lists[name]) if name in lists else _cell(values[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
