"""A sandbox places orders, and gives and updates each of its orders."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox_calls import FRENCH, GB, GERMAN, OTHER_US, TOLL_FREE, US, Calls, calls_of

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with calls_of(30) as calls:
        yield calls


async def test_an_order_is_placed(calls):
    """The answer has what was asked for, pending, with its numbers in detail."""
    order = await calls.place(
        US,
        connection_id="346789098765567",
        messaging_profile_id="3fa85f64-5717-4562-b3fc-2c963f66afa6",
        billing_group_id="f5586561-8ff0-4291-a0ac-84fe544797bd",
        customer_reference="job-17",
    )
    (number,) = order["phone_numbers"]
    (sub_order,) = await calls.sub_orders(order_request_id=order["id"])
    assert order == {
        "id": order["id"],
        "record_type": "number_order",
        "phone_numbers_count": 1,
        "connection_id": "346789098765567",
        "messaging_profile_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "billing_group_id": "f5586561-8ff0-4291-a0ac-84fe544797bd",
        "phone_numbers": [
            {
                "id": number["id"],
                "record_type": "number_order_phone_number",
                "phone_number": US,
                "country_code": "US",
                "country_iso_alpha2": "US",
                "phone_number_type": "local",
                "regulatory_requirements": [],
                "requirements_met": True,
                "requirements_status": "approved",
                "status": "pending",
                "bundle_id": None,
            }
        ],
        "sub_number_orders_ids": [sub_order["id"]],
        "status": "pending",
        "customer_reference": "job-17",
        "created_at": "2027-01-15T08:00:00.000000+00:00",
        "updated_at": "2027-01-15T08:00:00.000000+00:00",
        "requirements_met": True,
    }
    assert await calls.order(order["id"]) == order


async def test_what_is_not_given_is_null(calls):
    """An order with nothing but numbers has null for all else that it could have."""
    order = await calls.place(US)
    for key in (
        "connection_id",
        "messaging_profile_id",
        "billing_group_id",
        "customer_reference",
    ):
        assert order[key] is None


async def test_a_placed_order_is_listed(calls):
    """It is in the listing, in its place, found by every filter, with two keys a number."""
    older = calls.sandbox.order_ids()
    order = await calls.place(US, GB, customer_reference="job-18")
    listing = await calls.get("/number_orders", **{"page[size]": "250"})
    assert [row["id"] for row in listing["data"]] == [order["id"], *older]
    row = listing["data"][0]
    assert row == {
        **order,
        "phone_numbers": [
            {"phone_number": entry["phone_number"], "id": entry["id"]}
            for entry in order["phone_numbers"]
        ],
    }
    for filters in (
        {"customer_reference": "job-18"},
        {"status": "pending", "phone_numbers_count": 2},
        {"requirements_met": True, "customer_reference": "job-18"},
        {"created_at": {"gt": NEW_YEAR, "lt": NEW_YEAR + timedelta(days=30)}},
    ):
        assert order["id"] in calls.sandbox.order_ids(filters)


async def test_the_same_order_is_placed_again(calls):
    """Nothing protects from buying twice: each request places an order of its own."""
    first = await calls.place(US, customer_reference="job-19")
    second = await calls.place(US, customer_reference="job-19")
    assert first["id"] != second["id"]
    assert calls.sandbox.counters.placed == [first["id"], second["id"]]
    assert calls.sandbox.orders_with(US) == [second["id"], first["id"]]
    assert calls.sandbox.counters.inserted == []


async def test_orders_with_a_number_are_found_among_all(calls):
    """Seeded and inserted orders are looked through too; a part of a number is no number."""
    inserted = calls.sandbox.insert(phone_numbers=[{"phone_number": GB}])
    assert calls.sandbox.orders_with(GB) == [inserted]
    assert calls.sandbox.orders_with(GB[:-1]) == []
    seeded = calls.sandbox.get(calls.sandbox.order_ids()[7])
    number = seeded["phone_numbers"][0]["phone_number"]  # type: ignore[index]
    assert calls.sandbox.orders_with(number) == [seeded["id"]]


async def test_an_order_is_split_by_country_and_type(calls):
    """Numbers of a kind make a sub number order, whatever order they were given in."""
    order = await calls.place(US, GB, OTHER_US, TOLL_FREE, GERMAN)
    sub_orders = await calls.sub_orders(order_request_id=order["id"])
    assert [
        (sub["country_code"], sub["phone_number_type"], sub["phone_numbers_count"])
        for sub in sub_orders
    ] == [("US", "local", 2), ("GB", "local", 1), ("US", "toll_free", 1), ("DE", "local", 1)]
    assert order["sub_number_orders_ids"] == [sub["id"] for sub in sub_orders]
    assert [entry["phone_number"] for entry in order["phone_numbers"]] == [
        US,
        GB,
        OTHER_US,
        TOLL_FREE,
        GERMAN,
    ]


async def test_every_order_can_be_retrieved(calls):
    """Seeded, inserted and placed orders are given alone as they are listed, in more detail."""
    calls.sandbox.insert(phone_numbers=[{"phone_number": FRENCH}, {"phone_number": US}])
    calls.sandbox.insert(phone_numbers=[{"phone_number": US, "id": "mine"}])
    await calls.place(US, GB)
    for row in calls.sandbox.rows():
        order = await calls.order(row["id"])
        assert {**order, "phone_numbers": None} == {**row, "phone_numbers": None}
        listed = row["phone_numbers"]
        assert isinstance(listed, list)
        assert [entry["phone_number"] for entry in order["phone_numbers"]] == [
            entry["phone_number"] for entry in listed
        ]
        assert all(
            entry.items() <= given.items()
            for entry, given in zip(listed, order["phone_numbers"], strict=True)
        )
        assert {entry["status"] for entry in order["phone_numbers"]} == {row["status"]}
        met = {entry["requirements_met"] for entry in order["phone_numbers"]}
        assert met == {row["requirements_met"]}


async def test_the_parts_of_seeded_orders_are_those_of_their_rows(calls):
    """Each id of a sub number order in a row is one of that order, and no two are of a kind."""
    for row in calls.sandbox.rows():
        sub_orders = await calls.sub_orders(order_request_id=str(row["id"]))
        assert [sub["id"] for sub in sub_orders] == row["sub_number_orders_ids"]
        kinds = [(sub["country_code"], sub["phone_number_type"]) for sub in sub_orders]
        assert len(set(kinds)) == len(kinds)
        assert sum(sub["phone_numbers_count"] for sub in sub_orders) == row["phone_numbers_count"]
        assert {sub["status"] for sub in sub_orders} == {row["status"]}


async def test_an_order_with_odd_numbers_is_given_as_it_is(calls):
    """What was inserted and is no list of numbers is not made into one."""
    for numbers in (None, [], "none", [None], [{"phone_number": 5}]):
        order_id = calls.sandbox.insert(phone_numbers=numbers, status=None)
        assert (await calls.order(order_id))["phone_numbers"] == numbers


async def test_an_unknown_order_is_not_there(calls):
    """404 with the API's code, for reading and for writing."""
    gone = calls.sandbox.order_ids()[3]
    calls.sandbox.remove(gone)
    for order_id in (gone, "12ade33a-21c0-473b-b055-b3c836e1c292", "x"):
        for method, body in (("GET", None), ("PATCH", {"customer_reference": "x"})):
            status, answer = await calls(method, f"/number_orders/{order_id}", body)
            assert status == 404
            assert answer["errors"][0]["code"] == "10005"
            assert order_id in answer["errors"][0]["detail"]


