"""The orders of a sandbox wait, run, settle and are cancelled, by a clock that is moved."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from telnyx_orders.sandbox import Drift, Sandbox
from tests.sandbox_calls import FRENCH, GB, GERMAN, OTHER_US, US, Calls, calls_of

GROUP = {"requirement_group_id": "a4b201f9-8646-4e54-a7d2-b2e403eeaf8c"}


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with calls_of(300, settle_after=10) as calls:
        yield calls


async def statuses(calls: Calls, order_id: object) -> tuple[object, list[object]]:
    order = await calls.order(order_id)
    sub_orders = await calls.sub_orders(order_request_id=str(order_id))
    return order["status"], [sub["status"] for sub in sub_orders]


def values(entry: dict[str, Any]) -> list[dict[str, str]]:
    """An answer to each requirement of a number or of a sub number order."""
    return [
        {"requirement_id": asked["requirement_id"], "field_value": f"my {asked['field_type']}"}
        for asked in entry["regulatory_requirements"]
    ]


async def test_an_order_settles_by_the_clock(calls):
    """It is pending until `settle_after` seconds have passed, and then was updated just then."""
    order = await calls.place(US, GB)
    calls.time.now += 9.99
    assert await statuses(calls, order["id"]) == ("pending", ["pending", "pending"])
    calls.time.now += 1000
    settled = await calls.order(order["id"])
    assert await statuses(calls, order["id"]) == ("success", ["success", "success"])
    assert settled["updated_at"] == "2027-01-15T08:00:10.000000+00:00"
    assert {entry["status"] for entry in settled["phone_numbers"]} == {"success"}
    assert calls.sandbox.counters.settled == [order["id"]]


async def test_every_way_to_look_sees_what_has_settled(calls):
    """The listing, its filters, the parts and the methods of the sandbox agree."""
    order = await calls.place(US)
    for look in (
        lambda: calls.get("/number_orders", **{"filter[status]": "pending"}),
        lambda: calls.get("/sub_number_orders"),
    ):
        await look()
    calls.time.now += 10
    row = calls.sandbox.get(order["id"])
    assert row["status"] == "success"
    second = await calls.place(US)
    calls.time.now += 10
    assert second["id"] not in calls.sandbox.order_ids({"status": "pending"})
    third = await calls.place(US)
    calls.time.now += 10
    listed = await calls.get("/number_orders", **{"filter[status]": "success"})
    assert {order["id"], second["id"], third["id"]} <= {row["id"] for row in listed["data"]}
    fourth = await calls.place(US)
    calls.time.now += 10
    assert next(calls.sandbox.rows())["id"] == fourth["id"]
    assert next(calls.sandbox.rows())["status"] == "success"


async def test_nothing_settles_without_a_time_for_it():
    """With `settle_after=None` a placed order stays pending until it is settled by call."""
    async with calls_of(settle_after=None) as calls:
        order = await calls.place(US, GB)
        calls.time.now += 1e6
        assert await statuses(calls, order["id"]) == ("pending", ["pending", "pending"])
        assert calls.sandbox.next_due is None
        calls.sandbox.settle(order["id"])
        assert await statuses(calls, order["id"]) == ("success", ["success", "success"])


async def test_orders_of_the_start_stay_pending(calls):
    """Seeded and inserted orders do not settle by themselves."""
    inserted = calls.sandbox.insert()
    pending = calls.sandbox.order_ids({"status": "pending"})
    assert len(pending) > 1
    assert inserted in pending
    calls.time.now += 1e6
    assert calls.sandbox.order_ids({"status": "pending"}) == pending


async def test_numbers_of_regulated_countries_wait(calls):
    """They say what they ask for, and nothing settles until it is given."""
    order = await calls.place(US, GERMAN)
    assert order["requirements_met"] is False
    american, german = order["phone_numbers"]
    assert american["requirements_met"] is True
    assert german["requirements_met"] is False
    assert german["requirements_status"] == "requirement-info-pending"
    assert [
        (asked["record_type"], asked["field_type"], asked["field_value"])
        for asked in german["regulatory_requirements"]
    ] == [
        ("phone_number_regulatory_requirement", "textual", None),
        ("phone_number_regulatory_requirement", "address", None),
    ]
    calls.time.now += 1000
    assert await statuses(calls, order["id"]) == ("pending", ["success", "pending"])


async def test_values_let_an_order_run(calls):
    """Given one by one with PATCH, the last of them starts the time to settle."""
    order = await calls.place(GERMAN, FRENCH)
    german, french = order["phone_numbers"]
    path = f"/number_orders/{order['id']}"
    await calls("PATCH", path, {"regulatory_requirements": values(german)})
    calls.time.now += 100
    assert await statuses(calls, order["id"]) == ("pending", ["success", "pending"])
    first, second = values(french)
    await calls("PATCH", path, {"regulatory_requirements": [first]})
    half = (await calls.order(order["id"]))["phone_numbers"][1]
    assert half["requirements_status"] == "requirement-info-pending"
    assert [asked["field_value"] for asked in half["regulatory_requirements"]] == [
        "my textual",
        None,
    ]
    calls.time.now += 100
    status, answer = await calls("PATCH", path, {"regulatory_requirements": [second]})
    assert status == 200
    given = answer["data"]["phone_numbers"][1]
    assert given["requirements_status"] == "requirement-info-under-review"
    assert given["requirements_met"] is answer["data"]["requirements_met"] is False
    calls.time.now += 9
    assert (await calls.order(order["id"]))["status"] == "pending"
    calls.time.now += 1
    settled = await calls.order(order["id"])
    assert settled["status"] == "success"
    assert settled["requirements_met"] is True
    assert settled["phone_numbers"][1]["requirements_status"] == "approved"


async def test_each_way_to_answer_lets_a_number_run(calls):
    """Values for an order, a sub order or a number, and groups for the last two, do the same."""

    async def ways(order: dict[str, Any]) -> list[tuple[str, str, object]]:
        (number,) = order["phone_numbers"]
        (sub_order_id,) = order["sub_number_orders_ids"]
        given = {"regulatory_requirements": values(number)}
        return [
            ("PATCH", f"/number_orders/{order['id']}", given),
            ("PATCH", f"/sub_number_orders/{sub_order_id}", given),
            ("PATCH", f"/number_order_phone_numbers/{number['id']}", given),
            ("POST", f"/sub_number_orders/{sub_order_id}/requirement_group", GROUP),
            ("POST", f"/number_order_phone_numbers/{number['id']}/requirement_group", GROUP),
        ]

    for way in range(5):
        order = await calls.place(GERMAN)
        method, path, body = (await ways(order))[way]
        calls.time.now += 60
        status, _ = await calls(method, path, body)
        assert status == 200
        updated = await calls.order(order["id"])
        assert updated["updated_at"] > order["updated_at"]
        (sub_order,) = await calls.sub_orders(order_request_id=order["id"])
        assert sub_order["updated_at"] == updated["updated_at"]
        (number,) = updated["phone_numbers"]
        assert number["requirements_status"] == "requirement-info-under-review"
        assert all(asked["field_value"] for asked in number["regulatory_requirements"])
        calls.time.now += 10
        assert await statuses(calls, order["id"]) == ("success", ["success"])


async def test_a_group_given_with_the_order_answers_for_its_number(calls):
    """A number placed with a requirement group runs at once; one without waits."""
    entries = [
        {"phone_number": GERMAN, **GROUP},
        {"phone_number": FRENCH, "bundle_id": "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"},
    ]
    _, answer = await calls("POST", "/number_orders", {"phone_numbers": entries})
    german, french = answer["data"]["phone_numbers"]
    assert german["requirements_status"] == "requirement-info-under-review"
    assert french["requirements_status"] == "requirement-info-pending"
    assert [german["bundle_id"], french["bundle_id"]] == [None, entries[1]["bundle_id"]]
    calls.time.now += 10
    assert await statuses(calls, answer["data"]["id"]) == ("pending", ["success", "pending"])


async def test_one_number_can_keep_its_sub_order_waiting(calls):
    """A sub number order runs when all of its numbers have what they ask for."""
    order = await calls.place(GERMAN, "+498999998123")
    first, second = order["phone_numbers"]
    await calls("POST", f"/number_order_phone_numbers/{first['id']}/requirement_group", GROUP)
    calls.time.now += 100
    assert await statuses(calls, order["id"]) == ("pending", ["pending"])
    await calls("POST", f"/number_order_phone_numbers/{second['id']}/requirement_group", GROUP)
    calls.time.now += 10
    assert await statuses(calls, order["id"]) == ("success", ["success"])


async def test_an_order_of_the_start_that_waits_can_be_answered(calls):
    """A seeded order without its requirements met is given them, and then settles."""
    (waiting, *_) = calls.sandbox.order_ids({"requirements_met": False, "status": "pending"})
    order = await calls.order(waiting)
    given = values(order["phone_numbers"][0])
    status, _ = await calls(
        "PATCH", f"/number_orders/{waiting}", {"regulatory_requirements": given}
    )
    assert status == 200
    calls.time.now += 10
    settled = await calls.order(waiting)
    assert settled["status"] == "success"
    assert settled["requirements_met"] is True
    assert waiting not in calls.sandbox.order_ids({"requirements_met": False})


async def test_an_order_of_the_start_that_is_done_has_given_its_values(calls):
    """What a seeded number of a regulated country asked for has a value, and is approved."""
    body = await calls.get("/number_order_phone_numbers", **{"filter[country_code]": "DE"})
    approved = [number for number in body["data"] if number["requirements_met"]]
    assert approved
    for number in approved:
        assert number["requirements_status"] == "approved"
        assert all(asked["field_value"] for asked in number["regulatory_requirements"])


async def test_the_regulated_countries_are_a_setting():
    """Only numbers of the countries that are named wait."""
    async with calls_of(regulated=["GB"]) as calls:
        order = await calls.place(GB, GERMAN)
        assert [entry["requirements_met"] for entry in order["phone_numbers"]] == [False, True]


async def test_a_value_that_is_not_asked_for_is_refused(calls):
    """Another country's requirement, or one for a number without any, changes nothing."""
    french = (await calls.place(FRENCH))["phone_numbers"][0]
    order = await calls.place(US, GERMAN, customer_reference="before")
    (german,) = await calls.sub_orders(order_request_id=order["id"], country_code="DE")
    good, wrong = values(german)[0], values(french)[0]
    body = {"regulatory_requirements": [good, wrong], "customer_reference": "after"}
    status, answer = await calls("PATCH", f"/number_orders/{order['id']}", body)
    assert status == 422
    (error,) = answer["errors"]
    assert error["source"] == {"pointer": "/regulatory_requirements"}
    assert wrong["requirement_id"] in error["detail"]
    assert await calls.order(order["id"]) == order


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"regulatory_requirements": {}}, "/regulatory_requirements"),
        ({"regulatory_requirements": [5]}, "/regulatory_requirements/0"),
        ({"regulatory_requirements": [{}]}, "/regulatory_requirements/0/requirement_id"),
        (
            {"regulatory_requirements": [{"requirement_id": "x"}]},
            "/regulatory_requirements/0/field_value",
        ),
        ({"customer_reference": 5}, "/customer_reference"),
    ],
)
async def test_a_malformed_update_is_refused(body, pointer, calls):
    """422 says where the body is wrong."""
    order = await calls.place(GERMAN)
    status, answer = await calls("PATCH", f"/number_orders/{order['id']}", body)
    assert status == 422
    assert answer["errors"][0]["source"] == {"pointer": pointer}


