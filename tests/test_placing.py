"""`create` and `find_placed`: an order is sent once, and what became of it is found out."""

import asyncio
import copy
import pickle
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientRequest, ClientResponse, ClientSession, web
from attrs import evolve

from telnyx_orders import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    ClientStateError,
    InternalServerError,
    OrderedNumber,
    OrderOutcomeUnknownError,
    OrdersClient,
    PlacementOutcome,
    RateLimitError,
    ResponseDecodeError,
    RetryPolicy,
    Timeout,
    UnprocessableEntityError,
)
from tests.conftest import FakeTime, no_task_left
from tests.orders_server import OrdersServer, orders_server
from tests.servers import KEY, serve

NUMBER = "+19705555000"
OTHER = "+19705555001"


def client_of(server: OrdersServer, time: FakeTime, **settings: Any) -> OrdersClient:
    server.now = lambda: datetime.fromtimestamp(time.now, UTC)
    settings = {"base_url": server.url, "trust_env": False, "clock": time.clock()} | settings
    return OrdersClient(KEY, **settings)


async def test_what_is_asked_for_is_what_is_sent(fake_time: FakeTime) -> None:
    """The body has what was given and nothing else; the answer is a typed order."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        order = await client.number_orders.create(
            [NUMBER, OrderedNumber(OTHER, requirement_group_id="group", bundle_id="bundle")],
            connection_id="c",
            messaging_profile_id="m",
            billing_group_id="b",
            customer_reference="Zürich 📞",
        )
    assert server.bodies == [
        {
            "phone_numbers": [
                {"phone_number": NUMBER},
                {"phone_number": OTHER, "requirement_group_id": "group", "bundle_id": "bundle"},
            ],
            "connection_id": "c",
            "messaging_profile_id": "m",
            "billing_group_id": "b",
            "customer_reference": "Zürich 📞",
        }
    ]
    assert (order.id, order.status, order.customer_reference) == ("order-1", "pending", "Zürich 📞")


async def test_only_numbers_are_sent_where_only_numbers_are_given(fake_time: FakeTime) -> None:
    """What is left out is not sent, not even as null. A mapping does for a number."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        await client.number_orders.create([{"phone_number": NUMBER}])
    assert server.bodies == [{"phone_numbers": [{"phone_number": NUMBER}]}]


@pytest.mark.parametrize(
    ("numbers", "error", "named"),
    [
        ([], ValueError, "at least one"),
        (["+1970 5555000"], ValueError, "E.164"),
        (["19705555000"], ValueError, "E.164"),
        (["+0705555000"], ValueError, "E.164"),
        (["+1234567890123456"], ValueError, "15 digits"),
        (["+1970555\u0665000"], ValueError, "E.164"),
        ([f"{NUMBER}\n"], ValueError, "E.164"),
        ([NUMBER, OTHER, NUMBER], ValueError, "twice"),
        ([NUMBER, OrderedNumber(NUMBER, bundle_id="b")], ValueError, "twice"),
        (NUMBER, TypeError, "a list"),
        ({"phone_number": NUMBER}, TypeError, "a list"),
        ([19705555000], TypeError, "a str"),
        (None, TypeError, "a list"),
        ([{"number": NUMBER}], ValueError, "'number'"),
        ([{}], ValueError, "'phone_number'"),
    ],
)
async def test_numbers_that_cannot_be_ordered_are_refused_at_once(
    numbers: Any, error: type[Exception], named: str, fake_time: FakeTime
) -> None:
    """A mistake in the numbers is told before anything is sent."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises(error, match=named):
            await client.number_orders.create(numbers)
    assert server.requests == []


@pytest.mark.parametrize(
    "settings",
    [
        {"connection_id": ""},
        {"customer_reference": "\ud800"},
        {"billing_group_id": 5},
        {"confirm": "yes"},
        {"settle": -1},
        {"settle": float("inf")},
    ],
)
async def test_settings_that_make_no_sense_are_refused_at_once(
    settings: Any, fake_time: FakeTime
) -> None:
    """So is one in what else is given."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises((TypeError, ValueError)):
            await client.number_orders.create([NUMBER], **settings)
    assert server.requests == []


def in_a_circle(error: BaseException) -> bool:
    """Whether following causes and contexts leads back to where one has been."""
    left: list[tuple[BaseException, ...]] = [(error,)]
    while left:
        way = left.pop()
        if way[-1] in way[:-1]:
            return True
        for one in (way[-1].__cause__, way[-1].__context__):
            if one is not None:
                left.append((*way, one))
    return False


