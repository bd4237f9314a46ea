"""Our requests against the vendor's OpenAPI document, as Prism judges them."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from telnyx_orders import (
    DateRange,
    IncompleteFetchError,
    NewOrder,
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderedNumber,
    OrderFilter,
    OrdersClient,
    OrdersPendingError,
    OrderStatus,
    PlacementOutcome,
    SubNumberOrder,
    SubNumberOrderFilter,
)

DOCUMENT = Path(os.environ.get("TELNYX_OPENAPI", ""))
PRISM = shutil.which("prism")

pytestmark = [
    pytest.mark.skipif(
        not DOCUMENT.is_file(), reason="TELNYX_OPENAPI does not name the vendor's OpenAPI document"
    ),
    pytest.mark.skipif(
        PRISM is None, reason="no `prism` on the PATH (npm install -g @stoplight/prism-cli)"
    ),
]


@pytest.fixture
async def prism() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        str(PRISM),
        *("mock", "--errors", "--port", str(port), str(DOCUMENT)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"Prism is listening" not in (line := await process.stdout.readline()):
            assert line, "Prism ended before it listened"
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.communicate()


Answers = list[tuple[str, int, str | None]]
"""Of each request its method, the status of the answer, and what Prism says is wrong with it."""


@pytest.fixture
def answers() -> Answers:
    return []


@pytest.fixture
async def client(prism: str, answers: Answers) -> AsyncIterator[OrdersClient]:
    """A client of Prism that keeps what Prism finds."""

    async def ended(_: object, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        response = params.response
        answers.append((params.method, response.status, response.headers.get("sl-violations")))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    async with OrdersClient("KEY", base_url=prism, trace_configs=[trace]) as client:
        yield client


async def test_our_requests_violate_nothing(client: OrdersClient, answers: Answers) -> None:
    """Prism finds no violation in a listing with every page argument and every filter."""
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    everything = OrderFilter(
        status=OrderStatus.PENDING,
        created_at=DateRange(gt=moment, lt=moment.replace(year=2025)),
        phone_numbers_count=2,
        customer_reference="a & b + c = %2F 📞",
        requirements_met=True,
    )
    plain = await client.number_orders.list()
    await client.number_orders.list(page_number=3, page_size=250, filter=everything)
    assert answers == [("GET", 200, None), ("GET", 200, None)]
    assert plain.data[0].status == OrderStatus.PENDING
    assert plain.meta.total_pages == 3


ID = "12ade33a-21c0-473b-b055-b3c836e1c292"
GROUP = "a4b201f9-8646-4e54-a7d2-b2e403eeaf8c"
VALUES = [{"requirement_id": ID, "field_value": "Elm Street 1"}]
NUMBERS = [
    "+19705555098",
    OrderedNumber("+492111609539", requirement_group_id=GROUP, bundle_id=ID),
]


Call = Callable[[OrdersClient], Awaitable[object]]

# Every call of one request and one resource: its method, what it is, and what comes of it.
CALLS: list[tuple[str, Call, type]] = [
    ("POST", lambda client: client.number_orders.create(["+19705555098"]), NumberOrder),
    (
        "POST",
        lambda client: client.number_orders.create(
            NUMBERS,
            connection_id="346789098765567",
            messaging_profile_id="abc85f64-5717-4562-b3fc-2c9600",
            billing_group_id="abc85f64-5717-4562-b3fc-2c9600",
            customer_reference="MY REF 001",
        ),
        NumberOrder,
    ),
    ("GET", lambda client: client.number_orders.retrieve(ID), NumberOrder),
    (
        "PATCH",
        lambda client: client.number_orders.update(
            ID, customer_reference="MY REF 002", regulatory_requirements=VALUES
        ),
        NumberOrder,
    ),
    ("GET", lambda client: client.sub_number_orders.retrieve(ID), SubNumberOrder),
    (
        "GET",
        lambda client: client.sub_number_orders.retrieve(ID, include_phone_numbers=True),
        SubNumberOrder,
    ),
    (
        "PATCH",
        lambda client: client.sub_number_orders.update(ID, regulatory_requirements=VALUES),
        SubNumberOrder,
    ),
    ("PATCH", lambda client: client.sub_number_orders.cancel(ID), SubNumberOrder),
    (
        "POST",
        lambda client: client.sub_number_orders.update_requirement_group(
            ID, requirement_group_id=GROUP
        ),
        SubNumberOrder,
    ),
    ("GET", lambda client: client.number_order_phone_numbers.retrieve(ID), NumberOrderPhoneNumber),
    (
        "PATCH",
        lambda client: client.number_order_phone_numbers.update(ID, regulatory_requirements=VALUES),
        NumberOrderPhoneNumber,
    ),
    (
        "POST",
        lambda client: client.number_order_phone_numbers.update_requirement_group(
            ID, requirement_group_id=GROUP
        ),
        NumberOrderPhoneNumber,
    ),
]


async def test_no_call_violates_anything(client: OrdersClient, answers: Answers) -> None:
    """Prism finds no violation in a call, and its examples are typed."""
    for method, call, expected in CALLS:
        assert type(await call(client)) is expected
        assert answers.pop() == (method, 200, None)
        assert answers == []


async def test_many_orders_violate_nothing(client: OrdersClient, answers: Answers) -> None:
    """Prism finds no violation in orders that are placed together."""
    await client.number_orders.create_many([NewOrder(["+19705555098"]), ["+492111609539"]])
    assert answers == [("POST", 200, None)] * 2


async def test_looking_and_waiting_violate_nothing(client: OrdersClient, answers: Answers) -> None:
    """Prism finds no violation in the listings that look for orders, and wait for them."""
    moment = datetime(2026, 2, 1, 12, tzinfo=UTC)
    orders = client.number_orders
    placement = await orders.find_placed(
        ["+19705555098"], customer_reference="MY REF 001", sent_at=moment
    )
    assert placement.outcome is not PlacementOutcome.FOUND
    with pytest.raises(OrdersPendingError):
        await orders.wait(ID, timeout=0)
    with pytest.raises(OrdersPendingError):
        async for _ in orders.wait_all([ID, GROUP], timeout=0):
            pytest.fail("no order of Prism's example has ended")
    assert len(answers) >= 3
    assert {answer[0] for answer in answers} == {"GET"}
    assert [violation for _, _, violation in answers if violation] == []


async def test_listings_in_one_answer_violate_nothing(
    client: OrdersClient, answers: Answers
) -> None:
    """Prism finds no violation in them; its examples give one row of 55, so they are errors."""
    everything = SubNumberOrderFilter(
        status=OrderStatus.PENDING,
        order_request_id=ID,
        country_code="US",
        phone_number_type="local",
        phone_numbers_count=1,
    )
    parts, numbers = client.sub_number_orders, client.number_order_phone_numbers
    for listing, row_type in (
        (parts.list(), SubNumberOrder),
        (parts.list(filter=everything, include_phone_numbers=True), SubNumberOrder),
        (numbers.list(), NumberOrderPhoneNumber),
        (numbers.list(filter={"country_code": "US"}), NumberOrderPhoneNumber),
    ):
        with pytest.raises(IncompleteFetchError) as caught:
            await listing
        assert [type(row) for row in caught.value.orders] == [row_type]
        assert answers.pop() == ("GET", 200, None)


async def test_prism_would_have_seen_a_violation(prism: str) -> None:
    """The judge is awake: a page that is too large is refused, and a group that is no group."""
    headers = {"Authorization": "Bearer KEY"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{prism}/number_orders?page[size]=251") as response:
            assert response.status == 422
        path = f"{prism}/sub_number_orders/{ID}/requirement_group"
        async with session.post(path, json={"requirement_group_id": 3}) as response:
            assert response.status == 422
