"""`telnyx-orders count`: how many orders there are, by the total of a page."""

from telnyx_orders import OrderFilter
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.standard_output import StandardOutput

__all__ = ["count_orders"]


async def count_orders(chosen: OrderFilter, *, sandbox: bool) -> None:
    """Ask for the smallest page, and write its total to standard output.

    Raises:
        TelnyxError: It cannot be had.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    async with orders_client(built_in_sandbox() if sandbox else None) as client:
        page = await client.number_orders.list(filter=chosen, page_size=1)
    await output.write(f"{page.meta.total_results}\n")
