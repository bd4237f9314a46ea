"""Which part of an account is read next: windows of `created_at`, as pure rules. No I/O.

The listing has no documented order and its page numbers shift, but the time at which an order was
created never changes. So an account is read in windows of time, from the oldest order to the
newest, each with a proof of its own; what is done is said by one time up to which all is there.

Windows begin and end at whole seconds. They are asked for with a second to spare on either side,
however coarsely a server compares times, and an order belongs to the one window that has its
`created_at`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from attrs import define, frozen

from telnyx_orders.filters import DateRange
from telnyx_orders.listing import MAX_PAGE_SIZE
from telnyx_orders.models import NumberOrder

__all__ = ["MOST_PAGES", "REQUESTS_A_PAGE", "Allowance", "Window", "WindowPlan"]

MOST_PAGES = 40
"""How many pages a window has at most, if it can be helped: they are held in memory."""

MARGIN_COUNTS = 8.0
"""Seconds; in a shorter window the second to spare on either side would be much of what is read."""

REQUESTS_A_PAGE = 2
"""How many requests a page may take while the account changes: it is read again for the proof."""

SECOND = timedelta(seconds=1)
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9998, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Window:
    """A part of an account.

    Attributes:
        begin: The orders that were created at this time or later; `None` for all before `end`.
        end: The orders that were created before this time; `None` for all from `begin` on.
        pages: How many pages it is to have.
        most_pages: How many it may have; `None` for any, as it cannot be made smaller.
    """

    begin: datetime | None
    end: datetime | None
    pages: int
    most_pages: int | None

    @property
    def requests(self) -> int:
        """How many requests it may take."""
        return REQUESTS_A_PAGE * self.pages + 1

    @property
    def asked(self) -> DateRange:
        """What to ask the server for: the window, and a second on either side."""
        return DateRange(
            gt=None if self.begin is None else self.begin - SECOND,
            lt=None if self.end is None else self.end + SECOND,
        )

    def own(self, orders: Iterable[NumberOrder]) -> list[NumberOrder]:
        """Give the orders that belong to it, oldest first.

        One without a time belongs to all of the account, and to no part of it: a server may list
        it in several.
        """
        if self.whole:
            mine = [(order.created_at or EARLIEST, order.id, order) for order in orders]
        else:
            mine = [
                (order.created_at, order.id, order)
                for order in orders
                if order.created_at is not None
                and (self.begin is None or order.created_at >= self.begin)
                and (self.end is None or order.created_at < self.end)
            ]
        return [order for _, _, order in sorted(mine, key=lambda one: one[:2])]

    def stray(self, orders: Iterable[NumberOrder]) -> NumberOrder | None:
        """Give an order that a server which heeds the filter would not have listed."""
        asked = self.asked
        for order in orders:
            moment = order.created_at
            if moment is None:
                continue
            if asked.gt is not None and moment < asked.gt - SECOND:
                return order
            if asked.lt is not None and moment > asked.lt + SECOND:
                return order
        return None

    @property
    def whole(self) -> bool:
        """Whether it is all of the account."""
        return self.begin is None and self.end is None


@frozen(kw_only=True)
class Allowance:
    """How much of an account may be under way at once, so that a kill wastes little.

    What was read and is not yet on the disk is lost with the process. However often that happens,
    it shall not be more than one request a page, so that all runs together take less than three: a
    page is read once, and some a second time to prove that nothing is missing. So no more than half
    of what may still be lost is put at risk at once; with each loss that becomes less, down to one
    page.

    Attributes:
        pages: How many pages the account has, about.
        lost: How many requests of earlier runs came to nothing, or may have.
    """

    pages: int
    lost: int

    @property
    def at_risk(self) -> int:
        """How many pages may be under way at once; at least one."""
        return max(1, (self.pages - self.lost) // 2 // REQUESTS_A_PAGE)

    @property
    def lanes(self) -> int:
        """How many windows may be under way at once."""
        return 2 if self.at_risk >= MOST_PAGES // 2 else 1

    @property
    def window_pages(self) -> int:
        """How many pages a window may have."""
        return max(1, min(MOST_PAGES, self.at_risk // self.lanes))


@define
class _Ahead:
    """What is known of the orders that are still to be read: so many before a time.

    Attributes:
        end: The time; `None` for all there are.
        orders: About how many.
    """

    end: datetime | None
    orders: int


class WindowPlan:
    """Chooses windows from the oldest order to the newest.

    A window that turned out to be too large has told how many orders are in it, so the next ones
    divide it by that number; and by half, where they turn out to be far from one another.

    Args:
        begin: Up to which time all is done; `None` if nothing is.
        first: When the first order was created, or a guess.
        last: When the last one was, or a guess.
        orders: About how many are still to be read.
        whole: How many pages the account has, if all of it is to be one window.

    Attributes:
        over: Whether the last window was chosen.
        uncertain: Whether the next one may well have another size than it is to have.
    """

    def __init__(
        self,
        begin: datetime | None,
        first: datetime,
        last: datetime,
        orders: int,
        *,
        whole: int | None = None,
    ) -> None:
        self._begin = begin
        self._from = _whole(first if begin is None else begin)
        self._last = _whole(last)
        self._back = SECOND
        self._ahead_by = timedelta(seconds=2 * MARGIN_COUNTS)
        self._whole = whole
        self._ahead = [_Ahead(None, orders)]
        self._sparse = False
        self.over: bool = False
        self.uncertain: bool = begin is not None

    def next(self, pages: int) -> Window:
        """Choose the next window, of so many pages or somewhat less."""
        if self._whole is not None:
            return Window(begin=None, end=None, pages=self._whole, most_pages=self._whole + 1)
        allowed = (pages + 1) * MAX_PAGE_SIZE * 0.9  # so that it is seldom too large
        while len(self._ahead) > 1 and self._ahead[-2].orders <= allowed:
            self._ahead.pop()
        begin, nearly_none = self._from, 0
        nearest = self._ahead[-1]
        if nearest.end is not None and nearest.orders * 4 < allowed:
            # Go on behind it, or each window that was too large would end one with next to nothing.
            begin, nearly_none = nearest.end, max(0, nearest.orders)
            self._ahead.pop()
        ahead = self._ahead[-1]
        last = ahead.end or self._last
        share = (allowed - nearly_none) / max(ahead.orders - nearly_none, 1)
        part = (last - begin) * min(1.0, max(share, 0.5) if self._sparse else share)
        left = max(0.0, (last - self._from).total_seconds())
        seconds = (begin + part - self._from).total_seconds()
        # Where much was lost, rather read some of it twice than lose as much again.
        least = min(MARGIN_COUNTS, 2.0 * pages)
        seconds = int(max(seconds, least if left > least else 1.0))
        if seconds >= left:
            end, seconds = ahead.end, left
        else:
            end = self._from + timedelta(seconds=seconds)
        most: int | None = pages + 1
        if seconds <= 1 and (self._begin is not None or self._from <= EARLIEST):
            most = None if end is not None else most
        elif seconds <= MARGIN_COUNTS:
            most = max(pages + 1, MOST_PAGES)
        return Window(begin=self._begin, end=end, pages=pages, most_pages=most)

    def accepted(self, window: Window, orders: int) -> None:
        """Take in that a window is read, and how many orders it is asked for."""
        if window.end is None:
            self.over = True
            return
        for ahead in self._ahead:
            ahead.orders -= orders
        while (end := self._ahead[-1].end) is not None and end <= window.end:
            self._ahead.pop()
        self._begin = self._from = window.end
        self._sparse = orders * 4 < window.pages * MAX_PAGE_SIZE
        self.uncertain = self._sparse or len(self._ahead) > 1

    def rejected(self, window: Window, orders: int) -> None:
        """Take in that a window has more orders than it is allowed to have."""
        self._whole = None
        self.uncertain = True
        if window.end is None:
            self._ahead[0].orders = orders
            if (self._last - self._from).total_seconds() <= MARGIN_COUNTS:
                # There are more than was thought, at that time or later.
                self._last = min(self._from + self._ahead_by, LATEST)
                self._ahead_by = min(self._ahead_by * 8, LATEST - EARLIEST)
        else:
            if self._ahead[-1].end == window.end:
                self._ahead.pop()
            for ahead in self._ahead:
                # They end later. What was read may have been counted twice, at both of its ends.
                ahead.orders = max(ahead.orders, orders)
            self._ahead.append(_Ahead(window.end, orders))
        end = window.end or self._last
        if window.begin is None and (end - self._from).total_seconds() <= 1:
            # The first order is older than was thought.
            self._back = min(self._back * 8, self._from - EARLIEST)
            self._from -= self._back


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