async def test_a_reference_is_updated(calls):
    """PATCH gives seeded, inserted and placed orders another reference, and filters see it."""
    inserted = calls.sandbox.insert(customer_reference="of old", updated_at="2020-01-01T00:00:00Z")
    placed = (await calls.place(US, customer_reference="of old"))["id"]
    for order_id in (calls.sandbox.order_ids()[-1], inserted, placed):
        calls.time.now += 60
        status, answer = await calls(
            "PATCH", f"/number_orders/{order_id}", {"customer_reference": f"new {order_id}"}
        )
        assert status == 200
        order = answer["data"]
        assert order == await calls.order(order_id)
        assert order["customer_reference"] == f"new {order_id}"
        assert order["updated_at"].startswith(f"2027-01-15T08:0{int(calls.time.now) // 60 % 10}")
        assert calls.sandbox.order_ids({"customer_reference": f"new {order_id}"}) == [order_id]
        (sub_order, *_) = await calls.sub_orders(order_request_id=order_id)
        assert sub_order["customer_reference"] == f"new {order_id}"
    assert calls.sandbox.order_ids({"customer_reference": "of old"}) == []


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b"[]", 400, None),
        (b"null", 400, None),
        (b"{}", 422, "/phone_numbers"),
        (b'{"phone_numbers":[]}', 422, "/phone_numbers"),
        (b'{"phone_numbers":"+19705555098"}', 422, "/phone_numbers"),
        (b'{"phone_numbers":["+19705555098"]}', 422, "/phone_numbers/0"),
        (b'{"phone_numbers":[{}]}', 422, "/phone_numbers/0/phone_number"),
        (b'{"phone_numbers":[{"phone_number":19705555098}]}', 422, "/phone_numbers/0/phone_number"),
        (
            b'{"phone_numbers":[{"phone_number":"19705555098"}]}',
            422,
            "/phone_numbers/0/phone_number",
        ),
        (
            b'{"phone_numbers":[{"phone_number":"+19705555098"},{"phone_number":"+19705555098"}]}',
            422,
            "/phone_numbers/1/phone_number",
        ),
        (
            b'{"phone_numbers":[{"phone_number":"+19705555098","bundle_id":5}]}',
            422,
            "/phone_numbers/0/bundle_id",
        ),
        (
            b'{"phone_numbers":[{"phone_number":"+19705555098"}],"customer_reference":5}',
            422,
            "/customer_reference",
        ),
        (
            b'{"phone_numbers":[{"phone_number":"+19705555098"}],"customer_reference":"\\ud800"}',
            422,
            "/customer_reference",
        ),
    ],
)
async def test_an_order_that_cannot_be_is_refused(body, status, pointer, calls):
    """The error says where it is wrong, and nothing is placed."""
    url = f"{calls.sandbox.base_url}/number_orders"
    async with calls.session.post(url, data=body) as answer:
        assert answer.status == status
        (error,) = (await answer.json())["errors"]
    assert error["code"] == "10015"
    assert error["detail"]
    assert error.get("source") == (None if pointer is None else {"pointer": pointer})
    assert len(calls.sandbox.order_ids()) == 30
    assert calls.sandbox.counters.placed == []


