"""The table for people: what fits on the terminal of a page of orders, and how it looks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import attrs
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from telnyx_orders import NumberOrder
from telnyx_orders.error_details import printable

__all__ = ["STATUS_STYLES", "TableWriter", "fit_columns", "order_cells", "squeeze_columns", "utc"]

HEADERS = {
    "id": "ID",
    "status": "STATUS",
    "phone_numbers": "NUMBERS",
    "customer_reference": "REFERENCE",
    "created_at": "CREATED (UTC)",
    "requirements_met": "REQS MET",
}
STATUS_STYLES = {"success": "green", "pending": "yellow", "failure": "red"}

GAP = 2
"""Blanks between two columns."""

SHORT_ID = 9
"""The first group of a UUID and an ellipsis."""

LEAST_REFERENCE = 12
"""A reference with less room than this says too little to be shown."""

LEAST = 4
"""No column that was asked for becomes narrower."""

MOST = 40
"""No column but the reference takes more, whatever a server sends."""


class TableWriter:
    """Keeps the first orders and draws them when all have come.

    Args:
        console: What it will be shown on.
        rows: How many orders it shows.
        columns: Which fields, in which sequence; `None` takes those that matter most.
    """

    def __init__(self, console: Console, rows: int, columns: Sequence[str] | None = None) -> None:
        self._console = console
        self._rows = rows
        self._columns = columns
        self._shown: list[NumberOrder] = []

    def orders(self, orders: Sequence[NumberOrder]) -> str:
        """Keep what is to be shown. Nothing is written yet: the widths depend on all of it."""
        self._shown += orders[: self._rows - len(self._shown)]
        return ""

    def end(self) -> str:
        """Draw the table."""
        if not self._shown:
            return "No number orders match.\n"
        with self._console.capture() as drawn:
            self._console.print(order_table(self._shown, self._console.width, self._columns))
        return drawn.get()


def order_table(
    orders: Sequence[NumberOrder], width: int, chosen: Sequence[str] | None = None
) -> Table:
    """Lay out a table of orders that is at most this wide, if it can be."""
    rows = [order_cells(order) for order in orders]
    natural = {
        name: max(cell_len(_header(name)), *(row[name].cell_len for row in rows))
        for name in chosen or HEADERS
    }
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    columns = fit_columns(natural, width) if chosen is None else squeeze_columns(natural, width)
    for name, column_width in columns.items():
        table.add_column(_header(name), width=column_width, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    return table


def fit_columns(natural: Mapping[str, int], width: int) -> dict[str, int]:
    """Choose the columns that a width has room for, and how wide each is.

    What is given up, in this order: the end of the reference, all but the beginning of the id, and
    then whole columns, the one that is missed least first.

    Args:
        natural: How wide each column would be with nothing cut off.
        width: How wide the table may be.
    """
    columns = {
        name: wanted if name == "customer_reference" else min(wanted, MOST)
        for name, wanted in natural.items()
    }

    def excess() -> int:
        return sum(columns.values()) + GAP * (len(columns) - 1) - width

    def fits() -> bool:
        return excess() <= max(0, columns.get("customer_reference", 0) - LEAST_REFERENCE)

    if not fits():
        columns["id"] = min(columns["id"], SHORT_ID)
    for name in ("requirements_met", "customer_reference", "created_at", "phone_numbers"):
        if not fits():
            del columns[name]
    if "customer_reference" in columns:
        columns["customer_reference"] -= max(0, excess())
    return columns


def squeeze_columns(natural: Mapping[str, int], width: int) -> dict[str, int]:
    """Give the widths of columns that were all asked for, taking from the widest what is missing.

    Args:
        natural: How wide each column would be with nothing cut off.
        width: How wide the table may be; it becomes wider rather than leave a column unreadable.
    """
    columns = {name: min(wanted, MOST) for name, wanted in natural.items()}
    for _ in range(sum(columns.values()) + GAP * (len(columns) - 1) - width):
        widest = max(columns, key=lambda name: columns[name])
        if columns[widest] > LEAST:
            columns[widest] -= 1
    return columns


def order_cells(order: NumberOrder) -> dict[str, Text]:
    """Give what is shown of an order, by column."""
    # `Text`, since rich reads markup in a str: a reference may well hold "[draft]".
    status = printable(order.status or "")
    met = "" if order.requirements_met is None else "yes" if order.requirements_met else "no"
    plain = {
        name: Text("" if value is None else printable(str(value)))
        for name, value in attrs.asdict(order, recurse=False).items()
    }
    return {
        **plain,
        "id": Text(printable(order.id)),
        "status": Text(status, style=STATUS_STYLES.get(status, "")),
        "phone_numbers": _numbers(order),
        "customer_reference": Text(printable(order.customer_reference or "")),
        "sub_number_orders_ids": Text(printable(" ".join(order.sub_number_orders_ids))),
        "created_at": Text("" if order.created_at is None else utc(order.created_at)),
        "updated_at": Text("" if order.updated_at is None else utc(order.updated_at)),
        "requirements_met": Text(met),
    }


def _header(name: str) -> str:
    return HEADERS.get(name, name.replace("_", " ").upper())


def _numbers(order: NumberOrder) -> Text:
    """Give the first number, and how many more there are."""
    numbers = [number.phone_number for number in order.phone_numbers if number.phone_number]
    more = max(len(order.phone_numbers), order.phone_numbers_count or 0) - 1
    text = Text(printable(numbers[0]) if numbers else "?" if more >= 0 else "")
    return text.append(f" +{more}", style="dim") if more > 0 else text


def utc(moment: datetime) -> str:
    """Write a time in UTC, to the second."""
    with suppress(OverflowError):  # a server may say year 1 with an offset to the east
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ", timespec="seconds")
