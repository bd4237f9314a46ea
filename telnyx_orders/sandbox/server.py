"""`Sandbox`: the local server and its settings."""

import re
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Final, Self

from telnyx_orders.clock import Clock
from telnyx_orders.sandbox.account import Account
from telnyx_orders.sandbox.api import BASE_PATH, Api
from telnyx_orders.sandbox.checks import check_number, check_type, check_whole, choose
from telnyx_orders.sandbox.drift import Drift
from telnyx_orders.sandbox.faults import (
    READING_FAULTS,
    WRITING_FAULTS,
    Fault,
    Faults,
    FaultScript,
)
from telnyx_orders.sandbox.limits import RateLimit, RateLimitWindow
from telnyx_orders.sandbox.listener import Listener
from telnyx_orders.sandbox.orders import MAX_NUMBERS, ListingOrder, OrderBook
from telnyx_orders.sandbox.requirements import REGULATED
from telnyx_orders.sandbox.sandbox_orders import SandboxOrders
from telnyx_orders.sandbox.signing import SigningKey
from telnyx_orders.sandbox.timekeeper import Timekeeper
from telnyx_orders.sandbox.webhook_sender import WebhookSender
from telnyx_orders.sandbox.webhooks import Webhooks

DEFAULT_API_KEY: Final = "KEYsandbox0123456789"

_MAX_ORDERS: Final = 10_000_000


