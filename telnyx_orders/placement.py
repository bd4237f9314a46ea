"""Whether an order was placed after all: the rule, over what a listing gave. No I/O.

A request to place an order may be carried out though no good answer came. Whether it was is decided
by the numbers that were asked for, the reference and the time: orders of the same numbers under the
same reference that were created since the request left are the one that was asked for. That there
is none counts only when the listing was complete, and read late enough that the request can no
longer be under way at the server.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import frozen

from telnyx_orders.clock import checked_seconds
from telnyx_orders.filters import DateRange
from telnyx_orders.models import NumberOrder

__all__ = [
    "CLOCK_MARGIN",
    "Placement",
    "PlacementOutcome",
    "Sought",
    "checked_settle",
    "digits",
    "judge",
    "may_match",
    "numbers_of",
]

CLOCK_MARGIN = timedelta(seconds=60)
"""How far the time at which an order was created may be off from ours, once the `Date` of an answer
has told how the server's clock stands."""


LONGEST_SETTLE = 30 * 86_400.0
"""Seconds; nobody waits longer for a request, and dates end."""


def checked_settle(value: float) -> float:
    """Give `settle` if it is one.

    Raises:
        TypeError: It is no number.
        ValueError: It is negative, or more than 30 days.
    """
    if checked_seconds("settle", value, or_zero=True) > LONGEST_SETTLE:
        raise ValueError(f"settle: expected 30 days at most, got {value!r} seconds")
    return value


class PlacementOutcome(StrEnum):
    """What a look at the account says of an order that may have been placed."""

    FOUND = "found"
    """It was placed: here it is."""
    NOT_THERE = "not_there"
    """It was not placed, and no longer can be by that request."""
    CANNOT_TELL = "cannot_tell"
    """Neither can be said yet."""


@frozen(kw_only=True)
class Placement:
    """What a look at the account says of an order that may have been placed.

    Attributes:
        outcome: Found, not there, or cannot tell.
        orders: The order, if it was found; two or more if it was placed as often. Where it cannot
            be told, those that could be it.
        reason: Why, in a sentence.
        settled_at: From when on its absence counts: earlier the request may still be under way.
    """

    outcome: PlacementOutcome
    orders: tuple[NumberOrder, ...] = ()
    reason: str
    settled_at: datetime | None = None

    @property
    def order(self) -> NumberOrder | None:
        """The order that was found, if one was."""
        return self.orders[0] if self.outcome is PlacementOutcome.FOUND else None


@frozen(kw_only=True)
class Sought:
    """An order that may have been placed.

    Attributes:
        phone_numbers: The numbers that were asked for.
        customer_reference: The reference that was given, if one was.
        sent_at: When the request left, by our clock.
        given_up_at: When it was last known to be under way; `sent_at` if nothing later is known.
        settle: How many seconds after that it may still be carried out.
    """

    phone_numbers: tuple[str, ...]
    customer_reference: str | None
    sent_at: datetime
    given_up_at: datetime
    settle: float

    @property
    def settled_at(self) -> datetime:
        """From when on the request can no longer be under way."""
        return self.given_up_at + timedelta(seconds=self.settle)

    def created_within(self, server_ahead: float) -> DateRange:
        """Give the time in which the order was created, if it was.

        Args:
            server_ahead: How many seconds the server's clock is ahead of ours.
        """
        ahead = timedelta(seconds=server_ahead)
        return DateRange(
            gt=self.sent_at + ahead - CLOCK_MARGIN, lt=self.settled_at + ahead + CLOCK_MARGIN
        )


def numbers_of(order: NumberOrder) -> frozenset[str] | None:
    """Give the digits of each number of an order; `None` if it does not say all of them."""
    numbers = frozenset(digits(number.phone_number or "") for number in order.phone_numbers)
    listed = len(order.phone_numbers)
    complete = listed and listed >= (order.phone_numbers_count or 0) and "" not in numbers
    return numbers if complete else None


def digits(number: str) -> str:
    """Give a phone number without its plus, which an answer may lack."""
    return "".join(filter(str.isdecimal, number))


def may_match(order: NumberOrder, sought: Sought, server_ahead: float | None) -> bool:
    """Tell whether an order must be looked at more closely, as it does not say its numbers."""
    return (
        numbers_of(order) is None
        and (order.phone_numbers_count or len(sought.phone_numbers)) == len(sought.phone_numbers)
        and _created_then(order, sought, server_ahead)
    )


def judge(
    sought: Sought,
    rows: Iterable[NumberOrder],
    *,
    server_ahead: float | None,
    looked_at: datetime,
    doubt: str | None = None,
) -> Placement:
    """Say whether an order was placed.

    Args:
        sought: The order.
        rows: What a listing gave: all orders of `sought.created_within(server_ahead)`, or more.
        server_ahead: How many seconds the server's clock is ahead of ours; `None` if nothing has
            told.
        looked_at: When reading the listing began, by our clock.
        doubt: Why the listing may lack orders, if it may.
    """
    numbers = frozenset(map(digits, sought.phone_numbers))
    then = [order for order in rows if _created_then(order, sought, server_ahead)]
    same = [order for order in then if numbers_of(order) == numbers]
    found = [one for one in same if _reference(one) == sought.customer_reference]
    if found:
        ids = ", ".join(order.id for order in found)
        how_often = "it was placed" if len(found) == 1 else f"it was placed {len(found)} times"
        return Placement(
            outcome=PlacementOutcome.FOUND, orders=tuple(found), reason=f"{how_often}: {ids}"
        )
    unsaid = [order for order in then if may_match(order, sought, server_ahead)]
    if server_ahead is None:
        doubt = doubt or "no answer had a `Date`, so that it is not known when it was created"
    doubt = doubt or _doubt(sought, same, unsaid, looked_at)
    return Placement(
        outcome=PlacementOutcome.CANNOT_TELL if doubt else PlacementOutcome.NOT_THERE,
        orders=tuple(same),
        reason=doubt or f"no such order was there at {looked_at.isoformat(timespec='seconds')}",
        settled_at=sought.settled_at,
    )


def _reference(order: NumberOrder) -> str | None:
    return order.customer_reference or None


def _created_then(order: NumberOrder, sought: Sought, server_ahead: float | None) -> bool:
    within = sought.created_within(server_ahead or 0.0)
    if order.created_at is None or within.gt is None or within.lt is None:
        return True
    return within.gt < order.created_at < within.lt


def _doubt(
    sought: Sought,
    same: Sequence[NumberOrder],
    unsaid: Sequence[NumberOrder],
    looked_at: datetime,
) -> str | None:
    if same:
        return (
            f"there is an order of the same numbers under another reference: {same[0].id}, "
            f"customer_reference {same[0].customer_reference!r}"
        )
    if unsaid:
        return f"the order {unsaid[0].id} was created then, and does not say which numbers it has"
    if looked_at < sought.settled_at:
        return (
            "it is not there, but the request may still be under way at the server until "
            f"{sought.settled_at.isoformat(timespec='seconds')}"
        )
    return None
