"""What goes wrong with placing orders and waiting for them; the tree stands in `errors`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from telnyx_orders.error_details import one_line
from telnyx_orders.errors import TelnyxError
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.placement import Placement, PlacementOutcome

__all__ = [
    "JournalConflictError",
    "JournalError",
    "OrderInProgressError",
    "OrderOutcome",
    "OrderOutcomeUnknownError",
    "OrdersPendingError",
    "PlacingCancelledError",
]


class OrderOutcomeUnknownError(TelnyxError):
    """An order was sent, and may have been placed, though no good answer came.

    Sending it again may buy the numbers twice: the API knows no idempotency key. Find out first,
    with `client.number_orders.find_placed(error)`.

    Attributes:
        phone_numbers: The numbers that were asked for.
        customer_reference: The reference that was sent, if one was.
        sent_at: When the request left, an aware time.
        given_up_at: When it was given up, an aware time.
        cause: What came instead of a good answer; `None` if it was cancelled.
        placement: What a look at the account said, where one was taken.
    """

    def __init__(
        self,
        *,
        phone_numbers: Sequence[str],
        customer_reference: str | None,
        sent_at: datetime,
        given_up_at: datetime,
        cause: TelnyxError | None = None,
        placement: Placement | None = None,
    ) -> None:
        count = "1 number" if len(phone_numbers) == 1 else f"{len(phone_numbers)} numbers"
        shown = ", ".join(phone_numbers[:3]) + (", ..." if len(phone_numbers) > 3 else "")
        under = f" under {one_line(customer_reference, 80)!r}" if customer_reference else ""
        super().__init__(
            f"the order of {count} ({shown}){under}, sent at "
            f"{sent_at.isoformat(timespec='seconds')}, may have been placed. "
            f"{_advice(placement)} What happened: {cause or 'it was cancelled'}"
        )
        self.phone_numbers: tuple[str, ...] = tuple(phone_numbers)
        self.customer_reference = customer_reference
        self.sent_at = sent_at
        self.given_up_at = given_up_at
        self.cause = cause
        self.placement = placement


def _advice(placement: Placement | None) -> str:
    if placement is None:
        return (
            "Before you send it again, find out with "
            "`await client.number_orders.find_placed(error)`."
        )
    match placement.outcome:
        case PlacementOutcome.FOUND:
            return f"It was looked up: {placement.reason}. Do not send it again."
        case PlacementOutcome.NOT_THERE:
            return f"It was looked up: {placement.reason}. It can be sent again."
        case PlacementOutcome.CANNOT_TELL:
            return (
                f"It was looked up, but {placement.reason}. Do not send it again before "
                "`await client.number_orders.find_placed(error)` can tell."
            )


@frozen(kw_only=True)
class OrderOutcome:
    """What became of one of many orders.

    Attributes:
        requested: What was to be ordered.
        order: The order, if it was placed.
        error: Why not, or why it is not known; `None` if it was placed.
    """

    requested: NewOrder
    order: NumberOrder | None = None
    error: TelnyxError | None = None


class PlacingCancelledError(TelnyxError):
    """Placing many orders was cancelled: the cause of the `CancelledError`.

    Attributes:
        outcomes: What had become of the orders that were begun, each an `OrderOutcome`.
    """

    def __init__(self, outcomes: "Sequence[OrderOutcome]") -> None:
        super().__init__(
            f"placing was cancelled; what became of the {len(outcomes)} orders that were begun is "
            "in `outcomes`"
        )
        self.outcomes: tuple[OrderOutcome, ...] = tuple(outcomes)


class OrdersPendingError(TelnyxError):
    """Orders had not ended when the time to wait for them was over.

    Attributes:
        in_work: Orders that are in work: wait longer.
        awaiting_requirements: Orders that wait for regulatory requirements: fulfil them.
        deadlines: Until when, by order id, where it is known; aware times.
        missing: Ids of orders that the account does not have.
    """

    transient = True

    def __init__(
        self,
        *,
        seconds: float | None,
        in_work: Sequence[NumberOrder] = (),
        awaiting_requirements: Sequence[NumberOrder] = (),
        deadlines: Mapping[str, datetime] | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        self.in_work: tuple[NumberOrder, ...] = tuple(in_work)
        self.awaiting_requirements: tuple[NumberOrder, ...] = tuple(awaiting_requirements)
        self.deadlines: dict[str, datetime] = dict(deadlines or {})
        self.missing: tuple[str, ...] = tuple(missing)
        parts: list[str] = []
        advice: list[str] = []
        if in_work:
            parts.append(f"in work: {_ids([one.id for one in in_work])}")
            advice.append("wait longer for those in work")
        if awaiting_requirements:
            ids = _ids([one.id for one in awaiting_requirements])
            first = min(self.deadlines.values(), default=None)
            until = f", the first by {first.isoformat(timespec='seconds')}" if first else ""
            parts.append(f"waiting for regulatory requirements to be fulfilled{until}: {ids}")
            advice.append("fulfil the requirements of those that wait for them")
        if missing:
            parts.append(f"not in this account: {_ids(missing)}")
            advice.append("check the ids of those that are not there, and the key")
        after = "" if seconds is None else f" after {seconds:g} s"
        what_to_do = " and ".join(advice)
        super().__init__(
            f"not all orders have ended{after}; {'; '.join(parts)}. "
            f"{what_to_do[:1].upper()}{what_to_do[1:]}"
        )


def _ids(ids: Sequence[str]) -> str:
    shown = ", ".join(one_line(one, 80) for one in ids[:3])
    return shown if len(ids) <= 3 else f"{shown} and {len(ids) - 3} more"


class JournalError(TelnyxError):
    """The journal cannot be used: the message says why. Nothing was sent."""


class JournalConflictError(JournalError):
    """The journal knows the reference for another order. Nothing was sent.

    Attributes:
        customer_reference: The reference.
    """

    def __init__(self, customer_reference: str, differences: Sequence[str]) -> None:
        super().__init__(
            f"the journal knows customer_reference {one_line(customer_reference, 80)!r} for "
            f"another order, which differs in {', '.join(differences)}. Nothing was sent: give "
            "each order a reference of its own, and the same order the same reference"
        )
        self.customer_reference = customer_reference


class OrderInProgressError(JournalError):
    """Another process is placing the order of this reference right now. Nothing was sent.

    Attributes:
        customer_reference: The reference.
    """

    def __init__(self, customer_reference: str) -> None:
        super().__init__(
            f"another process is placing the order {one_line(customer_reference, 80)!r} right "
            "now. Nothing was sent: ask again when it is done"
        )
        self.customer_reference = customer_reference
