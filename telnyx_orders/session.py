"""The life of the aiohttp session: made on first use, bound to its loop, closed once.

Whatever runs over the session does so within a `lifetime()`, so that closing the client ends it at
once instead of leaving it to a timeout.
"""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import cast

import aiohttp
from aiohttp.abc import AbstractResolver

from telnyx_orders.errors import ClientStateError

__all__ = [
    "ConnectionLostError",
    "ConnectionTrace",
    "Lifetime",
    "LifetimeOverError",
    "SessionOwner",
]


class ConnectionTrace:
    """Learns of one request whether it went over a connection that had been used before.

    A server may close an idle connection at any time, and a request over it may be repeated
    (RFC 9112, 9.3.1). aiohttp does so once, but over a fresh connection too, where it would double
    what an outage is sent, and not again when the next idle connection is closed as well. So what
    breaks is hidden from it, and whoever sends decides by `reused`.
    """

    def __init__(self) -> None:
        self.reused = False

    async def guard(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Run as an aiohttp middleware: hide from aiohttp what it would repeat."""
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            raise ConnectionLostError(error) from error

    @staticmethod
    def config() -> aiohttp.TraceConfig:
        """Make the trace that tells each request's `ConnectionTrace` of a reused connection."""

        async def reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
            context.trace_request_ctx.reused = True

        trace: aiohttp.TraceConfig = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(reused)
        return trace


class ConnectionLostError(aiohttp.ClientConnectionError):
    """A connection broke before the answer.

    Attributes:
        original: What aiohttp raised.
    """

    def __init__(self, original: aiohttp.ClientConnectionError) -> None:
        super().__init__(original)
        self.original = original


class Lifetime:
    """Something that runs over the session: it has a time limit, and ends with the session."""

    def __init__(self, timeout: asyncio.Timeout, loop: asyncio.AbstractEventLoop) -> None:
        self._timeout = timeout
        self._loop = loop
        self._ending = False

    def limit(self, seconds: float | None) -> None:
        """Allow this many seconds from now, or any number. An end that has begun stands."""
        if not self._ending and not self._timeout.expired():
            now = self._loop.time()
            self._timeout.reschedule(None if seconds is None else now + max(0.0, seconds))

    def end(self) -> None:
        """End it at the next turn of the loop."""
        self.limit(0)
        self._ending = True


class LifetimeOverError(Exception):
    """The limit that was set on a lifetime is over; a `TimeoutError` may be somebody else's."""


class SessionOwner:
    """Owns one `aiohttp.ClientSession`, or borrows one and then never closes it.

    Args:
        base_url: Where requests go.
        limit: How many connections to hold at most.
        borrowed: The session to use instead of making one.
        ssl_context: How to verify the server; aiohttp's default if `None`.
        resolver: How to look up host names; the threads of the system's resolver if `None`, as
            c-ares, aiohttp's choice where it is installed, fails in many containers.
        proxy: The proxy to go by, if any.
        trace_configs: aiohttp's own tracing hooks.
    """

    def __init__(
        self,
        base_url: str,
        limit: int,
        *,
        borrowed: aiohttp.ClientSession | None = None,
        ssl_context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        proxy: str | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        self._session = borrowed
        self.borrowed: bool = borrowed is not None
        self.closed: bool = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lifetimes: dict[Lifetime, None] = {}  # in the order in which they began
        self._idle = asyncio.Event()
        self._base_url = base_url
        self._limit = limit
        self._ssl_context = ssl_context
        self._resolver = resolver
        self._proxy = proxy
        self._trace_configs = trace_configs

    def session(self) -> aiohttp.ClientSession:
        """Give the session, making it if this is the first use.

        Raises:
            ClientStateError: The client or the borrowed session is closed, or belongs to another
                event loop than the one that runs.
        """
        if self.closed:
            raise ClientStateError("the client is closed; make a new one")
        loop = asyncio.get_running_loop()
        # aiohttp says nowhere in public in which loop a session was made.
        made_in = getattr(self._session, "_loop", loop)
        bound = cast("asyncio.AbstractEventLoop", self._loop or made_in)
        self._loop = bound
        if bound is not loop:
            state = "has ended" if bound.is_closed() else "is another one"
            raise ClientStateError(
                "a client works in the event loop in which it was first used, or in which the "
                f"session passed to it was made, and that loop {state}; make one client in each "
                "asyncio.run()"
            )
        if self._session is None:
            self._session = self._make()
        elif self._session.closed:
            raise ClientStateError("the session that was passed in has been closed by its owner")
        return self._session

    def _make(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._limit,
            ssl=self._ssl_context or True,
            resolver=self._resolver or aiohttp.ThreadedResolver(),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[*self._trace_configs, ConnectionTrace.config()],
            proxy=self._proxy,
        )

    @asynccontextmanager
    async def lifetime(self) -> AsyncGenerator[Lifetime]:
        """Run something over the session, ended at once when the client is closed.

        Raises:
            ClientStateError: The client was closed, before or meanwhile, or belongs to another
                event loop.
            LifetimeOverError: The limit that was set on the lifetime is over.
        """
        self.session()
        timeout = asyncio.timeout(None)
        try:
            async with timeout:
                lifetime = Lifetime(timeout, asyncio.get_running_loop())
                self._lifetimes[lifetime] = None
                try:
                    yield lifetime
                finally:
                    del self._lifetimes[lifetime]
                    if not self._lifetimes:
                        self._idle.set()
        except TimeoutError:
            if not timeout.expired():
                raise
            if self.closed:
                raise ClientStateError("the client was closed while this ran") from None
            raise LifetimeOverError from None

    async def close(self) -> None:
        """End what runs, and close the session unless it was borrowed. Idempotent.

        Raises:
            ClientStateError: It was used in another event loop, which still runs.
        """
        ended = self._loop is not None and self._loop.is_closed()
        if not (self._loop in (None, asyncio.get_running_loop()) or ended):
            raise ClientStateError("close the client in the event loop in which it was used")
        self.closed = True
        try:
            if self._lifetimes and not ended:
                self._idle.clear()
                for lifetime in self._lifetimes:
                    lifetime.end()
                await self._idle.wait()
        finally:
            # Also where a lifetime that has now ended is the one that called.
            if self._session is not None and not self.borrowed:
                await self._session.close()

    def __del__(self) -> None:
        session = self._session
        if session is None or self.borrowed or session.closed:
            return
        warnings.warn(
            f"unclosed OrdersClient of {self._base_url}: use `async with`, or await its close()",
            ResourceWarning,
            stacklevel=2,
            source=self,
        )
        # Closed as far as can be without waiting, so that aiohttp does not warn of its parts too.
        connector = session.connector
        session.detach()
        if connector is not None:
            with suppress(StopIteration):
                connector.close().__await__().send(None)
