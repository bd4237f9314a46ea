"""Placing an order: sent once, and looked up where nobody knows what became of it.

Whether a request was carried out is not known when its answer is a 5xx, or none at all. Sent again,
it may buy the numbers twice: the API knows no idempotency key.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from telnyx_orders.calls import SendOnce
from telnyx_orders.errors import ResponseDecodeError, TelnyxError
from telnyx_orders.lookup import PlacementLookup
from telnyx_orders.models import NumberOrder, Single
from telnyx_orders.new_order import NewOrder
from telnyx_orders.order_errors import OrderOutcomeUnknownError
from telnyx_orders.paths import NUMBER_ORDERS
from telnyx_orders.placement import Placement, Sought
from telnyx_orders.transport import Transport

__all__ = ["OrderPlacer", "unless_cancelled"]

T = TypeVar("T")


class OrderPlacer:
    """Places orders.

    Args:
        transport: What sends the requests.
        lookup: What looks for orders that may have been placed.
        retrieve: Gets an order with its details.
    """

    def __init__(
        self,
        transport: Transport,
        lookup: PlacementLookup,
        retrieve: Callable[[str], Awaitable[NumberOrder]],
    ) -> None:
        self._transport = transport
        self._lookup = lookup
        self._retrieve = retrieve

    @property
    def longest(self) -> float:
        """Seconds at most from when an order is noted until its request is given up."""
        return self._transport.longest_attempt

    def now(self) -> datetime:
        """The time by our clock."""
        return self._lookup.now()

    async def place(
        self, order: NewOrder, once: SendOnce, *, confirm: bool, settle: float
    ) -> NumberOrder:
        """Place an order, or say what is known of it.

        Args:
            order: What to order.
            once: Where it is noted that the request leaves.
            confirm: Whether to look for the order where its outcome is not known.
            settle: How many seconds the request may still be under way after it was given up.

        Raises:
            OrderOutcomeUnknownError: It may have been placed.
            TelnyxError: It was not placed.
        """
        try:
            return await self._send(order, once)
        except OrderOutcomeUnknownError as error:
            if not confirm:
                raise
            unknown = error
        sought = Sought(
            phone_numbers=unknown.phone_numbers,
            customer_reference=unknown.customer_reference,
            sent_at=unknown.sent_at,
            given_up_at=unknown.given_up_at,
            settle=settle,
        )
        placement = await unless_cancelled(self._lookup.find_in_time(sought), unknown)
        known = self.unknown(
            order, unknown.sent_at, unknown.cause, placement, given_up_at=unknown.given_up_at
        )
        if placement.order is None:
            raise known from unknown.cause
        return await unless_cancelled(self.with_details(placement.order), known)

    async def _send(self, order: NewOrder, once: SendOnce) -> NumberOrder:
        try:
            reply = await self._transport.send(
                "POST", NUMBER_ORDERS, order.body(), Single[NumberOrder], once=once
            )
        except TelnyxError as error:
            if not once.may_be_done or once.sent_at is None:
                raise
            raise self.unknown(order, once.sent_at, error) from error
        except asyncio.CancelledError as cancelled:
            if not once.may_be_done or once.sent_at is None:
                raise
            raise cancelled from self.unknown(order, once.sent_at, None)
        except Exception as error:
            # What the trace of a borrowed session raises, for instance, says nothing of the order.
            if not once.may_be_done or once.sent_at is None:
                raise
            raise self.unknown(order, once.sent_at, None) from error
        if not reply.value.data.id:
            cause = ResponseDecodeError(
                "$.data.id", "an id", "an empty text", call="POST /number_orders"
            )
            raise self.unknown(order, once.sent_at or self.now(), cause) from cause
        return reply.value.data

    def unknown(
        self,
        order: NewOrder,
        sent_at: datetime,
        cause: TelnyxError | None,
        placement: Placement | None = None,
        *,
        given_up_at: datetime | None = None,
    ) -> OrderOutcomeUnknownError:
        """Make the error that says that an order may have been placed."""
        return OrderOutcomeUnknownError(
            phone_numbers=order.numbers,
            customer_reference=order.customer_reference,
            sent_at=sent_at,
            given_up_at=given_up_at or self.now(),
            cause=cause,
            placement=placement,
        )

    async def with_details(self, order: NumberOrder) -> NumberOrder:
        """Give an order that was listed with the details of its numbers, if they can be had."""
        try:
            return await self._retrieve(order.id)
        except TelnyxError:
            return order


async def unless_cancelled(work: Awaitable[T], known: BaseException | None) -> T:
    """Do what follows a request; cancelled in it, say what is known of the order."""
    try:
        return await work
    except asyncio.CancelledError as cancelled:
        raise cancelled from known
