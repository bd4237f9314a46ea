"""Whether a fetch of all pages has everything: two proofs, and what to read until one holds.

Pages of a listing shift while it is read: an order that comes or goes moves all that stand behind
it, and rows come twice or are never seen. What was read shows whether that happened.

**The count.** The first answer says when it was made, and how many orders there were: `T`. When
exactly `T` of the orders found were there at that time, none that was there is missing. An order of
the first page was there; another one was if it was created, and under a filter on something that
changes also last updated, well before. See `telnyx_orders.row_count`.

**The chain.** Pages that share rows are linked, from the first page to the last. It needs no clock,
no totals and no knowledge of the order. Pages of a listing that stands still share no row, so from
the first sign of a change on they are chosen to overlap (`telnyx_orders.sweep`), and what remains
open gets pages across it. See `telnyx_orders.chain`.

Pure: what was read goes in; what to read next, a proof or an error comes out.
"""

from collections import deque
from collections.abc import Sequence
from typing import TypeVar

from attrs import define, field

from telnyx_orders.chain import Chain, Gap
from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.fetch_report import Proof
from telnyx_orders.models import PageMeta
from telnyx_orders.page_plan import (
    BUDGET,
    SMALL_BUDGET,
    believed_pages,
    check_answer,
    repetition,
)
from telnyx_orders.page_windows import PageRequest, bridges, last_window
from telnyx_orders.row_count import Row, RowCount
from telnyx_orders.row_keys import RowKey, row_keys
from telnyx_orders.runs import Piece, Run
from telnyx_orders.sweep import Sweep, pages_of

__all__ = ["Completeness"]

DOUBTFUL_ROUNDS = 2
"""How often pages across gaps are read of a listing that is in no fixed order."""

T = TypeVar("T", bound=Row)


