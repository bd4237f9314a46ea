"""One request over the wire: sent, and its answer read as far as it is of use."""

import asyncio
from collections.abc import Callable, Sequence

import aiohttp

from telnyx_orders.bodies import ACCEPTED_CODINGS, ArrivingBody
from telnyx_orders.calls import Call, Timeout
from telnyx_orders.clock import Clock
from telnyx_orders.connection_errors import CONNECTION_ERRORS
from telnyx_orders.error_details import one_line
from telnyx_orders.errors import KEPT_BODY_BYTES
from telnyx_orders.rate_limit_headers import RateLimitHeaders, http_date
from telnyx_orders.responses import Answer, succeeded
from telnyx_orders.session import ConnectionLostError, ConnectionTrace, SessionOwner

__all__ = ["Exchange"]


class Exchange:
    """Sends requests over the session of a client.

    Args:
        sessions: Where the aiohttp session comes from.
        api_key: The secret that goes into each request's header, and nowhere else.
        user_agent: The `User-Agent` of each request.
        concurrency: How many requests are in flight at most.
        timeout: How long a request may stand still.
        max_body_bytes: How many bytes the body of an answer may have, once it is decompressed.
        redact: Takes the secret out of a text.
        clock: Where time comes from.

    Attributes:
        server_ahead: How many seconds the server's clock is ahead of ours, by the `Date` of the
            latest success, which has no fractions (RFC 9110, 5.6.7); `None` before the first.
    """

    def __init__(
        self,
        sessions: SessionOwner,
        *,
        api_key: str,
        user_agent: str,
        concurrency: int,
        timeout: Timeout,
        max_body_bytes: int,
        redact: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._concurrency = concurrency
        self._redact = redact
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED_CODINGS,
            "Authorization": f"Bearer {api_key}",
            "User-Agent": user_agent,
        }
        self._headers_with_body = {**self._headers, "Content-Type": "application/json"}
        # In a borrowed session `connect` includes the wait for a connection, which its other users
        # may hold; our own has one for each request that the places let through.
        self._timeout = _limits(timeout, connect=None if sessions.borrowed else timeout.connect)
        # What must be sent once leaves soon after it was noted, or not at all.
        self._timeout_of_once = _limits(timeout, connect=timeout.connect)
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        self._last_date: tuple[str | None, float | None] = None, None
        self.server_ahead: float | None = None

    async def send(self, call: Call) -> Answer:
        """Send a request and read its answer, once more where a kept connection was closed.

        Raises:
            Exception: One of `CONNECTION_ERRORS`: there was no complete answer.
            ClientStateError: The client is closed, or belongs to another event loop.
        """
        session = self._sessions.session()
        idle = self._concurrency  # as many connections at most can have been closed meanwhile
        while True:
            trace = ConnectionTrace()
            try:
                return await self._send_once(session, call, trace)
            except ConnectionLostError as error:
                again = trace.reused and idle and call.once is None
                if again and call.draw_on_budget():
                    idle -= 1
                    continue
                lost = error.original
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Nobody cancelled us: aiohttp cancels who waits for a connection when the owner of
                # the session closes it. Let through, it would end a worker without a word.
                raise aiohttp.ClientConnectionError("cancelled from within the session") from None
            # Raised where it was caught, it would be in a circle with what had held it.
            raise lost

    async def _send_once(
        self, session: aiohttp.ClientSession, call: Call, trace: ConnectionTrace
    ) -> Answer:
        async with session.request(
            call.method,
            call.url,
            data=call.body,
            # By the method, since aiohttp would name even the body that is not there a stream of
            # bytes, and a server may refuse that with 415.
            headers=self._headers if call.method == "GET" else self._headers_with_body,
            timeout=self._timeout if call.once is None else self._timeout_of_once,
            # aiohttp would carry the key along to wherever the server points.
            allow_redirects=False,
            # A borrowed session may have other defaults.
            auto_decompress=False,
            raise_for_status=False,
            trace_request_ctx=trace,
            middlewares=self._middlewares(call, trace),
        ) as response:
            status, headers = response.status, response.headers
            request_id = headers.get("x-request-id")
            rate_limit = RateLimitHeaders.read(headers, self._clock.now())
            if request_id is not None:
                request_id = one_line(self._redact(request_id))
            good = succeeded(status)
            limit = self._max_body_bytes if good else KEPT_BODY_BYTES
            body = ArrivingBody(headers.get("Content-Encoding"), limit)
            try:
                await _read(response.content, body)
            except CONNECTION_ERRORS:
                if good:
                    raise
                # What an error says is worth having even if it breaks off.
            if good:
                return Answer(
                    status=status,
                    body=body.content,
                    fault=body.fault,
                    request_id=request_id,
                    date=self._read_date(headers.get("Date")),
                    rate_limit=rate_limit,
                )
            return Answer(
                status=status,
                body=body.content,
                request_id=request_id,
                location=headers.get("Location"),
                retry_after=rate_limit.requested_wait(status),
                rate_limit=rate_limit,
            )

    def _middlewares(
        self, call: Call, trace: ConnectionTrace
    ) -> Sequence[aiohttp.ClientMiddlewareType] | None:
        if not self._sessions.borrowed:
            return (trace.guard,)
        # Those of a borrowed session may send again what must be sent once.
        return None if call.once is None else ()

    def _read_date(self, date: str | None) -> float | None:
        if date != self._last_date[0]:
            # Kept, as many answers come within the same second.
            moment = http_date(date)
            self._last_date = date, moment
            if moment is not None:
                self.server_ahead = moment - self._clock.now()
        return self._last_date[1]


def _limits(timeout: Timeout, *, connect: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=None, connect=connect, sock_connect=timeout.connect, sock_read=timeout.read
    )


async def _read(content: aiohttp.StreamReader, body: ArrivingBody) -> None:
    """Read a body to its end, or until it is known to be of no use; the rest is never read."""
    while body.fault is None and (piece := await content.readany()):
        for _ in body.add(piece):
            await asyncio.sleep(0)
    body.end()
