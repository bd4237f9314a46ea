"""An account in memory, whose listing can be read page by page while it changes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from attrs import Factory, define, evolve, frozen

from telnyx_orders import PageMeta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class Order:
    """What a fetch looks at in an order."""

    id: str
    created_at: datetime | None
    updated_at: datetime | None
    status: str = "pending"


@frozen
class Answer:
    """What one request gave."""

    rows: list[Order]
    meta: PageMeta
    date: float | None


SORTED_BY: dict[str, Callable[[Order], object]] = {
    "newest": lambda order: (-order.created_at.timestamp(), order.id),
    "oldest": lambda order: (order.created_at.timestamp(), order.id),
    "id": lambda order: order.id,
    "reference": lambda order: order.id[::-1],
}


@define
class Account:
    """Orders that come, go and settle, listed in an order that stays the same.

    Attributes:
        sorted_by: The order of the listing, a key of `SORTED_BY`.
        status: The filter; `None` lists all.
        now: Seconds since `BEGIN`.
        skew: Seconds by which the clock of `Date` is ahead of that of `created_at`.
    """

    sorted_by: str = "newest"
    status: str | None = None
    now: float = 0.0
    skew: float = 0.0
    orders: list[Order] = Factory(list)
    _made: int = 0

    def insert(self, *, age: float = 0.0, status: str = "pending") -> Order:
        """Place an order, as of some seconds ago."""
        self._made += 1
        moment = BEGIN + timedelta(seconds=self.now - age)
        # Scattered, so that new ones come anywhere in a listing by id.
        order_id = str(UUID(int=self._made * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
        order = Order(order_id, moment, moment, status)
        self.orders.append(order)
        self.orders.sort(key=SORTED_BY[self.sorted_by])
        return order

    def remove(self, position: int) -> None:
        del self.orders[position % len(self.orders)]

    def settle(self, position: int) -> None:
        """Let an order change its status there and back."""
        position %= len(self.orders)
        order = self.orders[position]
        self.orders[position] = evolve(
            order,
            status="success" if order.status == "pending" else "pending",
            updated_at=BEGIN + timedelta(seconds=self.now),
        )

    def listed(self) -> list[Order]:
        return [order for order in self.orders if self.status in (None, order.status)]

    def ids(self) -> set[str]:
        return {order.id for order in self.listed()}

    def read(self, number: int, size: int) -> Answer:
        listed = self.listed()
        meta = PageMeta(
            page_number=number,
            page_size=size,
            total_pages=-(-len(listed) // size),
            total_results=len(listed),
        )
        date = (BEGIN + timedelta(seconds=int(self.now + self.skew))).timestamp()
        return Answer(listed[(number - 1) * size : number * size], meta, date)
