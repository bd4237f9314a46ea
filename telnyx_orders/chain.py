"""The chain of runs: whether pages read at different times leave nothing out between them.

Rows have a fixed order in the listing for as long as they exist. One page is therefore a contiguous
run of that order, and two that share a row make one longer run, whenever each was read: whatever
was there all the time and belongs between their ends is in one of the two. A run from a page that
was the first to one that was the last, when each was read, leaves nothing out. Rows that come, go,
or enter and leave a filter change nothing of that.

Where a listing is *not* in a fixed order its rows show it, and then a chain proves nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from attrs import Factory, define, frozen

from telnyx_orders.row_keys import RowKey
from telnyx_orders.runs import Piece, Run, pieces

__all__ = ["Chain", "Gap"]

ALIKE_ROWS = 20
"""From how many rows on two equal pages under different numbers are no coincidence."""


@frozen
class Gap:
    """Where two runs that follow each other share no row, or where the end is not reached.

    Attributes:
        index: How many of the rows that were found come before it.
        at_end: Whether it is the end of the listing.
    """

    index: int
    at_end: bool = False


@define(eq=False, repr=False)
class Chain:
    """Runs, and which of them share rows. The first one has to begin with the first row.

    Attributes:
        lenient: Whether many rows may leave the listing at once, as under a filter on something
            that changes; then that is no sign of another order.
        trouble: What shows that the listing is not in a fixed order, in words.
    """

    lenient: bool = False
    trouble: str | None = None
    _runs: list[Run] = Factory(list[Run])
    _home: dict[RowKey, int] = Factory(dict[RowKey, int])
    _sequence: list[int] = Factory(list[int])
    _split: list[int] = Factory(list[int])
    _joins: list[tuple[int, int, bool]] = Factory(list[tuple[int, int, bool]])
    _ties: bool = False

    @property
    def rows(self) -> int:
        """How many different rows were found."""
        return len(self._home)

    @property
    def runs(self) -> int:
        """How many runs were added."""
        return len(self._runs)

    def order(self) -> Sequence[Piece]:
        """Give the fresh rows of the runs, these by number from 0, in the order of the listing."""
        return pieces(self._runs, self._home, self._sequence, self._split)

    def add(self, run: Run, created: Sequence[datetime | None]) -> list[int]:
        """Take in a run.

        Args:
            run: The run.
            created: When each of its rows was created.

        Returns:
            The places of its rows that no earlier run had.
        """
        index = len(self._runs)
        self._runs.append(run)
        fresh: list[int] = []
        others: set[int] = set()
        for place, key in enumerate(run.keys):
            home = self._home.setdefault(key, index)
            if home == index:
                fresh.append(place)
            else:
                others.add(home)
        self._ties = self._ties or _has_ties(created)
        for other in sorted(others):
            self._join(other, index, created)
        if fresh:
            run.fresh, run.fresh_at = len(fresh), fresh[0]
            self._sequence.insert(self._position(run, fresh), index)
            if fresh[-1] - fresh[0] >= len(fresh) or self._is_within(run, fresh):
                self._split.append(index)
        return fresh

    def _join(self, other: int, index: int, created: Sequence[datetime | None]) -> None:
        """Join two runs that share rows, unless they contradict each other."""
        one, two = self._runs[other], self._runs[index]
        places = {key: place for place, key in enumerate(two.keys)}
        shared = [(at, places[key]) for at, key in enumerate(one.keys) if key in places]
        if any(later[1] < earlier[1] for earlier, later in pairwise(shared)):
            self.doubt("two orders changed places")
            return
        apart = abs(one.start - two.start)
        if len(one.keys) >= ALIKE_ROWS and one.keys == two.keys and apart >= len(one.keys):
            self.doubt("two different pages hold the same orders")
            return
        contradicting = _contradicting(one, two, shared)
        if contradicting and contradicting >= len(shared):
            if not self.lenient and contradicting >= max(8, 2 * len(shared)):
                self.doubt("an order stands among others than before")
            return
        firm = len({created[at] for _, at in shared}) > 1
        self._joins.append((other, index, firm))

    def doubt(self, trouble: str) -> None:
        """Note what shows that the listing is not in a fixed order."""
        self.trouble = self.trouble or trouble

    def _position(self, run: Run, fresh: Sequence[int]) -> int:
        """Find where in the sequence a run with fresh rows belongs."""
        if fresh[0] > 0:
            return self._sequence.index(self._home[run.keys[fresh[0] - 1]]) + 1
        if fresh[-1] + 1 < len(run.keys):
            return self._sequence.index(self._home[run.keys[fresh[-1] + 1]])
        position = len(self._sequence)
        # What was read later at the same offset came in before what was read there.
        while position and self._runs[self._sequence[position - 1]].start >= run.start:
            position -= 1
        return position

    def _is_within(self, run: Run, fresh: Sequence[int]) -> bool:
        """Tell whether the fresh rows of a run belong between those of an earlier one."""
        first, last = fresh[0], fresh[-1]
        if first > 0:
            beside = run.keys[first - 1]
        elif last + 1 < len(run.keys):
            beside = run.keys[last + 1]
        else:
            return False
        home = self._home[beside]
        keys = self._runs[home].keys
        at = keys.index(beside)
        beyond = keys[at + 1 :] if first > 0 else keys[:at]
        return home in self._split or any(self._home[key] == home for key in beyond)

    def gaps(self) -> list[Gap]:
        """Give the places where the chain is open, in the order of the listing."""
        joins = self._valid_joins()
        parts = self._parts(joins)
        gone = self._gone(joins, parts)
        reached = {parts[number] for number, run in enumerate(self._runs) if run.last}
        gaps: list[Gap] = []
        index = 0
        # From the last run that has to be joined to what follows it on: the part of each, and how
        # many rows come before. What is all new has to be joined only where a chain leads over it.
        stretch: list[tuple[int, int]] = []
        for number in self._sequence:
            run = self._runs[number]
            to_join = len(run.new) < len(run.keys)
            if number not in gone and (stretch or to_join):
                stretch.append((parts[number], index))
                if to_join:
                    if stretch[0][0] != parts[number]:
                        gaps += _open(stretch)
                    stretch = stretch[-1:]
            index += run.fresh
        if stretch and stretch[0][0] not in reached:
            gaps += _open(stretch)
            if stretch[-1][0] not in reached:
                gaps.append(Gap(index, at_end=True))
        return gaps

    def _valid_joins(self) -> list[tuple[int, int]]:
        # Among orders created at the same moment the listing may change its mind, and one that two
        # pages share then says nothing of those that neither shows.
        return [(one, other) for one, other, firm in self._joins if firm or not self._ties]

    def _parts(self, joins: Sequence[tuple[int, int]]) -> list[int]:
        """Give each run the number of the part of the chain that it belongs to."""
        parent = list(range(len(self._runs)))

        def root(number: int) -> int:
            while parent[number] != number:
                parent[number] = number = parent[parent[number]]
            return number

        for one, other in joins:
            parent[root(other)] = root(one)
        return [root(number) for number in range(len(parent))]

    def _gone(self, joins: Sequence[tuple[int, int]], parts: Sequence[int]) -> set[int]:
        """Give the runs whose rows are all gone: a later page across their place has none of them.

        Nothing can be joined to them any more, and nothing has to be.
        """
        apart = [number for number in self._sequence if parts[number] != parts[0]]
        if not apart:
            return set()
        place = {number: at for at, number in enumerate(self._sequence)}
        reach: dict[int, list[int]] = {}
        for one, other in joins:
            for run, shares in ((one, other), (other, one)):
                if parts[run] == parts[0] and shares in place:
                    reach.setdefault(run, []).append(place[shares])
                    if run in place:
                        reach[run].append(place[run])
        return {
            number
            for number in apart
            if any(
                run > number and min(places) < place[number] < max(places)
                for run, places in reach.items()
            )
        }

    def offsets(self, gaps: Sequence[Gap], since: int) -> list[int]:
        """Estimate at which offset each gap lies by now.

        Args:
            gaps: The gaps.
            since: The number of the run from which on what was read is recent.
        """
        samples = list(self._samples())
        recent = [sample for sample in samples if sample[0] >= since] or samples
        shifts = sorted((index, shift) for _, index, shift in recent)
        return [max(0, gap.index + _nearest(shifts, gap.index)) for gap in gaps]

    def _samples(self) -> Iterator[tuple[int, int, int]]:
        """Give of each run its number, the index of a row, and how far off that its offset was."""
        indices: Mapping[int, int] = dict(self._indices())
        for number, run in enumerate(self._runs):
            if not run.keys:
                continue
            at = run.fresh_at if run.fresh else 0
            home = self._home[run.keys[at]]
            known = self._runs[home]
            place = at if home == number else known.keys.index(run.keys[at])
            index = indices[home] + max(0, place - known.fresh_at)
            yield number, index, run.start + at - index

    def _indices(self) -> Iterator[tuple[int, int]]:
        index = 0
        for number in self._sequence:
            yield number, index
            index += self._runs[number].fresh


def _open(stretch: Sequence[tuple[int, int]]) -> list[Gap]:
    """Give the gaps between runs that follow each other, each its part and the rows before it."""
    return [Gap(index) for (before, _), (part, index) in pairwise(stretch) if part != before]


def _nearest(shifts: Sequence[tuple[int, int]], index: int) -> int:
    """Give the shift that was seen nearest to a row, of those sorted by row."""
    at = bisect_left(shifts, (index,))
    return min(shifts[max(0, at - 1) : at + 1], key=lambda seen: abs(seen[0] - index))[1]


def _contradicting(one: Run, two: Run, shared: Sequence[tuple[int, int]]) -> int:
    """Count the rows that should be in both runs and are in one, but for those that are new.

    In a fixed order both hold everything between the first and the last row that they share, and
    beyond these one of them must come to its end. What contradicts that has gone meanwhile, or the
    order is another one.
    """
    old_one = [key not in one.new for key in one.keys]
    old_two = [key not in two.new for key in two.keys]
    (first_one, first_two), (last_one, last_two) = shared[0], shared[-1]
    before = min(sum(old_one[:first_one]), sum(old_two[:first_two]))
    after = min(sum(old_one[last_one + 1 :]), sum(old_two[last_two + 1 :]))
    shared_old = sum(old_one[at] for at, _ in shared)
    within_one = sum(old_one[first_one : last_one + 1]) - shared_old
    shared_old = sum(old_two[at] for _, at in shared)
    within_two = sum(old_two[first_two : last_two + 1]) - shared_old
    return before + after + within_one + within_two


def _has_ties(created: Sequence[datetime | None]) -> bool:
    """Tell whether two rows that follow each other were created at the same moment."""
    return any(one is not None and one == other for one, other in pairwise(created))
