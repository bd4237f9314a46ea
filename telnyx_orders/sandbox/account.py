"""The account behind a sandbox: its orders, the changes made to them, and what was counted."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from random import Random

from telnyx_orders.sandbox import times
from telnyx_orders.sandbox.agenda import Agenda
from telnyx_orders.sandbox.counters import Counters
from telnyx_orders.sandbox.drift import Drift
from telnyx_orders.sandbox.order_requests import OrderRequest
from telnyx_orders.sandbox.ordering import Ordering
from telnyx_orders.sandbox.orders import OrderBook
from telnyx_orders.sandbox.part_answers import order_answer
from telnyx_orders.sandbox.parts import PENDING
from telnyx_orders.sandbox.query import Filters, ListQuery
from telnyx_orders.sandbox.refusals import RefusedError
from telnyx_orders.sandbox.requirements import REGULATED
from telnyx_orders.sandbox.rows import to_json, uuid_text


class Account:
    """Orders that change, by call, by `Drift` or by the API, with every change written down.

    Attributes:
        orders: The orders.
        agenda: What is going to happen by itself.
        ordering: What happens to orders that are placed or changed.
        counters: What was seen and changed since the baseline.
        user_id: Whose account it is.
        on_order_ended: Called with an order that ends, whatever ended it, as
            `GET /number_orders/{id}` then gives it. An order that settles by itself ends when
            somebody looks: at the next request, or at `catch_up`. To be told at once, call
            `catch_up` at `next_due`; `agenda.on_entered` says that it may have become earlier.
        send_event: Called with the same, to send the webhook of it.
    """

    def __init__(
        self,
        orders: OrderBook,
        *,
        seed: int,
        clock: Callable[[], float],
        regulated: Container[str] = REGULATED,
    ) -> None:
        self.orders = orders
        self.counters: Counters = Counters()
        self.on_order_ended: Callable[[dict[str, object]], None] | None = None
        self.send_event: Callable[[dict[str, object]], object] | None = None
        self.agenda: Agenda = Agenda()
        self.ordering: Ordering = Ordering(
            orders,
            seed=seed,
            regulated=regulated,
            agenda=self.agenda,
            on_status=self._got_status,
        )
        self.user_id: str = uuid_text(Random(f"{seed}/user").randbytes(16).hex())
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

    @property
    def next_due(self) -> float | None:
        """When something happens by itself next, by the clock; `None` if nothing is going to."""
        due = self.agenda.next_due
        return None if due is None else due / 1_000_000

    def catch_up(self) -> None:
        """Let happen what was due until now: orders that settle, or are committed late."""
        due = self.agenda.next_due
        if due is not None:
            self.agenda.catch_up(self.now())

    def settle_after(self, seconds: float | None) -> None:
        """Let what waits for nothing succeed after some seconds, or (`None`) not by itself."""
        self.ordering.settle_after = None if seconds is None else times.from_clock(seconds)

    def settle_sub_order(self, sub_order_id: str, status: str) -> None:
        """End a sub number order; see `Sandbox.settle_sub_order`."""
        try:
            serial = self.ordering.order_of(sub_order_id)
            self.ordering.end_sub_order(serial, sub_order_id, status, self.now())
        except RefusedError as error:
            raise ValueError(error.detail) from None

    def later(self, seconds: float, happening: Callable[[int], object]) -> None:
        """Let something happen in a while."""
        self.agenda.enter(self.now() + times.from_clock(seconds), happening)

    def place(self, request: OrderRequest, now: int) -> int:
        """Place an order and return its serial."""
        serial = self.ordering.place(request, now)
        self.counters.placed.append(self.orders.id_of(serial))
        return serial

    def insert(self, fields: Mapping[str, object]) -> str:
        """Create an order and return its id; see `OrderBook.insert`."""
        serial = self.orders.insert(self.ordering.with_sub_orders(fields), now=self.now())
        order_id = self.orders.id_of(serial)
        self.counters.inserted.append(order_id)
        return order_id

    def remove(self, serial: int) -> None:
        """Remove an order."""
        self.counters.removed.append(self.orders.id_of(serial))
        self.ordering.forget(serial)
        self.orders.remove(serial)

    def settle(self, serial: int, status: str) -> None:
        """Give an order another status."""
        self.ordering.settle(serial, status, self.now())

    def pass_time(self) -> None:
        """Make the changes that come with one listing request."""
        self.catch_up()
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
        return self.ordering.row(serial)

    def order(self, serial: int) -> dict[str, object]:
        """One order as it is given alone."""
        return order_answer(self.row(serial), self.ordering.parts(serial))

    def ids_with(self, phone_number: str) -> list[str]:
        """The ids of the present orders that have a phone number, in listing order."""
        member = f'"phone_number":{to_json(phone_number)}'.encode()
        orders = self.orders
        return [orders.id_of(serial) for serial in orders.listing if member in orders.row(serial)]

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

    def now(self) -> int:
        """The time, in microseconds."""
        return times.from_clock(self._clock())

    def _got_status(self, serial: int, before: object) -> None:
        self.counters.settled.append(self.orders.id_of(serial))
        if before == PENDING:
            for told in (self.on_order_ended, self.send_event):
                if told is not None:
                    told(self.order(serial))


def _on_page(query: ListQuery, chosen: Sequence[int]) -> Sequence[int]:
    start = (query.number - 1) * query.size
    return chosen[start : start + query.size]
