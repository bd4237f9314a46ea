"""Placing orders with a journal: not bought twice, not even after a crash.

What is sent under a reference is on disk before it leaves. Whoever comes again with the reference,
in a later process too, first learns what became of it.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable
from functools import partial

from attrs import evolve

from telnyx_orders.calls import SendOnce
from telnyx_orders.errors import TelnyxError
from telnyx_orders.journal import Intent, IntentState, OrderJournal
from telnyx_orders.lookup import PlacementLookup
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.order_errors import JournalError, OrderOutcomeUnknownError
from telnyx_orders.placement import Placement, PlacementOutcome
from telnyx_orders.placing import OrderPlacer, unless_cancelled

__all__ = ["JournaledPlacer"]

logger: logging.Logger = logging.getLogger("telnyx_orders")


class JournaledPlacer:
    """Places orders that a journal knows.

    Args:
        placer: What sends them.
        lookup: What looks for orders that may have been placed.
        journal: Where they are written down.
    """

    def __init__(self, placer: OrderPlacer, lookup: PlacementLookup, journal: OrderJournal) -> None:
        self._placer = placer
        self._lookup = lookup
        self._journal = journal

    async def place(self, order: NewOrder, *, confirm: bool) -> NumberOrder:
        """Place an order unless the journal or the account has it; see `OrderPlacer.place`.

        Raises:
            JournalError: The journal cannot be used, knows the reference for another order, or
                another process is placing this one. Nothing was sent.
        """
        if order.customer_reference is None:
            order = evolve(order, customer_reference=f"telnyx-orders-{uuid.uuid4()}")
        reference = str(order.customer_reference)
        async with self._journal.hold(reference):
            intent = await self._journal.recall(order)
            if intent is not None and intent.placed is not None:
                return intent.placed
            if intent is not None and intent.state is IntentState.OPEN:
                known = await self._learn(intent)
                if known is not None:
                    return known
            return await self._place(order, reference, confirm=confirm)

    async def _learn(self, intent: Intent) -> NumberOrder | None:
        """Learn what became of an order that was sent once: the order, or `None` if it is none."""
        placement = await self._lookup.find_in_time(intent.sought(self._journal.settle))
        if placement.order is not None:
            known = self._placer.unknown(intent.order, intent.sent_at, None, placement)
            order = await unless_cancelled(self._placer.with_details(placement.order), known)
            await self._note_placed(intent.order, order)
            return order
        if placement.outcome is PlacementOutcome.CANNOT_TELL:
            raise self._placer.unknown(intent.order, intent.sent_at, None, placement)
        await self._journal.not_placed(intent.reference, placement.reason)
        return None

    async def _place(self, order: NewOrder, reference: str, *, confirm: bool) -> NumberOrder:
        once = SendOnce(before=partial(self._journal.sending, order, longest=self._placer.longest))
        try:
            placed = await self._placer.place(
                order, once, confirm=confirm, settle=self._journal.settle
            )
        except JournalError:
            raise
        except OrderOutcomeUnknownError as error:
            if error.placement and error.placement.outcome is PlacementOutcome.NOT_THERE:
                noting = self._journal.not_placed(reference, error.placement.reason)
            else:
                noting = self._journal.gave_up(reference, error.given_up_at)
            await unless_cancelled(_noted(noting), error)
            raise
        except TelnyxError as error:
            if once.sent_at is not None:
                await _noted(self._journal.not_placed(reference, str(error)))
            raise
        except asyncio.CancelledError as cancelled:
            if once.may_be_done:
                noting = self._journal.gave_up(reference, self._placer.now())
                await unless_cancelled(_noted(noting), cancelled.__cause__)
            elif once.sent_at is not None:
                await _noted(self._journal.not_placed(reference, "cancelled before it was sent"))
            raise
        await self._note_placed(order, placed)
        return placed

    async def _note_placed(self, order: NewOrder, placed: NumberOrder) -> None:
        """Write down that an order was placed. That it was is worth more than that it is noted."""
        found = Placement(
            outcome=PlacementOutcome.FOUND, orders=(placed,), reason=f"it was placed: {placed.id}"
        )
        known = self._placer.unknown(order, self._placer.now(), None, found)
        noting = self._journal.placed(str(order.customer_reference), placed)
        await unless_cancelled(_noted(noting), known)


async def _noted(writing: Awaitable[None]) -> None:
    """Write down what became of an order; where that fails, what became of it comes first."""
    try:
        await writing
    except JournalError as error:
        logger.error(  # noqa: TRY400  # its message says all
            "the journal could not note what became of an order, which will be looked up when its "
            "reference comes again: %s",
            error,
        )
