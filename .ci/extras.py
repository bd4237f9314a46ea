"""Use what one extra brings, in an environment that has only this one: `extras.py NAME`."""

import asyncio
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from telnyx_orders import Clock, OrdersClient, export
from telnyx_orders.sandbox import Sandbox, SigningKey


async def main(extra: str) -> None:
    """Use one extra, with a sandbox as the API."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(500))
        client = await stack.enter_async_context(
            OrdersClient(sandbox.api_key, base_url=sandbox.base_url)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if extra == "speedups":
            await client.number_orders.list().collect()
            assert {"msgspec", "orjson"} <= set(sys.modules)
        elif extra == "cli":
            command = Path(sys.executable).parent / "telnyx-orders"
            counted = await asyncio.to_thread(
                subprocess.check_output, [command, "count", "--sandbox"], text=True
            )
            assert counted == "2000\n"
        elif extra == "webhooks":
            from telnyx_orders.webhooks import WebhookVerifier

            body = b'{"data": {"id": "e", "event_type": "number_order.complete", "payload": {}}}'
            headers = SigningKey().signed(body, 1_700_000_000)
            verifier = WebhookVerifier(sandbox.public_key, clock=Clock(now=lambda: 1_700_000_000))
            assert verifier.unwrap(body, headers).id == "e"
        elif extra == "arrow":
            report = await export(client.number_orders.list(), folder / "orders.parquet")
            assert report.orders == 500
        elif extra == "dask":
            from distributed import LocalCluster

            from telnyx_orders.fleet import Account, export_accounts

            one = Account(name="one", api_key=sandbox.api_key, base_url=sandbox.base_url)
            cluster = await stack.enter_async_context(
                LocalCluster(n_workers=1, dashboard_address=":0", asynchronous=True)
            )
            summary = await export_accounts([one], folder, cluster=cluster)
            assert not summary.failed, summary
        elif extra == "otel":
            from telnyx_orders.otel import OpenTelemetryObserver

            async with OrdersClient(
                sandbox.api_key, base_url=sandbox.base_url, observer=OpenTelemetryObserver()
            ) as observed:
                await observed.number_orders.list().collect()
        else:
            raise SystemExit(f"there is no extra {extra}")
    print(f"{extra} works alone")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
