"""Which pages a fetch of a whole listing asks for, and when what it is told cannot be true.

Pure: page numbers and what the answers said go in, page numbers or an error come out. Pages shift
and their number changes while a listing is read, so the plan follows what each answer says; a
server that contradicts itself ends the fetch instead of keeping it busy for ever.
"""

import math

from attrs import define, field

from telnyx_orders.errors import IncompleteFetchError
from telnyx_orders.models import PageMeta

__all__ = [
    "BUDGET",
    "SMALL_BUDGET",
    "PagePlan",
    "believed_pages",
    "check_answer",
    "repetition",
]

BUDGET = 2.5
"""How many requests a page may cost until the fetch ends."""

SMALL_BUDGET = 20
"""How many requests any listing may cost."""


@define(eq=False, repr=False)
class PagePlan:
    """The pages of one fetch, ascending, each asked for once.

    Attributes:
        start: The first page.
        last: The last page, by what was read so far.
        pages_read: How many pages were read.
    """

    start: int = 1
    last: int = field(init=False)
    pages_read: int = field(init=False, default=0)
    _next: int = field(init=False)
    _budget: float = field(init=False, default=0.0)
    _repeats: int = field(init=False, default=0)
    _distinct: int = field(init=False, default=0)
    _expected: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.last = self._next = self.start

    @property
    def left(self) -> int:
        """How many pages are still to be asked for, by what was read so far."""
        return max(0, self.last - self._next + 1)

    def next(self) -> int | None:
        """Give the next page to ask for, or `None` if there is none by what was read so far."""
        if not self.left:
            return None
        self._next += 1
        return self._next - 1

    def read(self, number: int, meta: PageMeta, *, rows: int, new: int) -> None:
        """Take in what an answer said.

        Args:
            number: The page that was asked for.
            meta: What the answer says about itself.
            rows: How many rows it has.
            new: How many of them had not been seen before.

        Raises:
            IncompleteFetchError: The answer cannot be true, or the listing does not end.
        """
        self.pages_read += 1
        self._distinct += new
        check_answer(number, meta, rows)
        if self.pages_read == 1:
            pages = believed_pages(meta, rows)
            self._budget = BUDGET * max(1, pages - self.start + 1) + SMALL_BUDGET
            self._expected = meta.total_results if self.start == 1 else 0
        elif self.pages_read > self._budget:
            raise IncompleteFetchError(
                f"the listing grew while it was read: {self.pages_read} pages were read of what "
                f"is said to be {meta.total_pages} by now",
                advice="Narrow it with filter=, or try again when fewer orders come in",
            )
        if rows and not new:
            self._repeats += 1
            reason = repetition(self._repeats, self.pages_read)
            if reason is not None:
                raise IncompleteFetchError(reason, advice="Check base_url, or try again later")
        if rows == 0 and number > meta.total_pages:
            self.last = min(self.last, number)
        else:
            self.last = max(self.last, meta.total_pages)

    def finish(self) -> None:
        """Check, when there is no page left, that the fetch as a whole can be believed.

        Raises:
            IncompleteFetchError: A page that was asked for was not read, or pages repeated others
                while orders are missing.
        """
        unread = self._next - self.start - self.pages_read
        if unread:
            raise IncompleteFetchError(f"{unread} pages that were asked for were not read")
        if self._repeats and self._distinct < self._expected:
            raise IncompleteFetchError(
                f"the server repeats itself: {self._repeats} of {self.pages_read} pages held "
                f"nothing but orders that had come before, and {self._distinct} orders came of "
                f"{self._expected}",
                advice="Check base_url, or try again later",
            )


def believed_pages(meta: PageMeta, rows: int) -> int:
    """Give how many pages there are, by an answer with so many rows.

    Where its numbers contradict each other grossly, the one for pages is not believed.
    """
    return min(meta.total_pages, 1000 + 10 * math.ceil(meta.total_results / max(1, rows)))


def repetition(repeats: int, pages_read: int) -> str | None:
    """Say, if so many pages without a new row are too many, what is wrong."""
    if repeats <= max(10, pages_read // 2):
        return None
    return (
        f"the server repeats itself: {repeats} of {pages_read} pages held nothing but orders that "
        "had come before"
    )


def check_answer(number: int, meta: PageMeta, rows: int) -> None:
    """Refuse an answer that contradicts what was asked for, or itself.

    Raises:
        IncompleteFetchError: It cannot be true.
    """
    if meta.page_number != number:
        raise IncompleteFetchError(
            f"page {number} was asked for and the answer says that it is page {meta.page_number}",
            advice="Check base_url, and that nothing in between caches answers",
        )
    if meta.total_pages < 0 or meta.total_results < 0:
        raise IncompleteFetchError(
            f"page {number} says that there are {meta.total_pages} pages and "
            f"{meta.total_results} orders in all, which cannot be",
            advice="Check base_url",
        )
    if rows == 0 and (number < meta.total_pages or (number == 1 and meta.total_results)):
        raise IncompleteFetchError(
            f"page {number} is empty, and says that there are {meta.total_pages} pages and "
            f"{meta.total_results} orders",
            advice="Try again later",
        )
