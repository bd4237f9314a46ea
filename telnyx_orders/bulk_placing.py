"""Placing many orders: some at a time, each with an outcome of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from telnyx_orders.errors import TelnyxError
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder, NumbersToOrder
from telnyx_orders.order_errors import (
    OrderOutcome,
    OrderOutcomeUnknownError,
    PlacingCancelledError,
)
from telnyx_orders.together import run_together

__all__ = ["new_orders", "place_many"]


def new_orders(batches: Iterable[NewOrder | NumbersToOrder], *, journaled: bool) -> list[NewOrder]:
    """Check what is to be ordered.

    Args:
        batches: What each order asks for.
        journaled: Whether a journal knows each order by its reference.

    Raises:
        TypeError: A batch has the wrong type; the message says which.
        ValueError: A batch cannot be ordered, or a number is in two of them, or, with a journal, a
            reference.
    """
    orders: list[NewOrder] = []
    holder: dict[str, int] = {}
    named: dict[str, int] = {}
    for index, batch in enumerate(batches):
        try:
            order = batch if isinstance(batch, NewOrder) else NewOrder(batch)
        except (TypeError, ValueError) as error:
            raise type(error)(f"batches[{index}]: {error}") from None
        for number in order.numbers:
            if number in holder:
                raise ValueError(f"batches[{index}]: {number} is in batches[{holder[number]}] too")
            holder[number] = index
        reference = order.customer_reference
        if journaled and reference is not None and named.setdefault(reference, index) != index:
            raise ValueError(
                f"batches[{index}]: its customer_reference is that of batches[{named[reference]}] "
                "too, and the journal knows an order by it"
            )
        orders.append(order)
    return orders


async def place_many(
    orders: Sequence[NewOrder],
    place: Callable[[NewOrder], Awaitable[NumberOrder]],
    concurrency: int,
) -> tuple[OrderOutcome, ...]:
    """Place orders, so many at a time, and give their outcomes in the same order.

    Raises:
        CancelledError: From a `PlacingCancelledError` that has the outcomes so far.
    """
    outcomes: dict[int, OrderOutcome] = {}
    waiting = iter(enumerate(orders))
    try:
        await run_together(
            _work(waiting, place, outcomes) for _ in range(min(concurrency, len(orders)))
        )
    except asyncio.CancelledError as cancelled:
        raise cancelled from PlacingCancelledError(_in_order(outcomes))
    return _in_order(outcomes)


async def _work(
    waiting: Iterator[tuple[int, NewOrder]],
    place: Callable[[NewOrder], Awaitable[NumberOrder]],
    outcomes: dict[int, OrderOutcome],
) -> None:
    for index, requested in waiting:
        try:
            order = await place(requested)
        except TelnyxError as error:
            outcomes[index] = OrderOutcome(requested=requested, error=error)
        except asyncio.CancelledError as cancelled:
            if isinstance(cancelled.__cause__, OrderOutcomeUnknownError):
                outcomes[index] = OrderOutcome(requested=requested, error=cancelled.__cause__)
            raise
        else:
            outcomes[index] = OrderOutcome(requested=requested, order=order)


def _in_order(outcomes: dict[int, OrderOutcome]) -> tuple[OrderOutcome, ...]:
    return tuple(outcomes[index] for index in sorted(outcomes))
