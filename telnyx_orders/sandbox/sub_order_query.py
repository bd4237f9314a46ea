"""Which sub number orders are asked for, read from the query string."""

from collections.abc import Container, Mapping

from attrs import frozen

from telnyx_orders.sandbox.parts import SubOrder
from telnyx_orders.sandbox.query import count, known_status


@frozen
class SubOrderFilters:
    """Which sub number orders are asked for; `None` asks nothing of that fact.

    Attributes:
        status: Its `status`.
        order_id: Its `order_request_id`.
        country: Its `country_code`.
        type: Its `phone_number_type`.
        count: Its `phone_numbers_count`.
    """

    status: str | None = None
    order_id: str | None = None
    country: str | None = None
    type: str | None = None
    count: int | None = None

    def match(self, sub_order: SubOrder) -> bool:
        """Whether a sub number order is asked for, by all but its order."""
        return (
            self.status in (None, sub_order.status)
            and self.country in (None, sub_order.kind.country)
            and self.type in (None, sub_order.kind.type)
            and self.count in (None, len(sub_order.numbers))
        )


def read_sub_order_filters(
    query: Mapping[str, str], statuses: Container[object]
) -> SubOrderFilters:
    """Read the filters; parameters that the API does not know are ignored.

    Args:
        query: The decoded parameters.
        statuses: Every status that may be filtered by.

    Raises:
        BadParameterError: A parameter has a value that the API refuses.
    """
    return SubOrderFilters(
        status=known_status(query, statuses),
        order_id=query.get("filter[order_request_id]"),
        country=query.get("filter[country_code]"),
        type=query.get("filter[phone_number_type]"),
        count=count(query),
    )