@define(eq=False, repr=False)
class Completeness:
    """The course of one fetch of all pages, from the first on.

    Attributes:
        size: How many rows to ask for.
        max_size: How many a page may have, for pages across a gap.
        filter_may_change: Whether rows enter or leave the filter when they change.
        proof: What shows that nothing is missing, once something does.
        pages_read: How many pages were read.
        rereads: How many of them were asked for only to prove something.
        duplicates: How many of their rows had come before.
        total_first: How many rows there were by the first page.
        total_last: How many there were by the page that was read last.
        partial: Whether it begins past the first page: it does not.
        reason: Why no proof is sought: one is.
    """

    size: int
    max_size: int
    filter_may_change: bool = False
    partial: bool = field(init=False, default=False)
    reason: str | None = field(init=False, default=None)
    proof: Proof | None = field(init=False, default=None)
    pages_read: int = field(init=False, default=0)
    rereads: int = field(init=False, default=0)
    duplicates: int = field(init=False, default=0)
    total_first: int | None = field(init=False, default=None)
    total_last: int | None = field(init=False, default=None)
    _chain: Chain = field(init=False)
    _count: RowCount = field(init=False)
    _sweep: Sweep = field(init=False)
    _queue: deque[PageRequest] = field(init=False, factory=deque[PageRequest])
    _under_way: int = field(init=False, default=0)
    _budget: float = field(init=False, default=1)
    _round_began: int = field(init=False, default=0)
    _closing: bool = field(init=False, default=False)
    _own_size: bool = field(init=False, default=False)
    _rounds: int = field(init=False, default=0)
    _repeats: int = field(init=False, default=0)
    _lie: str | None = field(init=False, default=None)
    _failure: IncompleteFetchError | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._chain = Chain(lenient=self.filter_may_change)
        self._sweep = Sweep(self.size, self.size, self.max_size, total=1)

    @property
    def left(self) -> int:
        """How many pages could be asked for at once, by what is known."""
        return 0 if self._failure else len(self._queue) + self._sweep.left

    @property
    def pages_expected(self) -> int:
        """How many pages it will have read, by what is known."""
        return self.pages_read + self._under_way + self.left

    @property
    def orders_expected(self) -> int:
        """How many orders it will have given, by what is known."""
        return max(self.total_last or 0, self._chain.rows)

    def order(self) -> Sequence[Piece]:
        """Give the fresh rows of the pages, these by number of reading, in the listing's order."""
        return self._chain.order()

    def next(self) -> PageRequest | None:
        """Give the next page to read, or `None` if there is none until another was read."""
        if not self.left:
            return None
        if self.proof is None and self.pages_read + self._under_way >= self._budget:
            self._give_up()
            return None
        request = self._queue.popleft() if self._queue else self._sweep.next()
        if request is not None:
            self._under_way += 1
        return request

    def read(
        self, request: PageRequest, rows: Sequence[T], meta: PageMeta, date: float | None
    ) -> list[T]:
        """Take in a page.

        Args:
            request: What was asked for.
            rows: The rows that came.
            meta: What the answer says about itself.
            date: Its `Date`, in seconds since the Unix epoch.

        Returns:
            The rows that no earlier page had.

        Raises:
            IncompleteFetchError: The answer cannot be true.
        """
        check_answer(request.number, meta, len(rows))
        self._under_way -= 1
        self.pages_read += 1
        self.rereads += request.across
        if self.pages_read == 1:
            self._begin(rows, meta, date)
        fresh = self._add(request, rows, meta)
        if self.proof is None:
            if self._count.holds:
                self.proof = "count"
                self._queue.clear()
            elif not (self._failure or self._under_way or self.left):
                self._decide()
        return fresh

    def finish(self) -> None:
        """Check, when nothing is left to read, that the fetch is proven complete.

        Raises:
            IncompleteFetchError: It is not; the message says why.
        """
        if self.proof is None:
            raise self._failure or IncompleteFetchError(
                f"{self._under_way} pages that were asked for were not read"
            )

    def _begin(self, rows: Sequence[Row], meta: PageMeta, date: float | None) -> None:
        sweep, total = self._sweep, meta.total_results
        self.total_first = total
        if meta.total_pages > 1:
            sweep.given = len(rows)
            if sweep.given < self.size:
                self.max_size = sweep.max_size = sweep.given
        self._count = RowCount(total, date, self.filter_may_change)
        if not self._count.agrees_with(rows):
            self._count = RowCount(total, None, self.filter_may_change)
        self._count.contradicted = pages_of(total, sweep.given) != max(1, meta.total_pages)
        sweep.frontier = sweep.plain = sweep.given
        sweep.overlapping = not self._count.can_hold(rows)
        self._budget = max(SMALL_BUDGET, BUDGET * believed_pages(meta, len(rows)))

    def _add(self, request: PageRequest, rows: Sequence[T], meta: PageMeta) -> list[T]:
        """Add the rows of a page to both proofs, and follow what it says of the listing."""
        count, sweep = self._count, self._sweep
        by_key = dict(zip(row_keys([row.id for row in rows]), rows, strict=True))
        keys, distinct = tuple(by_key), list(by_key.values())
        created = [row.created_at for row in distinct]
        all_there = self.pages_read == 1 or count.were_there(distinct, created)
        new = frozenset[RowKey]()
        if not all_there:
            new = frozenset(key for key, row in by_key.items() if count.is_new(row))
        last = request.number >= meta.total_pages
        start = self._start(request, len(rows), last)
        places = self._chain.add(Run(keys, start, last, new), created)
        fresh = [distinct[place] for place in places]
        there = len(fresh) if all_there else sum(map(count.was_there, fresh))
        count.found += there
        count.contradicted = count.contradicted or count.found > count.total
        if there and self._closing:
            self._chain.doubt(
                "an order that was there all the time had moved to the beginning or end"
            )
        self.duplicates += len(rows) - len(fresh)
        self.total_last = meta.total_results
        if self.proof is None:
            # Once it is proven, the pages there are are worth reading, and not those that come.
            plain = self._own_size or request.size == self.size
            sweep.follow(meta, sweep.given if plain else request.end - request.start)
        self._check_numbers(request, start, len(rows), meta)
        if not request.across:
            if len(fresh) < len(rows) or new or meta.total_results != count.total:
                sweep.overlapping = not self._own_size
            self._check_repeats(rows, fresh)
        return fresh

    def _start(self, request: PageRequest, rows: int, last: bool) -> int:
        """Give the offset of a page, by what the server makes of the size that was asked for."""
        sweep = self._sweep
        if not last and request.size != self.size:
            if rows == sweep.given > request.size:
                self._own_size = True
                sweep.stop_overlapping()
            elif 0 < rows < min(request.size, self.max_size):
                self.max_size = sweep.max_size = rows
                sweep.frontier = min(sweep.frontier, sweep.plain)
        if self._own_size or request.size == self.size:
            return (request.number - 1) * sweep.given
        return (request.number - 1) * min(request.size, max(sweep.given, self.max_size))

    def _check_numbers(self, request: PageRequest, start: int, rows: int, meta: PageMeta) -> None:
        """Note numbers that cannot be, and look beyond a full page that reaches past its total."""
        sweep, end = self._sweep, start + rows
        off = end - meta.total_results if rows else meta.total_results - start
        if off > self._tolerance and (rows or request.number > meta.total_pages):
            self._lie = f"page {request.number} has {rows} orders, from number {start + 1} on"
        if rows >= sweep.given and end > meta.total_results and request.end >= sweep.frontier:
            sweep.frontier = 2 * request.end - request.start
            beyond = PageRequest(request.number + 1, request.size, request.end, sweep.frontier)
            self._queue.append(beyond)

    @property
    def _tolerance(self) -> int:
        """How far totals may be off what was found, as they are while orders come and go."""
        return max(2, self._chain.rows // 10)

    def _check_repeats(self, rows: Sequence[Row], fresh: Sequence[Row]) -> None:
        if not rows or fresh:
            return
        self._repeats += 1
        reason = repetition(self._repeats, self.pages_read)
        if reason is not None:
            self._fail(reason, "Check base_url, or try again later")

    def _decide(self) -> None:
        """Prove the fetch complete by the chain, or say what else to read."""
        gaps = self._chain.gaps()
        self._rounds += 1
        if gaps and self._own_size:
            self._fail(
                f"the listing changed while it was read, and the server gives {self._sweep.given} "
                "orders a page whatever is asked for, so that no pages can be read that overlap",
                "Try again when fewer orders come and go",
            )
        elif self._chain.trouble and (not gaps or self._rounds > DOUBTFUL_ROUNDS):
            self._give_up()
        elif gaps:
            self._bridge(gaps)
        elif not self._closing and self.pages_read > 1:
            self._close()
        elif self._lie or (self.total_last or 0) - self._chain.rows > self._tolerance:
            self._give_up()
        else:
            self.proof = "chain"

    def _give_up(self) -> None:
        """Fail for the reason that reading on would not mend."""
        if self._chain.trouble:
            self._fail(
                f"the listing was put in another order while it was read: {self._chain.trouble}",
                "Try again later",
            )
        elif self._lie or not self.left:
            found = self._lie or f"the pages from the first to the last held {self._chain.rows}"
            self._fail(
                f"the server says that there are {self.total_last} orders, and {found}",
                "Check base_url, or try again later",
            )
        else:
            doubt = ", or its numbers contradict each other" if self._count.contradicted else ""
            doubt = ", or the server repeats itself" if self._repeats else doubt
            self._fail(
                f"the listing changed faster than it could be followed{doubt}: "
                f"{self.pages_read} pages were read, and by now it has {self._sweep.total} orders",
                "Narrow it with filter=, raise `concurrency`, or try again when fewer orders come "
                "and go",
            )

    def _fail(self, reason: str, advice: str) -> None:
        """Give up. What is under way may still arrive."""
        if self.proof is None and self._failure is None:
            self._failure = IncompleteFetchError(reason, advice=advice)

    def _bridge(self, gaps: Sequence[Gap]) -> None:
        """Ask for pages across the gaps."""
        total, size = self._sweep.total, self.max_size
        offsets = self._chain.offsets(gaps, self._round_began)
        self._round_began = self._chain.runs
        inner = sorted(
            min(offset, total) for gap, offset in zip(gaps, offsets, strict=True) if not gap.at_end
        )
        self._queue.extend(bridges(inner, size, total))
        if gaps[-1].at_end:
            self._queue.append(last_window(offsets[-1], size, total))

    def _close(self) -> None:
        """Ask for both ends again: there turns up what moved where it had been read already."""
        self._closing = True
        total, size = self._sweep.total, self.max_size
        self._queue.append(PageRequest.of(1, size, across=True))
        self._queue.append(last_window(total - size // 2, size, total))
