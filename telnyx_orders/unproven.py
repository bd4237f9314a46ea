"""A fetch of all pages that is not proven complete: past the first page, or by choice."""

from collections.abc import Sequence
from typing import TypeVar

from attrs import define, field

from telnyx_orders.fetch_report import Proof
from telnyx_orders.models import PageMeta
from telnyx_orders.page_plan import PagePlan
from telnyx_orders.page_windows import PageRequest
from telnyx_orders.row_count import Row
from telnyx_orders.row_keys import RowKey, row_keys
from telnyx_orders.runs import Piece

__all__ = ["Unproven"]

T = TypeVar("T", bound=Row)


@define(eq=False, repr=False)
class Unproven:
    """The course of one fetch of all pages, each of them read once.

    Attributes:
        start: The first page.
        size: How many rows to ask for.
        distinct: Whether rows that come again are dropped, for which their ids are held.
        reason: Why nothing is proven, in words.
        total_first: How many rows there were by the first page.
        total_last: How many there were by the page that was read last.
        duplicates: How many rows were dropped.
    """

    start: int
    size: int
    distinct: bool
    reason: str
    total_first: int | None = field(init=False, default=None)
    total_last: int | None = field(init=False, default=None)
    duplicates: int = field(init=False, default=0)
    _plan: PagePlan = field(init=False)
    _numbers: list[int] = field(init=False, factory=list[int])
    _fresh: list[int] = field(init=False, factory=list[int])
    _seen: set[RowKey] = field(init=False, factory=set[RowKey])

    def __attrs_post_init__(self) -> None:
        self._plan = PagePlan(self.start)

    @property
    def proof(self) -> Proof | None:
        """Nothing is proven."""
        return None

    @property
    def partial(self) -> bool:
        """Whether it begins past the first page."""
        return self.start > 1

    @property
    def left(self) -> int:
        """How many pages could be asked for at once, by what is known."""
        return self._plan.left

    @property
    def pages_read(self) -> int:
        """How many pages were read."""
        return self._plan.pages_read

    @property
    def pages_expected(self) -> int:
        """How many pages it will have read, by what is known."""
        return self._plan.last - self.start + 1

    @property
    def orders_expected(self) -> int:
        """How many orders it will have given, by what is known."""
        return (self.total_last or 0) - (self.start - 1) * self.size

    @property
    def rereads(self) -> int:
        """No page is read again."""
        return 0

    def order(self) -> Sequence[Piece]:
        """Give the rows of the pages, these by number of reading, in the order of the listing."""
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        return [Piece(number, 0, self._fresh[number]) for number in order]

    def next(self) -> PageRequest | None:
        """Give the next page to read, or `None` if there is none by what is known."""
        number = self._plan.next()
        return None if number is None else PageRequest.of(number, self.size)

    def read(
        self,
        request: PageRequest,
        rows: Sequence[T],
        meta: PageMeta,
        date: float | None,  # noqa: ARG002  # of use to those that prove something
    ) -> Sequence[T]:
        """Take in a page; see `Completeness.read`."""
        fresh: Sequence[T] = rows
        if self.distinct:
            keyed = zip(row_keys([row.id for row in rows]), rows, strict=True)
            fresh = [row for key, row in keyed if self._is_fresh(key)]
        self._plan.read(request.number, meta, rows=len(rows), new=len(fresh))
        self._numbers.append(request.number)
        self._fresh.append(len(fresh))
        self.duplicates += len(rows) - len(fresh)
        self.total_first = meta.total_results if self.total_first is None else self.total_first
        self.total_last = meta.total_results
        return fresh

    def _is_fresh(self, key: RowKey) -> bool:
        before = len(self._seen)
        self._seen.add(key)
        return len(self._seen) > before

    def finish(self) -> None:
        """Check that what came can be believed; see `PagePlan.finish`."""
        self._plan.finish()