async def test_a_group_must_be_named(calls):
    """A body without `requirement_group_id` is refused, for sub orders and for numbers."""
    order = await calls.place(GERMAN)
    for path in (
        f"/sub_number_orders/{order['sub_number_orders_ids'][0]}/requirement_group",
        f"/number_order_phone_numbers/{order['phone_numbers'][0]['id']}/requirement_group",
    ):
        for body in ({}, {"requirement_group_id": ""}, {"requirement_group_id": 5}):
            status, answer = await calls("POST", path, body)
            assert status == 422
            assert answer["errors"][0]["source"] == {"pointer": "/requirement_group_id"}


async def test_a_sub_order_is_cancelled(calls):
    """It is cancelled at once and stays so; the order ends with the others."""
    order = await calls.place(US, GB)
    american, british = order["sub_number_orders_ids"]
    calls.time.now += 5
    status, answer = await calls("PATCH", f"/sub_number_orders/{american}/cancel")
    assert status == 200
    assert answer["data"]["status"] == "cancelled"
    assert answer["data"]["updated_at"] > order["updated_at"]
    assert await statuses(calls, order["id"]) == ("pending", ["cancelled", "pending"])
    calls.time.now += 5
    assert await statuses(calls, order["id"]) == ("success", ["cancelled", "success"])
    assert british in order["sub_number_orders_ids"]