@pytest.mark.parametrize(
    ("fate", "cause"),
    [
        ("commit 500", InternalServerError),
        ("commit 502", InternalServerError),
        ("commit 503", InternalServerError),
        ("commit 504", InternalServerError),
        ("commit reset", APIConnectionError),
        ("commit garbled", ResponseDecodeError),
        ("commit 408", Exception),
        ("commit 303", Exception),
        ("500", InternalServerError),
        ("reset", APIConnectionError),
    ],
)
async def test_what_may_have_been_placed_is_not_sent_again(
    fate: str, cause: type[Exception], fake_time: FakeTime
) -> None:
    """Where nobody knows whether the order was placed, the error says what was sent and when."""
    async with orders_server(fate) as server, client_of(server, fake_time) as client:
        with pytest.raises(OrderOutcomeUnknownError) as raised:
            await client.number_orders.create([NUMBER, OTHER], customer_reference="job-17")
    error = raised.value
    assert server.requests == ["POST /number_orders"]
    assert error.phone_numbers == (NUMBER, OTHER)
    assert error.customer_reference == "job-17"
    assert error.sent_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert isinstance(error.cause, cause)
    assert error.__cause__ is error.cause
    assert error.placement is None
    assert not error.transient
    for shown in (NUMBER, "job-17", "find_placed"):
        assert shown in str(error)
    assert not in_a_circle(error)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert str(again) == str(error)
        assert again.sent_at == error.sent_at


async def test_a_connection_that_was_used_before_makes_no_difference(fake_time: FakeTime) -> None:
    """A GET is repeated when a kept connection turns out to be closed; an order is not."""
    async with orders_server("commit reset") as server, client_of(server, fake_time) as client:
        await client.number_orders.list()
        with pytest.raises(OrderOutcomeUnknownError):
            await client.number_orders.create([NUMBER])
    assert server.requests.count("POST /number_orders") == 1


@pytest.mark.parametrize("fate", ["400", "401", "403", "404", "409", "422", "302", "307"])
async def test_what_the_api_refuses_was_not_placed(fate: str, fake_time: FakeTime) -> None:
    """A refusal is an error of its own, not one of an unknown outcome."""
    async with orders_server(fate) as server, client_of(server, fake_time) as client:
        with pytest.raises(Exception, match=fate) as raised:
            await client.number_orders.create([NUMBER], confirm=True)
    assert not isinstance(raised.value, OrderOutcomeUnknownError)
    assert server.requests == ["POST /number_orders"]


async def test_a_429_is_retried(fake_time: FakeTime) -> None:
    """Over the rate limit nothing was placed, so the order is sent again when there is room."""
    async with orders_server("429", "429") as server, client_of(server, fake_time) as client:
        order = await client.number_orders.create([NUMBER])
    assert order.id == "order-1"
    assert len(server.placed) == 1
    assert len(server.bodies) == 3


async def test_a_429_for_ever_is_a_rate_limit_error(fake_time: FakeTime) -> None:
    """And when there never is, it was not placed."""
    policy = RetryPolicy(max_attempts=3)
    async with (
        orders_server(*["429"] * 9) as server,
        client_of(server, fake_time, retry=policy) as client,
    ):
        with pytest.raises(RateLimitError):
            await client.number_orders.create([NUMBER])
    assert len(server.bodies) == 3


