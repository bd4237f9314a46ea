"""Row keys: what is remembered of an id."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders.row_keys import row_keys


def test_a_uuid_becomes_a_number():
    """A page of UUIDs in their usual form becomes numbers."""
    ids = ["12ade33a-21c0-473b-b055-b3c836e1c292", "00000000-0000-0000-0000-000000000000"]
    assert row_keys(ids) == [UUID(ids[0]).int, 0]


@pytest.mark.parametrize(
    "other",
    [
        "12ADE33A-21C0-473B-B055-B3C836E1C292",
        "12ade33a21c0473bb055b3c836e1c292",
        "12ade33a-21c0-473b-b055-b3c836e1c29",
        " 2ade33a-21c0-473b-b055-b3c836e1c292",
        "order-1",
        "",
        ",",
        "12ade33a-21c0-473b-b055-b3c836e1c292\\n",
        "1494404757140276705",
        "12ade33a-21c0-473b-b055-b3c836e1c292,12ade33a-21c0-473b-b055-b3c836e1c293",
    ],
)
def test_another_id_stays_as_it_is(other):
    """An id that is no plain UUID is kept as it stands."""
    first = "12ade33a-21c0-473b-b055-b3c836e1c292"
    assert row_keys([first, other]) == [UUID(first).int, other]


def test_no_ids():
    """An empty page has no keys."""
    assert row_keys([]) == []


@given(ids=st.lists(st.uuids().map(str) | st.text(max_size=40), unique=True))
@example(ids=["a,b", "a", "b"])
@example(ids=["0" * 36, "0" * 8 + "-0000-0000-0000-" + "0" * 12])
def test_ids_that_differ_have_keys_that_differ(ids):
    """However odd the ids are, no two of them become one key, on one page or on several."""
    assert len(set(row_keys(ids))) == len(ids)
    alone = [key for one in ids for key in row_keys([one])]
    assert len(set(alone)) == len(ids)


@given(ids=st.lists(st.uuids().map(str) | st.text(max_size=40), min_size=1))
def test_a_key_is_the_same_whatever_stands_beside_it(ids):
    """An order has one key, on whichever page it comes."""
    assert row_keys(ids) == [key for one in ids for key in row_keys([one])]
