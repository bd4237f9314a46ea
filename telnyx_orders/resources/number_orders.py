"""`client.number_orders`: the endpoints under `/number_orders`."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from telnyx_orders.calls import SendOnce
from telnyx_orders.clock import Clock, checked_seconds
from telnyx_orders.errors import NotFoundError
from telnyx_orders.filters import OrderFilter, deep_object, order_filter
from telnyx_orders.models import NumberOrder, NumberOrderPhoneNumber, Page, Single
from telnyx_orders.new_order import NewOrder, NumbersToOrder
from telnyx_orders.order_errors import (
    OrderOutcome,
    OrderOutcomeUnknownError,
    OrdersPendingError,
)
from telnyx_orders.pagination import Listing, Pager
from telnyx_orders.paths import NUMBER_ORDER_PHONE_NUMBERS, NUMBER_ORDERS
from telnyx_orders.placement import Placement, Sought, checked_settle
from telnyx_orders.resources.arguments import Requirements, check_id, path_of, requirement_values
from telnyx_orders.transport import Transport

if TYPE_CHECKING:
    from telnyx_orders.journal import OrderJournal
    from telnyx_orders.lookup import PlacementLookup

__all__ = ["NumberOrders"]

SETTLE = 60.0
"""Seconds within which a request that was given up may still be carried out, unless told else."""


class NumberOrders:
    """The number orders of an account. Made by `OrdersClient`, as `client.number_orders`."""

    def __init__(
        self, transport: Transport, clock: Clock, journal: "OrderJournal | None" = None
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._journal = journal

    @property
    def server_ahead(self) -> float | None:
        """How many seconds the server's clock is ahead of ours, if an answer has told."""
        return self._transport.exchange.server_ahead

    # `list` stands last: within the class it hides the type of that name.

    async def create(
        self,
        phone_numbers: NumbersToOrder,
        *,
        connection_id: str | None = None,
        messaging_profile_id: str | None = None,
        billing_group_id: str | None = None,
        customer_reference: str | None = None,
        confirm: bool = False,
        settle: float = SETTLE,
    ) -> NumberOrder:
        """Place an order (`POST /number_orders`): buy phone numbers.

        It is sent once. It is sent again only where the server cannot have acted: there was no
        connection, or the answer was a 429. With a journal (`OrdersClient(journal=)`) it is written
        down before it leaves, and the same order under the same reference is not bought twice: see
        `OrderJournal`.

        Args:
            phone_numbers: What to order: texts in E.164 form, or each an `OrderedNumber`.
            connection_id: The connection to assign the numbers to.
            messaging_profile_id: The messaging profile to assign the numbers to.
            billing_group_id: The billing group to assign the numbers to.
            customer_reference: Your own reference. With a journal, one is made up if it is left
                out, but then only `OrderJournal.reconcile` finds the order after a crash.
            confirm: Where nobody knows whether the order was placed, look for it, and give it if it
                was. That may take `settle` seconds.
            settle: How many seconds a request may still be under way at the server after it was
                given up, so that the order is not taken for missing earlier. A journal has its own.

        Returns:
            The order, usually `pending`: see `wait`.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: There is no number, one is not in E.164 form or comes twice, or a text is
                empty. Nothing was sent.
            OrderOutcomeUnknownError: The order may have been placed: a 5xx, a time limit, or a lost
                connection. A task that is cancelled while the request is under way has it as the
                `__cause__` of its `CancelledError`.
            JournalError: The journal cannot be used, or knows the reference for another order.
                Nothing was sent.
            TelnyxError: The order was not placed.

        Example:
            >>> order = await client.number_orders.create(
            ...     ["+19705555000"], customer_reference="job-17", confirm=True
            ... )
        """
        order = NewOrder(
            phone_numbers,
            connection_id=connection_id,
            messaging_profile_id=messaging_profile_id,
            billing_group_id=billing_group_id,
            customer_reference=customer_reference,
        )
        return await self._place(confirm, settle)(order)

    async def create_many(
        self,
        batches: Iterable[NewOrder | NumbersToOrder],
        *,
        concurrency: int | None = None,
        confirm: bool = False,
        settle: float = SETTLE,
    ) -> tuple[OrderOutcome, ...]:
        """Place many orders, some at a time, under the client's rate limit.

        Args:
            batches: What each order asks for: a `NewOrder`, or only its numbers.
            concurrency: How many are placed at a time; the client's `concurrency` if left out.
            confirm: As with `create`.
            settle: As with `create`.

        Returns:
            The outcome of each, in the order of `batches`. One that fails hides no other.

        Raises:
            TypeError: A batch has the wrong type; the message names it.
            ValueError: A batch cannot be ordered, or two have a number in common, or, with a
                journal, a reference. Nothing was sent.
            CancelledError: The task was cancelled; its `__cause__` is a `PlacingCancelledError`
                with the outcomes so far.
        """
        from telnyx_orders.bulk_placing import new_orders, place_many

        if concurrency is not None and (
            not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1
        ):
            raise ValueError(f"concurrency: expected an integer from 1, got {concurrency!r}")
        return await place_many(
            new_orders(batches, journaled=self._journal is not None),
            self._place(confirm, settle),
            concurrency or self._transport.concurrency,
        )

    async def retrieve(self, id: str) -> NumberOrder:  # noqa: A002  # the API's word
        """Get one order, with the details of its numbers (`GET /number_orders/{id}`).

        Raises:
            TypeError: The id is no text.
            ValueError: The id is empty.
            NotFoundError: The account has no such order.
            TelnyxError: It could not be had.
        """
        path = path_of(NUMBER_ORDERS, "id", id)
        return (await self._transport.get(path, (), Single[NumberOrder])).value.data

    async def update(
        self,
        id: str,  # noqa: A002  # the API's word
        *,
        customer_reference: str | None = None,
        regulatory_requirements: Requirements | None = None,
    ) -> NumberOrder:
        """Change an order (`PATCH /number_orders/{id}`). What is left out stays as it is.

        Args:
            id: Which.
            customer_reference: Your own reference.
            regulatory_requirements: Values for its regulatory requirements.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: There is nothing to change, or a value is empty.
            TelnyxError: It was not changed, or it is not known: the change can be made again.
        """
        path = path_of(NUMBER_ORDERS, "id", id)
        body: dict[str, object] = {}
        if customer_reference is not None:
            body["customer_reference"] = check_id("customer_reference", customer_reference)
        if regulatory_requirements is not None:
            body["regulatory_requirements"] = requirement_values(regulatory_requirements)
        if not body:
            raise ValueError("give customer_reference or regulatory_requirements: what to change")
        return (await self._transport.send("PATCH", path, body, Single[NumberOrder])).value.data

    async def find_placed(
        self,
        phone_numbers: NumbersToOrder | OrderOutcomeUnknownError,
        *,
        customer_reference: str | None = None,
        sent_at: datetime | None = None,
        settle: float = SETTLE,
    ) -> Placement:
        """Look for an order that may have been placed: found, not there, or cannot tell.

        It reads the orders that were created since it was sent, by the server's clock. That the
        order is not there counts only when the listing was complete, and read more than `settle`
        seconds after the order was given up.

        Args:
            phone_numbers: The numbers that were asked for; or the `OrderOutcomeUnknownError`, which
                knows the rest too.
            customer_reference: The reference that was sent, if one was.
            sent_at: When the order was sent, an aware time.
            settle: How many seconds a request may still be under way at the server.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: `sent_at` is missing or naive, or a number is not in E.164 form.
            TelnyxError: The orders could not be listed.

        Example:
            >>> try:
            ...     order = await client.number_orders.create(["+19705555000"])
            ... except OrderOutcomeUnknownError as error:
            ...     placement = await client.number_orders.find_placed(error)
        """
        if isinstance(phone_numbers, OrderOutcomeUnknownError):
            error = phone_numbers
            numbers, customer_reference = error.phone_numbers, error.customer_reference
            sent_at, given_up_at = error.sent_at, error.given_up_at
        else:
            numbers = NewOrder(phone_numbers, customer_reference=customer_reference).numbers
            sent_at = given_up_at = _check_aware("sent_at", sent_at)
        sought = Sought(
            phone_numbers=numbers,
            customer_reference=customer_reference,
            sent_at=sent_at,
            given_up_at=given_up_at,
            settle=checked_settle(settle),
        )
        return await self._lookup().find(sought)

    async def wait(
        self,
        order: str | NumberOrder,
        *,
        timeout: float | None = None,
        stop_on_requirements: bool = False,
        interval: float = 1.0,
        max_interval: float = 30.0,
    ) -> NumberOrder:
        """Wait until an order has ended, well or not: see its `status`.

        Args:
            order: The order, or its id.
            timeout: How many seconds at most; `None` for no limit.
            stop_on_requirements: Whether not to wait for you to fulfil regulatory requirements.
            interval: Seconds until the second look; the wait grows by half with each.
            max_interval: The longest wait between two looks.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The id is empty, or a number of seconds is none that can be waited.
            NotFoundError: The account has no such order.
            OrdersPendingError: It had not ended. It says whether the order is in work, or waits for
                requirements and until when.
            TelnyxError: The order could not be looked at.
        """
        _order_and_id("order", order)
        waiting = self.wait_all(
            [order],
            timeout=timeout,
            stop_on_requirements=stop_on_requirements,
            interval=interval,
            max_interval=max_interval,
        )
        try:
            async with aclosing(waiting) as ended:
                return await anext(ended)
        except OrdersPendingError as error:
            if isinstance(error.__cause__, NotFoundError):
                raise error.__cause__ from None
            raise

    def wait_all(
        self,
        orders: Iterable[str | NumberOrder],
        *,
        timeout: float | None = None,
        stop_on_requirements: bool = False,
        interval: float = 1.0,
        max_interval: float = 30.0,
    ) -> AsyncGenerator[NumberOrder]:
        """Wait for orders, and give each when it has ended, well or not.

        All are looked at in one listing, which takes a request for 250 of them where they were
        placed at about the same time; ids are as good as orders, but take more requests at first,
        as it is not known when those were created.

        Args:
            orders: The orders, or their ids. One that has ended is given at once.
            timeout: How many seconds at most; `None` for no limit.
            stop_on_requirements: Whether to end when all that are left wait for you to fulfil
                regulatory requirements.
            interval: Seconds until the second look; the wait grows by half with each.
            max_interval: The longest wait between two looks.

        Raises:
            TypeError: An argument has the wrong type. It is raised here, before anything is sent.
            ValueError: An id is empty, or a number of seconds is none that can be waited.
            OrdersPendingError: Not all have ended, or are in the account; those that have were
                given before.
            TelnyxError: The orders could not be looked at.

        Example:
            >>> async for order in client.number_orders.wait_all(placed, timeout=600):
            ...     print(order.id, order.status)
        """
        from telnyx_orders.waiting import OrderWaiter, PollPace

        pace = PollPace(
            interval=checked_seconds("interval", interval),
            max_interval=checked_seconds("max_interval", max_interval),
            timeout=None if timeout is None else checked_seconds("timeout", timeout, or_zero=True),
        )
        # A text is an iterable, too: of its characters.
        if isinstance(orders, str | bytes) or not isinstance(orders, Iterable):
            kind = type(cast("object", orders)).__name__
            raise TypeError(f"orders: expected a list of orders or ids, got {kind} {orders!r:.60}")
        wanted = dict(_order_and_id(f"orders[{index}]", one) for index, one in enumerate(orders))
        waiter = OrderWaiter(self.list, self.retrieve, self._retrieve_number, self._clock)
        return waiter.wait_all(wanted, pace, stop_on_requirements=stop_on_requirements)

    async def _retrieve_number(self, number_id: str) -> NumberOrderPhoneNumber:
        path = path_of(NUMBER_ORDER_PHONE_NUMBERS, "id", number_id)
        return (await self._transport.get(path, (), Single[NumberOrderPhoneNumber])).value.data

    def _place(self, confirm: bool, settle: float) -> Callable[[NewOrder], Awaitable[NumberOrder]]:
        # Here and not above: who only lists orders needs none of it.
        from telnyx_orders.placing import OrderPlacer

        settle = checked_settle(settle)
        if not isinstance(confirm, bool):
            raise TypeError(f"confirm: expected a bool, got {type(confirm).__name__} {confirm!r}")
        lookup = self._lookup()
        placer = OrderPlacer(self._transport, lookup, self.retrieve)
        if self._journal is None:
            return lambda order: placer.place(order, SendOnce(), confirm=confirm, settle=settle)
        from telnyx_orders.journaled_placing import JournaledPlacer

        return partial(JournaledPlacer(placer, lookup, self._journal).place, confirm=confirm)

    def _lookup(self) -> "PlacementLookup":
        from telnyx_orders.lookup import PlacementLookup

        return PlacementLookup(self.list, self.retrieve, lambda: self.server_ahead, self._clock)

    def list(
        self,
        *,
        filter: OrderFilter | Mapping[str, object] | None = None,  # noqa: A002  # the API's word
        page_number: int | None = None,
        page_size: int | None = None,
        verify: bool = True,
    ) -> Pager[NumberOrder]:
        """List number orders (`GET /number_orders`). Nothing is sent until the pager is used.

        Args:
            filter: Which orders; all if left out. A mapping of the same shape does too, such as
                `{"status": "pending", "created_at": {"gt": yesterday}}`.
            page_number: The page of `await`, and where `async for`, `pages()` and `collect()`
                start; from 1, which is the default.
            page_size: How many orders a page has, from 1 to 250. Left out, `await` leaves it to
                the server (20 by its reference) and the others use 250.
            verify: Whether a fetch of all pages has to prove that it is complete. `False` reads
                each page once and holds no ids: orders can then be missing or come twice when the
                account changes meanwhile. It takes no memory, where the proof takes some 100 bytes
                an order.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range, a filter is unknown, or a time is naive.

        Example:
            >>> orders = await client.number_orders.list(
            ...     filter=OrderFilter(status=OrderStatus.PENDING)
            ... ).collect()
        """
        chosen = order_filter(filter)
        changing = (
            chosen.status,
            chosen.phone_numbers_count,  # no reference says that it stays the same
            chosen.customer_reference,
            chosen.requirements_met,
        )
        listing = Listing(
            self._transport,
            NUMBER_ORDERS,
            tuple(deep_object("filter", chosen)),
            Page[NumberOrder],
            filter_may_change=any(one is not None for one in changing),
        )
        return Pager(listing, page_number=page_number, page_size=page_size, verify=verify)


def _order_and_id(argument: str, given: str | NumberOrder) -> tuple[str, NumberOrder | None]:
    if isinstance(given, NumberOrder):
        return check_id(argument, given.id), given
    if isinstance(given, str):
        return check_id(argument, given), None
    kind = type(cast("object", given)).__name__
    raise TypeError(f"{argument}: expected a NumberOrder or an id, got {kind} {given!r:.60}")


def _check_aware(argument: str, given: datetime | None) -> datetime:
    if given is not None and not isinstance(given, datetime):
        kind = type(cast("object", given)).__name__
        raise TypeError(f"{argument}: expected a datetime, got {kind} {given!r:.60}")
    if given is None or given.utcoffset() is None:
        raise ValueError(f"{argument}: expected an aware time, got {given!r}")
    return given
