"""`wait` and `wait_all`: until orders have ended, in as few requests as possible."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders import (
    Clock,
    InternalServerError,
    NotFoundError,
    NumberOrder,
    OrderPhoneNumber,
    OrdersClient,
    OrdersPendingError,
    RetryPolicy,
)
from tests.conftest import FakeTime, no_task_left
from tests.orders_server import OrdersServer, orders_server
from tests.servers import KEY, asked_page, page, serve
from tests.test_placing import client_of


def commit(server: OrdersServer, number: int, **fields: Any) -> dict[str, Any]:
    return server.commit({"phone_numbers": [{"phone_number": f"+1970555{number:04}"}]}, **fields)


def at_each_sleep(time: FakeTime, act: Callable[[int], None]) -> Clock:
    """A clock whose n-th sleep ends with an act."""

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        act(len(time.slept))

    return evolve(time.clock(), sleep=sleep)


async def test_wait_ends_when_the_order_has(fake_time: FakeTime) -> None:
    """It is looked at less and less often, and given with the details of its numbers."""
    async with orders_server() as server:
        client = client_of(server, fake_time)
        row = commit(server, 1)

        def act(slept: int) -> None:
            if slept == 5:
                row["status"] = "success"

        client = client_of(server, fake_time, clock=at_each_sleep(fake_time, act))
        async with client:
            order = await client.number_orders.wait(row["id"])
    assert (order.status, order.record_type) == ("success", "number_order")
    assert fake_time.slept == [1, 1.5, 2.25, 3.375, 5.0625]
    assert server.requests == ["GET /number_orders/order-1"] * 6


@pytest.mark.parametrize("status", ["success", "failure", "cancelled", "deleted"])
async def test_whatever_is_not_pending_has_ended(status: str, fake_time: FakeTime) -> None:
    """An order that failed or was cancelled has ended too."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        commit(server, 1, status=status)
        assert (await client.number_orders.wait("order-1")).status == status
    assert fake_time.slept == []


async def test_an_order_that_is_known_to_have_ended_needs_no_request(
    fake_time: FakeTime,
) -> None:
    """What has ended stays so."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        commit(server, 1, status="success")
        order = await client.number_orders.retrieve("order-1")
        assert await client.number_orders.wait(order) is order
    assert len(server.requests) == 1


async def test_the_wait_has_a_longest_pause(fake_time: FakeTime) -> None:
    """The pauses grow up to a limit; a timeout cuts the last one short, and looks once more."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        commit(server, 1)
        with pytest.raises(
            OrdersPendingError, match=r"in work: order-1\. Wait longer for those in work$"
        ) as raised:
            await client.number_orders.wait("order-1", timeout=20, interval=2, max_interval=4)
    assert fake_time.slept == [2, 3, 4, 4, 4, 3]
    assert len(server.requests) == 7
    assert [order.id for order in raised.value.in_work] == ["order-1"]
    assert raised.value.transient


async def test_an_order_that_waits_for_requirements_is_told_apart(fake_time: FakeTime) -> None:
    """The error says that it is the user's turn, and until when."""
    async with orders_server() as server:
        server.numbers["n"] = {"id": "n", "deadline": "2026-05-31T11:14:00Z"}
        numbers = [{"id": "n", "phone_number": "+4930231251", "requirements_met": False}]
        commit(server, 1, requirements_met=False, phone_numbers=numbers)
        async with client_of(server, fake_time) as client:
            with pytest.raises(
                OrdersPendingError, match="requirements.*2026-05-31.*Fulfil"
            ) as raised:
                await client.number_orders.wait("order-1", timeout=3)
            slept = len(fake_time.slept)
            with pytest.raises(OrdersPendingError):
                await client.number_orders.wait("order-1", stop_on_requirements=True)
    assert raised.value.in_work == ()
    assert [order.id for order in raised.value.awaiting_requirements] == ["order-1"]
    assert raised.value.deadlines == {"order-1": datetime(2026, 5, 31, 11, 14, tzinfo=UTC)}
    assert len(fake_time.slept) == slept
    assert server.requests.count("GET /number_order_phone_numbers/n") == 2


