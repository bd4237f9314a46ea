"""A sandbox breaks requests that write: carried out or not, at once or later, told or not."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telnyx_orders.sandbox import (
    READING_FAULTS,
    WRITING_FAULTS,
    Fault,
    Faults,
    RateLimit,
    Sandbox,
)
from tests.conftest import until
from tests.sandbox_calls import GERMAN, US, Calls, calls_of

NOT_CARRIED_OUT = {
    Fault.INTERNAL_ERROR: 500,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.REQUEST_TIMEOUT: 408,
    Fault.TOO_MANY_REQUESTS: 429,
    Fault.NOT_JSON: None,
    Fault.RESET: None,
    Fault.SILENCE: None,
}
CARRIED_OUT = {
    Fault.CUT_BODY: None,
    Fault.SLOW_BYTES: 200,
    Fault.CLOSED_KEEP_ALIVE: 200,
    Fault.COMMIT_THEN_ERROR: 500,
    Fault.COMMIT_THEN_BAD_GATEWAY: 502,
    Fault.COMMIT_THEN_RESET: None,
    Fault.COMMIT_THEN_SILENCE: None,
    Fault.COMMIT_THEN_CUT_BODY: None,
}
SILENT = (Fault.SILENCE, Fault.COMMIT_THEN_SILENCE)


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with calls_of(3, settle_after=10) as calls:
        yield calls


async def outcome(
    calls: Calls, method: str, path: str, body: object, patience: float = 20
) -> int | None:
    """The status of an answer that could be read, `None` if there was none."""
    url, timeout = calls.sandbox.base_url + path, aiohttp.ClientTimeout(total=patience)
    try:
        async with calls.session.request(method, url, json=body, timeout=timeout) as answer:
            content = await answer.read()
            if answer.status == 200 and not content.startswith(b"{"):
                return None
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return None


async def place(calls: Calls, patience: float = 20) -> int | None:
    body = {"phone_numbers": [{"phone_number": US}]}
    return await outcome(calls, "POST", "/number_orders", body, patience)


def test_every_fault_is_tested():
    """The two tables below name each fault that a request which writes can meet, but one."""
    assert {*NOT_CARRIED_OUT, *CARRIED_OUT, Fault.COMMIT_LATER} == set(WRITING_FAULTS) == set(Fault)


@pytest.mark.parametrize(("fault", "status"), NOT_CARRIED_OUT.items())
async def test_a_fault_in_front_of_the_api_places_nothing(fault, status, calls):
    """The answer is the fault's, and the account is as before."""
    calls.sandbox.placing_faults = Faults(script=[fault])
    assert await place(calls, 0.2 if fault in SILENT else 20) == status
    assert calls.sandbox.counters.placed == []
    assert calls.sandbox.counters.by_fault == {fault: 1}
    assert await place(calls) == 200


@pytest.mark.parametrize(("fault", "status"), CARRIED_OUT.items())
async def test_a_fault_behind_the_api_places_the_order(fault, status, calls):
    """The order is there, once, whatever the client is told."""
    calls.sandbox.placing_faults = Faults(script=[fault])
    assert await place(calls, 0.2 if fault in SILENT else 20) == status
    (placed,) = calls.sandbox.counters.placed
    assert calls.sandbox.orders_with(US) == [placed]
    assert calls.sandbox.order_ids()[0] == placed
    assert calls.sandbox.counters.by_fault == {fault: 1}
    assert (await calls.order(placed))["status"] == "pending"


@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR, Fault.COMMIT_THEN_ERROR])
async def test_every_request_that_writes_meets_faults(fault, calls):
    """Updates, requirement groups and cancellations are carried out or not as placing is."""
    order = await calls.place(GERMAN)
    (sub_order_id,), (number,) = order["sub_number_orders_ids"], order["phone_numbers"]
    value = {
        "requirement_id": number["regulatory_requirements"][0]["requirement_id"],
        "field_value": "x",
    }
    given, group = {"regulatory_requirements": [value]}, {"requirement_group_id": "g"}
    for method, path, body in (
        ("PATCH", f"/number_orders/{order['id']}", {"customer_reference": "x"}),
        ("PATCH", f"/sub_number_orders/{sub_order_id}", given),
        ("PATCH", f"/number_order_phone_numbers/{number['id']}", given),
        ("POST", f"/number_order_phone_numbers/{number['id']}/requirement_group", group),
        ("POST", f"/sub_number_orders/{sub_order_id}/requirement_group", group),
        ("PATCH", f"/sub_number_orders/{sub_order_id}/cancel", None),
    ):
        before = await calls.order(order["id"])
        calls.time.now += 1
        calls.sandbox.placing_faults = Faults(script=[fault])
        assert await outcome(calls, method, path, body) == 500
        changed = await calls.order(order["id"]) != before
        assert changed is (fault is Fault.COMMIT_THEN_ERROR)


async def test_an_order_can_be_committed_later(calls):
    """504 at once; the order is there when `commit_delay` seconds have passed, and not before."""
    calls.sandbox.placing_faults = Faults(script=[Fault.COMMIT_LATER], commit_delay=30)
    assert await place(calls) == 504
    due = calls.time.now + 30
    assert calls.sandbox.next_due == due
    calls.time.now += 29
    await calls.get("/number_orders")
    assert calls.sandbox.orders_with(US) == calls.sandbox.counters.placed == []
    calls.time.now += 1
    (placed,) = calls.sandbox.orders_with(US)
    assert calls.sandbox.counters.placed == [placed]
    order = await calls.order(placed)
    assert order["created_at"] == "2027-01-15T08:00:30.000000+00:00"
    assert calls.sandbox.next_due == due + 10
    calls.time.now += 100
    settled = await calls.order(placed)
    assert settled["updated_at"] == "2027-01-15T08:00:40.000000+00:00"


