"""Which page covers which rows: the arithmetic of page numbers, sizes and offsets.

A page of size `z` and number `n` holds the rows from offset `(n - 1) * z` to `n * z`. Other sizes
give other boundaries, and that is all a listing by page numbers offers to look across one.
"""

from collections.abc import Sequence

from attrs import frozen

__all__ = ["PageRequest", "bridges", "last_window", "next_window"]


@frozen
class PageRequest:
    """A page to ask for.

    Attributes:
        number: Its number, from 1.
        size: How many rows to ask for.
        start: The offset of its first row, from 0.
        end: The offset behind its last row.
        across: Whether it is asked for only to see what lies between others.
    """

    number: int
    size: int
    start: int
    end: int
    across: bool = False

    @classmethod
    def of(cls, number: int, size: int, *, across: bool = False) -> "PageRequest":
        """Make the page of this number, of a server that gives as many rows as are asked for."""
        return cls(number, size, (number - 1) * size, number * size, across)

    @classmethod
    def at(cls, offset: int, size: int, *, across: bool = False) -> "PageRequest":
        """Make the page of this size that holds the row at an offset."""
        return cls.of(offset // size + 1, size, across=across)


def next_window(end: int, size: int, overlap: int) -> PageRequest | None:
    """Give the page that reaches furthest beyond `end` and yet holds `overlap` rows before it.

    Args:
        end: The offset behind the rows that were asked for so far.
        size: How many rows a page may have.
        overlap: How many rows before `end` it has to hold.

    Returns:
        The page, or `None` if none of them reaches beyond `end`.
    """
    if end < overlap:
        return None
    sizes = range(size, size // 2, -1)
    best = max((PageRequest.at(end - overlap, one) for one in sizes), key=lambda page: page.end)
    return best if best.end > end else None


def bridges(boundaries: Sequence[int], size: int, total: int) -> list[PageRequest]:
    """Give pages that between them reach across every boundary, with room on either side.

    A page of `size` or fewer rows, but more than half of it, can be chosen so that a third of its
    rows lie on either side of any one boundary. Where boundaries are close together, one page
    reaches across several.

    Args:
        boundaries: Offsets, ascending.
        size: How many rows a page may have, from 2.
        total: How many rows there are.
    """
    pages: list[PageRequest] = []
    room = size // 5
    first = 0
    while first < len(boundaries):
        at = boundaries[first]
        close = first + 1 < len(boundaries) and boundaries[first + 1] - at < size
        # To cross several, a page has to begin about where it must; to cross one, anywhere.
        offsets = (at, max(0, at - room)) if close else (at,)
        (_, crossed, _), number, one = max(
            (
                _crossing(boundaries, first, offset // one * one, one, room, total),
                offset // one + 1,
                one,
            )
            for offset in offsets
            for one in range(size, size // 2, -1)
        )
        pages.append(PageRequest.of(number, one, across=True))
        first += crossed
    return pages


def _crossing(
    boundaries: Sequence[int], first: int, start: int, size: int, room: int, total: int
) -> tuple[bool, int, int]:
    """Judge a page from an offset on, by the boundaries from the first that is not crossed yet.

    Returns:
        Whether it has room before that one, how many it crosses, at least one, and its room.
    """
    # Nothing lies before the first row and beyond the last, so no drift can carry anything there.
    end = start + size
    before = boundaries[first] - start if start else size
    crossed, after = 0, size
    while first + crossed < len(boundaries):
        beyond = end - boundaries[first + crossed] if end < total else size
        if crossed and beyond < room:
            break
        crossed, after = crossed + 1, beyond
    return before >= room, crossed, min(before, after)


def last_window(boundary: int, size: int, total: int) -> PageRequest:
    """Give the page that holds the last row, and the most rows before a boundary.

    Args:
        boundary: The offset to look across.
        size: How many rows a page may have.
        total: How many rows there are. Where they are too many behind the boundary for one page,
            the page reaches as far as it can.
    """
    boundary = max(0, min(boundary, total - 1))

    def reach(page: PageRequest) -> tuple[int, int]:
        return min(page.end, total), boundary - page.start

    offsets = (boundary, max(0, boundary - size // 5))
    sizes = range(size, size // 2, -1)
    candidates = [PageRequest.at(at, one, across=True) for at in offsets for one in sizes]
    return max(candidates, key=reach)
