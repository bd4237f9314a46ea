"""What happens in one run, drawn from a seed: the account, the network, and three clients' uses."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from typing import Any, Final, TypeVar

from attrs import frozen

from telnyx_orders.sandbox import READING_FAULTS, Drift, Faults, ListingOrder, RateLimit

__all__ = ["EPOCH", "Change", "Kind", "Leave", "Plan", "Use", "World"]

EPOCH: Final = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
"""When a run begins by the sandbox's clock: after every order that it makes up."""

T = TypeVar("T")

FILTERS: Final[Sequence[Mapping[str, object]]] = (
    {"status": "pending"},
    {"status": "success"},
    {"requirements_met": False},
    {"status": "pending", "requirements_met": True},
    {"phone_numbers_count": 1},
    {"created_at": {"gt": datetime(2024, 6, 1, tzinfo=UTC)}},
)


class Kind(StrEnum):
    """How a client reads the listing."""

    COLLECT = "collect"
    ITERATE = "async for"
    PAGES = "pages()"
    ONE = "await"


class Leave(StrEnum):
    """How a use ends before its end."""

    STAY = "stay"
    CANCEL = "cancel"
    TIMEOUT = "timeout"
    BREAK = "break"
    ERROR = "error"
    LIMIT = "timeout="


@frozen(kw_only=True)
class Use:
    """One use that a client makes of a listing.

    Attributes:
        kind: How it reads.
        start: Seconds until it begins.
        filter: Which orders it asks for.
        page_size: How many a page; `None` leaves it out.
        page_number: Where it starts; `None` leaves it out.
        verify: Whether it wants a proof.
        calls: How many single pages it asks for at once, if that is its kind.
        pause: Seconds that the consumer takes for each page.
        leave: How it is left early.
        leave_after: Seconds until then, or pages in the loop's body.
        closing: Whether a loop that is left is closed explicitly, with `aclosing`.
    """

    kind: Kind
    start: float
    filter: Mapping[str, object]
    page_size: int | None
    page_number: int | None
    verify: bool
    calls: int
    pause: float
    leave: Leave
    leave_after: float
    closing: bool


@frozen(kw_only=True)
class Plan:
    """A client: its settings, and what it does.

    Attributes:
        name: Whose its tasks, timers and connections are.
        concurrency: `OrdersClient.concurrency`.
        max_attempts: `RetryPolicy.max_attempts`.
        max_seconds: `RetryPolicy.max_seconds`.
        backoff_base: `RetryPolicy.backoff_base`.
        read: `Timeout.read`.
        skew: Seconds that its clock is ahead of the sandbox's.
        uses: What it does, all at once but for their `start`.
        closes_at: When it is closed, whatever it does then; `None` for after its uses.
    """

    name: str
    concurrency: int
    max_attempts: int
    max_seconds: float | None
    backoff_base: float
    read: float
    skew: float
    uses: tuple[Use, ...]
    closes_at: float | None


@frozen
class Change:
    """Something that happens to the account by itself: orders that come, go and settle at once."""

    at: float
    insert: int
    remove: int
    settle: int


@frozen(kw_only=True)
class World:
    """Everything that a run depends on.

    Attributes:
        seed: What it was drawn from, and what the run draws from.
        orders: How many there are at the start.
        pending: The share of them that is pending.
        old: Seconds since the account last changed when the run begins.
        order_by: The order of the listing.
        drift: What changes with each listing request.
        changes: What changes besides.
        latency: Seconds that the server thinks, as a range.
        delay: Seconds that bytes take one way, as a range.
        split: How likely what is written arrives in two pieces.
        faults: Which answers are broken.
        rate_limit: What the account may send.
        later_limit: When that changes, and to what; `None` if it does not.
        clients: Who reads.
    """

    seed: int
    orders: int
    pending: float
    old: float
    order_by: ListingOrder
    drift: Drift | None
    changes: tuple[Change, ...]
    latency: tuple[float, float]
    delay: tuple[float, float]
    split: float
    faults: Faults | None
    rate_limit: RateLimit | None
    later_limit: tuple[float, RateLimit] | None
    clients: tuple[Plan, ...]

    @classmethod
    def draw(cls, seed: int) -> "World":
        """Draw a world; the same for the same seed."""
        return _Draw(Random(f"world {seed}")).world(seed)

    @property
    def still(self) -> bool:
        """Whether the account never changes."""
        return self.drift is None and not self.changes

    @property
    def healthy(self) -> bool:
        """Whether every request is answered as it should be."""
        return self.faults is None and self.rate_limit is None


