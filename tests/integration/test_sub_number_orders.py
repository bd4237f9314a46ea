"""The parts of orders and their numbers, against a sandbox that keeps their state."""

from collections.abc import AsyncIterator

import pytest

from telnyx_orders import (
    NotFoundError,
    NumberOrder,
    OrdersClient,
    RegulatoryRequirement,
    SubNumberOrder,
    SubNumberOrderFilter,
    UnprocessableEntityError,
)
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import FakeTime

US, GERMAN, OTHER_GERMAN = "+19705555098", "+493023125123", "+493023125124"


@pytest.fixture
async def sandbox(fake_time: FakeTime) -> AsyncIterator[Sandbox]:
    """An account whose orders settle by the clock of the client."""
    async with Sandbox(20, settle_after=100, clock=lambda: fake_time.now) as sandbox:
        yield sandbox


async def parts_of(client: OrdersClient, order: NumberOrder) -> dict[str | None, SubNumberOrder]:
    """The parts of an order, by country, with their numbers."""
    mine = SubNumberOrderFilter(order_request_id=order.id)
    parts = await client.sub_number_orders.list(filter=mine, include_phone_numbers=True)
    return {part.country_code: part for part in parts}


def values_for(*asked: RegulatoryRequirement) -> list[RegulatoryRequirement]:
    return [
        RegulatoryRequirement(requirement_id=one.requirement_id, field_value="Elm Street 1")
        for one in asked
    ]


async def test_the_parts_of_all_orders_are_listed(sandbox, client):
    """Without a filter the listings hold the parts and the numbers of all orders."""
    rows = list(sandbox.rows())
    parts = await client.sub_number_orders.list()
    assert sorted(part.id for part in parts) == sorted(
        part for row in rows for part in row["sub_number_orders_ids"]
    )
    assert all(part.phone_numbers == () for part in parts)
    numbers = await client.number_order_phone_numbers.list()
    assert sorted(number.id for number in numbers) == sorted(
        number["id"] for row in rows for number in row["phone_numbers"]
    )


async def test_an_order_is_read_by_its_parts(client):
    """An order of two countries has two parts, each with its numbers, which know both."""
    order = await client.number_orders.create([US, GERMAN, OTHER_GERMAN])
    parts = await parts_of(client, order)
    assert {part.id for part in parts.values()} == set(order.sub_number_orders_ids)
    german = parts["DE"]
    assert [one.phone_number for one in german.phone_numbers] == [GERMAN, OTHER_GERMAN]
    assert await client.sub_number_orders.retrieve(german.id, include_phone_numbers=True) == german
    assert (await client.sub_number_orders.retrieve(german.id)).phone_numbers == ()
    for one in german.phone_numbers:
        number = await client.number_order_phone_numbers.retrieve(one.id)
        assert (number.order_request_id, number.sub_number_order_id) == (order.id, german.id)
        listed = await client.number_order_phone_numbers.list(filter={"country_code": "DE"})
        assert number in listed


@pytest.mark.parametrize("fault", [None, Fault.COMMIT_THEN_ERROR, Fault.COMMIT_THEN_RESET])
async def test_requirements_are_fulfilled(sandbox, fake_time, client, fault):
    """Values for a part, and for one number, let the order end, also where an answer is lost."""
    order = await client.number_orders.create([GERMAN, OTHER_GERMAN])
    german = (await parts_of(client, order))["DE"]
    first, second = german.phone_numbers
    sandbox.placing_faults = Faults(script=[fault])
    number = await client.number_order_phone_numbers.update(
        first.id, regulatory_requirements=values_for(*first.regulatory_requirements)
    )
    assert {one.field_value for one in number.regulatory_requirements} == {"Elm Street 1"}
    sandbox.placing_faults = Faults(script=[fault])
    part = await client.sub_number_orders.update(
        german.id, regulatory_requirements=values_for(*german.regulatory_requirements)
    )
    assert (part.id, part.status) == (german.id, "pending")
    number = await client.number_order_phone_numbers.retrieve(second.id)
    assert {one.field_value for one in number.regulatory_requirements} == {"Elm Street 1"}
    fake_time.now += 101
    ended = await client.number_orders.retrieve(order.id)
    assert (ended.status, ended.requirements_met) == ("success", True)


async def test_a_requirement_group_fulfils_all(fake_time, client):
    """A group for a part, or for its only number, lets the order end."""
    for_part = await client.number_orders.create([GERMAN])
    for_number = await client.number_orders.create([OTHER_GERMAN])
    await client.sub_number_orders.update_requirement_group(
        for_part.sub_number_orders_ids[0], requirement_group_id="a4b201f9"
    )
    await client.number_order_phone_numbers.update_requirement_group(
        str(for_number.phone_numbers[0].id), requirement_group_id="a4b201f9"
    )
    fake_time.now += 101
    for order in (for_part, for_number):
        assert (await client.number_orders.retrieve(order.id)).status == "success"


@pytest.mark.parametrize(
    "fault",
    [
        *(None, Fault.COMMIT_THEN_ERROR, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.COMMIT_THEN_RESET),
        *(Fault.COMMIT_THEN_SILENCE, Fault.COMMIT_THEN_CUT_BODY, Fault.COMMIT_LATER),
        *(Fault.INTERNAL_ERROR, Fault.TOO_MANY_REQUESTS, Fault.RESET, Fault.CLOSED_KEEP_ALIVE),
    ],
)
async def test_a_part_is_cancelled_whatever_becomes_of_the_answer(sandbox, make_client, fault):
    """Carried out before its answer was lost or not, cancelling gives the cancelled part."""
    client = make_client(timeout=0.2)
    order = await client.number_orders.create([US, GERMAN])
    american = (await parts_of(client, order))["US"]
    sandbox.placing_faults = Faults(script=[fault])
    cancelled = await client.sub_number_orders.cancel(american.id)
    assert (cancelled.id, cancelled.status) == (american.id, "cancelled")
    assert await client.sub_number_orders.cancel(american.id) == cancelled
    statuses = {part.country_code: part.status for part in (await parts_of(client, order)).values()}
    assert statuses == {"US": "cancelled", "DE": "pending"}


async def test_what_has_succeeded_cannot_be_cancelled(fake_time, client):
    """The refusal is raised, since looking shows that it is not cancelled."""
    order = await client.number_orders.create([US])
    fake_time.now += 101
    with pytest.raises(UnprocessableEntityError, match="/cancel answered 422"):
        await client.sub_number_orders.cancel(order.sub_number_orders_ids[0])


async def test_what_is_not_there_is_not_found(client):
    """An id of nothing is a `NotFoundError` for every call."""
    parts, numbers = client.sub_number_orders, client.number_order_phone_numbers
    for call in (
        parts.retrieve("no"),
        parts.cancel("no"),
        parts.update("no", regulatory_requirements=[{"requirement_id": "a", "field_value": "b"}]),
        parts.update_requirement_group("no", requirement_group_id="a"),
        numbers.retrieve("no"),
        numbers.update("no", regulatory_requirements=[{"requirement_id": "a", "field_value": "b"}]),
        numbers.update_requirement_group("no", requirement_group_id="a"),
    ):
        with pytest.raises(NotFoundError):
            await call
    assert await parts.list(filter={"order_request_id": "no"}) == ()
