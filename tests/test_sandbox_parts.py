"""What the orders of a sandbox consist of: kinds of numbers, parts, and what finds them."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders.sandbox.agenda import Agenda
from telnyx_orders.sandbox.number_kinds import NumberKind, kind_of
from telnyx_orders.sandbox.orders import OrderBook
from telnyx_orders.sandbox.parts import (
    CANCELLED,
    FAILURE,
    PENDING,
    SUCCESS,
    OrderParts,
    SubOrder,
    parts_of,
)
from tests.sandbox_calls import GB, TOLL_FREE, US, Calls, calls_of


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with calls_of(100) as calls:
        yield calls


@pytest.mark.parametrize(
    ("phone_number", "country", "number_type"),
    [
        (US, "US", "local"),
        ("+14165550123", "CA", "local"),
        (TOLL_FREE, "US", "toll_free"),
        (GB, "GB", "local"),
        ("+447700900123", "GB", "mobile"),
        ("+443001234567", "GB", "national"),
        ("+448081570123", "GB", "toll_free"),
        ("+448450000000", "GB", "shared_cost"),
        ("+493023125123", "DE", "local"),
        ("+491701234567", "DE", "mobile"),
        ("+493212345678", "DE", "national"),
        ("+353201234567", "IE", "local"),
        ("+33612345678", "FR", "mobile"),
        ("+551155551234", "BR", "local"),
        ("+999123456", "ZZ", "local"),
    ],
)
def test_a_number_is_of_a_kind(phone_number, country, number_type):
    """The country comes from the calling code, the type from the digits after it."""
    assert kind_of(phone_number) == NumberKind(country, number_type)


@pytest.mark.parametrize(
    ("statuses", "whole"),
    [
        ([SUCCESS], SUCCESS),
        ([SUCCESS, PENDING, FAILURE, CANCELLED], PENDING),
        ([SUCCESS, FAILURE, CANCELLED], FAILURE),
        ([CANCELLED, SUCCESS], SUCCESS),
        ([CANCELLED, CANCELLED], CANCELLED),
        (["deleted"], "deleted"),
    ],
)
def test_the_status_of_an_order_is_that_of_its_parts(statuses, whole):
    """Pending while one is; then failed if one has, succeeded if one has, or else as all are."""
    kind = kind_of(US)
    parts = OrderParts([SubOrder("id", kind, [], status) for status in statuses], [])
    assert parts.status == whole


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_the_index_and_the_rows_agree_on_ids(seed, numbers):
    """What is looked for by id is what the rows say, for whatever a seed makes up."""
    orders = OrderBook(3, seed=seed, numbers_per_order=numbers)
    for serial in orders.listing:
        row = {"id": orders.id_of(serial)} | _json(orders.row(serial))
        ids = orders.part_ids(serial)
        assert ids is not None
        assert ids[0] == row["sub_number_orders_ids"]
        assert ids[1] == [entry["id"] for entry in row["phone_numbers"]]


@given(st.integers(0, 10**6), st.integers(1, 9))
def test_every_number_is_in_one_sub_order(seed, numbers):
    """The parts of a row are its numbers, each once, split into kinds that all differ."""
    orders = OrderBook(3, seed=seed, numbers_per_order=numbers)
    for serial in orders.listing:
        row = _json(orders.row(serial))
        parts = parts_of(row, ())
        assert [number.phone_number for number in parts.numbers] == [
            entry["phone_number"] for entry in row["phone_numbers"]
        ]
        held = [number.id for sub in parts.sub_orders for number in sub.numbers]
        assert sorted(held) == sorted(number.id for number in parts.numbers)
        kinds = [sub.kind for sub in parts.sub_orders]
        assert len(set(kinds)) == len(kinds) == len(row["sub_number_orders_ids"])
        assert all(number.kind == sub.kind for sub in parts.sub_orders for number in sub.numbers)


async def test_every_part_is_found_by_its_id(calls):
    """Whether its order is of the start, inserted with or without numbers, or placed later."""
    calls.sandbox.insert()
    calls.sandbox.insert(phone_numbers=[{"phone_number": US, "id": "one"}, {"phone_number": GB}])
    calls.sandbox.insert(phone_numbers=[{"phone_number": GB}], sub_number_orders_ids=None)
    for _ in range(2):
        for order_id in calls.sandbox.order_ids():
            order = await calls.order(order_id)
            assert order["sub_number_orders_ids"]
            for sub_order_id in order["sub_number_orders_ids"]:
                body = await calls.get(f"/sub_number_orders/{sub_order_id}")
                assert body["data"]["order_request_id"] == order_id
            for number in order["phone_numbers"]:
                body = await calls.get(f"/number_order_phone_numbers/{number['id']}")
                assert body["data"]["phone_number"] == number["phone_number"]
                assert body["data"]["order_request_id"] == order_id
        await calls.place(US, GB)  # after the index was made


async def test_at_most_fifty_numbers_are_included(calls):
    """`include_phone_numbers` gives the first fifty, and the count is that of all."""
    numbers = [f"+1970{number}" for number in range(5_000_000, 5_000_060)]
    order = await calls.place(*numbers)
    (sub_order_id,) = order["sub_number_orders_ids"]
    body = await calls.get(
        f"/sub_number_orders/{sub_order_id}", **{"filter[include_phone_numbers]": "true"}
    )
    included = [entry["phone_number"] for entry in body["data"]["phone_numbers"]]
    assert included == numbers[:50]
    assert body["data"]["phone_numbers_count"] == 60


async def test_an_empty_account_has_an_empty_list_of_parts():
    """No orders are no error."""
    async with calls_of() as calls:
        for path in ("/sub_number_orders", "/number_order_phone_numbers"):
            assert await calls.get(path) == {
                "data": [],
                "meta": {"total_pages": 1, "total_results": 0, "page_number": 1, "page_size": 1},
            }
        assert await calls.sub_orders(order_request_id="unknown") == []


def test_what_is_due_happens_in_the_order_of_its_times():
    """Each at its own time, with what that enters, and nothing before its time."""
    agenda, seen = Agenda(), []

    def twice(now: int) -> None:
        seen.append(now)
        if now < 40:
            agenda.enter(now + 5, seen.append)

    for due in (30, 10, 20, 50, 10):
        agenda.enter(due, twice)
    assert agenda.next_due == 10
    agenda.catch_up(9)
    assert seen == []
    agenda.catch_up(31)
    assert seen == [10, 10, 15, 15, 20, 25, 30]
    assert agenda.next_due == 35
    agenda.catch_up(100)
    assert seen[7:] == [35, 50]
    assert agenda.next_due is None


def test_whoever_waits_hears_of_what_is_entered():
    """`on_entered` is called for each, when `next_due` already knows of it."""
    agenda, heard = Agenda(), []
    agenda.on_entered = lambda: heard.append(agenda.next_due)
    agenda.enter(20, print)
    agenda.enter(10, print)
    assert heard == [20, 10]


def _json(row: bytes) -> dict[str, object]:
    value: dict[str, object] = json.loads(row)
    return value
