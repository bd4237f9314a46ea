"""Rows are taken off the garbage collector's list, and are freed all the same."""

import gc
import sys
import tracemalloc

import pytest

from telnyx_orders import (
    NumberOrder,
    OrderPhoneNumber,
    OrdersClient,
    RegulatoryRequirement,
    make_converter,
)
from telnyx_orders.acyclic import AcyclicRows
from telnyx_orders.sandbox import Sandbox
from tests.servers import KEY

pytestmark = pytest.mark.skipif(
    sys.implementation.name != "cpython", reason="the garbage collector is another one"
)


def order(number: int) -> NumberOrder:
    requirement = RegulatoryRequirement(requirement_id=f"requirement {number}")
    phone_number = OrderPhoneNumber(id=f"number {number}", regulatory_requirements=(requirement,))
    return NumberOrder(
        id=f"order {number}",
        phone_numbers=(phone_number,),
        sub_number_orders_ids=(f"sub {number}",),
    )


def test_rows_and_what_they_hold_are_untracked():
    """An order, its numbers, their requirements and the tuples in between leave the list."""
    orders = [order(number) for number in range(100)]
    AcyclicRows().untrack(orders)
    for one in orders:
        (number,) = one.phone_numbers
        held = (one, one.phone_numbers, one.sub_number_orders_ids, number)
        held += (number.regulatory_requirements, number.regulatory_requirements[0])
        assert not any(gc.is_tracked(value) for value in held)


def test_what_is_untracked_is_freed():
    """Memory of untracked orders returns as soon as nobody holds them."""
    rows = AcyclicRows()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            orders = [order(number) for number in range(1000)]
            rows.untrack(orders)
            del orders
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert held < peak / 2


def test_no_rows_and_rows_without_tuples():
    """An empty page is nothing to do, and neither are the places of empty tuples."""
    rows = AcyclicRows()
    rows.untrack(())
    empty = NumberOrder(id="order-1")
    rows.untrack([empty] * 100)
    assert not gc.is_tracked(empty)


async def test_what_is_fetched_is_untracked():
    """The orders of a fetch are off the list, and so are the tuples of their pages."""
    async with Sandbox(500, api_key=KEY) as sandbox:
        async with OrdersClient(KEY, base_url=sandbox.base_url) as client:
            orders = await client.number_orders.list().collect()
            page = await client.number_orders.list(page_size=250)
    assert not any(map(gc.is_tracked, [*orders, page.data]))


async def test_what_a_converter_of_the_users_own_makes_stays_tracked():
    """The hooks of a converter may build what is in a cycle."""
    async with Sandbox(3, api_key=KEY) as sandbox:
        async with OrdersClient(
            KEY, base_url=sandbox.base_url, converter=make_converter()
        ) as client:
            orders = await client.number_orders.list().collect()
    assert all(map(gc.is_tracked, orders))
