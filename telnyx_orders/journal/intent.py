"""`Intent`: an order in the journal, and when another order is the same. No I/O."""

from datetime import datetime
from enum import StrEnum

import attrs
from attrs import frozen

from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.placement import Sought

__all__ = ["Intent", "IntentState", "check_aware", "differences"]


class IntentState(StrEnum):
    """Where an order in the journal stands."""

    OPEN = "open"
    """It was sent, or was about to be: it may have been placed."""
    PLACED = "placed"
    """It was placed: `Intent.placed` is the order."""
    NOT_PLACED = "not_placed"
    """It was not placed, and may be sent again: `Intent.reason` says why."""


@frozen(kw_only=True)
class Intent:
    """An order in the journal.

    Attributes:
        reference: Its `customer_reference`, under which the journal knows it.
        order: What was asked for.
        state: Where it stands.
        sent_at: When it was first about to be sent, an aware time; anew after `NOT_PLACED`.
        given_up_at: Until when it is known to have been under way: when it was given up, or
            before that, when it was last about to be sent.
        longest: Seconds at most from then on until its request is given up.
        placed: The order, if it was placed.
        reason: Why it was not placed, if it was not.
        attempts: How often it was about to be sent, in all.
    """

    reference: str
    order: NewOrder
    state: IntentState
    sent_at: datetime
    given_up_at: datetime
    longest: float = 0.0
    placed: NumberOrder | None = None
    reason: str | None = None
    attempts: int = 1

    def sought(self, settle: float) -> Sought:
        """Say what to look for in the account.

        Args:
            settle: Seconds within which a request may still be under way at the server.
        """
        return Sought(
            phone_numbers=self.order.numbers,
            customer_reference=self.reference,
            sent_at=self.sent_at,
            given_up_at=self.given_up_at,
            settle=settle,
        )


def differences(one: NewOrder, other: NewOrder) -> list[str]:
    """Name the fields in which two orders differ. The sequence of their numbers is none."""
    different: list[str] = []
    if set(one.numbers) != set(other.numbers):
        different.append("phone_numbers")
    elif set(one.phone_numbers) != set(other.phone_numbers):
        different.append("requirement_group_id or bundle_id of phone_numbers")
    names = (field.name for field in attrs.fields(NewOrder) if field.name != "phone_numbers")
    return different + [name for name in names if getattr(one, name) != getattr(other, name)]


def check_aware(argument: str, moment: object) -> None:
    """Refuse what is no aware time: which moment a naive one means depends on the machine."""
    if not isinstance(moment, datetime):
        raise TypeError(f"{argument}: expected an aware datetime, got {moment!r:.60}")
    if moment.utcoffset() is None:
        raise ValueError(f"{argument}: expected an aware datetime, got the naive {moment}")
