"""What the fixtures do, whatever runs their event loop."""

from collections.abc import AsyncGenerator

import pytest

from telnyx_orders.client import OrdersClient
from telnyx_orders.retry import RetryPolicy
from telnyx_orders.sandbox import Sandbox
from telnyx_orders.testing.plugin import SETTINGS

__all__ = ["orders_client", "telnyx_sandbox"]


async def telnyx_sandbox(request: pytest.FixtureRequest) -> AsyncGenerator[Sandbox]:
    """Run a sandbox with the settings of the test."""
    async with Sandbox(**request.node.stash[SETTINGS]["telnyx_sandbox"]) as sandbox:
        yield sandbox


async def orders_client(request: pytest.FixtureRequest) -> AsyncGenerator[OrdersClient]:
    """Open a client with the settings of the test."""
    settings = {"retry": RetryPolicy(backoff_base=0)} | request.node.stash[SETTINGS][
        "orders_client"
    ]
    async with OrdersClient(**settings) as client:
        yield client