async def test_a_refused_connection_is_retried(fake_time: FakeTime) -> None:
    """Where there is no connection nothing was placed: it is tried again, and said so plainly."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v2"
    async with OrdersClient(KEY, base_url=url, clock=fake_time.clock(), trust_env=False) as client:
        with pytest.raises(APIConnectionError) as raised:
            await client.number_orders.create([NUMBER])
    assert raised.value.attempts == 5
    assert len(fake_time.slept) == 4


async def test_a_refusal_after_an_unknown_host_is_told_by_the_last_attempt(
    fake_time: FakeTime,
) -> None:
    """A name that cannot be looked up is no unknown outcome either."""
    async with OrdersClient(
        KEY,
        base_url="https://no-such-host.invalid/v2",
        clock=fake_time.clock(),
        trust_env=False,
        retry=RetryPolicy(max_attempts=2),
    ) as client:
        with pytest.raises(APIConnectionError) as raised:
            await client.number_orders.create([NUMBER])
    assert raised.value.attempts == 2


async def test_no_answer_in_time_is_an_unknown_outcome() -> None:
    """A request that times out may have been carried out."""
    async with orders_server("commit silence") as server:
        client = OrdersClient(KEY, base_url=server.url, trust_env=False, timeout=Timeout(read=0.2))
        async with client:
            with pytest.raises(OrderOutcomeUnknownError) as raised:
                await client.number_orders.create([NUMBER])
    assert isinstance(raised.value.cause, APITimeoutError)
    assert len(server.placed) == 1


async def test_a_client_that_is_closed_meanwhile_says_the_same() -> None:
    """Closing the client while an order is under way leaves its outcome unknown."""
    async with orders_server("commit silence") as server, no_task_left():
        client = OrdersClient(KEY, base_url=server.url, trust_env=False)
        placing = asyncio.ensure_future(client.number_orders.create([NUMBER]))
        await server.arrived.wait()
        await client.close()
        with pytest.raises(OrderOutcomeUnknownError) as raised:
            await placing
    assert isinstance(raised.value.cause, ClientStateError)


@pytest.mark.parametrize("confirm", [False, True])
async def test_cancelled_while_under_way_says_the_same(confirm: bool) -> None:
    """A cancelled task stays cancelled; the cause of it tells what was sent."""
    async with orders_server("commit silence") as server, no_task_left():
        async with OrdersClient(KEY, base_url=server.url, trust_env=False) as client:
            placing = asyncio.ensure_future(client.number_orders.create([NUMBER], confirm=confirm))
            await server.arrived.wait()
            placing.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await placing
            error = raised.value.__cause__
            assert isinstance(error, OrderOutcomeUnknownError)
            assert error.cause is None
            placement = await client.number_orders.find_placed(error)
    assert placement.outcome is PlacementOutcome.FOUND
    assert server.requests.count("POST /number_orders") == 1


async def test_a_timeout_around_it_has_the_error_in_its_chain() -> None:
    """`asyncio.timeout` turns the cancellation into a `TimeoutError`, from which it can be had."""
    async with orders_server("commit silence") as server:
        async with OrdersClient(KEY, base_url=server.url, trust_env=False) as client:
            with pytest.raises(TimeoutError) as raised:
                async with asyncio.timeout(0.2):
                    await client.number_orders.create([NUMBER])
    cancelled = raised.value.__cause__
    assert cancelled is not None
    assert isinstance(cancelled.__cause__, OrderOutcomeUnknownError)


async def test_cancelled_before_it_leaves_was_not_sent(fake_time: FakeTime) -> None:
    """Who still waits for a place among the requests in flight has sent nothing."""
    async with orders_server("commit silence") as server:
        async with OrdersClient(KEY, base_url=server.url, trust_env=False, concurrency=1) as client:
            first = asyncio.ensure_future(client.number_orders.create([NUMBER]))
            await server.arrived.wait()
            second = asyncio.ensure_future(client.number_orders.create([OTHER]))
            await asyncio.sleep(0)
            for placing in (second, first):
                placing.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await second
            assert raised.value.__cause__ is None
            with pytest.raises(asyncio.CancelledError):
                await first
    assert len(server.bodies) == 1


async def test_a_session_that_sends_again_by_itself(fake_time: FakeTime) -> None:
    """The middlewares of a borrowed session have no part in what must be sent once."""

    async def twice(
        request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        answer = await handler(request)
        return answer if answer.ok else await handler(request)

    async with orders_server("commit 500") as server, ClientSession(middlewares=(twice,)) as own:
        async with client_of(server, fake_time, session=own) as client:
            with pytest.raises(OrderOutcomeUnknownError):
                await client.number_orders.create([NUMBER])
            await client.number_orders.list()
    assert len(server.placed) == 1


async def test_an_answer_without_an_id() -> None:
    """Nobody could ask what becomes of such an order, so that it is looked up."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"data": {"id": "", "phone_numbers": []}})

    async with serve(answer) as url, OrdersClient(KEY, base_url=url, trust_env=False) as client:
        with pytest.raises(OrderOutcomeUnknownError) as raised:
            await client.number_orders.create([NUMBER])
    assert isinstance(raised.value.cause, ResponseDecodeError)


