"""The way through a listing from its first page to its last, while it grows and shrinks."""

import math

from attrs import define, evolve

from telnyx_orders.models import PageMeta
from telnyx_orders.page_windows import PageRequest, next_window

__all__ = ["Sweep", "pages_of"]


LEAST_WINDOW = 50
"""How many rows a page that overlaps others has at least, where the server gives so many."""


@define(eq=False, repr=False)
class Sweep:
    """Which page comes next, ascending.

    Attributes:
        size: How many rows are asked for.
        given: How many rows a full page has, which the server may have decided by itself.
        max_size: How many rows a page may have.
        total: How many rows there are, by what was read last.
        overlapping: Whether pages are chosen to share rows with those before them.
        frontier: How many rows were asked for so far.
        plain: How many of these by pages that do not overlap.
    """

    size: int
    given: int
    max_size: int
    total: int
    overlapping: bool = False
    frontier: int = 0
    plain: int = 0

    @property
    def left(self) -> int:
        """How many pages are left, by what is known, if none of them overlaps."""
        return math.ceil(max(0, self.total - self.frontier) / self.given)

    def next(self) -> PageRequest | None:
        """Give the next page, or `None` if there is none by what is known."""
        if self.frontier >= self.total:
            return None
        page = None
        if self.overlapping:
            # Pages of a few rows could hardly overlap, and would be outrun by what changes.
            size = min(max(self.given, LEAST_WINDOW), max(self.given, self.max_size))
            page = next_window(self.frontier, size, size // 16)
        if page is None:
            page = PageRequest.at(self.frontier, self.given)
            page = evolve(page, size=self.size)
            if self.plain == page.start:
                self.plain = page.end
        self.frontier = page.end
        return page

    def follow(self, meta: PageMeta, size: int) -> None:
        """Follow how many rows there are by now.

        Args:
            meta: What an answer says; where its numbers contradict each other, the larger counts.
            size: How many rows a full page of that answer has.
        """
        self.total = meta.total_results
        if pages_of(self.total, size) != meta.total_pages:
            self.total = max(self.total, (meta.total_pages - 1) * size + 1)

    def stop_overlapping(self) -> None:
        """Go on from the plain pages; the server took the others for pages of its own size."""
        self.overlapping = False
        self.frontier = min(self.frontier, self.plain)


def pages_of(rows: int, size: int) -> int:
    """Give how many pages of a size so many rows fill; none fill one."""
    return max(1, -(-rows // max(1, size)))
