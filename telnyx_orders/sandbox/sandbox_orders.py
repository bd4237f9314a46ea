"""What a test does with the orders of a sandbox, and asks about them, without a request."""

from collections.abc import Callable, Iterator, Mapping

from telnyx_orders.filters import OrderFilter, deep_object, order_filter
from telnyx_orders.sandbox.account import Account
from telnyx_orders.sandbox.checks import check_type
from telnyx_orders.sandbox.counters import Counters
from telnyx_orders.sandbox.query import BadParameterError, read_query


class SandboxOrders:
    """The orders of a sandbox."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def insert(self, **fields: object) -> str:
        """Create an order now, with some of its fields given.

        Args:
            **fields: Any key of a row, known to the API or not. A `datetime` is written as ISO
                8601. What is not given is made up: the order is `pending`, `created_at` now.
                A `created_at` places the order in the listing; filters see all that is given.

        Returns:
            The order's id.

        Raises:
            ValueError: `id` is not a text, or is taken.
            TypeError: A field has no form in JSON.
        """
        return self._account.insert(fields)

    def remove(self, order_id: str) -> None:
        """Remove an order.

        Raises:
            KeyError: There is no such order.
        """
        self._account.remove(self._account.orders.serial_of(order_id))

    def settle(self, order_id: str, status: str = "success") -> None:
        """Give an order another status; its `updated_at` becomes now.

        An order that becomes `success` also has its requirements met.

        Raises:
            KeyError: There is no such order.
        """
        check_type("status", status, str)
        self._account.catch_up()
        self._account.settle(self._account.orders.serial_of(order_id), status)

    def settle_sub_order(self, sub_order_id: str, status: str = "success") -> None:
        """End a pending sub number order; its order ends when all of them have.

        Any failure makes the order `failure`, or else any success makes it `success`.

        Raises:
            KeyError: There is no such sub number order.
            ValueError: It has ended.
        """
        check_type("status", status, str)
        self._account.catch_up()
        self._account.settle_sub_order(sub_order_id, status)

    def order_ids(
        self,
        filter: OrderFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
    ) -> list[str]:
        """The ids of the orders that are there now and match, in listing order.

        Args:
            filter: Which orders; all if left out. What `client.number_orders.list` takes.

        Raises:
            TypeError: A value in the filter has the wrong type.
            ValueError: The filter is unknown, or its value cannot be sent or matched.
        """
        parameters = dict(deep_object("filter", order_filter(filter)))
        try:
            query = read_query(parameters, self._account.orders.statuses)
        except BadParameterError as error:
            raise ValueError(error.detail) from None
        self._account.catch_up()
        return self._account.ids(query.filters)

    def get(self, order_id: str) -> dict[str, object]:
        """One order, as the listing gives it.

        Raises:
            KeyError: There is no such order.
        """
        self._account.catch_up()
        return self._account.row(self._account.orders.serial_of(order_id))

    def orders_with(self, phone_number: str) -> list[str]:
        """The ids of the orders that contain a phone number, in listing order.

        More than one for a number that was bought twice.
        """
        self._account.catch_up()
        return self._account.ids_with(phone_number)

    def rows(self) -> Iterator[dict[str, object]]:
        """The orders that are there now, as the listing gives them and in its order."""
        self._account.catch_up()
        return self._account.rows()

    def survivors(self) -> set[str]:
        """Ids of the orders that were there all the time since the baseline.

        The baseline is the making of the sandbox, or the last `reset_counters`. A reader that
        began after it must have seen each of these orders, whatever else came and went.
        """
        return self._account.survivors()

    @property
    def counters(self) -> Counters:
        """What the sandbox has seen and sent since the baseline, see `survivors`."""
        return self._account.counters

    @property
    def on_order_ended(self) -> Callable[[dict[str, object]], None] | None:
        """Called with each order that ends, as `GET /number_orders/{id}` then gives it.

        Whatever ended it: time, a request, a call or drift. An order that settles by itself ends
        when that is noticed, see `next_due`. May be set; `None` by default.
        """
        return self._account.on_order_ended

    @on_order_ended.setter
    def on_order_ended(self, told: Callable[[dict[str, object]], None] | None) -> None:
        self._account.on_order_ended = told

    @property
    def next_due(self) -> float | None:
        """When something happens by itself next: an order settles, or is committed late.

        Seconds, by the sandbox's clock; `None` if nothing is going to happen. It happens when a
        request arrives after that time, or at `catch_up`.
        """
        return self._account.next_due

    def catch_up(self) -> None:
        """Let happen what was due until now."""
        self._account.catch_up()
