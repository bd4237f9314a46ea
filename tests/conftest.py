"""What the tests share: a sandbox, clients of it, and a clock that does not wait."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from attrs import Factory, define
from hypothesis import HealthCheck, settings

from telnyx_orders import Clock, OrdersClient
from telnyx_orders.sandbox import Sandbox

settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

MakeClient = Callable[..., OrdersClient]


@define
class FakeTime:
    """A clock whose sleeps are recorded and over at once; chance is always 1."""

    now: float = 1_700_000_000.0
    slept: list[float] = Factory(list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.now,
            now=lambda: self.now,
            sleep=self.sleep,
            random=lambda: 1.0,
        )


@pytest.fixture(autouse=True, scope="session")
def _programs_can_be_interrupted() -> None:
    """Started in the background, a shell has SIGINT ignored, and so would the programs we test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        ours = name.startswith("TELNYX_") and name != "TELNYX_OPENAPI"
        if ours or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=1000) as running:
        yield running


@pytest.fixture
async def session(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain session that the sandbox lets in."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


@pytest.fixture
async def make_client(sandbox: Sandbox, fake_time: FakeTime) -> AsyncIterator[MakeClient]:
    """Makes clients of the sandbox that wait for nothing, and closes them."""
    made: list[OrdersClient] = []

    def make(**settings: object) -> OrdersClient:
        defaults = {
            "base_url": sandbox.base_url,
            "trust_env": False,
            "clock": fake_time.clock(),
        }
        client = OrdersClient(sandbox.api_key, **{**defaults, **settings})  # type: ignore[arg-type]
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def client(make_client: MakeClient) -> OrdersClient:
    return make_client()


def names_in(folder: Path) -> list[str]:
    """The names of what a folder holds."""
    return sorted(one.name for one in folder.iterdir())


async def until(reached: Callable[[], object]) -> None:
    """Let the loop turn until something has come so far."""
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0)


@asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    """Fails if its block leaves a task behind that it did not find, but those of the servers.

    What is being ended gets a few turns of the loop for it, and no time.
    """
    before = asyncio.all_tasks()
    yield
    for _ in range(20):
        await asyncio.sleep(0)
    left = {
        task
        for task in asyncio.all_tasks() - before
        if not task.done() and not re.search("RequestHandler|serve_raw", repr(task.get_coro()))
    }
    assert not left, f"left running: {left}"