async def test_cancelled_while_its_details_are_fetched(fake_time: FakeTime) -> None:
    """An order that was found is told by the cause of the cancellation."""
    async with orders_server("commit 500") as server:
        whole, asked = server.answer, asyncio.Event()

        async def without_details(request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/order-1"):
                asked.set()
                await asyncio.Event().wait()
            return await whole(request)

        async with serve(without_details) as url:
            async with client_of(server, fake_time, base_url=url) as client:
                placing = asyncio.ensure_future(client.number_orders.create([NUMBER], confirm=True))
                await asked.wait()
                placing.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await placing
    error = raised.value.__cause__
    assert isinstance(error, OrderOutcomeUnknownError)
    assert error.placement is not None
    assert error.placement.outcome is PlacementOutcome.FOUND


async def test_confirm_with_a_client_that_is_closed() -> None:
    """It cannot look any more, and says so at once."""
    async with orders_server("commit silence") as server:
        client = OrdersClient(KEY, base_url=server.url, trust_env=False)
        placing = asyncio.ensure_future(client.number_orders.create([NUMBER], confirm=True))
        await server.arrived.wait()
        await client.close()
        async with asyncio.timeout(10):
            with pytest.raises(OrderOutcomeUnknownError) as raised:
                await placing
    assert raised.value.placement is not None
    assert raised.value.placement.outcome is PlacementOutcome.CANNOT_TELL


@pytest.mark.parametrize("settle", [-1, 1e12, float("inf")])
async def test_a_settle_that_makes_no_sense(settle: float, fake_time: FakeTime) -> None:
    """It is refused before anything is sent."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        for call in (
            client.number_orders.create([NUMBER], settle=settle),
            client.number_orders.create_many([[NUMBER]], settle=settle),
        ):
            with pytest.raises(ValueError, match="settle: expected"):
                await call
    assert server.requests == []


async def test_confirm_finds_the_order(fake_time: FakeTime) -> None:
    """With `confirm` an order that was placed after all is given, with its details."""
    async with orders_server("commit 500") as server, client_of(server, fake_time) as client:
        order = await client.number_orders.create(
            [NUMBER], customer_reference="job-17", confirm=True
        )
    assert (order.id, order.record_type) == ("order-1", "number_order")
    assert fake_time.slept == []
    assert server.requests == [
        "POST /number_orders",
        "GET /number_orders",
        "GET /number_orders/order-1",
    ]


async def test_confirm_waits_until_it_can_tell(fake_time: FakeTime) -> None:
    """An order that is not there is looked for until it can no longer come."""
    async with orders_server("500") as server, client_of(server, fake_time) as client:
        with pytest.raises(OrderOutcomeUnknownError, match="can be sent again") as raised:
            await client.number_orders.create([NUMBER], confirm=True, settle=30)
    placement = raised.value.placement
    assert placement is not None
    assert placement.outcome is PlacementOutcome.NOT_THERE
    assert sum(fake_time.slept) == 30
    assert server.requests.count("POST /number_orders") == 1


async def test_confirm_finds_an_order_that_comes_late(fake_time: FakeTime) -> None:
    """An order that the server commits only after a while is found all the same."""
    async with orders_server("500") as server:
        made = fake_time.sleep

        async def sleep(seconds: float) -> None:
            await made(seconds)
            if fake_time.now >= 1_700_000_020 and not server.placed:
                server.commit(server.bodies[0])

        clock = evolve(fake_time.clock(), sleep=sleep)
        async with client_of(server, fake_time, clock=clock) as late:
            order = await late.number_orders.create([NUMBER], confirm=True)
    assert order.id == "order-1"
    assert 20 <= sum(fake_time.slept) < 60


async def test_confirm_outlasts_a_listing_that_fails(fake_time: FakeTime) -> None:
    """While the API is down the order is looked for again; the first error is not lost."""
    policy = RetryPolicy(max_attempts=1)
    async with (
        orders_server("commit 500") as server,
        client_of(server, fake_time, retry=policy) as client,
    ):
        server.listing_fails = 3
        order = await client.number_orders.create([NUMBER], confirm=True)
        assert order.id == "order-1"
        server.script, server.listing_fails = ["commit 500"], 1000
        with pytest.raises(OrderOutcomeUnknownError, match="could not be listed") as raised:
            await client.number_orders.create([OTHER], confirm=True)
    placement = raised.value.placement
    assert placement is not None
    assert placement.outcome is PlacementOutcome.CANNOT_TELL
    assert isinstance(raised.value.cause, InternalServerError)


async def test_a_reference_that_the_filter_does_not_know_is_found_by_time(
    fake_time: FakeTime,
) -> None:
    """That the filter for references finds nothing does not mean that nothing is there."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        server.commit(
            {"phone_numbers": [{"phone_number": NUMBER}], "customer_reference": "job-17 "}
        )
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        fake_time.now += 1000
        placement = await client.number_orders.find_placed(
            [NUMBER], customer_reference="job-17", sent_at=sent_at
        )
    assert placement.outcome is PlacementOutcome.CANNOT_TELL
    assert [order.id for order in placement.orders] == ["order-1"]
    assert "another reference" in placement.reason


