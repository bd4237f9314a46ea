"""The options that say which orders: the same for every command that lists them."""

from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Group, Parameter

from telnyx_orders import DateRange, OrderFilter, OrderStatus
from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.parameters import moment, whole_from

__all__ = ["ALL_ORDERS", "HOW", "OUTPUT", "Which"]

WHICH: Final = Group("Which orders", sort_key=1)
HOW: Final = Group("How to fetch", sort_key=2)
OUTPUT: Final = Group("Output", sort_key=3)


@Parameter(name="*")
@frozen(kw_only=True)
class Which:
    """Which orders are meant.

    Attributes:
        status: Orders with this status: `pending`, `success` or `failure`.
        created_after: Orders created later than this date or time.
        created_before: Orders created earlier than this date or time.
        phone_numbers_count: Orders of exactly this many phone numbers.
        customer_reference: Orders with exactly this reference.
        requirements_met: Orders whose requirements are all met, or are not.
    """

    status: Annotated[str | None, Parameter(group=WHICH)] = None
    created_after: Annotated[datetime | None, Parameter(group=WHICH, converter=moment)] = None
    created_before: Annotated[datetime | None, Parameter(group=WHICH, converter=moment)] = None
    phone_numbers_count: Annotated[int | None, whole_from(0, group=WHICH)] = None
    customer_reference: Annotated[str | None, Parameter(group=WHICH)] = None
    requirements_met: Annotated[bool | None, Parameter(group=WHICH)] = None

    def filter(self) -> OrderFilter:
        """Give the filter that selects them.

        Raises:
            UsageError: A value makes no sense.
        """
        known = [status.value for status in OrderStatus]
        meant = get_close_matches(self.status or "", known, n=1)
        if meant and self.status not in known:
            # The API may know more statuses than are documented, so only what looks like a slip.
            raise UsageError(f'there is no status "{self.status}". Did you mean "{meant[0]}"?')
        try:
            return OrderFilter(
                status=self.status,
                created_at=DateRange(gt=self.created_after, lt=self.created_before),
                phone_numbers_count=self.phone_numbers_count,
                customer_reference=self.customer_reference,
                requirements_met=self.requirements_met,
            )
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from error


ALL_ORDERS: Final = Which()
