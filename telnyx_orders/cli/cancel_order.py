"""`telnyx-orders cancel`: cancel what is still pending of an order, each part for itself."""

import asyncio
from collections.abc import Sequence

from attrs import frozen
from rich.text import Text

from telnyx_orders import (
    NotFoundError,
    OrdersClient,
    OrderStatus,
    SubNumberOrder,
    TelnyxError,
    make_converter,
)
from telnyx_orders.cli.account import built_in_sandbox, orders_client
from telnyx_orders.cli.asking import check_can_ask, confirmed
from telnyx_orders.cli.detail_formats import (
    DetailFormat,
    as_json,
    chosen_format,
    output_console,
)
from telnyx_orders.cli.failures import CommandFailedError
from telnyx_orders.cli.messages import counted, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.table import STATUS_STYLES
from telnyx_orders.error_details import printable
from telnyx_orders.together import run_together

__all__ = ["CancelOptions", "cancel_order"]


@frozen(kw_only=True)
class CancelOptions:
    """What `telnyx-orders cancel` was asked for.

    Attributes:
        id: Which order, or sub number order.
        dry_run: Cancel nothing.
        yes: Do not ask.
        sandbox: Cancel in a sandbox instead of the account.
        format: How to write what became of each; `None` chooses by where it goes.
    """

    id: str
    dry_run: bool
    yes: bool
    sandbox: bool
    format: DetailFormat | None


@frozen
class _Fate:
    """What became of a sub number order, and why it was not cancelled if it was not."""

    part: SubNumberOrder
    error: TelnyxError | None = None


async def cancel_order(options: CancelOptions) -> None:
    """Cancel the sub number orders that have not ended, and write what became of each.

    Raises:
        UsageError: There is no terminal to ask on. Nothing was cancelled.
        CommandFailedError: There is nothing to cancel, it was not to be cancelled, or some could
            not be.
        TelnyxError: The order cannot be looked at.
        OutputError: What became of them cannot be written.
    """
    output = StandardOutput()
    form = chosen_format(options.format)
    async with orders_client(built_in_sandbox() if options.sandbox else None) as client:
        pending = [part for part in await _parts(client, options.id) if _is_pending(part)]
        if not pending:
            raise CommandFailedError(f"there is nothing to cancel: {options.id} has ended")
        numbers = sum(part.phone_numbers_count or 0 for part in pending)
        deed = f"cancel {counted(len(pending), 'sub number order')}"
        what = f"{deed}, with {counted(numbers, 'number')}"
        if options.dry_run:
            await output.write(_written([_Fate(part) for part in pending], form))
            tell(f"Nothing was cancelled. Without --dry-run this would {what}.")
            return
        if not options.yes:
            check_can_ask(deed)
            if not await confirmed(f"{what.capitalize()}?"):
                raise CommandFailedError("nothing was cancelled: the answer was not yes")
        try:
            fates = await run_together(_cancelled(client, part) for part in pending)
        except asyncio.CancelledError:
            shown = pending[0].order_request_id or options.id
            tell(f"interrupted: some may be cancelled. See telnyx-orders show {shown}")
            raise
    await output.write(_written(fates, form))
    failed = [fate for fate in fates if fate.error]
    for fate in failed:
        tell(f"{fate.part.id}: {fate.error}")
    if failed:
        parts = counted(len(fates), "sub number order")
        raise CommandFailedError(f"{len(failed):,} of {parts} could not be cancelled")


async def _parts(client: OrdersClient, order_id: str) -> list[SubNumberOrder]:
    """Give the parts of an order, or the part that has this id."""
    try:
        order = await client.number_orders.retrieve(order_id)
    except NotFoundError:
        return [await _part(client, order_id)]
    parts = await client.sub_number_orders.list(filter={"order_request_id": order.id})
    # The API declares no pages for this listing; what it may have left out has its id here.
    listed = {part.id for part in parts}
    others = [one for one in order.sub_number_orders_ids if one not in listed]
    return [*parts, *await run_together(map(client.sub_number_orders.retrieve, others))]


async def _part(client: OrdersClient, part_id: str) -> SubNumberOrder:
    try:
        return await client.sub_number_orders.retrieve(part_id)
    except NotFoundError as error:
        raise CommandFailedError(
            f"the account has neither an order nor a sub number order with the id {part_id}"
        ) from error


def _is_pending(part: SubNumberOrder) -> bool:
    return part.status in (None, OrderStatus.PENDING)


async def _cancelled(client: OrdersClient, part: SubNumberOrder) -> _Fate:
    try:
        return _Fate(await client.sub_number_orders.cancel(part.id))
    except TelnyxError as error:
        return _Fate(part, error)


def _written(fates: Sequence[_Fate], form: DetailFormat) -> str:
    if form == "json":
        converter = make_converter()
        return as_json(
            [
                {
                    **converter.unstructure(fate.part),
                    "error": None if fate.error is None else str(fate.error),
                }
                for fate in fates
            ]
        )
    console = output_console()
    with console.capture() as drawn:
        for fate in fates:
            console.print(_line(fate), soft_wrap=True)
    return drawn.get()


def _line(fate: _Fate) -> Text:
    part = fate.part
    status = printable(part.status or "?")
    kind = " ".join(one for one in (part.country_code, part.phone_number_type) if one)
    count = "" if part.phone_numbers_count is None else counted(part.phone_numbers_count, "number")
    return Text("  ").join(
        [
            Text(printable(part.id)),
            Text(status, style=STATUS_STYLES.get(status, "")),
            Text(printable(kind)),
            Text(count),
        ]
    )
