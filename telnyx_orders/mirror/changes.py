"""What a sync reports: each order that is new, changed or gone, and the sum of it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self, TypeVar

from attrs import define, evolve, frozen

from telnyx_orders.models import NumberOrder, OrderPhoneNumber

__all__ = ["ChangeKind", "OrderChange", "SyncReport", "as_listed", "merged"]

T = TypeVar("T")


class ChangeKind(StrEnum):
    """What became of an order."""

    NEW = "new"
    """The mirror did not have it."""
    CHANGED = "changed"
    """It is another than the mirror had."""
    GONE = "gone"
    """The account no longer has it."""


@frozen(kw_only=True)
class OrderChange:
    """What became of an order since somebody last heard of it.

    Attributes:
        kind: New, changed or gone.
        order: The order as it is; as it was, if it is gone.
        before: The order as it was when somebody last heard of it; `None` for one that is new.
    """

    kind: ChangeKind
    order: NumberOrder
    before: NumberOrder | None = None


@define(kw_only=True)
class SyncReport:
    """What a sync has told, and what it took: also what no earlier one could tell.

    Attributes:
        full: Whether the whole account was read, with a proof that nothing is missing.
        new: How many orders are new.
        changed: How many have changed.
        gone: How many are gone.
        orders: How many orders the mirror has now, without those that are gone.
        requests: How many requests were sent.
    """

    full: bool = False
    new: int = 0
    changed: int = 0
    gone: int = 0
    orders: int = 0
    requests: int = 0

    def take(self, changes: Iterable[OrderChange]) -> Self:
        """Count some changes."""
        for change in changes:
            match change.kind:
                case ChangeKind.NEW:
                    self.new += 1
                case ChangeKind.CHANGED:
                    self.changed += 1
                case ChangeKind.GONE:
                    self.gone += 1
        return self


def as_listed(order: NumberOrder) -> NumberOrder:
    """Give an order with no more details of its numbers than a listing gives."""
    numbers = tuple(
        OrderPhoneNumber(id=one.id, phone_number=one.phone_number) for one in order.phone_numbers
    )
    return evolve(order, phone_numbers=numbers)


def merged(known: NumberOrder, news: NumberOrder) -> NumberOrder:
    """Give a known order with what an event says of it, which may lack any field."""
    return evolve(
        known,
        status=news.status or known.status,
        requirements_met=_or(news.requirements_met, known.requirements_met),
        customer_reference=_or(news.customer_reference, known.customer_reference),
        connection_id=_or(news.connection_id, known.connection_id),
        messaging_profile_id=_or(news.messaging_profile_id, known.messaging_profile_id),
        billing_group_id=_or(news.billing_group_id, known.billing_group_id),
        phone_numbers_count=_or(news.phone_numbers_count, known.phone_numbers_count),
        phone_numbers=known.phone_numbers or as_listed(news).phone_numbers,
        sub_number_orders_ids=known.sub_number_orders_ids or news.sub_number_orders_ids,
        created_at=known.created_at or news.created_at,
        updated_at=_or(news.updated_at, known.updated_at),
    )


def _or(value: T | None, otherwise: T | None) -> T | None:
    return otherwise if value is None else value