class Sandbox(SandboxOrders):
    """A local server that behaves like the Telnyx API for number orders.

    It answers `GET {base_url}/number_orders` as the API does: paging, all five filters, the API's
    errors, and optionally its rate limit, its delays, the ways in which its answers break, and
    orders that come and go while somebody reads. Orders are placed, retrieved and updated, split
    into sub number orders by country and number type, wait for what is asked for, settle, and can
    be cancelled. Two sandboxes made with the same arguments have the same orders and, asked the
    same, draw the same faults and changes.

    It takes some 40 bytes an order, keeps the rows that it has written, up to 256 MiB of them, and
    some kilobytes for an order that was placed or changed.

    Args:
        orders: How many orders there are at the start, 0 to 10,000,000. Their `created_at` lie in
            2023 to 2025.
        seed: What orders, faults, delays and changes are drawn from.
        api_key: The key that requests must carry.
        host: Interface to listen on.
        port: Port to listen on; 0 takes a free one.
        order_by: The order of the listing, a `ListingOrder` or its value.
        latency: Seconds until a request is answered, or a `(low, high)` range of them.
        rate_limit: Requests that the account may make; `None` sets no limit and sends no headers
            about it.
        faults: Answers to requests that read (GET) that are broken; `None` breaks none.
        placing_faults: Answers to requests that write (POST, PATCH) that are broken, and whether
            what they ask for is done all the same; `None` breaks none.
        drift: Changes that come with listing requests; `None` brings none.
        numbers_per_order: Phone numbers of every order, 1 to 10,000; `None` draws 1 to 5, mostly 1.
        settle_after: Seconds until a sub number order that waits for nothing becomes `success`;
            `None` lets none do so by itself. That holds for what was placed, and for what waited
            and was given what it waited for; the orders of the start stay as they are.
        regulated: The countries (ISO 3166-1 alpha-2) whose numbers wait until the values they ask
            for, or a requirement group, are given. The API asks for much more, in most countries.
        webhooks: Where the event of each order that ends is delivered, signed so that `public_key`
            verifies it; `None` sends none. Needs the extra `webhooks`.
        clock: Seconds since 1970, for the times of changes, for what settles, the rate limit's
            windows, webhooks and `Date`. Without webhooks nothing happens between two requests:
            what was due until a request happens just before it is answered, at the time it was due.
            With them it happens when it is due; call `catch_up` after a clock of yours has jumped.

    Raises:
        ValueError: An argument is out of its range.
        ConfigurationError: There are webhooks to send, and cryptography is not installed.

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
        placing_faults: Faults | None = None,
        drift: Drift | None = None,
        numbers_per_order: int | None = None,
        settle_after: float | None = 1.0,
        regulated: Collection[str] = REGULATED,
        webhooks: Webhooks | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_whole("orders", orders, low=0, high=_MAX_ORDERS)
        check_type("seed", seed, int)
        check_type("api_key", api_key, str)
        if not api_key or api_key != api_key.strip():
            raise ValueError(f"api_key must not be empty or padded with blanks: {api_key!r}")
        check_type("host", host, str)
        if not host:
            # It would listen everywhere, and its URL would lead nowhere.
            raise ValueError("host: expected an address or a name, got ''")
        check_whole("port", port, low=0, high=65535)
        if numbers_per_order is not None:
            check_whole("numbers_per_order", numbers_per_order, low=1, high=MAX_NUMBERS)
        self._seed = seed
        self._api_key = api_key
        self._listener = Listener(host, port)
        self._order_by = choose("order_by", order_by, ListingOrder)
        book = OrderBook(
            orders, seed=seed, order_by=self._order_by, numbers_per_order=numbers_per_order
        )
        account = Account(book, seed=seed, clock=clock, regulated=_countries(regulated))
        super().__init__(account)
        self._api = Api(account, api_key=api_key, clock=clock, random=Random(f"{seed}/latency"))
        self.latency = latency
        self.rate_limit = rate_limit
        self.faults = faults
        self.placing_faults = placing_faults
        self.drift = drift
        self.settle_after = settle_after
        check_type("webhooks", webhooks, Webhooks, optional=True)
        self._webhook_sender: WebhookSender | None = None
        if webhooks is not None:
            self._webhook_sender = WebhookSender(webhooks, seed, clock=Clock(now=clock))
            account.send_event = self._webhook_sender.ended
        self._timekeeper = Timekeeper(account, clock)

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
        await self._listener.start(self._api.application())
        if self._webhook_sender is not None:
            self._webhook_sender.start()
            self._timekeeper.start()

    async def stop(self) -> None:
        """Stop listening, cancel what is in flight and close every connection; may be repeated.

        Webhooks that wait to be delivered are kept for the next start.
        """
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self._listener.stop)
            if self._webhook_sender is not None:
                ending.push_async_callback(self._webhook_sender.stop)
                ending.push_async_callback(self._timekeeper.stop)

    @property
    def base_url(self) -> str:
        """What to give to a client as its base URL.

        Raises:
            RuntimeError: The sandbox is not listening.
        """
        url = self._listener.url
        if url is None:
            raise RuntimeError(
                "the sandbox is not listening: use it as `async with Sandbox(...) as sandbox`, "
                "or await its start() first"
            )
        return url + BASE_PATH

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self._api_key

    @property
    def public_key(self) -> str:
        """What to give to an application as the account's public key, for webhooks.

        The same seed gives the same key, also to `SigningKey(seed)`, before there is a sandbox.

        Raises:
            ConfigurationError: cryptography is not installed.
        """
        return SigningKey(self._seed).public_key

    @property
    def webhook_sender(self) -> WebhookSender | None:
        """What delivers the webhooks, and knows what was delivered; `None` if none are sent."""
        return self._webhook_sender

    @property
    def order_by(self) -> ListingOrder:
        """The order of the listing."""
        return self._order_by

    @property
    def latency(self) -> float | tuple[float, float]:
        """Seconds until a request is answered, or a range of them. May be set."""
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
        """Broken answers to requests that read. Setting it starts script and draws anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | None) -> None:
        self._api.reading_faults = self._script("faults", faults, READING_FAULTS)
        self._faults = faults

    @property
    def placing_faults(self) -> Faults | None:
        """Broken answers to requests that write. Setting it starts script and draws anew."""
        return self._placing_faults

    @placing_faults.setter
    def placing_faults(self, faults: Faults | None) -> None:
        self._api.writing_faults = self._script("placing_faults", faults, WRITING_FAULTS)
        self._placing_faults = faults

    @property
    def settle_after(self) -> float | None:
        """Seconds until what waits for nothing succeeds. Setting it leaves what runs already."""
        return self._settle_after

    @settle_after.setter
    def settle_after(self, seconds: float | None) -> None:
        if seconds is not None:
            check_number("settle_after", seconds, low=0)
        self._settle_after = seconds
        self._account.settle_after(seconds)

    @property
    def drift(self) -> Drift | None:
        """Changes that come with listing requests. Setting it counts these requests anew."""
        return self._account.drift

    @drift.setter
    def drift(self, drift: Drift | None) -> None:
        check_type("drift", drift, Drift, optional=True)
        self._account.drift = drift

    def reset_counters(self) -> None:
        """Start a fresh `counters`, and take the present orders as the baseline of `survivors`."""
        self._api.forget_connections()
        self._account.reset()

    def _script(
        self, name: str, faults: Faults | None, possible: tuple[Fault, ...]
    ) -> FaultScript | None:
        check_type(name, faults, Faults, optional=True)
        if faults is None:
            return None
        return FaultScript(faults, Random(f"{self._seed}/{name}"), possible)


def _countries(regulated: Collection[str]) -> frozenset[str]:
    for country in regulated:
        if not isinstance(country, str) or not re.fullmatch("[A-Z]{2}", country):
            raise ValueError(f"regulated must hold country codes such as 'DE', not {country!r}")
    return frozenset(regulated)
