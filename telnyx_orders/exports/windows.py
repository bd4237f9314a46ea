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

from attrs import frozen

from telnyx_orders.filters import DateRange
from telnyx_orders.models import NumberOrder

__all__ = ["MOST_PAGES", "Allowance", "Window", "WindowPlan"]

MOST_PAGES = 40
"""How many pages a window has at most, if it can be helped: they are held in memory."""

REQUESTS_A_PAGE = 2
"""How many requests a page may take while the account changes: it is read again for the proof."""

SECOND = timedelta(seconds=1)
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)


@frozen(kw_only=True)
class Window:
    """A part of an account.

    Attributes:
        begin: The orders that were created at this time or later; `None` for all before `end`.
        end: The orders that were created before this time; `None` for all from `begin` on.
        pages: How many pages it is to have; one more is allowed.
        divisible: Whether it can be made smaller.
    """

    begin: datetime | None
    end: datetime | None
    pages: int
    divisible: bool

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
        """Give the orders that belong to it, oldest first."""
        mine = [
            (order.created_at or EARLIEST, order.id, order)
            for order in orders
            if order.created_at is None
            or (
                (self.begin is None or order.created_at >= self.begin)
                and (self.end is None or order.created_at < self.end)
            )
        ]
        return [order for _, _, order in sorted(mine, key=lambda one: one[:2])]


@frozen(kw_only=True)
class Allowance:
    """How much of an account may be under way at once, so that a kill wastes little.

    What was read and is not yet on the disk is lost with the process. However often that happens,
    it shall not be more than one request a page, so that all runs together take less than three: a
    page is read once, and some a second time to prove that nothing is missing. So no more than half
    of what may still be wasted is put at risk at once; with each loss that becomes less, down to
    one page.

    Attributes:
        pages: How many pages the account has, about.
        done: How many pages' worth of orders are on the disk.
        spent: How many requests were sent, in all runs, or may have been.
    """

    pages: int
    done: int
    spent: int

    @property
    def at_risk(self) -> int:
        """How many pages may be under way at once; at least one."""
        wasted = self.spent - self.done
        return max(1, (self.pages - wasted) // 2 // REQUESTS_A_PAGE)

    @property
    def lanes(self) -> int:
        """How many windows may be under way at once."""
        return 2 if self.at_risk >= MOST_PAGES // 2 else 1

    @property
    def window_pages(self) -> int:
        """How many pages a window may have."""
        return max(1, min(MOST_PAGES, self.at_risk // self.lanes))


class WindowPlan:
    """Chooses windows from the oldest order to the newest.

    Args:
        begin: Up to which time all is done; `None` if nothing is.
        first: When the first order was created, or a guess.
        last: Until when orders were created: about now.
        seconds_a_page: How many seconds a page of orders spans, or a guess.
        whole: How many pages the account has, if all of it is to be one window.

    Attributes:
        over: Whether the last window was chosen.
    """

    def __init__(
        self,
        begin: datetime | None,
        first: datetime,
        last: datetime,
        seconds_a_page: float,
        *,
        whole: int | None = None,
    ) -> None:
        self._begin = begin
        self._from = _whole(first if begin is None else begin)
        self._last = last
        self._back = SECOND
        self._whole = whole
        self._seconds_a_page = max(seconds_a_page, 1e-6)
        self.over: bool = False

    @property
    def seconds_a_page(self) -> float:
        """How many seconds a page of orders spans, by what was seen last."""
        return self._seconds_a_page

    def next(self, pages: int) -> Window:
        """Choose the next window, of so many pages and one more at most."""
        if self._whole is not None:
            return Window(begin=None, end=None, pages=self._whole, divisible=True)
        # Somewhat smaller than allowed, so that it is seldom too large.
        seconds = max(1.0, self._seconds_a_page * (pages + 1) * 0.9)
        left = (self._last - self._from).total_seconds()
        end = None if seconds >= left else self._from + timedelta(seconds=round(seconds))
        divisible = self._begin is None or (left if end is None else seconds) > 1.5
        return Window(begin=self._begin, end=end, pages=pages, divisible=divisible)

    def accepted(self, window: Window, orders: int, page_size: int) -> None:
        """Take in that a window is read, and how many orders it is asked for."""
        if window.end is None:
            self.over = True
            return
        seconds = (window.end - self._from).total_seconds()
        seen = seconds * page_size / max(orders, 1)
        self._seconds_a_page = min(seen, self._seconds_a_page * 16)
        self._begin = self._from = window.end

    def rejected(self, window: Window, orders: int, page_size: int) -> None:
        """Take in that a window has more orders than it is allowed to have."""
        self._whole = None
        end = self._last if window.end is None else window.end
        seconds = (end - self._from).total_seconds()
        if window.begin is None and seconds <= 1:
            # The first order is older than was thought.
            self._from = max(EARLIEST, self._from - self._back)
            self._back *= 8
            seconds = (end - self._from).total_seconds()
        seen = seconds * page_size / max(orders, 1)
        self._seconds_a_page = min(seen, self._seconds_a_page / 2)


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
