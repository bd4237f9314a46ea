"""`OrdersClient`: its settings, checked when it is made, and its resources."""

import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp
import cattrs
from aiohttp.abc import AbstractResolver
from attrs import evolve

import telnyx_orders.configuration as configuration
from telnyx_orders.bodies import DEFAULT_MAX_BODY_BYTES
from telnyx_orders.calls import CallStats, Timeout
from telnyx_orders.clock import Clock
from telnyx_orders.events import Observer, guarded
from telnyx_orders.journal import OrderJournal
from telnyx_orders.resources.number_order_phone_numbers import NumberOrderPhoneNumbers
from telnyx_orders.resources.number_orders import NumberOrders
from telnyx_orders.resources.sub_number_orders import SubNumberOrders
from telnyx_orders.retry import RetryPolicy
from telnyx_orders.session import SessionOwner
from telnyx_orders.transport import Transport

__all__ = ["OrdersClient"]


class OrdersClient:
    """A client of the Telnyx number-order API, for one account and one event loop.

    Make one and share it: it holds the connections and bounds the requests that are in flight.
    It may be made anywhere; the first request binds it to the event loop that runs then.

    Args:
        api_key: The account's API key; `TELNYX_API_KEY` of the environment if left out.
        base_url: The API's root; `TELNYX_BASE_URL` of the environment if left out, or else
            `https://api.telnyx.com/v2`.
        session: An `aiohttp.ClientSession` to use instead of an own one, made in the event loop
            that uses the client. It is never closed, and its settings stay as they are; a cookie
            that the API sets goes into its jar, as with all that is sent over it. Its middlewares
            have no part in placing orders, as one may send twice what it is given once.
        concurrency: How many requests are in flight at most, from 1.
        retry: How often and how long a call is retried.
        timeout: How long an attempt may stand still: a `Timeout`, or seconds for both its limits.
        converter: A cattrs converter for what arrives, made by `make_converter()` and extended.
            Its hooks run in a thread where a body is larger than 256 KiB.
        max_body_bytes: How many bytes the body of an answer may have, once it is decompressed. A
            larger one is not read on, and is a `ResponseDecodeError`. A page of 250 orders with 20
            numbers each takes 1.3 MB.
        user_agent: What to add to the `User-Agent`, such as the name of your application.
        trace_configs: aiohttp's tracing hooks, for an own session.
        ssl_context: How to verify the server, for an own session.
        resolver: How to look up host names, for an own session; threads of the system's resolver
            if left out.
        trust_env: Use the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`), for an
            own session.
        allow_insecure: Send the key in clear text, over `http` to a host other than this one.
        journal: Where orders are written down before they are sent, so that none is bought twice,
            not even after a crash; an open `OrderJournal`, which is not closed.
        observer: Called with each event of `telnyx_orders.events`: requests, retries, waits for the
            rate limit, pages and the proofs of fetches. For OpenTelemetry give it an
            `OpenTelemetryObserver` of `telnyx_orders.otel`.
        clock: Where time, sleep and chance come from, for tests.

    Raises:
        ConfigurationError: There is no key, or a setting cannot be used; the message says why.

    Example:
        >>> async with OrdersClient() as client:
        ...     orders = await client.number_orders.list().collect()
    """

    number_orders: NumberOrders
    sub_number_orders: SubNumberOrders
    number_order_phone_numbers: NumberOrderPhoneNumbers

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        session: aiohttp.ClientSession | None = None,
        concurrency: int = 8,
        retry: RetryPolicy | None = None,
        timeout: Timeout | float | None = None,
        converter: cattrs.Converter | None = None,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        user_agent: str | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        trust_env: bool = True,
        allow_insecure: bool = False,
        journal: OrderJournal | None = None,
        observer: Observer | None = None,
        clock: Clock | None = None,
    ) -> None:
        key = configuration.api_key(api_key)
        url = configuration.base_url(base_url, allow_insecure=allow_insecure)
        configuration.check_count("concurrency", concurrency)
        configuration.check_count("max_body_bytes", max_body_bytes)
        configuration.check_type("session", session, aiohttp.ClientSession)
        configuration.check_type("ssl_context", ssl_context, ssl.SSLContext)
        configuration.check_type("resolver", resolver, AbstractResolver)
        configuration.check_type("journal", journal, OrderJournal)
        configuration.check_observer(observer)
        configuration.check_type("clock", clock, Clock)
        for trace in trace_configs:
            configuration.check_type("trace_configs", trace, aiohttp.TraceConfig)
        if session is not None:
            own = {"trace_configs": trace_configs, "ssl_context": ssl_context, "resolver": resolver}
            unusable = [name for name, value in own.items() if value]
            configuration.check_borrowed(session, url, unusable)
        if converter is not None:
            configuration.check_type("converter", converter, cattrs.Converter)
            configuration.check_converter(converter)
        clock = clock or Clock()
        self._shown = f"{url} key={configuration.key_ending(key)}"
        self._sessions = SessionOwner(
            url,
            concurrency,
            borrowed=session,
            ssl_context=ssl_context,
            resolver=resolver,
            proxy=configuration.proxy(url) if trust_env and session is None else None,
            trace_configs=trace_configs,
        )
        transport = Transport(
            self._sessions,
            base_url=url,
            api_key=key,
            user_agent=configuration.user_agent(user_agent),
            concurrency=concurrency,
            timeout=configuration.timeout(timeout),
            retry=configuration.retry_policy(retry),
            converter=converter,
            max_body_bytes=max_body_bytes,
            clock=clock,
            observer=None if observer is None else guarded(observer),
        )
        self._stats = transport.stats
        self.number_orders = NumberOrders(transport, clock, journal)
        self.sub_number_orders = SubNumberOrders(transport)
        self.number_order_phone_numbers = NumberOrderPhoneNumbers(transport)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<OrdersClient {self._shown} {state}>"

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._sessions.closed

    @property
    def stats(self) -> CallStats:
        """What all calls of the client have cost so far."""
        return evolve(self._stats)

    async def close(self) -> None:
        """End every request at once and close the connections. May be called again.

        Raises:
            ClientStateError: The client is in use in another event loop.
        """
        await self._sessions.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
