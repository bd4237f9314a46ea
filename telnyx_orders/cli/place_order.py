"""`telnyx-orders place`: ask, buy once, and say what became of it, whatever happens."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from attrs import define, frozen

from telnyx_orders import (
    Clock,
    IntentState,
    NewOrder,
    NumberOrder,
    OrderJournal,
    OrderOutcomeUnknownError,
    OrdersClient,
    OrdersPendingError,
    OrderStatus,
    TelnyxError,
)
from telnyx_orders.cli.account import account_shown, built_in_sandbox, orders_client
from telnyx_orders.cli.asking import check_can_ask, confirmed
from telnyx_orders.cli.detail_formats import DetailFormat, as_detail, as_json, chosen_format
from telnyx_orders.cli.failures import CommandFailedError
from telnyx_orders.cli.messages import counted, tally, tell
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.unknown_outcome import unknown_outcome
from telnyx_orders.cli.wait_for_orders import pending_lines
from telnyx_orders.cli.waiting_bar import waiting_bar

__all__ = ["PlaceOptions", "place_order"]


@frozen(kw_only=True)
class PlaceOptions:
    """What `telnyx-orders place` was asked for.

    Attributes:
        order: What to order.
        journal: The file of the journal, if there is to be one. Then the order has a reference.
        settle: Seconds within which a request that was given up may still be carried out.
        dry_run: Send nothing.
        yes: Do not ask.
        wait: Wait until the order has ended.
        timeout: Seconds to wait at most; `None` for no limit.
        sandbox: Order in a sandbox instead of the account.
        format: How to write the order; `None` chooses by where it goes.
    """

    order: NewOrder
    journal: Path | None
    settle: float
    dry_run: bool
    yes: bool
    wait: bool
    timeout: float | None
    sandbox: bool
    format: DetailFormat | None

    @property
    def deed(self) -> str:
        """What is done, in words."""
        return f"buy {counted(len(self.order.numbers), 'number')}"


@define
class _PauseNotice:
    """The sleep of the client's `Clock`, which says once why it takes so long."""

    settle: float
    told: bool = False

    async def sleep(self, seconds: float) -> None:
        if not self.told:
            self.told = True
            tell(
                "There is no good answer yet. Do not order again meanwhile: what became of the "
                f"order is being found out, which can take {self.settle:.0f} s or more."
            )
        await asyncio.sleep(seconds)


async def place_order(options: PlaceOptions) -> None:
    """Place an order and write it to standard output.

    Raises:
        UsageError: There is no terminal to ask on. Nothing was sent.
        CommandFailedError: It was not to be bought, nobody knows whether it was placed, or it has
            not ended with success.
        TelnyxError: It was not placed.
        OutputError: It was placed, and cannot be written.
    """
    output = StandardOutput()
    account = account_shown(sandbox=options.sandbox)
    if options.dry_run:
        known = await _known_before(options)
        await output.write(_request(options))
        would = f"would buy {tally(options.order.numbers)} {account}"
        tell(f"Nothing was sent. {known or f'Without --dry-run this {would}.'}")
        return
    notice = _PauseNotice(options.settle)
    async with AsyncExitStack() as stack:
        journal = None
        if options.journal is not None:
            journal = OrderJournal(options.journal, settle=options.settle)
            await stack.enter_async_context(journal)
        if not options.yes and not await _placed_before(journal, options.order):
            check_can_ask(options.deed)
            tell(f"This buys {tally(options.order.numbers)} {account}.")
            if not await confirmed(f"{options.deed.capitalize()}?"):
                raise CommandFailedError("nothing was bought: the answer was not yes")
        sandbox = built_in_sandbox() if options.sandbox else None
        client = await stack.enter_async_context(
            orders_client(sandbox, journal=journal, clock=Clock(sleep=notice.sleep))
        )
        order = await _place(client, options)
        notice.told = True
        tell(f"The order {order.id} of {tally(options.order.numbers)} is placed.")
        if options.wait:
            order = await _wait(client, order, options, output)
    await output.write(as_detail(order, chosen_format(options.format)))
    if options.wait and order.status != OrderStatus.SUCCESS:
        raise CommandFailedError(f"the order {order.id} ended as {order.status}")


async def _place(client: OrdersClient, options: PlaceOptions) -> NumberOrder:
    order, journal = options.order, options.journal is not None
    try:
        return await client.number_orders.create(
            order.phone_numbers,
            connection_id=order.connection_id,
            messaging_profile_id=order.messaging_profile_id,
            billing_group_id=order.billing_group_id,
            customer_reference=order.customer_reference,
            confirm=True,
            settle=options.settle,
        )
    except OrderOutcomeUnknownError as error:
        raise CommandFailedError(unknown_outcome(error, journal=journal)) from error
    except asyncio.CancelledError as cancelled:
        if isinstance(cancelled.__cause__, OrderOutcomeUnknownError):
            tell(f"interrupted: {unknown_outcome(cancelled.__cause__, journal=journal)}")
        raise


async def _wait(
    client: OrdersClient, order: NumberOrder, options: PlaceOptions, output: StandardOutput
) -> NumberOrder:
    """Wait for the order, and say that it is there even if it cannot be waited for."""
    later = f"it can be waited for with: telnyx-orders wait {order.id}"
    try:
        with waiting_bar(1):
            ended = await client.number_orders.wait(order, timeout=options.timeout)
            return await client.number_orders.retrieve(ended.id)
    except TelnyxError as error:
        await output.write(as_detail(order, chosen_format(options.format)))
        if not isinstance(error, OrdersPendingError):
            raise CommandFailedError(f"the order is placed, but {error}; {later}") from error
        for line in pending_lines(error):
            tell(line)
        raise CommandFailedError(f"the order had not ended; {later}") from error
    except asyncio.CancelledError:
        tell(f"interrupted: the order {order.id} is placed; {later}")
        raise


async def _known_before(options: PlaceOptions) -> str | None:
    """Say whether a journal has the order already; one that is not there is not made."""
    if options.journal is None or not options.journal.exists():
        return None
    async with OrderJournal(options.journal, settle=options.settle) as journal:
        if not await _placed_before(journal, options.order):
            return None
    return "The journal knows that this order was placed, so that it would not be bought again."


async def _placed_before(journal: OrderJournal | None, order: NewOrder) -> bool:
    if journal is None or order.customer_reference is None:
        return False
    async with journal.hold(order.customer_reference):
        intent = await journal.recall(order)
    return intent is not None and intent.state is IntentState.PLACED


def _request(options: PlaceOptions) -> str:
    body = as_json(options.order.body())
    if chosen_format(options.format) == "json":
        return body
    return f"POST /number_orders\n{body}"
