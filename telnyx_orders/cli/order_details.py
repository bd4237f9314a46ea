"""An order for people: what it is, its numbers, and what it waits for. No I/O."""

from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from telnyx_orders import NumberOrder, OrderPhoneNumber
from telnyx_orders.cli.messages import counted
from telnyx_orders.cli.table import STATUS_STYLES, utc
from telnyx_orders.error_details import printable

__all__ = ["NumberKind", "asking_numbers", "order_details"]

NumberKind = tuple[str | None, str | None]
"""Country and type: numbers that have them in common are asked for the same."""


def asking_numbers(order: NumberOrder) -> dict[NumberKind, OrderPhoneNumber]:
    """Give a number of each kind for which regulatory requirements are not met."""
    if not order.awaits_requirements:
        return {}
    return {_kind(one): one for one in reversed(order.phone_numbers) if not one.requirements_met}


def order_details(
    order: NumberOrder, console: Console, deadlines: Mapping[NumberKind, datetime] | None = None
) -> str:
    """Lay out an order.

    Args:
        order: The order, with the details of its numbers.
        console: What it will be shown on.
        deadlines: Until when the requirements have to be met, by the kind of number.
    """
    with console.capture() as drawn:
        console.print(_facts(order))
        if order.phone_numbers:
            console.print()
            console.print(_number_table(order))
        if order.awaits_requirements:
            console.print()
            console.print(_requirement_table(order, deadlines or {}))
    return drawn.get()


def _facts(order: NumberOrder) -> Table:
    status = order.status or "?"
    met = {True: "met", False: "not met", None: None}[order.requirements_met]
    facts: list[tuple[str, str | None]] = [
        ("order", order.id),
        ("status", status),
        ("reference", order.customer_reference),
        ("requirements", met),
        ("created", _moment(order.created_at)),
        ("updated", _moment(order.updated_at)),
        ("connection", order.connection_id),
        ("messaging", order.messaging_profile_id),
        ("billing group", order.billing_group_id),
        ("sub orders", " ".join(order.sub_number_orders_ids)),
        ("numbers", str(max(order.phone_numbers_count or 0, len(order.phone_numbers)))),
    ]
    table = _table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            style = STATUS_STYLES.get(value, "") if name == "status" else ""
            table.add_row(name, Text(printable(value), style=style))
    return table


def _number_table(order: NumberOrder) -> Table:
    table = _table("NUMBER", "STATUS", "COUNTRY", "TYPE", "REQUIREMENTS")
    for number in order.phone_numbers:
        status = printable(number.status or "")
        table.add_row(
            _text(number.phone_number),
            Text(status, style=STATUS_STYLES.get(status, "")),
            _text(number.country_iso_alpha2 or number.country_code),
            _text(number.phone_number_type),
            _text(number.requirements_status),
        )
    return table


def _requirement_table(order: NumberOrder, deadlines: Mapping[NumberKind, datetime]) -> Table:
    headers = ("MISSING REQUIREMENT", "FIELD", "FOR", "UNTIL (UTC)")
    table = _table(*(headers if deadlines else headers[:-1]))
    missing: dict[tuple[NumberKind, str], list[OrderPhoneNumber]] = {}
    fields: dict[str, str | None] = {}
    for number in order.phone_numbers:
        for asked in number.regulatory_requirements:
            if asked.requirement_id and not asked.field_value:
                missing.setdefault((_kind(number), asked.requirement_id), []).append(number)
                fields[asked.requirement_id] = asked.field_type
    for (kind, requirement), numbers in missing.items():
        until = deadlines.get(kind)
        cells = [
            _text(requirement),
            _text(fields[requirement]),
            _text(" ".join([counted(len(numbers), "number"), *filter(None, kind)])),
            Text(utc(until) if until else "?"),
        ]
        table.add_row(*cells[: len(table.columns)])
    return table


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{utc(moment)} UTC"


def _kind(number: OrderPhoneNumber) -> NumberKind:
    return (number.country_iso_alpha2 or number.country_code, number.phone_number_type)


def _text(value: str | None) -> Text:
    return Text(printable(value or ""))


def _table(*headers: str, show_header: bool = True) -> Table:
    table = Table(
        *headers,
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_header=show_header,
    )
    for column in table.columns:
        column.overflow = "fold"
    return table
