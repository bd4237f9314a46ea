"""The fixtures for tests that pytest-asyncio runs: one for each event loop it has."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from telnyx_orders.client import OrdersClient
    from telnyx_orders.sandbox import Sandbox

LoopScope = Literal["function", "class", "module", "package", "session"]

SCOPES: Final[tuple[LoopScope, ...]] = ("function", "class", "module", "package", "session")


def _sandbox_in(scope: LoopScope) -> Callable[..., object]:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"_telnyx_sandbox_asyncio_{scope}")
    async def sandbox(request: pytest.FixtureRequest) -> "AsyncGenerator[Sandbox]":
        from telnyx_orders.testing import fixtures

        async for one in fixtures.telnyx_sandbox(request):
            yield one

    return sandbox


def _client_in(scope: LoopScope) -> Callable[..., object]:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"_orders_client_asyncio_{scope}")
    async def client(request: pytest.FixtureRequest) -> "AsyncGenerator[OrdersClient]":
        from telnyx_orders.testing import fixtures

        async for one in fixtures.orders_client(request):
            yield one

    return client


for _scope in SCOPES:
    globals()[f"sandbox_{_scope}"] = _sandbox_in(_scope)
    globals()[f"client_{_scope}"] = _client_in(_scope)