@pytest.mark.parametrize("ahead", [-86_400, -100, 0, 100, 86_400])
async def test_clocks_may_disagree(ahead: int, fake_time: FakeTime) -> None:
    """The server's clock is read off its answers: the order is found, however far it is off."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        server.now = lambda: datetime.fromtimestamp(fake_time.now + ahead, UTC)
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        server.commit({"phone_numbers": [{"phone_number": NUMBER}]})
        for number in range(300):  # so that it is not on the first page
            server.commit(
                {"phone_numbers": [{"phone_number": f"+1970666{number:04}"}]},
                created_at=datetime.fromtimestamp(fake_time.now + ahead + 500, UTC).isoformat(),
            )
        fake_time.now += 1000
        placement = await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
        absent = await client.number_orders.find_placed([OTHER], sent_at=sent_at)
    assert placement.outcome is PlacementOutcome.FOUND
    assert absent.outcome is PlacementOutcome.NOT_THERE


async def test_an_older_order_of_the_same_numbers_is_another(fake_time: FakeTime) -> None:
    """What was placed under the same reference long before is not what was sent now."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        server.commit({"phone_numbers": [{"phone_number": NUMBER}], "customer_reference": "job"})
        fake_time.now += 3600
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        fake_time.now += 3600
        placement = await client.number_orders.find_placed(
            [NUMBER], customer_reference="job", sent_at=sent_at
        )
    assert placement.outcome is PlacementOutcome.NOT_THERE
    assert placement.order is None


async def test_more_or_fewer_numbers_are_another_order(fake_time: FakeTime) -> None:
    """An order of some of the numbers, or of more, is not it; their order does not matter."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        both = [{"phone_number": NUMBER}, {"phone_number": OTHER}]
        server.commit({"phone_numbers": both[:1]})
        server.commit({"phone_numbers": [*both, {"phone_number": "+19705555002"}]})
        fake_time.now += 1000
        find = client.number_orders.find_placed
        assert (await find([NUMBER, OTHER], sent_at=sent_at)).outcome == "not_there"
        server.commit({"phone_numbers": both}, created_at=sent_at.isoformat())
        assert (await find([OTHER, NUMBER], sent_at=sent_at)).outcome == "found"


async def test_an_order_that_was_placed_twice_is_shown_twice(fake_time: FakeTime) -> None:
    """If something else did buy twice, both orders are given."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        for _ in range(2):
            server.commit({"phone_numbers": [{"phone_number": NUMBER}]})
        placement = await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
    assert [order.id for order in placement.orders] == ["order-2", "order-1"]
    assert "2 times" in placement.reason