async def test_an_order_whose_parts_are_all_cancelled_is_cancelled(calls):
    """The last of them cancels the order, seeded or placed, and filters see it."""
    placed = (await calls.place(GERMAN, US))["id"]
    (seeded, *_) = calls.sandbox.order_ids({"status": "pending", "phone_numbers_count": 1})[1:]
    for order_id in (placed, seeded):
        for sub_order_id in (await calls.order(order_id))["sub_number_orders_ids"]:
            status, _ = await calls("PATCH", f"/sub_number_orders/{sub_order_id}/cancel")
            assert status == 200
        order = await calls.order(order_id)
        assert order["status"] == "cancelled"
        assert {entry["requirements_status"] for entry in order["phone_numbers"]} == {"cancelled"}
    assert {placed, seeded} == set(calls.sandbox.order_ids({"status": "cancelled"}))


async def test_what_has_ended_cannot_be_changed(calls):
    """Cancelling it again, or giving it anything but a reference, is refused with a reason."""
    order = await calls.place(GERMAN)
    (sub_order_id,), (number,) = order["sub_number_orders_ids"], order["phone_numbers"]
    await calls("PATCH", f"/sub_number_orders/{sub_order_id}/cancel")
    before = await calls.order(order["id"])
    given = {"regulatory_requirements": values(number)}
    for method, path, body in (
        ("PATCH", f"/sub_number_orders/{sub_order_id}/cancel", None),
        ("PATCH", f"/number_orders/{order['id']}", given),
        ("PATCH", f"/sub_number_orders/{sub_order_id}", given),
        ("PATCH", f"/number_order_phone_numbers/{number['id']}", given),
        ("POST", f"/sub_number_orders/{sub_order_id}/requirement_group", GROUP),
        ("POST", f"/number_order_phone_numbers/{number['id']}/requirement_group", GROUP),
    ):
        status, answer = await calls(method, path, body)
        assert status == 422
        assert "is cancelled" in answer["errors"][0]["detail"]
    assert await calls.order(order["id"]) == before
    status, _ = await calls(
        "PATCH", f"/number_orders/{order['id']}", {"customer_reference": "late"}
    )
    assert status == 200