async def test_what_is_refused_is_not_committed_later(calls):
    """A request that could not be carried out leaves no trace when its time comes."""
    calls.sandbox.placing_faults = Faults(script=[Fault.COMMIT_LATER, Fault.COMMIT_THEN_ERROR])
    assert await outcome(calls, "POST", "/number_orders", {"phone_numbers": []}) == 504
    assert await outcome(calls, "POST", "/number_orders", {"phone_numbers": []}) == 500
    calls.time.now += 100
    await calls.get("/number_orders")
    assert calls.sandbox.counters.placed == []


async def test_reading_and_writing_meet_their_own_faults(calls):
    """`faults` is for every GET, `placing_faults` for every POST and PATCH."""
    calls.sandbox.faults = Faults(rate=1, kinds=[Fault.BAD_GATEWAY])
    order = await calls.place(US)
    (sub_order_id,) = order["sub_number_orders_ids"]
    number_id = order["phone_numbers"][0]["id"]
    for path in (
        "/number_orders",
        f"/number_orders/{order['id']}",
        "/sub_number_orders",
        f"/sub_number_orders/{sub_order_id}",
        "/number_order_phone_numbers",
        f"/number_order_phone_numbers/{number_id}",
    ):
        assert await outcome(calls, "GET", path, None) == 502
    calls.sandbox.faults = None
    calls.sandbox.placing_faults = Faults(rate=1, kinds=[Fault.UNAVAILABLE])
    assert (await calls.order(order["id"])) == order
    assert await place(calls) == 503


async def test_faults_are_drawn_from_those_that_fit(calls):
    """Without `kinds`, reading meets no fault of writing, and writing meets all in time."""
    calls.sandbox.faults = Faults(rate=1)
    calls.sandbox.placing_faults = Faults(rate=1, slow_interval=0)
    counters = calls.sandbox.counters

    async def read() -> None:
        await outcome(calls, "GET", "/number_orders", None, 0.2)

    async with asyncio.timeout(20):
        while set(counters.by_fault) != set(READING_FAULTS):
            await asyncio.gather(*(read() for _ in range(20)))
    async with asyncio.timeout(20):
        while set(counters.by_fault) != set(WRITING_FAULTS):
            await asyncio.gather(*(place(calls, 0.2) for _ in range(20)))


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in READING_FAULTS])
def test_a_fault_of_writing_is_refused_for_reading(fault):
    """The error says where it belongs."""
    for faults in (Faults(script=[fault]), Faults(rate=0.1, kinds=[fault])):
        with pytest.raises(ValueError, match=f"{fault.name} is for .* placing_faults"):
            Sandbox(1, faults=faults)
        sandbox = Sandbox(1, placing_faults=faults)
        with pytest.raises(ValueError, match="placing_faults"):
            sandbox.faults = faults
        assert sandbox.faults is None
        assert sandbox.placing_faults == faults


async def test_setting_the_faults_of_writing_starts_their_script_anew(calls):
    """The same faults set twice are met from the beginning twice; `None` ends them."""
    faults = Faults(script=[Fault.BAD_GATEWAY, Fault.UNAVAILABLE])
    calls.sandbox.placing_faults = faults
    assert await place(calls) == 502
    calls.sandbox.placing_faults = faults
    assert await place(calls) == 502
    calls.sandbox.placing_faults = None
    assert await place(calls) == 200


async def test_the_latency_is_that_of_all_requests(calls):
    """A client that leaves while its request is delayed has placed nothing."""
    calls.sandbox.latency = 3600
    assert await place(calls, 0.05) is None
    await until(lambda: not calls.sandbox.counters.in_flight)
    assert await outcome(calls, "GET", "/sub_number_orders", None, 0.05) is None
    calls.sandbox.latency = 0.01
    assert await place(calls) == 200
    assert len(calls.sandbox.counters.placed) == 1


async def test_the_rate_limit_is_that_of_all_requests(calls):
    """Over the limit nothing is placed."""
    calls.sandbox.rate_limit = RateLimit(requests=1, window=60)
    assert await place(calls) == 200
    assert await place(calls) == 429
    assert len(calls.sandbox.counters.placed) == 1


async def test_without_a_key_nothing_is_placed(calls):
    """401, whatever the fault would have been."""
    calls.sandbox.placing_faults = Faults(script=[Fault.COMMIT_THEN_ERROR])
    status, answer = await calls(
        "POST",
        "/number_orders",
        {"phone_numbers": [{"phone_number": US}]},
        headers={"Authorization": "Bearer no"},
    )
    assert status == 401
    assert answer["errors"][0]["code"] == "10009"
    assert calls.sandbox.counters.placed == []


def test_a_bad_delay_is_refused():
    """`commit_delay` is a number of seconds."""
    with pytest.raises(ValueError, match="Faults.commit_delay must be a number of 0 or more"):
        Faults(commit_delay=-1)