async def test_a_row_without_its_numbers_is_looked_at_closely(fake_time: FakeTime) -> None:
    """Where the listing leaves the numbers out, the order itself is asked for."""
    async with orders_server() as server:
        whole = server.answer

        async def without_numbers(request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/number_orders") and request.method == "GET":
                kept = server.placed
                server.placed = [row | {"phone_numbers": None} for row in kept]
                answer = await whole(request)
                server.placed = kept
                return answer
            return await whole(request)

        async with serve(without_numbers) as url:
            client = client_of(server, fake_time, base_url=url)
            sent_at = datetime.fromtimestamp(fake_time.now, UTC)
            server.commit({"phone_numbers": [{"phone_number": NUMBER}]})
            async with client:
                placement = await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
    assert placement.outcome is PlacementOutcome.FOUND


async def test_not_there_is_not_believed_early(fake_time: FakeTime) -> None:
    """Until the request has settled, its absence says nothing; from then on it does."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        sent_at = datetime.fromtimestamp(fake_time.now, UTC)
        outcomes = []
        for seconds in (0, 59.9, 60):
            fake_time.now = sent_at.timestamp() + seconds
            placement = await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
            outcomes.append(str(placement.outcome))
            assert placement.settled_at == sent_at + timedelta(seconds=60)
    assert outcomes == ["cannot_tell", "cannot_tell", "not_there"]


@pytest.mark.parametrize("sent_at", [None, datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)])
async def test_find_placed_needs_an_aware_time(sent_at: Any, fake_time: FakeTime) -> None:
    """Without a time, or with a naive one, it is not known where to look."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises(ValueError, match="aware"):
            await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
    assert server.requests == []


@pytest.mark.parametrize("sent_at", ["2026-01-01", 1_767_225_600, date(2026, 1, 1)])
async def test_find_placed_says_what_a_time_is(sent_at: Any, fake_time: FakeTime) -> None:
    """A text, seconds or a day is no time, and is refused before anything is sent."""
    async with orders_server() as server, client_of(server, fake_time) as client:
        with pytest.raises(TypeError, match=r"^sent_at: expected a datetime, got (str|int|date) "):
            await client.number_orders.find_placed([NUMBER], sent_at=sent_at)
    assert server.requests == []


async def test_the_key_is_in_no_error(fake_time: FakeTime) -> None:
    """What a gateway sends back of the request does not show the key."""

    async def echo(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, text=request.headers["Authorization"])

    async with serve(echo) as url:
        client = OrdersClient(KEY, base_url=url, clock=fake_time.clock(), trust_env=False)
        async with client:
            with pytest.raises(OrderOutcomeUnknownError) as raised:
                await client.number_orders.create([NUMBER], customer_reference="job")
    error: BaseException | None = raised.value
    while error is not None:
        assert KEY not in f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__


async def test_retrieve_and_update(fake_time: FakeTime) -> None:
    """One order is got by its id, and changed by it; what was left out is not sent."""
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.method, request.raw_path, await request.text()))
        return web.json_response({"data": {"id": "a/b", "customer_reference": "new"}})

    async with serve(answer) as url:
        client = OrdersClient(KEY, base_url=url, clock=fake_time.clock(), trust_env=False)
        async with client:
            assert (await client.number_orders.retrieve("a/b")).id == "a/b"
            changed = await client.number_orders.update("a/b", customer_reference="new")
            values = [{"requirement_id": "r", "field_value": "v"}]
            await client.number_orders.update("x", regulatory_requirements=values)
    assert changed.customer_reference == "new"
    assert seen == [
        ("GET", "/v2/number_orders/a%2Fb", ""),
        ("PATCH", "/v2/number_orders/a%2Fb", '{"customer_reference": "new"}'),
        (
            "PATCH",
            "/v2/number_orders/x",
            '{"regulatory_requirements": [{"requirement_id": "r", "field_value": "v"}]}',
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, "what to change"),
        ({"customer_reference": ""}, "customer_reference"),
        ({"regulatory_requirements": []}, "at least one"),
        ({"regulatory_requirements": [{"requirement_id": "r"}]}, r"\[0\].*field_value"),
        ({"regulatory_requirements": {"requirement_id": "r"}}, "a list"),
    ],
)
async def test_changes_are_checked_before_they_are_sent(
    changes: Any, named: str, client: OrdersClient
) -> None:
    """A change that says nothing, or lacks a value, is refused at once."""
    with pytest.raises((TypeError, ValueError), match=named):
        await client.number_orders.update("some-id", **changes)
    assert client.stats.requests == 0


@pytest.mark.parametrize("bad", ["", " ", ".", "..", "\ud800", None, 5])
async def test_an_id_cannot_lead_elsewhere(bad: Any, client: OrdersClient) -> None:
    """What is no id is refused before it becomes part of a path."""
    with pytest.raises((TypeError, ValueError), match="id"):
        await client.number_orders.retrieve(bad)
    assert client.stats.requests == 0


async def test_an_update_is_retried(fake_time: FakeTime) -> None:
    """A change sets what it sets however often it is made, so it is sent again after a 5xx."""
    answers = [500, 503, 200]

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": {"id": "x"}}, status=answers.pop(0))

    async with serve(answer) as url:
        client = OrdersClient(KEY, base_url=url, clock=fake_time.clock(), trust_env=False)
        async with client:
            await client.number_orders.update("x", customer_reference="new")
    assert answers == []


async def test_errors_of_the_api_are_typed(fake_time: FakeTime) -> None:
    """400 and 422 are the errors they are for a listing."""
    async with orders_server("400", "422") as server, client_of(server, fake_time) as client:
        with pytest.raises(BadRequestError):
            await client.number_orders.create([NUMBER])
        with pytest.raises(UnprocessableEntityError):
            await client.number_orders.create([NUMBER])
