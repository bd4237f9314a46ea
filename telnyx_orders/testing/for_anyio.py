"""The fixtures for tests that anyio runs."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from telnyx_orders.client import OrdersClient
    from telnyx_orders.sandbox import Sandbox


@pytest.fixture
async def _telnyx_sandbox_anyio(
    request: pytest.FixtureRequest, anyio_backend_name: str
) -> "AsyncGenerator[Sandbox]":
    if anyio_backend_name != "asyncio":
        pytest.fail(
            f"the client runs on asyncio, not on {anyio_backend_name}: have a fixture "
            '`anyio_backend` that returns "asyncio"'
        )
    from telnyx_orders.testing import fixtures

    async for sandbox in fixtures.telnyx_sandbox(request):
        yield sandbox


@pytest.fixture
async def _orders_client_anyio(
    request: pytest.FixtureRequest,
) -> "AsyncGenerator[OrdersClient]":
    from telnyx_orders.testing import fixtures

    async for client in fixtures.orders_client(request):
        yield client
