"""Which account a command works on: that of the environment, or of a built-in sandbox."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from telnyx_orders import ConfigurationError, OrdersClient
from telnyx_orders.configuration import api_key, base_url, key_ending
from telnyx_orders.errors import KEY_PAGE
from telnyx_orders.sandbox import Sandbox

__all__ = ["account_shown", "built_in_sandbox", "orders_client"]

SANDBOX_ORDERS = 2000
SANDBOX_LATENCY = (0.1, 0.6)
"""Seconds; enough for the progress to be seen."""


def built_in_sandbox() -> Sandbox:
    """Make the sandbox of `--sandbox`: its orders are the same each time."""
    return Sandbox(SANDBOX_ORDERS, latency=SANDBOX_LATENCY)


@asynccontextmanager
async def orders_client(
    sandbox: Sandbox | None, **settings: Any
) -> AsyncGenerator[OrdersClient, None]:
    """Give a client of a sandbox, which runs as long, or of the account of the environment.

    Args:
        sandbox: The sandbox, if it is not to be the account.
        settings: Of the `OrdersClient`.

    Raises:
        ConfigurationError: There is no key, or the environment cannot be used.
    """
    if sandbox is not None:
        async with (
            sandbox,
            OrdersClient(
                sandbox.api_key,
                base_url=sandbox.base_url,
                trust_env=False,
                **settings,
            ) as client,
        ):
            yield client
        return
    _check_key()
    async with OrdersClient(**settings) as client:
        yield client


def account_shown(*, sandbox: bool) -> str:
    """Name the account before money is spent: the end of its key, and the server.

    Raises:
        ConfigurationError: There is no key, or the environment cannot be used.
    """
    if sandbox:
        return "in the built-in sandbox"
    _check_key()
    return f"with the key {key_ending(api_key(None))} at {base_url(None, allow_insecure=False)}"


def _check_key() -> None:
    if not os.environ.get("TELNYX_API_KEY"):
        # The client's own message offers an argument, where a key would show in `ps`.
        raise ConfigurationError(
            "there is no API key: set TELNYX_API_KEY, or try it out with --sandbox. "
            f"Keys are made at {KEY_PAGE}"
        )
