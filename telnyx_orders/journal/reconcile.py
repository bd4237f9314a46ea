"""What became of the orders that were left open: they are looked for, and the journal is told."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from telnyx_orders.clock import Clock
from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.filters import DateRange, OrderFilter
from telnyx_orders.journal.intent import Intent
from telnyx_orders.models import NumberOrder
from telnyx_orders.order_errors import JournalError
from telnyx_orders.placement import (
    Placement,
    PlacementOutcome,
    Sought,
    digits,
    judge,
    may_match,
    numbers_of,
)

if TYPE_CHECKING:
    from telnyx_orders.journal.journal import OrderJournal
    from telnyx_orders.resources.number_orders import NumberOrders

__all__ = ["Reconciled", "Window", "reconcile", "windows"]

NEAR = timedelta(minutes=15)
"""Windows that lie closer are read as one: what lies between costs less than a request."""


@frozen(kw_only=True)
class Reconciled:
    """What became of an order that was left open.

    Attributes:
        reference: Its `customer_reference`.
        outcome: Found, not there, or cannot tell.
        order: The order as a listing gives it, if it was found.
        reason: Why, in a sentence.
    """

    reference: str
    outcome: PlacementOutcome
    order: NumberOrder | None
    reason: str


@frozen(kw_only=True)
class Window:
    """A time in which some orders were created, if they were.

    Attributes:
        gt: Its beginning.
        lt: Its end.
        intents: The orders.
    """

    gt: datetime
    lt: datetime
    intents: tuple[Intent, ...]


def windows(intents: Iterable[Intent], settle: float, server_ahead: float) -> list[Window]:
    """Say in which times to look for orders. Those that overlap or lie near are one.

    Args:
        intents: The orders.
        settle: Seconds within which a request may still be under way at the server.
        server_ahead: How many seconds the server's clock is ahead of ours.
    """
    single: list[Window] = []
    for intent in intents:
        within = intent.sought(settle).created_within(server_ahead)
        if within.gt is not None and within.lt is not None:
            single.append(Window(gt=within.gt, lt=within.lt, intents=(intent,)))
    joined: list[Window] = []
    for window in sorted(single, key=lambda one: one.gt):
        if joined and window.gt <= joined[-1].lt + NEAR:
            last = joined[-1]
            joined[-1] = evolve(
                last, lt=max(last.lt, window.lt), intents=last.intents + window.intents
            )
        else:
            joined.append(window)
    return joined


async def reconcile(
    journal: "OrderJournal", orders: "NumberOrders", clock: Clock
) -> tuple[Reconciled, ...]:
    """Look for the open orders of a journal, and record what became of each.

    Args:
        journal: The journal, open.
        orders: The number orders of its account.
        clock: Where the time comes from.

    Raises:
        JournalError: The journal cannot be read.
        TelnyxError: Nothing could be had from the API.
    """
    intents = await journal.open_intents()
    if not intents:
        return ()
    # Any answer tells how the server's clock stands, by which orders are listed.
    await orders.list(page_size=1)
    ahead = orders.server_ahead
    outcomes: dict[str, Reconciled] = {}
    for window in windows(intents, journal.settle, ahead or 0.0):
        looked_at = datetime.fromtimestamp(clock.now(), UTC)
        soughts = [intent.sought(journal.settle) for intent in window.intents]
        rows, doubt = await _read(orders, window, soughts, ahead)
        for intent, sought in zip(window.intents, soughts, strict=True):
            placement = judge(
                sought,
                [*rows.get(_wanted(sought), ()), *rows.get(None, ())],
                server_ahead=ahead,
                looked_at=looked_at,
                doubt=doubt,
            )
            outcomes[intent.reference] = await _record(journal, intent, placement)
    return tuple(outcomes[intent.reference] for intent in intents)


Rows = dict[frozenset[str] | None, list[NumberOrder]]
"""Orders by the digits of their numbers; those that do not say them by `None`."""


def _wanted(sought: Sought) -> frozenset[str]:
    return frozenset(map(digits, sought.phone_numbers))


async def _read(
    orders: "NumberOrders", window: Window, soughts: Sequence[Sought], ahead: float | None
) -> tuple[Rows, str | None]:
    """Read the orders of a window that have the numbers of a sought one, and why some may lack."""
    wanted = set(map(_wanted, soughts))
    rows: Rows = {}
    pager = orders.list(filter=OrderFilter(created_at=DateRange(gt=window.gt, lt=window.lt)))
    try:
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                for row in page.data:
                    order, numbers = row, numbers_of(row)
                    if numbers is None and any(may_match(row, one, ahead) for one in soughts):
                        order = await orders.retrieve(row.id)
                        numbers = numbers_of(order)
                    if numbers is None or numbers in wanted:
                        rows.setdefault(numbers, []).append(order)
    except IncompleteFetchError as error:
        return rows, f"the listing was incomplete: {error.reason}"
    except TelnyxError as error:
        return rows, f"the orders could not be listed: {error}"
    return rows, None


async def _record(journal: "OrderJournal", intent: Intent, placement: Placement) -> Reconciled:
    outcome, reason = placement.outcome, placement.reason
    try:
        if placement.order is not None:
            await journal.placed(intent.reference, placement.order)
        elif outcome is PlacementOutcome.NOT_THERE:
            await journal.not_placed(intent.reference, reason, judged=intent)
    except JournalError as error:
        # What was seen stays true of an order that is there, and hides no other.
        reason = f"{reason}, but the journal could not note it: {error}"
        if placement.order is None:
            outcome = PlacementOutcome.CANNOT_TELL
    return Reconciled(
        reference=intent.reference, outcome=outcome, order=placement.order, reason=reason
    )
