"""An account with a rate limit, and clients of it, in virtual time: no socket, no waiting."""

import heapq
import math
import random
from collections.abc import Callable, Iterable

from attrs import Factory, define

from telnyx_orders.rate_limit import Permit, RateLimitGate, Waiting
from telnyx_orders.rate_limit_headers import RateLimitHeaders


@define
class Account:
    """A server's side: windows that start with the first request after the last has ended.

    `limits` gives requests and seconds of each window in turn, and the last for ever.
    """

    limits: list[tuple[int, float]]
    spent: int = 0
    begins: float = -math.inf
    ends: float = -math.inf
    windows: int = 0
    answers: dict[int, int] = Factory(lambda: {200: 0, 429: 0})
    late: list[float] = Factory(list)  # how long after the last had ended each window began

    def answer(self, now: float) -> tuple[int, RateLimitHeaders]:
        if now >= self.ends:
            if self.windows:
                self.late.append(now - self.ends)
            self.begins, self.ends = (
                now,
                now + self.limits[min(self.windows, len(self.limits) - 1)][1],
            )
            self.windows += 1
            self.spent = 0
        requests, length = self.limits[min(self.windows, len(self.limits)) - 1]
        status = 200 if self.spent < requests else 429
        self.spent += status == 200
        self.answers[status] += 1
        headers = {
            "x-ratelimit-limit": f"{requests}, {requests};w={length:g}",
            "x-ratelimit-remaining": str(requests - self.spent),
            "x-ratelimit-reset": str(max(1, math.ceil(round(self.ends - now, 3)))),
        }
        return status, RateLimitHeaders.read(headers, now)

    @property
    def refused(self) -> float:
        return self.answers[429] / sum(self.answers.values())


@define
class Client:
    """A bulk fetch: a first page alone, then as many at a time as the gate and its places allow."""

    pages: int
    places: int
    starts: float = 0.0
    gate: RateLimitGate = Factory(RateLimitGate)
    done: int = 0
    finished: float | None = None
    wakes: float | None = None

    @property
    def waiting(self) -> int:
        places = self.places if self.done else 1
        return min(places - self.gate.in_flight, self.pages - self.done - self.gate.in_flight)

    @property
    def seconds(self) -> float:
        assert self.finished is not None
        return self.finished - self.starts


@define
class Simulation:
    """Runs clients against an account until all have what they want."""

    account: Account
    clients: list[Client]
    network: Callable[[], float] = lambda: 0.001
    latency: Callable[[], float] = lambda: 0.01
    now: float = 0.0
    _events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = Factory(list)
    _count: int = 0

    def run(self) -> "Simulation":
        for client in self.clients:
            self._later(client.starts, self._step, client)
        while self._events:
            self.now, _, event, arguments = heapq.heappop(self._events)
            event(*arguments)
        assert all(client.finished is not None for client in self.clients)
        return self

    @property
    def took(self) -> float:
        return max(client.finished or math.inf for client in self.clients)

    def at(self, moment: float, event: Callable[[], None]) -> None:
        self._later(moment, event)

    def _later(self, at: float, event: Callable[..., None], *arguments: object) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, event, arguments))

    def _step(self, client: Client) -> None:
        while (waiting := client.waiting) > 0:
            background = client.done > 0
            lines = Waiting(0, waiting) if background else Waiting(waiting, 0)
            at = client.gate.opens_at(self.now, lines, background=background)
            if at > self.now:
                if math.isfinite(at) and (
                    client.wakes is None or at < client.wakes or client.wakes <= self.now
                ):
                    client.wakes = at
                    self._later(at, self._step, client)
                return
            permit = client.gate.start(self.now)
            self._later(self.now + self.network(), self._arrive, client, permit)

    def _arrive(self, client: Client, permit: Permit) -> None:
        status, headers = self.account.answer(self.now)
        came = self.now + self.latency() + self.network()
        self._later(came, self._come, client, permit, status, headers)

    def _come(self, client: Client, permit: Permit, status: int, headers: RateLimitHeaders) -> None:
        client.gate.answered(permit, status, headers, self.now, 0.5)
        client.done += status == 200
        if client.done == client.pages and client.finished is None:
            client.finished = self.now
        self._step(client)


def jitter(seed: int, low: float, high: float) -> Callable[[], float]:
    chance = random.Random(seed)
    return lambda: chance.uniform(low, high)


def fetches(number: int, pages: int, *, places: int = 20, apart: float = 0.003) -> list[Client]:
    return [Client(pages, places, starts=apart * n) for n in range(number)]


def windows_for(requests: int, limits: Iterable[tuple[int, float]]) -> float:
    """How long it takes until the window begins in which the last of so many requests goes."""
    seconds = 0.0
    for allowed, length in limits:
        requests -= allowed
        if requests <= 0:
            return seconds
        seconds += length
    raise AssertionError("too few limits")