def test_what_is_under_review_does_not_wait_for_the_user() -> None:
    """Whether it is the user's turn is told by the numbers, as far as they are known."""
    unmet = OrderPhoneNumber(requirements_met=False)
    review = evolve(unmet, requirements_status="requirement-info-under-review")
    order = NumberOrder(id="x", status="pending", requirements_met=False)  # type: ignore[arg-type]
    assert order.awaits_requirements
    assert evolve(order, phone_numbers=(unmet, review)).awaits_requirements
    assert not evolve(order, phone_numbers=(review,)).awaits_requirements
    assert not evolve(order, requirements_met=None).awaits_requirements
    assert not evolve(order, status="failure").awaits_requirements
    assert not NumberOrder(id="x").ended


async def test_an_unknown_order_is_not_found(fake_time: FakeTime) -> None:
    """Waiting for an order that the account does not have ends at once."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises(NotFoundError):
            await client.number_orders.wait("nowhere")
    assert fake_time.slept == []


async def test_many_orders_take_one_request_a_look(fake_time: FakeTime) -> None:
    """200 orders placed together are looked at in one listing, not one by one."""
    async with orders_server() as server:
        client_of(server, fake_time)
        for number in range(200):
            commit(server, number)

        def act(slept: int) -> None:
            for row in server.placed[:50]:
                row["status"] = "success"
            if slept == 3:
                for row in server.placed:
                    row["status"] = "failure"

        client = client_of(server, fake_time, clock=at_each_sleep(fake_time, act))
        async with client:
            orders = list((await client.number_orders.list(page_size=250)).data)
            server.requests.clear()
            ended = [one async for one in client.number_orders.wait_all(orders)]
    assert server.requests == ["GET /number_orders"] * 4
    assert {one.id for one in ended} == {one.id for one in orders}
    assert [one.status for one in ended] == ["success"] * 50 + ["failure"] * 150


async def test_ids_do_as_well(fake_time: FakeTime) -> None:
    """Of ids it is not known when the orders were created; a listing finds them all the same."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        for number in range(10):
            commit(server, number, status="success")
        ids = [f"order-{number}" for number in (3, 1, 7, 3)]
        ended = [one.id async for one in client.number_orders.wait_all(ids)]
    assert sorted(ended) == ["order-1", "order-3", "order-7"]
    assert server.requests == ["GET /number_orders"]


