"""One call: wait for a place, send, retry, and turn the answer into a value or an error."""

import asyncio
import hashlib
import json
import logging
import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TypeVar

import cattrs
import yarl

from telnyx_orders.admission import Admission, HeldTooLongError
from telnyx_orders.calls import LATE, Call, CallStats, Reply, SendOnce, Timeout
from telnyx_orders.clock import Clock
from telnyx_orders.connection_errors import (
    CONNECTION_ERRORS,
    NOT_CONNECTED,
    map_connection_error,
    shown_cause,
)
from telnyx_orders.errors import APITimeoutError, RateLimitError
from telnyx_orders.events import Observer, RateLimitWaited, RequestEnded
from telnyx_orders.exchange import Exchange
from telnyx_orders.filters import encode_query
from telnyx_orders.rate_limit import RateLimitGate
from telnyx_orders.responses import Answer, AnswerReader
from telnyx_orders.retry import RetryPolicy, run_attempts
from telnyx_orders.retry_budget import RetryBudget
from telnyx_orders.session import (
    Lifetime,
    LifetimeOverError,
    SessionOwner,
)
from telnyx_orders.turns import Turns

__all__ = ["Transport"]

logger: logging.Logger = logging.getLogger("telnyx_orders")

LARGE_BODY_BYTES = 256 * 1024
"""From here on a body is decoded in slices or in a thread: it would hold the event loop for over
10 ms, and one that is made to do so for seconds. A call that is cancelled meanwhile ends, and its
thread after it."""

T = TypeVar("T")


