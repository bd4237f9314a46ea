"""The vendor's own SDK drives every endpoint of the sandbox, and its types come out right."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import telnyx
from telnyx.types import NumberOrderPhoneNumber, NumberOrderWithPhoneNumbers, NumbersSubNumberOrder

from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.sandbox_calls import FRENCH, GB, GERMAN, US, Time

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

GROUP = "a4b201f9-8646-4e54-a7d2-b2e403eeaf8c"
BUNDLE = "bc8e4d67-33a0-4cbb-af74-7b58f05bd494"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def sandbox(time: Time) -> AsyncIterator[Sandbox]:
    async with Sandbox(40, 11, clock=time, settle_after=10) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[telnyx.AsyncTelnyx]:
    async with telnyx.AsyncTelnyx(
        api_key=sandbox.api_key, base_url=sandbox.base_url, max_retries=0
    ) as client:
        yield client


async def place(client: telnyx.AsyncTelnyx, *numbers: str, **fields: Any) -> Any:
    answer = await client.number_orders.create(
        phone_numbers=[{"phone_number": number} for number in numbers], **fields
    )
    return answer.data


def values(entry: Any) -> list[Any]:
    return [
        {"requirement_id": asked.requirement_id, "field_value": "given"}
        for asked in entry.regulatory_requirements
    ]


def no_unknown_keys(model: Any) -> bool:
    """Whether the SDK has a field of its own for every key, in the parts of a model too."""
    if isinstance(model, list):
        return all(no_unknown_keys(part) for part in model)
    if not isinstance(model, telnyx.BaseModel):
        return True
    return not model.model_extra and all(no_unknown_keys(part) for _, part in model)


async def test_an_order_is_placed(sandbox, client, time):
    """`create` gives a typed order, and `retrieve` the same."""
    answer = await client.number_orders.create(
        phone_numbers=[
            {"phone_number": US, "bundle_id": BUNDLE},
            {"phone_number": GERMAN, "requirement_group_id": GROUP},
        ],
        connection_id="346789098765567",
        messaging_profile_id="3fa85f64-5717-4562-b3fc-2c963f66afa6",
        billing_group_id="f5586561-8ff0-4291-a0ac-84fe544797bd",
        customer_reference="MY REF 001",
    )
    order = answer.data
    assert isinstance(order, NumberOrderWithPhoneNumbers)
    assert order.id == sandbox.order_ids()[0]
    assert order.created_at == order.updated_at == datetime.fromtimestamp(time.now, UTC)
    assert (order.status, order.requirements_met) == ("pending", False)
    assert (order.connection_id, order.customer_reference) == ("346789098765567", "MY REF 001")
    assert order.messaging_profile_id == "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert order.billing_group_id == "f5586561-8ff0-4291-a0ac-84fe544797bd"
    assert order.phone_numbers_count == len(order.sub_number_orders_ids) == 2
    american, german = order.phone_numbers
    assert (american.phone_number, american.bundle_id, american.phone_number_type) == (
        US,
        BUNDLE,
        "local",
    )
    assert (german.country_code, german.country_iso_alpha2) == ("DE", "DE")
    assert german.requirements_status == "requirement-info-under-review"
    assert [asked.field_value for asked in german.regulatory_requirements] == [GROUP, GROUP]
    assert no_unknown_keys(order)
    assert (await client.number_orders.retrieve(order.id)).data == order


async def test_an_order_is_updated(client):
    """`update` changes the reference and gives what is asked for."""
    order = await place(client, GERMAN)
    updated = await client.number_orders.update(
        order.id,
        customer_reference="new",
        regulatory_requirements=values(order.phone_numbers[0]),
    )
    assert updated.data.customer_reference == "new"
    assert updated.data.phone_numbers[0].regulatory_requirements[0].field_value == "given"
    found = [
        row.id async for row in client.number_orders.list(filter={"customer_reference": "new"})
    ]
    assert found == [order.id]


async def test_sub_orders_are_listed(client, time):
    """`list` with each filter gives typed sub number orders, with their numbers on request."""
    order = await place(client, US, GB, "+13125550147", customer_reference="mine")
    of_order: Any = {"order_request_id": order.id}
    everything = await client.sub_number_orders.list(filter=of_order)
    american, british = everything.data
    assert isinstance(american, NumbersSubNumberOrder)
    assert everything.meta.total_results == 2
    assert (everything.meta.page_number, everything.meta.total_pages) == (1, 1)
    assert american.created_at == datetime.fromtimestamp(time.now, UTC)
    assert american.customer_reference == "mine"
    assert american.is_block_sub_number_order is False
    assert american.phone_numbers is None
    assert no_unknown_keys(everything)
    for filters, expected in (
        ({"country_code": "GB"}, [british]),
        ({"phone_number_type": "local"}, [american, british]),
        ({"phone_number_type": "mobile"}, []),
        ({"phone_numbers_count": 2}, [american]),
        ({"status": "pending"}, [american, british]),
        ({"status": "success"}, []),
    ):
        found = await client.sub_number_orders.list(filter={**of_order, **filters})
        assert found.data == expected
    included = await client.sub_number_orders.list(
        filter={**of_order, "include_phone_numbers": True}
    )
    assert [number.phone_number for number in included.data[0].phone_numbers] == [
        US,
        "+13125550147",
    ]
    assert no_unknown_keys(included)


async def test_the_sub_orders_of_the_whole_account_are_one_list(sandbox, client):
    """Without a filter all are there, in the order of the listing, and the SDK sees the seeded."""
    listed = await client.sub_number_orders.list()
    assert [sub.id for sub in listed.data] == [
        sub_order_id
        for row in sandbox.rows()
        for sub_order_id in row["sub_number_orders_ids"]  # type: ignore[attr-defined]
    ]
    assert listed.meta.total_results == listed.meta.page_size == len(listed.data)
    assert no_unknown_keys(listed)


async def test_a_sub_order_is_retrieved(client):
    """Alone, with its numbers and the state of what they ask for on request."""
    order = await place(client, GERMAN)
    (sub_order_id,) = order.sub_number_orders_ids
    plain = (await client.sub_number_orders.retrieve(sub_order_id)).data
    assert (plain.id, plain.order_request_id, plain.country_code) == (sub_order_id, order.id, "DE")
    assert [asked.field_type for asked in plain.regulatory_requirements] == ["textual", "address"]
    assert plain.phone_numbers is None
    full = await client.sub_number_orders.retrieve(
        sub_order_id, filter={"include_phone_numbers": True}
    )
    (number,) = full.data.phone_numbers
    assert number.phone_number == GERMAN
    assert [asked.status for asked in number.regulatory_requirements] == ["awaiting-value"] * 2
    assert no_unknown_keys(full)


async def test_a_sub_order_is_updated(client, time):
    """`update` gives what it asks for, and it settles."""
    order = await place(client, GERMAN)
    (sub_order_id,) = order.sub_number_orders_ids
    plain = (await client.sub_number_orders.retrieve(sub_order_id)).data
    updated = await client.sub_number_orders.update(
        sub_order_id, regulatory_requirements=values(plain)
    )
    assert updated.data.status == "pending"
    time.now += 10
    settled = (await client.sub_number_orders.retrieve(sub_order_id)).data
    assert (settled.status, settled.requirements_met) == ("success", True)
    assert settled.updated_at == plain.created_at + timedelta(seconds=10)


async def test_a_sub_order_is_cancelled(client):
    """`cancel` gives it as cancelled; once more is an error."""
    order = await place(client, GERMAN)
    (sub_order_id,) = order.sub_number_orders_ids
    cancelled = await client.sub_number_orders.cancel(sub_order_id)
    assert cancelled.data.status == "cancelled"
    with pytest.raises(telnyx.UnprocessableEntityError, match="is cancelled"):
        await client.sub_number_orders.cancel(sub_order_id)


async def test_requirement_groups_are_assigned(client):
    """To a sub number order and to a number, each with its own form of answer."""
    order = await place(client, GERMAN, FRENCH)
    german, french = order.phone_numbers
    sub_order = await client.sub_number_orders.update_requirement_group(
        order.sub_number_orders_ids[0], requirement_group_id=GROUP
    )
    (number,) = sub_order.data.phone_numbers
    assert (number.id, number.requirements_status) == (german.id, "requirement-info-under-review")
    assert [asked.status for asked in number.regulatory_requirements] == ["pending-approval"] * 2
    assert no_unknown_keys(sub_order)
    answer = await client.number_order_phone_numbers.update_requirement_group(
        french.id, requirement_group_id=GROUP
    )
    assert answer.data.id == french.id
    assert answer.data.regulatory_requirements[0].status == "pending-approval"
    assert no_unknown_keys(answer)


async def test_numbers_are_listed_and_retrieved(client, time):
    """All of the account or of a country; one alone says when its time is up."""
    order = await place(client, US, FRENCH)
    everything = await client.number_order_phone_numbers.list()
    french = await client.number_order_phone_numbers.list(filter={"country_code": "FR"})
    assert everything.data[0].phone_number == US
    assert french.data[0].phone_number == FRENCH
    assert {number.country_code for number in french.data} == {"FR"}
    assert everything.meta.total_results == len(everything.data) > len(french.data)
    assert no_unknown_keys(everything)
    number = (await client.number_order_phone_numbers.retrieve(order.phone_numbers[1].id)).data
    assert isinstance(number, NumberOrderPhoneNumber)
    assert number == french.data[0]
    assert number.order_request_id == order.id
    assert number.sub_number_order_id == order.sub_number_orders_ids[1]
    assert number.deadline == datetime.fromtimestamp(time.now, UTC) + timedelta(days=5)
    assert number.is_block_number is False


async def test_a_number_is_updated(client):
    """`update_requirements` gives what it asks for."""
    order = await place(client, FRENCH)
    updated = await client.number_order_phone_numbers.update_requirements(
        order.phone_numbers[0].id, regulatory_requirements=values(order.phone_numbers[0])
    )
    assert updated.data.requirements_status == "requirement-info-under-review"
    assert updated.data.requirements_met is False


async def test_what_is_not_there_is_a_not_found_error(client):
    """Each endpoint with an id answers 404 for an unknown one, also for one of another kind."""
    order = await place(client, US)
    number_id, sub_order_id = order.phone_numbers[0].id, order.sub_number_orders_ids[0]
    sub_orders, numbers = client.sub_number_orders, client.number_order_phone_numbers
    for unknown in ("12ade33a-21c0-473b-b055-b3c836e1c292", order.id):
        for call in (
            sub_orders.retrieve(unknown),
            sub_orders.update(unknown),
            sub_orders.cancel(unknown),
            sub_orders.update_requirement_group(unknown, requirement_group_id=GROUP),
            numbers.retrieve(unknown),
            numbers.update_requirements(unknown),
            numbers.update_requirement_group(unknown, requirement_group_id=GROUP),
        ):
            with pytest.raises(telnyx.NotFoundError, match="10005"):
                await call
    for call in (
        client.number_orders.retrieve(number_id),
        sub_orders.retrieve(number_id),
        numbers.retrieve(sub_order_id),
    ):
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            await call


async def test_a_bad_filter_is_a_bad_request_error(client):
    """400 names the parameter."""
    for filters in (
        {"status": "happy"},
        {"phone_numbers_count": "two"},
        {"include_phone_numbers": "yes"},
    ):
        bad: Any = filters
        with pytest.raises(telnyx.BadRequestError, match=next(iter(filters))):
            await client.sub_number_orders.list(filter=bad)


@pytest.mark.parametrize(
    "fault", [Fault.COMMIT_THEN_ERROR, Fault.COMMIT_THEN_BAD_GATEWAY, Fault.COMMIT_THEN_RESET]
)
async def test_the_sdk_places_an_order_three_times(fault, sandbox):
    """It retries a failure that came after the order was placed: what a sandbox shows."""
    sandbox.placing_faults = Faults(rate=1, kinds=[fault])
    async with telnyx.AsyncTelnyx(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
        with pytest.raises(telnyx.APIError):
            await client.number_orders.create(
                phone_numbers=[{"phone_number": US}], customer_reference="once"
            )
    assert len(sandbox.orders_with(US)) == len(sandbox.counters.placed) == 3
    assert sandbox.counters.by_endpoint["POST /number_orders"] == 3
