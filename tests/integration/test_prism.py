"""Our requests against the vendor's OpenAPI document, as Prism judges them."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from telnyx_orders import DateRange, OrderFilter, OrdersClient, OrderStatus

BESIDE = Path(__file__).parents[3] / "shared" / "api" / "ordering.openapi.json"
DOCUMENT = Path(os.environ.get("TELNYX_OPENAPI", BESIDE))
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


async def test_our_requests_violate_nothing(prism: str) -> None:
    """Prism finds no violation in a listing with every page argument and every filter."""
    answers: list[tuple[int, str | None]] = []

    async def ended(_: object, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        response = params.response
        answers.append((response.status, response.headers.get("sl-violations")))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    everything = OrderFilter(
        status=OrderStatus.PENDING,
        created_at=DateRange(gt=moment, lt=moment.replace(year=2025)),
        phone_numbers_count=2,
        customer_reference="a & b + c = %2F 📞",
        requirements_met=True,
    )
    async with OrdersClient("KEY", base_url=prism, trace_configs=[trace]) as client:
        plain = await client.number_orders.list()
        await client.number_orders.list(page_number=3, page_size=250, filter=everything)
    assert answers == [(200, None), (200, None)]
    assert plain.data[0].status == OrderStatus.PENDING
    assert plain.meta.total_pages == 3


async def test_prism_would_have_seen_a_violation(prism: str) -> None:
    """The judge is awake: a page that is too large is refused."""
    headers = {"Authorization": "Bearer KEY"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{prism}/number_orders?page[size]=251") as response:
            assert response.status == 422
