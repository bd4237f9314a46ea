"""The vendor's own SDK reads the sandbox as it reads the API: the sandbox speaks its language."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import telnyx

from telnyx_orders.sandbox import Drift, Fault, Faults, RateLimit, Sandbox

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=130, seed=11) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[telnyx.AsyncTelnyx]:
    async with telnyx.AsyncTelnyx(
        api_key=sandbox.api_key, base_url=sandbox.base_url, max_retries=0
    ) as client:
        yield client


def as_row(order: Any) -> dict[str, Any]:
    """An order of the SDK as the JSON it came from, with times as `datetime`."""
    return order.to_dict(mode="python")


def as_expected(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: datetime.fromisoformat(value) if key in ("created_at", "updated_at") else value
        for key, value in row.items()
    }


async def test_the_async_client_reads_every_order(sandbox, client):
    """Auto-paging gives all orders, in order, with all their fields."""
    orders = [order async for order in client.number_orders.list(page_size=25)]
    assert [order.id for order in orders] == sandbox.order_ids()
    assert [as_row(order) for order in orders] == [as_expected(row) for row in sandbox.rows()]
    assert sandbox.counters.pages == [(number, 25) for number in range(1, 7)]


async def test_the_sync_client_reads_every_order(sandbox):
    """The synchronous client sees the same."""

    def read() -> list[Any]:
        with telnyx.Telnyx(
            api_key=sandbox.api_key, base_url=sandbox.base_url, max_retries=0
        ) as client:
            return list(client.number_orders.list(page_size=50))

    orders = await asyncio.to_thread(read)
    assert [as_row(order) for order in orders] == [as_expected(row) for row in sandbox.rows()]


async def test_the_client_reads_an_empty_account():
    """No orders are no error."""
    async with (
        Sandbox(orders=0) as sandbox,
        telnyx.AsyncTelnyx(api_key=sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        assert [order async for order in client.number_orders.list()] == []


async def test_the_client_filters(sandbox, client):
    """Each filter, in the vendor's encoding, leaves what it says."""
    rows = list(sandbox.rows())
    reference = next(row["customer_reference"] for row in rows if row.get("customer_reference"))
    early, late = str(rows[90]["created_at"]), str(rows[30]["created_at"])
    cases: list[tuple[dict[str, Any], list[dict[str, object]]]] = [
        ({"status": "pending"}, [row for row in rows if row["status"] == "pending"]),
        (
            {"phone_numbers_count": "2"},
            [row for row in rows if row["phone_numbers_count"] == 2],
        ),
        ({"requirements_met": False}, [row for row in rows if not row["requirements_met"]]),
        (
            {"customer_reference": reference},
            [row for row in rows if row.get("customer_reference") == reference],
        ),
        ({"created_at": {"gt": early, "lt": late}}, rows[31:90]),
        (
            {"status": "success", "requirements_met": True, "created_at": {"gt": early}},
            [row for row in rows[:90] if row["status"] == "success"],
        ),
    ]
    for filters, expected in cases:
        found = [order.id async for order in client.number_orders.list(filter=filters)]
        assert found == [row["id"] for row in expected]
        assert found


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.INTERNAL_ERROR, telnyx.InternalServerError),
        (Fault.BAD_GATEWAY, telnyx.InternalServerError),
        (Fault.UNAVAILABLE, telnyx.InternalServerError),
        (Fault.GATEWAY_TIMEOUT, telnyx.InternalServerError),
        (Fault.REQUEST_TIMEOUT, telnyx.APIStatusError),
        (Fault.TOO_MANY_REQUESTS, telnyx.RateLimitError),
        (Fault.RESET, telnyx.APIConnectionError),
    ],
)
async def test_faults_raise_the_errors_of_the_client(fault, error, sandbox, client):
    """A broken answer raises what the SDK raises for the API's."""
    sandbox.faults = Faults(script=[fault])
    with pytest.raises(error):
        await client.number_orders.list()


async def test_the_client_retries_what_it_retries(sandbox, client):
    """With retries on, the SDK gets over a bad gateway by itself."""
    sandbox.faults = Faults(script=[Fault.BAD_GATEWAY], retry_after="0")
    page = await client.with_options(max_retries=1).number_orders.list()
    assert len(page.data) == 20
    assert sandbox.counters.by_status == {502: 1, 200: 1}


async def test_a_wrong_key_is_an_authentication_error(sandbox):
    """401 raises `AuthenticationError` with the API's code."""
    async with telnyx.AsyncTelnyx(
        api_key="KEYwrong", base_url=sandbox.base_url, max_retries=0
    ) as client:
        with pytest.raises(telnyx.AuthenticationError) as caught:
            await client.number_orders.list()
    assert "10009" in str(caught.value)


async def test_an_unknown_path_is_a_not_found_error(sandbox):
    """404 raises `NotFoundError`."""
    async with telnyx.AsyncTelnyx(
        api_key=sandbox.api_key, base_url=f"{sandbox.base_url}/nowhere", max_retries=0
    ) as client:
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            await client.number_orders.list()


async def test_a_bad_page_is_an_unprocessable_entity_error(client):
    """422 raises `UnprocessableEntityError`."""
    with pytest.raises(telnyx.UnprocessableEntityError, match="10015"):
        await client.number_orders.list(page_size=251)


async def test_a_bad_filter_is_a_bad_request_error(client):
    """400 raises `BadRequestError`."""
    with pytest.raises(telnyx.BadRequestError, match="10015"):
        await client.number_orders.list(filter={"status": "happy"})


async def test_the_rate_limit_is_a_rate_limit_error(sandbox, client):
    """429 raises `RateLimitError`, with the headers of the limit."""
    sandbox.rate_limit = RateLimit(requests=1, window=3600)
    await client.number_orders.list()
    with pytest.raises(telnyx.RateLimitError, match="10011") as caught:
        await client.number_orders.list()
    assert caught.value.response.headers["x-ratelimit-limit"] == "1, 1;w=3600"


async def test_drift_makes_the_client_read_rows_twice(sandbox, client):
    """Paging by number over a listing that grows repeats rows: what a sandbox is there to show."""
    sandbox.drift = Drift(insert=1)
    ids = [order.id async for order in client.number_orders.list(page_size=20)]
    assert len(ids) > len(set(ids))
