"""The HTTP side: who may ask, how often, and what is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from email.utils import formatdate
from functools import partial
from random import Random
from typing import Final, ParamSpec, TypeVar
from weakref import WeakMethod

from aiohttp import web

from telnyx_orders.sandbox import answers
from telnyx_orders.sandbox.account import Account
from telnyx_orders.sandbox.broken_answers import broken_answer
from telnyx_orders.sandbox.endpoints import Answer, Asked, Endpoints
from telnyx_orders.sandbox.faults import AFTER_COMMIT, Fault, Faults, FaultScript
from telnyx_orders.sandbox.limits import RateLimitWindow
from telnyx_orders.sandbox.query import BadParameterError, read_query
from telnyx_orders.sandbox.refusals import RefusedError
from telnyx_orders.sandbox.rows import to_json

P = ParamSpec("P")
T = TypeVar("T")

BASE_PATH: Final = "/v2"
NO_LATENCY: Final = (0.0, 0.0)

_MOST_BODY_BYTES: Final = 16 * 1024 * 1024  # an order of 10,000 numbers takes 2

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Belongs to the request being handled, each of which has a context of its own. The request's
# storage would do, but aiohttp 3.14 wants keys for it that 3.12 does not have.
_rate_limit_headers: ContextVar[Mapping[str, str]] = ContextVar("rate_limit_headers")
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Api:
    """Answers requests about one account.

    A request passes these gates in turn: the API key, the rate limit, the path and method, the
    latency, for the listing the drift, and the faults.

    Attributes:
        window: The rate limit's present window, or `None` for no limit.
        reading_faults: Which requests that read get broken answers.
        writing_faults: Which requests that write get broken answers.
        latency: Seconds until a request is looked at, as a range to draw from.
    """

    window: RateLimitWindow | None = None
    reading_faults: FaultScript | None = None
    writing_faults: FaultScript | None = None

    def __init__(
        self, account: Account, *, api_key: str, clock: Callable[[], float], random: Random
    ) -> None:
        self.latency: tuple[float, float] = NO_LATENCY
        self._account = account
        self._endpoints = Endpoints(account).all
        self._api_key = api_key
        self._clock = clock
        self._random = random
        self._request_ids = 0
        self._peers: set[object] = set()

    def application(self) -> web.Application:
        """An application to run; one can run only once."""
        application = web.Application(
            middlewares=[web.middleware(_weakly(self._receive))], client_max_size=_MOST_BODY_BYTES
        )
        application.on_response_prepare.append(_weakly(self._send_headers))
        router = application.router
        router.add_get(f"{BASE_PATH}/number_orders", _weakly(self._list), allow_head=False)
        for method, path in self._endpoints:
            router.add_route(method, BASE_PATH + path, _weakly(self._act))
        return application

    def forget_connections(self) -> None:
        """Count connections anew, the open ones too."""
        self._peers.clear()

    async def _receive(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._count(request)
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or key.strip() != self._api_key:
            return answers.unauthorized()
        if self.window is not None:
            allowance = self.window.spend(self._clock())
            _rate_limit_headers.set(allowance.headers)
            if not allowance.allowed:
                return answers.too_many_requests()
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return answers.not_found(request.path)
        except web.HTTPMethodNotAllowed as error:
            return answers.method_not_allowed(
                error.method, ", ".join(sorted(error.allowed_methods))
            )

    def _count(self, request: web.Request) -> None:
        counters = self._account.counters
        counters.requests += 1
        method, path = _endpoint(request)
        if path:
            counters.by_endpoint[f"{method} {path}"] += 1
        self._peers.add(request.get_extra_info("peername"))
        counters.connections = len(self._peers)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        account = self._account
        account.counters.enter()
        try:
            # Decided on arrival, so that a script meets requests in the order they came in.
            script = self.reading_faults
            fault = None if script is None else script.next()
            if self.latency != NO_LATENCY:
                await self._wait(request)
            account.pass_time()
            if script is None or fault is None:
                return self._page(request)
            account.counters.by_fault[fault] += 1
            return await broken_answer(fault, script.faults, request, lambda: self._page(request))
        finally:
            account.counters.leave()

    async def _act(self, request: web.Request) -> web.StreamResponse:
        account = self._account
        account.counters.enter()
        try:
            script = self.reading_faults if request.method == "GET" else self.writing_faults
            fault = None if script is None else script.next()
            asked = Asked(
                path=request.path,
                id=request.match_info.get("id", ""),
                query=request.query,
                body=await request.read(),
            )
            if self.latency != NO_LATENCY:
                await asyncio.sleep(self._random.uniform(*self.latency))
            account.catch_up()
            act = partial(self._answer, self._endpoints[_endpoint(request)], asked)
            if script is None or fault is None:
                return act(account.now())
            account.counters.by_fault[fault] += 1
            return await self._act_brokenly(request, act, fault, script.faults)
        finally:
            account.counters.leave()

    async def _act_brokenly(
        self,
        request: web.Request,
        act: Callable[[int], web.Response],
        fault: Fault,
        faults: Faults,
    ) -> web.StreamResponse:
        now = self._account.now()
        if fault is Fault.COMMIT_LATER:
            self._account.later(faults.commit_delay, act)
            fault = Fault.GATEWAY_TIMEOUT
        if fault not in AFTER_COMMIT:
            return await broken_answer(fault, faults, request, lambda: act(now))
        answer = act(now)
        return await broken_answer(AFTER_COMMIT[fault], faults, request, lambda: answer)

    def _answer(self, answer: Answer, asked: Asked, now: int) -> web.Response:
        try:
            return answers.json_answer(to_json(answer(asked, now)).encode())
        except RefusedError as error:
            return answers.refused(error)
        except BadParameterError as error:
            return answers.bad_parameter(error)

    async def _wait(self, request: web.Request) -> None:
        """Wait for the latency, and use it to write the rows that the answer will need."""
        loop = asyncio.get_running_loop()
        answered_at = loop.time() + self._random.uniform(*self.latency)
        with suppress(BadParameterError):
            query = read_query(request.query, self._account.orders.statuses)
            for _ in self._account.prepare(query):
                if loop.time() > answered_at:
                    break
                # Whoever asks meanwhile must be heard at once, or would be answered too late.
                await asyncio.sleep(0)
        await asyncio.sleep(max(0.0, answered_at - loop.time()))

    def _page(self, request: web.Request) -> web.Response:
        account = self._account
        try:
            query = read_query(request.query, account.orders.statuses)
        except BadParameterError as error:
            return answers.bad_parameter(error)
        account.counters.pages.append((query.number, query.size))
        return answers.json_answer(account.page(query))

    async def _send_headers(self, _request: web.Request, answer: web.StreamResponse) -> None:
        self._request_ids += 1
        answer.headers["x-request-id"] = f"5a4d0b0c-0000-4000-8000-{self._request_ids:012x}"
        answer.headers["Date"] = formatdate(self._clock(), usegmt=True)
        answer.headers.update(_rate_limit_headers.get(_NO_HEADERS))
        self._account.counters.by_status[answer.status] += 1


def _endpoint(request: web.Request) -> tuple[str, str]:
    """The method and path that were asked for, with an empty path for one that is not there."""
    resource = request.match_info.route.resource
    return request.method, "" if resource is None else resource.canonical.removeprefix(BASE_PATH)


def _weakly(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Give a method to an application without keeping its object alive.

    aiohttp has a cache of the last 1024 handlers and their applications, in which every account
    that was ever listened for would otherwise stay.
    """
    reference = WeakMethod(method)

    async def call(*args: P.args, **settings: P.kwargs) -> T:
        alive = reference()
        if alive is None:
            raise RuntimeError("the sandbox of this application is gone")
        return await alive(*args, **settings)

    return call
