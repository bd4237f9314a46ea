"""Orders as rows of a CSV file (RFC 4180): one an order, or one a phone number.

The columns of an order are the fields of `NumberOrder` in their sequence. Times are in ISO 8601,
`None` is empty, the numbers of an order and the ids of its sub number orders stand in one cell with
blanks between them. One row a number has, in place of `phone_numbers`, the fields of
`OrderPhoneNumber`, each with `number_` before its name; an order without numbers has one row.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, also one that a
stranger has written. Such a cell gets an apostrophe before it, unless it is a number, as an E.164
number is to a spreadsheet.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import attrs
import cattrs

from telnyx_orders.models import NumberOrder, OrderPhoneNumber

__all__ = ["COLUMNS", "NUMBER_COLUMNS", "number_rows", "order_row", "safe_cell"]

COLUMNS: Final = tuple(field.name for field in attrs.fields(NumberOrder))
"""The columns of one row an order."""

_NUMBER_FIELDS = tuple(field.name for field in attrs.fields(OrderPhoneNumber))

NUMBER_COLUMNS: Final = tuple(
    column
    for name in COLUMNS
    for column in (
        [f"number_{one}" for one in _NUMBER_FIELDS] if name == "phone_numbers" else [name]
    )
)
"""The columns of one row a phone number."""

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def order_row(order: NumberOrder, converter: cattrs.Converter) -> list[str]:
    """Give the cells of an order."""
    numbers = " ".join(number.phone_number or "" for number in order.phone_numbers)
    return _cells(order, converter, [numbers])


def number_rows(order: NumberOrder, converter: cattrs.Converter) -> list[list[str]]:
    """Give the cells of each number of an order; one row if it has none."""
    numbers = order.phone_numbers or (OrderPhoneNumber(),)
    return [_cells(order, converter, _of_number(number, converter)) for number in numbers]


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula, and a reader from seeing a row too many.

    `csv` quotes a line feed, and leaves a carriage return as it is, which some take for the end of
    a row.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _cells(order: NumberOrder, converter: cattrs.Converter, numbers: Sequence[str]) -> list[str]:
    values = cast("Mapping[str, Any]", converter.unstructure(order))
    cells: list[str] = []
    for name in COLUMNS:
        if name == "phone_numbers":
            cells += numbers
        elif name == "sub_number_orders_ids":
            cells.append(" ".join(order.sub_number_orders_ids))
        else:
            cells.append(_cell(values[name]))
    return [safe_cell(cell) for cell in cells]


def _of_number(number: OrderPhoneNumber, converter: cattrs.Converter) -> list[str]:
    values = cast("Mapping[str, Any]", converter.unstructure(number))
    return [_cell(values[name]) for name in _NUMBER_FIELDS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)