async def test_requests_are_counted_by_endpoint(calls):
    """By method and path, with ids left out; what has no endpoint is counted as a request only."""
    order = await calls.place(US)
    await calls.order(order["id"])
    await calls.order(order["id"])
    await calls.sub_orders()
    await calls("GET", "/nowhere")
    await calls("DELETE", "/number_orders")
    await calls("GET", "/number_orders", headers={"Authorization": "no"})
    assert calls.sandbox.counters.by_endpoint == {
        "POST /number_orders": 1,
        "GET /number_orders/{id}": 2,
        "GET /sub_number_orders": 1,
        "GET /number_orders": 1,
    }
    assert calls.sandbox.counters.requests == 7


async def test_a_large_order_is_placed(calls):
    """Ten thousand numbers fit in one order."""
    order = await calls.place(*(f"+1970{number}" for number in range(5_000_000, 5_010_000)))
    assert order["phone_numbers_count"] == len(order["phone_numbers"]) == 10_000


async def test_the_same_requests_make_the_same_orders():
    """Ids are drawn from the seed."""

    async def placed(seed: int) -> dict[str, object]:
        async with calls_of(5, seed=seed) as calls:
            return await calls.place(US, GB)

    assert await placed(1) == await placed(1)
    assert (await placed(1))["id"] != (await placed(2))["id"]


async def test_orders_of_the_start_are_the_same_as_ever(calls):
    """Retrieving, placing and changing others leaves the rows of the start byte by byte."""
    before = list(calls.sandbox.rows())
    await calls.place(US)
    await calls.sub_orders()
    for row in before:
        await calls.order(row["id"])
    assert list(calls.sandbox.rows())[1:] == before