class _Draw:
    def __init__(self, random: Random) -> None:
        self._random = random

    def world(self, seed: int) -> World:
        random = self._random
        orders = self._one_of(0, 1, random.randint(2, 20), *[random.randint(20, 300)] * 7)
        latency = self._one_of((0.0, 0.0), (0.05, 0.05), (0.01, 0.5), (0.001, 3.0))
        rate_limit = self._rate_limit() if self._chance(0.4) else None
        changes = self._changes() if self._chance(0.3) else ()
        span = (1 + sum(latency)) * self._one_of(0.1, 1, 4)
        several = 1 if self._chance(0.25) else 3
        return World(
            seed=seed,
            orders=orders,
            pending=self._one_of(0.0, 0.1, 0.5),
            old=self._one_of(0.0, 3.0, 3600.0),
            order_by=self._one_of(*ListingOrder),
            drift=self._drift() if self._chance(0.6) else None,
            changes=changes,
            latency=latency,
            delay=self._one_of((0.0, 0.0), (0.0, 0.05), (0.001, 0.4)),
            split=self._one_of(0.0, 0.2, 0.8),
            faults=self._faults() if self._chance(0.5) else None,
            rate_limit=rate_limit,
            later_limit=(
                (random.uniform(0, 10), self._rate_limit())
                if rate_limit is not None and self._chance(0.3)
                else None
            ),
            clients=tuple(self._client(f"client {n}", orders, span) for n in range(1, several + 1)),
        )

    def _drift(self) -> Drift:
        every = self._one_of(1, 1, 2, 3, 5)
        insert, remove, settle = self._one_of(
            (1, 0, 0), (3, 0, 0), (0, 1, 0), (0, 3, 0), (1, 1, 0), (2, 2, 1), (0, 0, 1), (1, 0, 1)
        )
        return Drift(every=every, insert=insert, remove=remove, settle=settle)

    def _changes(self) -> tuple[Change, ...]:
        random = self._random
        return tuple(
            Change(random.uniform(0, 8), *(self._one_of(0, 0, 1, 3, 20) for _ in range(3)))
            for _ in range(random.randint(1, 6))
        )

    def _rate_limit(self) -> RateLimit:
        return RateLimit(
            requests=self._one_of(2, 5, 10, 20, 50),
            window=self._one_of(0.5, 1.0, 2.5, 10.0, 60.0),
            retry_after=self._chance(0.5),
        )

    def _faults(self) -> Faults:
        random = self._random
        every = READING_FAULTS
        kinds = every if self._chance(0.5) else tuple(random.sample(every, random.randint(1, 3)))
        soon = datetime.fromtimestamp(EPOCH + random.uniform(-5, 20), UTC)
        return Faults(
            rate=self._one_of(0.02, 0.1, 0.3),
            kinds=kinds,
            script=tuple(random.choices((None, *kinds), k=random.choice((0, 0, 3)))),
            retry_after=self._one_of(None, "0", "2", "9", format_datetime(soon, True), "soon"),
            slow_interval=self._one_of(0.01, 0.3),
        )

    def _client(self, name: str, orders: int, span: float) -> Plan:
        random = self._random
        return Plan(
            name=name,
            concurrency=self._one_of(1, 2, 4, 8),
            max_attempts=self._one_of(1, 3, 5, 5, 10),
            max_seconds=self._one_of(None, 20.0, 120.0, 120.0),
            backoff_base=self._one_of(0.0, 0.5, 2.0),
            read=self._one_of(6.0, 30.0),
            skew=self._one_of(0.0, random.uniform(-3, 3), 40.0),
            uses=tuple(self._use(orders, span) for _ in range(self._one_of(1, 1, 2, 3))),
            closes_at=random.uniform(0, span) if self._chance(0.08) else None,
        )

    def _use(self, orders: int, span: float) -> Use:
        random = self._random
        kind = self._one_of(Kind.COLLECT, Kind.COLLECT, Kind.ITERATE, Kind.PAGES, Kind.ONE)
        leave = Leave.STAY if self._chance(0.65) else self._one_of(*Leave)
        pages = self._one_of(1, 3, 6, 12, random.randint(1, 25))
        timed = leave in (Leave.CANCEL, Leave.TIMEOUT, Leave.LIMIT)
        return Use(
            kind=kind,
            start=self._one_of(0.0, random.uniform(0, span)),
            filter=self._one_of(*FILTERS) if self._chance(0.4) else {},
            page_size=None if self._chance(0.1) else min(250, max(1, -(-orders // pages))),
            page_number=random.randint(1, 3) if self._chance(0.1) else None,
            verify=self._chance(0.9),
            calls=random.randint(1, 6),
            pause=self._one_of(0.0, 0.0, 0.0, 0.1, 2.0),
            leave=leave,
            leave_after=random.uniform(0, span) if timed else random.randint(1, pages),
            closing=self._chance(0.5),
        )

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _one_of(self, *choices: T) -> Any:
        return self._random.choice(choices)