class Transport:
    """Sends the requests of one client.

    Args:
        sessions: Where the aiohttp session comes from.
        base_url: The API's root, without a slash at its end.
        api_key: The secret that goes into each request's header, and nowhere else.
        user_agent: The `User-Agent` of each request.
        concurrency: How many requests are in flight at most.
        timeout: How long an attempt may stand still.
        retry: How often and how long a call is retried.
        converter: How a body becomes an object; the one of `make_converter()` if `None`.
        max_body_bytes: How many bytes the body of an answer may have, once it is decompressed.
        clock: Where time and chance come from.
        observer: Told of what happens.

    Attributes:
        account: Tells its key and server from others, and says nothing of the key.
        longest_attempt: Seconds at most until an attempt that nobody answers is given up, from when
            it was noted that it leaves.
    """

    def __init__(
        self,
        sessions: SessionOwner,
        *,
        base_url: str,
        api_key: str,
        user_agent: str,
        concurrency: int,
        timeout: Timeout,
        retry: RetryPolicy,
        converter: cattrs.Converter | None,
        max_body_bytes: int,
        clock: Clock,
        observer: Observer | None,
    ) -> None:
        self.sessions = sessions
        self.concurrency = concurrency
        self._base_url = base_url
        self.account: str = hashlib.sha256(f"{base_url} {api_key}".encode()).hexdigest()[:16]
        self._retry = retry
        self._answers = AnswerReader(api_key, converter, max_body_bytes)
        self.exchange: Exchange = Exchange(
            sessions,
            api_key=api_key,
            user_agent=user_agent,
            concurrency=concurrency,
            timeout=timeout,
            max_body_bytes=max_body_bytes,
            redact=self._answers.redact,
            clock=clock,
        )
        self.longest_attempt: float = LATE + timeout.connect + timeout.read
        self.clock = clock
        self.observer = observer
        self._turns = Turns()
        # Waiting happens here and not in the connector, where it would use up the timeouts.
        self._admission = Admission(RateLimitGate(), concurrency, retry, clock)
        self._budget = None if retry.budget is None else RetryBudget(max(retry.budget, concurrency))
        self.stats: CallStats = CallStats()

    async def get(
        self,
        path: str,
        parameters: Iterable[tuple[str, str]],
        wanted: type[T],
        stats: CallStats | None = None,
        *,
        background: bool = False,
    ) -> Reply[T]:
        """Get a resource, retrying what can pass.

        Args:
            path: The path below the base URL, such as `/number_orders`.
            parameters: The query, not yet encoded.
            wanted: What the body is to become.
            stats: Where retries and waits are added up, besides the transport's own `stats`.
            background: Whether calls that somebody waits for go ahead, as of pages that are
                fetched in advance. Such a call endures that the rate limit is used up again and
                again, if never for longer than `RetryPolicy.max_seconds`.

        Raises:
            APIConnectionError: No complete answer came.
            APIStatusError: The answer says that it went wrong. A `RateLimitError` also says that
                no answer was asked for, as the rate limit would hold the call for too long.
            ResponseDecodeError: The answer is not what the API promises.
            ClientStateError: The client is closed, or belongs to another event loop.
        """
        call = self._call("GET", path, parameters, stats=stats, background=background)
        return await self._run(call, wanted)

    async def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        wanted: type[T],
        *,
        once: SendOnce | None = None,
    ) -> Reply[T]:
        """Send what changes something.

        Without `once` it is retried as `get` is: for requests that change nothing more when they
        are repeated.

        Args:
            method: `POST` or `PATCH`.
            path: The path below the base URL.
            body: What becomes the JSON body, if there is one.
            wanted: What the body of the answer is to become.
            once: Sends it again only where the server cannot have acted, which is where there was
                no connection or the answer refused it.

        Raises:
            TelnyxError: As `get` does; `once` knows whether it may have been carried out.
        """
        return await self._run(self._call(method, path, body=body, once=once), wanted)

    def _call(
        self,
        method: str,
        path: str,
        parameters: Iterable[tuple[str, str]] = (),
        *,
        body: Mapping[str, object] | None = None,
        stats: CallStats | None = None,
        background: bool = False,
        once: SendOnce | None = None,
    ) -> Call:
        query = encode_query(parameters)
        url = f"{self._base_url}{path}" + (f"?{query}" if query else "")
        return Call(
            method,
            path,
            yarl.URL(url, encoded=True),
            body=None if body is None else json.dumps(body).encode(),
            once=once,
            stats=(self.stats,) if stats is None else (self.stats, stats),
            budget=self._budget,
            clock=self.clock,
            background=background,
            observer=self.observer,
        )

    async def _run(self, call: Call, wanted: type[T]) -> Reply[T]:
        async def attempt() -> Reply[T]:
            answer = await self._send(call, lifetime)
            date = None if answer.date is None else answer.date - call.last_seconds
            return Reply(await self._decode(call, answer, wanted), date)

        try:
            async with self.sessions.lifetime() as lifetime:
                reply = await run_attempts(
                    self._retry,
                    self.clock,
                    attempt,
                    spent=lambda: call.seconds,
                    before_wait=call.note_retry,
                    refused_for=self._admission.closed_for,
                    may_retry=call.may_retry,
                )
        except LifetimeOverError:
            last = f". The last error was: {call.last_error}" if call.last_error else ""
            raise APITimeoutError(
                f"{call.name}: no success within RetryPolicy.max_seconds = "
                f"{self._retry.max_seconds:g} s and {call.attempts} attempts. Allow more with "
                f"RetryPolicy(max_seconds=){last}",
                attempts=call.attempts,
            ) from None
        except HeldTooLongError as error:
            raise self._held_too_long(call, error.seconds) from None
        if self._budget is not None:
            self._budget.succeeded(call.budgeted)
        return reply

    async def _decode(self, call: Call, answer: Answer, wanted: type[T]) -> T:
        read = partial(self._answers.read, answer, wanted, call=call.name, attempts=call.attempts)
        if len(answer.body) <= LARGE_BODY_BYTES:
            async with self._turns:
                return read()
        slices = self._answers.read_in_slices(answer, wanted)
        while True:
            async with self._turns:
                try:
                    next(slices)
                except StopIteration as end:
                    value: T | None = end.value
                    break
        return await asyncio.to_thread(read, after_slices=True) if value is None else value

    def _held_too_long(self, call: Call, seconds: float) -> RateLimitError:
        sent = "sent" if call.attempts == 0 else "sent again"
        return RateLimitError(
            f"{call.name} was not {sent}: the rate limit is used up for another {seconds:.2f} s, "
            f"longer than RetryPolicy.max_seconds = {self._retry.max_seconds:g} s allows. "
            f"{RateLimitError.advice}",
            status=429,
            attempts=call.attempts,
            retry_after=seconds,
        )

    async def _send(self, call: Call, lifetime: Lifetime) -> Answer:
        most = math.inf if self._retry.max_seconds is None else self._retry.max_seconds
        permit, held = await self._admission.enter(
            background=call.background,
            again=call.attempts > 0,
            allowed=most if call.background else most - call.seconds,
        )
        call.note_attempt(held)
        answer: Answer | None = None
        try:
            if held and self.observer is not None:
                self.observer(RateLimitWaited(method=call.method, path=call.path, seconds=held))
            self.sessions.session()  # which says whether it can be used, before anything is noted
            if call.once is not None:
                await call.once.leaving(self.clock.now)
            status: int | None = None
            request_id: str | None = None
            missing: str | None = "CancelledError"
            if self._retry.max_seconds is not None:
                lifetime.limit(self._retry.max_seconds - call.seconds)
            started = self.clock.monotonic()
            try:
                answer = await self.exchange.send(call)
            except CONNECTION_ERRORS as error:
                missing, failure = type(error).__name__, error
                if call.once is not None and isinstance(error, NOT_CONNECTED):
                    call.once.never_left()
            else:
                if call.once is not None:
                    call.once.answered(answer.status)
                status, missing, request_id = answer.status, None, answer.request_id
                return answer
            finally:
                lifetime.limit(None)
                taken = self.clock.monotonic() - started
                call.seconds += taken
                call.last_seconds = taken
                self._attempt_ended(call, status, missing, request_id)
        finally:
            if answer is None:
                self._admission.leave(permit)
            else:
                self._admission.leave(permit, answer.status, answer.rate_limit)
        # Out of the except block, or the foreign error would be the context even where it must not
        # be shown as the cause.
        mapped = map_connection_error(call.name, failure, self._answers.redact, call.attempts)
        try:
            raise mapped from shown_cause(failure, self._answers.redact)
        finally:
            del failure, mapped  # whose tracebacks hold this frame

    def _attempt_ended(
        self, call: Call, status: int | None, missing: str | None, request_id: str | None
    ) -> None:
        logger.debug(
            "%s %s attempt=%d %.0f ms request_id=%s",
            call.name,
            status or missing,
            call.attempts,
            call.last_seconds * 1000,
            request_id or "-",
        )
        if self.observer is not None:
            self.observer(
                RequestEnded(
                    method=call.method,
                    path=call.path,
                    url=str(call.url),
                    attempt=call.attempts,
                    seconds=call.last_seconds,
                    status=status,
                    error=missing,
                    request_id=request_id,
                )
            )