async def test_orders_that_are_missing_hide_no_other(fake_time: FakeTime) -> None:
    """What ends is given; what the account does not have is told at the end."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        for number in range(3):
            commit(server, number, status="success")
        ended: list[str] = []
        with pytest.raises(OrdersPendingError, match="not in this account: no-1") as raised:
            async for one in client.number_orders.wait_all(
                ["order-1", "no-1", "order-2", "order-3"]
            ):
                ended.append(one.id)
    assert sorted(ended) == ["order-1", "order-2", "order-3"]
    assert raised.value.missing == ("no-1",)


async def test_in_an_old_and_large_account_single_orders_are_cheaper(fake_time: FakeTime) -> None:
    """A listing is read no further than asking for each order by itself would take requests."""
    async with orders_server() as server:
        pages: list[int] = []
        whole = server.answer

        async def paged(request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/number_orders"):
                pages.append(asked_page(request))
                rows = [{"id": f"other-{pages[-1]}-{row}"} for row in range(250)]
                return page(rows, number=pages[-1], pages=1000, results=250_000)
            return await whole(request)

        async with serve(paged) as url:
            client = client_of(server, fake_time, base_url=url, concurrency=2)
            for number in range(6):
                commit(server, number, status="success")
            ids = [f"order-{number}" for number in range(1, 7)]
            async with client:
                ended = [one.id async for one in client.number_orders.wait_all(ids)]
    assert sorted(ended) == ids
    assert len(pages) <= 6 + 3
    assert len(server.requests) == 6


async def test_no_orders_end_at_once(client: OrdersClient) -> None:
    """Waiting for nothing asks nothing."""
    assert [one async for one in client.number_orders.wait_all([])] == []
    assert client.stats.requests == 0


async def test_what_keeps_them_from_being_looked_at_is_raised(fake_time: FakeTime) -> None:
    """An API that is down for longer than the client retries ends the wait with its error."""
    policy = RetryPolicy(max_attempts=2)
    async with (
        orders_server() as server,
        client_of(server, fake_time, retry=policy) as client,
    ):
        server.listing_fails = 5
        with pytest.raises(InternalServerError):
            async for _ in client.number_orders.wait_all(["a", "b", "c"]):
                raise AssertionError("there are none")


async def test_a_server_that_is_silent_does_not_hold_the_wait() -> None:
    """The timeout counts for a request that hangs too."""
    async with orders_server() as server, no_task_left():

        async def silent(request: web.Request) -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets this event")

        async with serve(silent) as url:
            async with OrdersClient(KEY, base_url=url, trust_env=False) as client:
                with pytest.raises(OrdersPendingError):
                    await client.number_orders.wait("order-1", timeout=0.1)
    assert server.requests == []


async def test_leaving_the_loop_ends_it(fake_time: FakeTime) -> None:
    """A `break` leaves nothing running."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        for number in range(5):
            commit(server, number, status="success" if number else "pending")
        async with no_task_left():
            waiting = client.number_orders.wait_all([f"order-{n}" for n in range(1, 6)])
            async for _ in waiting:
                break
            await waiting.aclose()


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": -1},
        {"timeout": "1"},
        {"interval": None},
        {"interval": 0},
        {"max_interval": float("nan")},
    ],
)
async def test_waits_are_checked_at_once(settings: Any, client: OrdersClient) -> None:
    """What is no number of seconds is refused before anything is asked."""
    with pytest.raises((TypeError, ValueError), match=next(iter(settings))):
        client.number_orders.wait_all(["x"], **settings)
    with pytest.raises((TypeError, ValueError), match="order"):
        client.number_orders.wait_all([""])


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ("12ade33a", "orders: expected a list of orders or ids, got str '12ade33a'"),
        (b"12ade33a", "orders: expected a list of orders or ids, got bytes b'12ade33a'"),
        (5, "orders: expected a list of orders or ids, got int 5"),
        (None, "orders: expected a list of orders or ids, got NoneType None"),
        (NumberOrder(id="x"), "orders: expected a list of orders or ids, got NumberOrder "),
        (["x", 5], "orders[1]: expected a NumberOrder or an id, got int 5"),
    ],
)
async def test_what_to_wait_for_is_checked_at_once(
    orders: Any, said: str, client: OrdersClient
) -> None:
    """The characters of an id are no ids, and what is no order says so before anything is asked."""
    with pytest.raises(TypeError, match=f"^{re.escape(said)}"):
        client.number_orders.wait_all(orders)


@pytest.mark.parametrize("order", [5, None, ["x"], b"x"])
async def test_wait_is_for_an_order_or_its_id(order: Any, client: OrdersClient) -> None:
    with pytest.raises(TypeError, match=r"^order: expected a NumberOrder or an id, got "):
        await client.number_orders.wait(order)


@given(
    ends=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    spread=st.integers(0, 3600),
    as_ids=st.booleans(),
)
async def test_each_order_is_given_once_when_it_has_ended(
    ends: list[int], spread: int, as_ids: bool
) -> None:
    """Whenever orders end, each is given exactly once, ended, and none before it has."""
    time = FakeTime()
    async with orders_server() as server:
        client_of(server, time)
        start = datetime.fromtimestamp(time.now, UTC)
        for number in range(len(ends)):
            moment = start + timedelta(seconds=spread * number)
            commit(server, number, created_at=moment.isoformat())

        def act(slept: int) -> None:
            for row, end in zip(reversed(server.placed), ends, strict=True):
                if slept >= end:
                    row["status"] = "success"

        act(0)
        async with client_of(server, time, clock=at_each_sleep(time, act)) as client:
            orders = list((await client.number_orders.list()).data)
            wanted: list[Any] = [one.id for one in orders] if as_ids else orders
            given = [one async for one in client.number_orders.wait_all(wanted)]
    assert sorted(one.id for one in given) == sorted(one.id for one in orders)
    assert all(one.status == "success" for one in given)
    assert len(time.slept) == max(ends)
