"""`Sandbox`: the local server, its settings, its orders and what it has seen."""

import time
from collections.abc import Callable, Iterator, Mapping
from random import Random
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from telnyx_orders.filters import OrderFilter, deep_object, order_filter
from telnyx_orders.sandbox.account import Account
from telnyx_orders.sandbox.api import BASE_PATH, Api
from telnyx_orders.sandbox.checks import check_number, check_type, check_whole, choose
from telnyx_orders.sandbox.counters import Counters
from telnyx_orders.sandbox.drift import Drift
from telnyx_orders.sandbox.faults import Faults, FaultScript
from telnyx_orders.sandbox.limits import RateLimit, RateLimitWindow
from telnyx_orders.sandbox.orders import MAX_NUMBERS, ListingOrder, OrderBook
from telnyx_orders.sandbox.query import BadParameterError, read_query

DEFAULT_API_KEY: Final = "KEYsandbox0123456789"

_MAX_ORDERS: Final = 10_000_000
# Seconds, waited for twice before requests in flight are cancelled. 0 would wait for ever.
_SHUTDOWN_TIMEOUT: Final = 0.01


class Sandbox:
    """A local server that behaves like the Telnyx API for listing number orders.

    It answers `GET {base_url}/number_orders` as the API does: paging, all five filters, the API's
    errors, and optionally its rate limit, its delays, the ways in which its answers break, and
    orders that come and go while somebody reads. Two sandboxes made with the same arguments have
    the same orders and, asked the same, draw the same faults and changes.

    It takes some 40 bytes an order, and keeps the rows that it has written, up to 256 MiB of them.

    Args:
        orders: How many orders there are at the start, 0 to 10,000,000. Their `created_at` lie in
            2023 to 2025.
        seed: What orders, faults, delays and changes are drawn from.
        api_key: The key that requests must carry.
        host: Interface to listen on.
        port: Port to listen on; 0 takes a free one.
        order_by: The order of the listing, a `ListingOrder` or its value.
        latency: Seconds until a listing request is answered, or a `(low, high)` range of them.
        rate_limit: Requests that the account may make; `None` sets no limit and sends no headers
            about it.
        faults: Answers that are broken; `None` breaks none.
        drift: Changes that come with listing requests; `None` brings none.
        numbers_per_order: Phone numbers of every order, 1 to 10,000; `None` draws 1 to 5, mostly 1.
        clock: Seconds since 1970, for the times of changes, the rate limit's windows and `Date`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> async with Sandbox(orders=1000, rate_limit=RateLimit(requests=100)) as sandbox:
        ...     async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        ...         orders = await client.number_orders.list().collect()
    """

    def __init__(
        self,
        orders: int = 1000,
        seed: int = 0,
        *,
        api_key: str = DEFAULT_API_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        order_by: ListingOrder | str = ListingOrder.NEWEST_FIRST,
        latency: float | tuple[float, float] = 0.0,
        rate_limit: RateLimit | None = None,
        faults: Faults | None = None,
        drift: Drift | None = None,
        numbers_per_order: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_whole("orders", orders, low=0, high=_MAX_ORDERS)
        check_type("seed", seed, int)
        check_type("api_key", api_key, str)
        if not api_key or api_key != api_key.strip():
            raise ValueError(f"api_key must not be empty or padded with blanks: {api_key!r}")
        check_type("host", host, str)
        check_whole("port", port, low=0, high=65535)
        if numbers_per_order is not None:
            check_whole("numbers_per_order", numbers_per_order, low=1, high=MAX_NUMBERS)
        self._seed = seed
        self._api_key = api_key
        self._host = host
        self._port = port
        self._order_by = choose("order_by", order_by, ListingOrder)
        book = OrderBook(
            orders, seed=seed, order_by=self._order_by, numbers_per_order=numbers_per_order
        )
        self._account = Account(book, seed=seed, clock=clock)
        self._api = Api(
            self._account, api_key=api_key, clock=clock, random=Random(f"{seed}/latency")
        )
        self._runner: web.AppRunner | None = None
        self.latency = latency
        self.rate_limit = rate_limit
        self.faults = faults
        self.drift = drift

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. A sandbox that was stopped can be started again and keeps its orders.

        Raises:
            RuntimeError: It is listening already.
            OSError: The address cannot be listened on, because another process does, for example.
        """
        if self._runner is not None:
            raise RuntimeError(f"the sandbox is already listening at {self.base_url}")
        runner = web.AppRunner(
            self._api.application(),
            access_log=None,
            handler_cancellation=True,  # a fault may wait for the client to go away
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
        )
        self._runner = runner
        try:
            await runner.setup()
            await web.TCPSite(runner, self._host, self._port).start()
        except BaseException:
            self._runner = None
            await runner.cleanup()
            raise

    async def stop(self) -> None:
        """Stop listening, cancel what is in flight and close every connection; may be repeated."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def base_url(self) -> str:
        """What to give to a client as its base URL.

        Raises:
            RuntimeError: The sandbox is not listening.
        """
        addresses = [] if self._runner is None else self._runner.addresses
        if not addresses:
            raise RuntimeError(
                "the sandbox is not listening: use it as `async with Sandbox(...) as sandbox`, "
                "or await its start() first"
            )
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{addresses[0][1]}{BASE_PATH}"

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self._api_key

    @property
    def order_by(self) -> ListingOrder:
        """The order of the listing."""
        return self._order_by

    @property
    def latency(self) -> float | tuple[float, float]:
        """Seconds until a listing request is answered, or a range of them. May be set."""
        return self._latency

    @latency.setter
    def latency(self, latency: float | tuple[float, float]) -> None:
        bounds = latency if isinstance(latency, tuple) else (latency, latency)
        if len(bounds) != 2:
            raise ValueError(f"latency must be a number or a (low, high) pair, not {latency!r}")
        low, high = bounds
        check_number("latency", low, low=0)
        check_number("latency", high, low=low)
        self._latency = latency
        self._api.latency = (low, high)

    @property
    def rate_limit(self) -> RateLimit | None:
        """Requests that the account may make. Setting it starts a fresh window."""
        return self._rate_limit

    @rate_limit.setter
    def rate_limit(self, rate_limit: RateLimit | None) -> None:
        check_type("rate_limit", rate_limit, RateLimit, optional=True)
        self._rate_limit = rate_limit
        self._api.window = None if rate_limit is None else RateLimitWindow(rate_limit)

    @property
    def faults(self) -> Faults | None:
        """Answers that are broken. Setting it starts the script, and what is drawn, anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | None) -> None:
        check_type("faults", faults, Faults, optional=True)
        self._faults = faults
        self._api.fault_script = (
            None if faults is None else FaultScript(faults, Random(f"{self._seed}/faults"))
        )

    @property
    def drift(self) -> Drift | None:
        """Changes that come with listing requests. Setting it counts these requests anew."""
        return self._account.drift

    @drift.setter
    def drift(self, drift: Drift | None) -> None:
        check_type("drift", drift, Drift, optional=True)
        self._account.drift = drift

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
        self._account.settle(self._account.orders.serial_of(order_id), status)

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
        return self._account.ids(query.filters)

    def get(self, order_id: str) -> dict[str, object]:
        """One order, as the listing gives it.

        Raises:
            KeyError: There is no such order.
        """
        return self._account.row(self._account.orders.serial_of(order_id))

    def rows(self) -> Iterator[dict[str, object]]:
        """The orders that are there now, as the listing gives them and in its order."""
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

    def reset_counters(self) -> None:
        """Start a fresh `counters`, and take the present orders as the baseline of `survivors`."""
        self._api.forget_connections()
        self._account.reset()