async def test_any_failure_fails_the_order(calls):
    """It fails once all have ended, whatever the others did."""
    order = await calls.place(US, GB, GERMAN)
    american, british, german = order["sub_number_orders_ids"]
    calls.sandbox.settle_sub_order(british, "failure")
    assert await statuses(calls, order["id"]) == ("pending", ["pending", "failure", "pending"])
    await calls("PATCH", f"/sub_number_orders/{german}/cancel")
    calls.time.now += 10
    assert await statuses(calls, order["id"]) == ("failure", ["success", "failure", "cancelled"])
    assert calls.sandbox.order_ids({"status": "failure"})[0] == order["id"]
    with pytest.raises(ValueError, match="is success"):
        calls.sandbox.settle_sub_order(american)
    with pytest.raises(KeyError):
        calls.sandbox.settle_sub_order("nowhere")


async def test_an_order_settled_by_call_takes_its_parts_along(calls):
    """Its sub orders have its status, and do not settle again when their time comes."""
    order = await calls.place(US, GERMAN)
    calls.sandbox.settle(order["id"], "failure")
    calls.time.now += 100
    assert await statuses(calls, order["id"]) == ("failure", ["failure", "failure"])
    assert calls.sandbox.counters.settled == [order["id"]]


async def test_a_removed_order_does_not_come_back(calls):
    """Its parts are gone, and its time to settle passes without a trace."""
    order = await calls.place(US)
    calls.sandbox.remove(order["id"])
    calls.time.now += 100
    await calls.get("/number_orders")
    assert calls.sandbox.counters.settled == []
    for path in (
        f"/number_orders/{order['id']}",
        f"/sub_number_orders/{order['sub_number_orders_ids'][0]}",
        f"/number_order_phone_numbers/{order['phone_numbers'][0]['id']}",
    ):
        assert (await calls("GET", path))[0] == 404


