"""A sandbox starts, stops and stands beside others without leaving anything behind."""

import asyncio
import gc
import socket
import weakref

import aiohttp
import pytest

from telnyx_orders.sandbox import DEFAULT_API_KEY, Fault, Faults, Sandbox
from tests.conftest import until


def client(sandbox: Sandbox) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.api_key}"})


async def total(sandbox: Sandbox) -> int:
    async with client(sandbox) as session, session.get(f"{sandbox.base_url}/number_orders") as page:
        return (await page.json())["meta"]["total_results"]


async def test_a_sandbox_is_an_async_context_manager():
    """Inside the block it answers at `base_url`, with the default key."""
    async with Sandbox(12) as sandbox:
        assert sandbox.base_url.startswith("http://127.0.0.1:")
        assert sandbox.base_url.endswith("/v2")
        assert sandbox.api_key == DEFAULT_API_KEY
        assert await total(sandbox) == 12


async def test_base_url_needs_a_running_sandbox():
    """Before the start and after the stop there is no URL, and the error says what to do."""
    sandbox = Sandbox(1)
    with pytest.raises(RuntimeError, match="async with Sandbox"):
        _ = sandbox.base_url
    async with sandbox:
        assert sandbox.base_url
    with pytest.raises(RuntimeError, match="not listening"):
        _ = sandbox.base_url


async def test_starting_twice_is_an_error():
    """A running sandbox refuses to start, and goes on running."""
    async with Sandbox(3) as sandbox:
        with pytest.raises(RuntimeError, match="already listening at http://127"):
            await sandbox.start()
        assert await total(sandbox) == 3


async def test_stopping_may_be_repeated():
    """Stopping a stopped sandbox, or one never started, does nothing."""
    sandbox = Sandbox(3)
    await sandbox.stop()
    await sandbox.start()
    await sandbox.stop()
    await sandbox.stop()


async def test_a_stopped_sandbox_can_start_again():
    """It keeps its orders, and its port if one was given: an outage to test with."""
    async with Sandbox(3, port=free_port()) as sandbox:
        url = sandbox.base_url
        new = sandbox.insert()
        await sandbox.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            async with client(sandbox) as session, session.get(f"{url}/number_orders"):
                pass
        await sandbox.start()
        assert sandbox.base_url == url
        assert await total(sandbox) == 4
        assert sandbox.order_ids()[0] == new


async def test_a_port_in_use_is_an_os_error():
    """The error names the address, and the sandbox can still be started elsewhere."""
    async with Sandbox(1) as first:
        port = int(first.base_url.removesuffix("/v2").rpartition(":")[2])
        second = Sandbox(1, port=port)
        with pytest.raises(OSError, match=f"{port}"):
            await second.start()
        with pytest.raises(RuntimeError, match="not listening"):
            _ = second.base_url
    await second.start()
    await second.stop()


async def test_two_sandboxes_know_nothing_of_each_other():
    """Each has its own orders, key and counters."""
    async with Sandbox(5, 1, api_key="KEYone") as one, Sandbox(9, 2, api_key="KEYtwo") as two:
        assert await total(one) == 5
        assert await total(two) == 9
        one.insert()
        assert len(two.order_ids()) == 9
        assert one.counters.requests == two.counters.requests == 1
        async with client(one) as session, session.get(f"{two.base_url}/number_orders") as answer:
            assert answer.status == 401


async def test_stopping_does_not_wait_for_silent_requests():
    """Requests that are never answered end with the sandbox, and leave no task behind."""
    before = asyncio.all_tasks()
    sandbox = Sandbox(5, faults=Faults(rate=1, kinds=(Fault.SILENCE,)))
    await sandbox.start()
    async with client(sandbox) as session:

        async def ask() -> None:
            async with session.get(f"{sandbox.base_url}/number_orders"):
                pytest.fail("silence was broken")

        requests = [asyncio.create_task(ask()) for _ in range(20)]
        await until(lambda: sandbox.counters.in_flight == 20)
        async with asyncio.timeout(5):
            await sandbox.stop()
        assert sandbox.counters.in_flight == 0
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert all(isinstance(result, aiohttp.ClientError) for result in results)
    assert asyncio.all_tasks() == before


async def test_stopping_does_not_wait_for_latency_or_slow_answers():
    """Requests that are being delayed, or sent piece by piece, are cut short."""
    before = asyncio.all_tasks()
    slow = Faults(script=[Fault.SLOW_BYTES], slow_interval=3600)
    sandbox = Sandbox(100, faults=slow)
    await sandbox.start()
    async with client(sandbox) as session:
        url = f"{sandbox.base_url}/number_orders"
        async with session.get(url) as trickling:
            sandbox.latency = 3600
            delayed = asyncio.create_task(session.get(url).__aenter__())
            await until(lambda: sandbox.counters.in_flight == 2)
            async with asyncio.timeout(5):
                await sandbox.stop()
            with pytest.raises(aiohttp.ClientError):
                await trickling.read()
        with pytest.raises(aiohttp.ClientError):
            await delayed
    assert asyncio.all_tasks() == before


async def test_stopping_closes_idle_connections():
    """Kept-alive connections do not outlive the sandbox, nor do their tasks."""
    before = asyncio.all_tasks()
    sandbox = Sandbox(5)
    await sandbox.start()
    async with client(sandbox) as session:
        async with session.get(f"{sandbox.base_url}/number_orders") as answer:
            await answer.read()
        await sandbox.stop()
    assert asyncio.all_tasks() == before


async def test_an_ipv6_host_is_bracketed():
    """The URL of a sandbox on an IPv6 address can be used as it is."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    async with Sandbox(2, host="::1") as sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert await total(sandbox) == 2


async def test_a_sandbox_that_is_done_with_is_gone():
    """The account of a sandbox that nobody holds any more is not kept in memory."""
    async with Sandbox(12) as sandbox:
        assert await total(sandbox) == 12
    gone = weakref.ref(sandbox)
    account = weakref.ref(sandbox._account)
    del sandbox
    gc.collect()
    assert gone() is None
    assert account() is None


async def test_a_hundred_thousand_orders_are_served():
    """The last page of a large account is as good as the first."""
    async with (
        Sandbox(100_000) as sandbox,
        client(sandbox) as session,
        session.get(f"{sandbox.base_url}/number_orders?page[size]=250&page[number]=400") as page,
    ):
        assert [row["id"] for row in (await page.json())["data"]] == sandbox.order_ids()[-250:]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
