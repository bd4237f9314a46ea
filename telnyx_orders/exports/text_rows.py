"""Orders as pieces of a text file: what each format of text looks like."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Protocol

from telnyx_orders.exports.csv_rows import COLUMNS, NUMBER_COLUMNS, number_rows, order_row
from telnyx_orders.models import NumberOrder
from telnyx_orders.serialization import make_converter

__all__ = ["CsvRows", "NdjsonRows", "OrderValues", "TextRows", "to_json"]


class TextRows(Protocol):
    """Turns orders into text."""

    @property
    def header(self) -> str:
        """What stands before the first order."""
        ...

    def rows(self, orders: Sequence[NumberOrder]) -> str:
        """Give what stands for some orders."""
        ...


def to_json(value: object, *, indent: int | None = None) -> str:
    """Write JSON, in which characters stand for themselves.

    Only the controls U+007F to U+009F are escaped, which `json` leaves alone and some terminals
    obey. They can only stand in strings, where the escape means the same.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return re.sub(r"[\x7f-\x9f]", lambda control: f"\\u{ord(control[0]):04x}", text)


class OrderValues:
    """Orders as what JSON is made of, with the keys of the API.

    Args:
        columns: Which of them, in which sequence; `None` takes all.
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self._converter = make_converter()
        self._columns = columns

    def of(self, order: NumberOrder) -> dict[str, object]:
        """Give the values of an order."""
        values: dict[str, object] = self._converter.unstructure(order)
        return values if self._columns is None else {one: values[one] for one in self._columns}


class NdjsonRows:
    """One order a line, as compact JSON.

    Args:
        columns: Which fields, in which sequence; `None` takes all.
    """

    header = ""

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self._values = OrderValues(columns)

    def rows(self, orders: Sequence[NumberOrder]) -> str:
        """Give a line for each order."""
        return "".join([f"{to_json(self._values.of(order))}\n" for order in orders])


class CsvRows:
    """Comma-separated values, see `csv_rows`.

    Args:
        explode: One row a phone number instead of one an order.
    """

    def __init__(self, *, explode: bool = False) -> None:
        self._converter = make_converter()
        self._explode = explode

    @property
    def header(self) -> str:
        """The names of the columns."""
        return _written([NUMBER_COLUMNS if self._explode else COLUMNS])

    def rows(self, orders: Sequence[NumberOrder]) -> str:
        """Give one or more rows for each order."""
        if self._explode:
            return _written([row for one in orders for row in number_rows(one, self._converter)])
        return _written([order_row(order, self._converter) for order in orders])


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
