"""The guide's arq worker, with jobs in a Redis that is started for it."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from arq import Worker, create_pool
from arq.connections import RedisSettings

from telnyx_orders import OrdersClient, RetryPolicy
from telnyx_orders.sandbox import Fault, Faults, Sandbox

pytestmark = pytest.mark.filterwarnings(
    "ignore:Call to deprecated close:DeprecationWarning"
)  # arq's

GUIDE = Path(__file__).parents[2] / "docs" / "workers.md"

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[RedisSettings]:
    """Run a Redis that keeps nothing, at a socket in a folder."""
    if SERVER is None:
        pytest.skip("there is no redis-server or valkey-server here; arq's jobs live in one")
    socket = folder / "redis.sock"
    process = await asyncio.create_subprocess_exec(
        *(SERVER, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"),
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            async for line in process.stdout:
                if b"eady to accept connections" in line and socket.exists():
                    break
        yield RedisSettings(unix_socket_path=str(socket))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@pytest.fixture
def jobs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the guide's block, whose client finds the sandbox."""
    monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    [source] = [block for block in blocks if "WorkerSettings" in block]
    names: dict[str, Any] = {"__name__": "jobs"}
    exec(compile(source, str(GUIDE), "exec"), names)
    return names


def worker(settings: Any, where: RedisSettings) -> Worker:
    """The worker that `arq` would run, which ends when no job is left."""
    return Worker(
        functions=settings.functions,
        on_startup=settings.on_startup,
        on_shutdown=settings.on_shutdown,
        redis_settings=where,
        burst=True,
        poll_delay=0.01,
        handle_signals=False,
    )


async def test_a_job(jobs: dict[str, Any], sandbox: Sandbox, tmp_path: Path) -> None:
    """Three jobs share a client; each finds the orders that are pending for long."""
    limit = datetime.now(UTC) - timedelta(days=700)
    pending = [
        row["id"]
        for row in sandbox.rows()
        if row["status"] == "pending" and datetime.fromisoformat(row["created_at"]) < limit
    ]
    assert pending
    async with redis(tmp_path) as where:
        pool = await create_pool(where)
        asked = [await pool.enqueue_job("pending_since", 700) for _ in range(3)]
        one = worker(jobs["WorkerSettings"], where)
        await one.async_run()
        assert (one.jobs_complete, one.jobs_failed) == (3, 0)
        results = [await job.result() for job in asked if job is not None]
        await one.close()
        await pool.aclose()
    assert results == [pending] * 3


async def test_a_job_that_the_rate_limit_holds_comes_back(
    jobs: dict[str, Any], sandbox: Sandbox, tmp_path: Path
) -> None:
    """The job is put off by as long as the API asks, and then succeeds."""
    once = RetryPolicy(max_attempts=1)
    jobs["OrdersClient"] = partial(OrdersClient, retry=once)
    sandbox.faults = Faults(script=(Fault.TOO_MANY_REQUESTS,), retry_after="0.2")
    async with redis(tmp_path) as where:
        pool = await create_pool(where)
        job = await pool.enqueue_job("pending_since", 700)
        one = worker(jobs["WorkerSettings"], where)
        await one.async_run()
        assert (one.jobs_complete, one.jobs_retried) == (1, 1)
        assert job is not None
        assert await job.result()
        await one.close()
        await pool.aclose()
