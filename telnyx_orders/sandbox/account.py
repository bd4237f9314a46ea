"""The account behind a sandbox: its orders, the changes made to them, and what was counted."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.counters import Counters
from telnyx_orders.sandbox.drift import Drift
from telnyx_orders.sandbox.orders import OrderBook
from telnyx_orders.sandbox.query import Filters, ListQuery


class Account:
    """Orders that change, by call or by `Drift`, with every change written down.

    Attributes:
        orders: The orders.
        counters: What was seen and changed since the baseline.
    """

    def __init__(self, orders: OrderBook, *, seed: int, clock: Callable[[], float]) -> None:
        self.orders = orders
        self.counters = Counters()
        self._clock = clock
        self._random = Random(f"{seed}/drift")
        self._drift: Drift | None = None
        self._listings = 0
        self._baseline = orders.next_serial

    @property
    def drift(self) -> Drift | None:
        """The changes that come with listing requests. Setting it counts these anew."""
        return self._drift

    @drift.setter
    def drift(self, drift: Drift | None) -> None:
        self._drift = drift
        self._listings = 0

    def insert(self, fields: Mapping[str, object]) -> str:
        """Create an order and return its id; see `OrderBook.insert`."""
        order_id = self.orders.id_of(self.orders.insert(fields, now=self._now()))
        self.counters.inserted.append(order_id)
        return order_id

    def remove(self, serial: int) -> None:
        """Remove an order."""
        self.counters.removed.append(self.orders.id_of(serial))
        self.orders.remove(serial)

    def settle(self, serial: int, status: str) -> None:
        """Give an order another status."""
        self.orders.settle(serial, status, now=self._now())
        self.counters.settled.append(self.orders.id_of(serial))

    def pass_time(self) -> None:
        """Make the changes that come with one listing request."""
        drift = self._drift
        if drift is None:
            return
        self._listings += 1
        if self._listings % drift.every:
            return
        for _ in range(drift.insert):
            self.insert({})
        for _ in range(min(drift.remove, len(self.orders))):
            self.remove(self._random.choice(self.orders.listing))
        pending = self.orders.select(Filters(status="pending")) if drift.settle else ()
        for serial in self._random.sample(pending, min(drift.settle, len(pending))):
            self.settle(serial, "success")

    def prepare(self, query: ListQuery) -> Iterator[None]:
        """Write the rows that an answer will most likely need, a few at each step."""
        if self._drift is None:  # or else a filter would have to be applied once more
            yield from self.orders.write_ahead(_on_page(query, self.orders.select(query.filters)))

    def page(self, query: ListQuery) -> bytes:
        """The body of one answer."""
        chosen = self.orders.select(query.filters)
        rows = b",".join(self.orders.rows(_on_page(query, chosen)))
        total_pages = -(-len(chosen) // query.size)
        meta = (
            f'"meta":{{"page_number":{query.number},"page_size":{query.size},'
            f'"total_pages":{total_pages},"total_results":{len(chosen)}}}'
        )
        return b'{"data":[%b],%b}' % (rows, meta.encode())

    def ids(self, filters: Filters) -> list[str]:
        """The ids of the present orders that match, in listing order."""
        return [self.orders.id_of(serial) for serial in self.orders.select(filters)]

    def rows(self) -> Iterator[dict[str, object]]:
        """The present orders, in listing order."""
        return (self.row(serial) for serial in self.orders.listing)

    def row(self, serial: int) -> dict[str, object]:
        """One order as the listing gives it."""
        row: dict[str, object] = json.loads(self.orders.row(serial))
        return row

    def survivors(self) -> set[str]:
        """Ids of the orders that have been there since the baseline, without a break.

        A serial is never used again, so one that is older than the baseline was there then.
        """
        return {
            self.orders.id_of(serial) for serial in self.orders.listing if serial < self._baseline
        }

    def reset(self) -> None:
        """Count anew, from the present orders on. Requests in flight stay counted as such."""
        in_flight = self.counters.in_flight
        self.counters = Counters(in_flight=in_flight, most_in_flight=in_flight)
        self._baseline = self.orders.next_serial

    def _now(self) -> int:
        return times.from_clock(self._clock())


def _on_page(query: ListQuery, chosen: Sequence[int]) -> Sequence[int]:
    start = (query.number - 1) * query.size
    return chosen[start : start + query.size]
