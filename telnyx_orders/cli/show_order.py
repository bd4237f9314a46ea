"""`telnyx-orders show`: an order with its numbers, and what it waits for."""

from datetime import datetime

from attrs import frozen

from telnyx_orders import NumberOrder, OrdersClient, TelnyxError
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.detail_formats import DetailFormat, as_detail, chosen_format
from telnyx_orders.cli.order_details import NumberKind, asking_numbers
from telnyx_orders.cli.standard_output import StandardOutput

__all__ = ["ShowOptions", "show_order"]

MOST_DEADLINES = 10
"""Of so many kinds of numbers the deadline is asked for, a request each."""


@frozen(kw_only=True)
class ShowOptions:
    """What `telnyx-orders show` was asked for.

    Attributes:
        id: Which order.
        sandbox: Ask a sandbox instead of the API.
        format: How to write it; `None` chooses by where it goes.
    """

    id: str
    sandbox: bool
    format: DetailFormat | None


async def show_order(options: ShowOptions) -> None:
    """Get an order and write it to standard output.

    Raises:
        TelnyxError: It cannot be had.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    form = chosen_format(options.format)
    async with orders_client(built_in_sandbox() if options.sandbox else None) as client:
        order = await client.number_orders.retrieve(options.id)
        deadlines = await _deadlines(client, order) if form == "text" else {}
    await output.write(as_detail(order, form, deadlines))


async def _deadlines(client: OrdersClient, order: NumberOrder) -> dict[NumberKind, datetime]:
    known: dict[NumberKind, datetime] = {}
    for kind, number in list(asking_numbers(order).items())[:MOST_DEADLINES]:
        if number.id is None:
            continue
        try:
            details = await client.number_order_phone_numbers.retrieve(number.id)
        except TelnyxError:
            continue  # the order is worth showing without it
        if details.deadline is not None:
            known[kind] = details.deadline
    return known
