"""The chain: which runs join, where it is open, and what shows that it proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from telnyx_orders.chain import Chain, Gap
from telnyx_orders.runs import Piece, Run

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def add(chain, keys, start, *, last=False, new=(), ties=None):
    """Add a run of rows that are named by single letters or numbers."""
    keys = list(keys)
    times = {key: BEGIN + timedelta(seconds=ord(str(key)[0]) * 1000) for key in keys}
    if ties:
        times = {key: BEGIN if key in ties else times[key] for key in keys}
    return chain.add(Run(tuple(keys), start, last, frozenset(new)), [times[key] for key in keys])


def test_one_page_is_a_chain():
    """A first page that is the last one leaves nothing open."""
    chain = Chain()
    assert add(chain, "abc", 0, last=True) == [0, 1, 2]
    assert chain.gaps() == []


def test_pages_that_share_nothing_leave_a_gap():
    """Two pages that follow each other are not joined by that."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "def", 3, last=True)
    assert chain.gaps() == [Gap(3)]


def test_pages_that_share_a_row_are_joined():
    """One row that two pages share joins them, and is fresh only once."""
    chain = Chain()
    add(chain, "abc", 0)
    assert add(chain, "cde", 3, last=True) == [1, 2]
    assert chain.gaps() == []
    assert chain.rows == 5


def test_a_bridge_joins_its_neighbours():
    """A page across a gap that shares rows with both sides closes it, and shows what was missed."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "efg", 3, last=True)
    assert chain.gaps() == [Gap(3)]
    assert add(chain, "cde", 2) == [1]
    assert chain.gaps() == []
    assert chain.order() == [Piece(0, 0, 3), Piece(2, 0, 1), Piece(1, 0, 3)]


def test_pages_may_arrive_in_any_order():
    """The order of the listing is that of the offsets, not that of the arrivals."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "ghi", 6, last=True)
    add(chain, "def", 3)
    assert chain.order() == [Piece(0, 0, 3), Piece(2, 0, 3), Piece(1, 0, 3)]
    assert chain.gaps() == [Gap(3), Gap(6)]


def test_rows_found_late_are_put_between_those_of_other_pages():
    """A page whose fresh rows lie among those of earlier ones cuts them where it shares rows."""
    chain = Chain()
    add(chain, "bdfh", 0, last=True)
    assert add(chain, "abcdefgh", 0, last=True) == [0, 2, 4, 6]
    add(chain, "hi", 7, last=True)
    pages = ["bdfh", "aceg", "i"]
    assert "".join(pages[one.run][one.begin : one.end] for one in chain.order()) == "abcdefghi"


def test_the_end_has_to_be_reached():
    """A chain whose last page was not the last one when it was read is open at its end."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "cde", 2)
    assert chain.gaps() == [Gap(5, at_end=True)]
    add(chain, "ef", 4, last=True)
    assert chain.gaps() == []


def test_a_page_of_new_rows_need_not_join():
    """Orders that came after the beginning are no part of what has to be complete."""
    chain = Chain()
    add(chain, "abc", 0, last=True)
    add(chain, "xyz", 0, new="xyz")
    assert chain.gaps() == []


def test_pages_of_new_rows_join_where_the_chain_leads_over_them():
    """What stands behind them has to be reached, and so does the end."""
    chain = Chain()
    add(chain, "ab", 0)
    add(chain, "wx", 2, new="wx")
    add(chain, "cd", 4)
    add(chain, "yz", 6, new="yz", last=True)
    assert chain.gaps() == [Gap(2), Gap(4), Gap(6)]
    add(chain, "bc", 1)
    assert chain.gaps() == [Gap(6)]
    add(chain, "dy", 5)
    assert chain.gaps() == []


def test_where_a_gap_lies_by_now():
    """A page that was read lately shows how far everything has shifted."""
    chain = Chain()
    add(chain, "abcd", 0)
    add(chain, "ijkl", 4, last=True)
    gaps = chain.gaps()
    assert chain.offsets(gaps, 0) == [4]
    # Three rows have come before all these, so that the page at offset 4 begins with what was 1.
    add(chain, "bcde", 4)
    assert chain.gaps() == [Gap(5)]
    assert chain.offsets(chain.gaps(), 2) == [8]


def test_rows_that_change_places():
    """Two orders that two pages show in different order are trouble."""
    chain = Chain()
    add(chain, "abcd", 0)
    add(chain, "cbef", 2, last=True)
    assert chain.trouble == "two orders changed places"
    assert chain.gaps() == [Gap(4)]


def test_the_same_page_under_two_numbers():
    """A server that gives the same twenty rows for another number is trouble."""
    chain = Chain()
    rows = list(range(1, 21))
    add(chain, rows, 0)
    add(chain, rows, 20, last=True)
    assert chain.trouble == "two different pages hold the same orders"


def test_a_row_that_moves():
    """An order in the middle of two pages that share nothing else has moved; they do not join."""
    chain = Chain()
    add(chain, "abcdefghijklmnopqrs", 0)
    add(chain, "ABCDEFGHiJKLMNOPQRS", 19, last=True)
    assert chain.trouble == "an order stands among others than before"
    assert len(chain.gaps()) == 1


def test_many_rows_may_leave_a_filter():
    """Under a filter that rows leave it is no trouble, but joins nothing either."""
    chain = Chain(lenient=True)
    add(chain, "abcdefghijklmnopqrs", 0)
    add(chain, "ABCDEFGHiJKLMNOPQRS", 19, last=True)
    assert chain.trouble is None
    assert len(chain.gaps()) == 1


def test_a_few_rows_that_are_gone_contradict_nothing():
    """Pages join by what they share even if some orders between were removed."""
    chain = Chain()
    add(chain, "abcdef", 0)
    add(chain, "bcefgh", 1, last=True)
    assert chain.trouble is None
    assert chain.gaps() == []


def test_new_rows_contradict_nothing():
    """Orders that came between those that two pages share are no contradiction."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "b1234cde", 1, last=True, new="1234")
    assert chain.gaps() == []


@pytest.mark.parametrize(("shared", "joined"), [("dgh", False), ("cdgh", True)])
def test_ties_take_two_rows_to_join(shared, joined):
    """Where orders were created at one moment, one that two pages share does not join them."""
    chain = Chain()
    add(chain, "pqcd", 0, ties="pq")
    add(chain, shared, 3, last=True)
    assert chain.gaps() == ([] if joined else [Gap(4)])


def test_a_run_whose_rows_are_all_gone():
    """A page across its place that has none of its rows lets it go."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "xy", 3)
    add(chain, "def", 5, last=True)
    assert chain.gaps() == [Gap(3), Gap(5)]
    add(chain, "bcde", 1)
    assert chain.gaps() == []


def test_a_run_read_later_is_not_gone():
    """What was read after the page across its place is still to be joined."""
    chain = Chain()
    add(chain, "abc", 0)
    add(chain, "def", 5, last=True)
    add(chain, "bcde", 1)
    add(chain, "xy", 3)
    assert chain.gaps() != []
