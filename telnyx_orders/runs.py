"""Runs: the rows of pages, and how those that are found late are put among the others."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, frozen

from telnyx_orders.row_keys import RowKey

__all__ = ["Piece", "Run", "pieces"]


@define(eq=False, repr=False)
class Run:
    """The rows of one page, in the order of the listing.

    Attributes:
        keys: The rows, each once. As a tuple they are nothing that the garbage collector looks
            through again.
        start: How many rows stood before the first of them when it was read.
        last: Whether nothing came after them when they were read.
        new: Those of them that surely came, or changed, after the fetch began.
        fresh: How many of them no earlier run had.
        fresh_at: The place of the first of these.
    """

    keys: tuple[RowKey, ...]
    start: int
    last: bool
    new: frozenset[RowKey] = frozenset()
    fresh: int = 0
    fresh_at: int = 0


@frozen
class Piece:
    """Fresh rows of one run that follow each other in the listing.

    Attributes:
        run: The number of the run.
        begin: How many of its fresh rows come before them.
        end: How many come before what follows them.
    """

    run: int
    begin: int
    end: int


def _groups(places: Sequence[int]) -> list[tuple[int, int]]:
    """Split ascending places where some are left out; gives the first and last of each group."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = found[-1][0], place
        else:
            found.append((place, place))
    return found


def pieces(
    runs: Sequence[Run], home: Mapping[RowKey, int], sequence: Sequence[int], split: Iterable[int]
) -> list[Piece]:
    """Put the fresh rows of runs into the order of the listing.

    Args:
        runs: The runs.
        home: Which of them had each row first.
        sequence: The runs that had fresh rows, in order.
        split: Those whose fresh rows belong within other runs, in the order in which they came.
    """
    late = set(split)
    found = [Piece(run, 0, runs[run].fresh) for run in sequence if run not in late]
    for number in sorted(late):
        run, begin = runs[number], 0
        fresh = [place for place, key in enumerate(run.keys) if home[key] == number]
        for first, last in _groups(fresh):
            piece = Piece(number, begin, begin + last + 1 - first)
            begin = piece.end
            if first > 0:
                _insert(found, piece, runs, home, run.keys[first - 1], after=True)
            elif last + 1 < len(run.keys):
                _insert(found, piece, runs, home, run.keys[last + 1], after=False)
            else:
                found.append(piece)
    return found


def _insert(
    found: list[Piece],
    piece: Piece,
    runs: Sequence[Run],
    home: Mapping[RowKey, int],
    beside: RowKey,
    *,
    after: bool,
) -> None:
    """Insert a piece right after, or right before, a row of an earlier run, whose piece is cut."""
    number = home[beside]
    keys = runs[number].keys
    cut = sum(home[key] == number for key in keys[: keys.index(beside) + after])
    row = cut - after
    at = next(
        at for at, one in enumerate(found) if one.run == number and one.begin <= row < one.end
    )
    one = found[at]
    parts = [Piece(number, one.begin, cut), piece, Piece(number, cut, one.end)]
    found[at : at + 1] = [part for part in parts if part.begin < part.end]