async def test_the_end_of_an_order_is_told(calls):
    """Once, with the order in detail, whatever ended it: time, a request, a call or drift."""
    told: list[dict[str, object]] = []
    calls.sandbox.on_order_ended = told.append
    first = await calls.place(US)
    second = await calls.place(GERMAN)
    third = await calls.place(GERMAN)
    await calls("PATCH", f"/sub_number_orders/{second['sub_number_orders_ids'][0]}/cancel")
    calls.sandbox.settle(third["id"], "failure")
    calls.sandbox.settle(third["id"], "success")
    calls.time.now += 10
    calls.sandbox.catch_up()
    calls.sandbox.drift = Drift(settle=1)
    await calls.get("/number_orders")
    assert [order["status"] for order in told] == ["cancelled", "failure", "success", "success"]
    assert [order["id"] for order in told[:3]] == [second["id"], third["id"], first["id"]]
    assert told[2] == await calls.order(first["id"])
    calls.sandbox.on_order_ended = None
    calls.sandbox.settle((await calls.place(US))["id"])
    assert len(told) == 4


async def test_the_next_due_time_is_known(calls):
    """`next_due` is when the next order settles, and `catch_up` lets it."""
    assert calls.sandbox.next_due is None
    order = await calls.place(US)
    start = calls.time.now
    calls.time.now += 4
    await calls.place(US)
    assert calls.sandbox.next_due == start + 10
    calls.time.now = start + 10
    calls.sandbox.catch_up()
    assert calls.sandbox.next_due == start + 14
    assert calls.sandbox.counters.settled == [order["id"]]


async def test_orders_settle_in_the_order_of_their_times(calls):
    """Also when several were due before anybody looked."""
    ids = []
    for seconds in (9, 3, 6):
        calls.sandbox.settle_after = seconds
        ids.append((await calls.place(OTHER_US))["id"])
    calls.time.now += 100
    calls.sandbox.catch_up()
    assert calls.sandbox.counters.settled == [ids[1], ids[2], ids[0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settle_after": -1}, "settle_after must be a number of 0 or more"),
        ({"settle_after": "1"}, "settle_after must be a number"),
        ({"regulated": "DE"}, "regulated must hold country codes such as 'DE', not 'D'"),
        ({"regulated": ["Germany"]}, "regulated must hold country codes"),
        ({"regulated": [None]}, "regulated must hold country codes"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    """The error names the setting and what it allows."""
    with pytest.raises(ValueError, match=message):
        Sandbox(1, **arguments)
