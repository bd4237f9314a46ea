"""Exports of accounts of any shape: bursts, orders without a time, servers that list oddly."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from telnyx_orders import IncompleteFetchError, OrdersClient
from telnyx_orders.exports import ExportError, ExportProgress, export
from telnyx_orders.sandbox import Sandbox
from tests.conftest import MakeClient
from tests.servers import page, serve
from tests.test_exports import json_lines

START = datetime(2020, 1, 1, tzinfo=UTC)
ORDERS = 12_000

Listed = Callable[[str | None, datetime | None, datetime | None], bool]


def heeded(created: str | None, after: datetime | None, before: datetime | None) -> bool:
    """What a server lists that compares times, and so leaves out what has none."""
    if created is None:
        return after is None and before is None
    moment = datetime.fromisoformat(created)
    return (after is None or moment > after) and (before is None or moment < before)


@asynccontextmanager
async def account(times: list[str | None], listed: Listed = heeded) -> AsyncIterator[str]:
    """Serve orders that were created at some times, newest first."""
    rows = [{"id": f"order-{n:05}", "created_at": at} for n, at in enumerate(times)][::-1]

    async def answer(request: Any) -> Any:
        bounds = [request.query.get(f"filter[created_at][{side}]") for side in ("gt", "lt")]
        after, before = [None if one is None else datetime.fromisoformat(one) for one in bounds]
        chosen = [row for row in rows if listed(row["created_at"], after, before)]
        size, number = int(request.query["page[size]"]), int(request.query.get("page[number]", 1))
        there = chosen[(number - 1) * size : number * size]
        pages = -(-len(chosen) // size)
        return page(there, number=number, size=size, pages=pages, results=len(chosen))

    async with serve(answer) as url:
        yield url


def _random_bursts() -> list[datetime]:
    chosen, at = random.Random(1), START
    times: list[datetime] = []
    while len(times) < ORDERS:
        at += timedelta(seconds=chosen.expovariate(1 / 3e6))
        size = chosen.choice([1, 1, 5, 100, 1000])
        times += [at + timedelta(seconds=120 * chosen.random()) for _ in range(size)]
    return times


def _every(seconds: float, orders: int, begin: datetime = START) -> list[datetime]:
    return [begin + timedelta(seconds=seconds * n) for n in range(orders)]


SHAPES = {
    "at random in bursts": _random_bursts(),
    "twenty bursts of 5 s": [
        at for n in range(20) for at in _every(0.008, ORDERS // 20, START + timedelta(days=50 * n))
    ],
    "two bursts of a minute": [
        at for n in range(2) for at in _every(0.01, ORDERS // 2, START + timedelta(days=900 * n))
    ],
    "one long before the others": [datetime(1970, 1, 1, tzinfo=UTC), *_every(7.2, ORDERS)],
    "all in one moment": [START] * ORDERS,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_at_most_three_requests_a_page(shape: str, tmp_path: Path) -> None:
    """However the orders lie in time, finding windows for them takes less than reading them."""
    file = tmp_path / "orders.ndjson"
    async with Sandbox(0, numbers_per_order=1) as sandbox:
        for moment in SHAPES[shape]:
            sandbox.insert(created_at=moment)
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            report = await export(client.number_orders.list(), file)
        assert sandbox.counters.requests <= report.requests <= 3 * len(SHAPES[shape]) / 250
        assert {row["id"] for row in json_lines(file)} == set(sandbox.order_ids())
    assert report.orders == len(json_lines(file)) == len(SHAPES[shape])


def _hidden(created: str | None, after: datetime | None, before: datetime | None) -> bool:
    """What a server lists that has a time for each order, and does not show it for some."""
    return created is None or heeded(created, after, before)


@pytest.mark.parametrize("listed", [heeded, _hidden])
async def test_orders_without_a_time_are_there_once(
    listed: Listed, make_client: MakeClient, tmp_path: Path
) -> None:
    """Whether windows list them or not, and where the export is stopped when all is written."""
    file = tmp_path / "orders.ndjson"
    dated = [moment.isoformat() for moment in _every(60, ORDERS)]
    times: list[str | None] = [None if n % 10 == 3 else at for n, at in enumerate(dated)]

    def stop(progress: ExportProgress) -> None:
        if progress.orders_done >= ORDERS:
            raise KeyError

    async with account(times, listed) as url:
        listing = make_client(base_url=url).number_orders.list()
        for _ in range(2):
            with pytest.raises(KeyError):
                await export(listing, file, resume=True, on_progress=stop)
                stop(ExportProgress(orders_done=ORDERS, orders_total=0, requests=0))
        report = await export(listing, file, resume=True)
    ids = [row["id"] for row in json_lines(file)]
    assert len(ids) == len(set(ids)) == report.orders == ORDERS


async def test_a_server_that_does_not_heed_the_filter(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """It is noticed, and not asked for ever."""
    times: list[str | None] = [moment.isoformat() for moment in _every(60, ORDERS)]
    async with account(times, lambda *_: True) as url:
        client = make_client(base_url=url)
        with pytest.raises(IncompleteFetchError, match=r"does not heed filter\[created_at\]"):
            await export(client.number_orders.list(), tmp_path / "orders.ndjson")
        assert client.stats.requests < 10 * ORDERS / 250


async def test_orders_of_the_first_day_that_can_be_told(
    make_client: MakeClient, tmp_path: Path
) -> None:
    """A time that a server made up is a time, too."""
    times: list[str | None] = [moment.isoformat() for moment in _every(60, ORDERS)]
    times[0] = "0001-01-01T00:00:00Z"
    async with account(times) as url:
        listing = make_client(base_url=url).number_orders.list()
        report = await export(listing, tmp_path / "orders.ndjson")
    assert report.orders == ORDERS


async def test_what_stopped_runs_lost_makes_windows_smaller(tmp_path: Path) -> None:
    """A job that is ended after a few requests each time gets there all the same."""
    file = tmp_path / "orders.ndjson"
    async with (
        Sandbox(15_000, numbers_per_order=1) as sandbox,
        OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client,
    ):
        for _ in range(40):
            before = sandbox.counters.requests
            limit = client.stats.requests + 12

            def look(progress: ExportProgress, limit: int = limit) -> None:
                if client.stats.requests > limit:
                    raise KeyError

            try:
                report = await export(
                    client.number_orders.list(), file, resume=True, on_progress=look
                )
            except KeyError:
                continue
            break
        assert before < sandbox.counters.requests < 4 * 15_000 / 250
    assert report.orders == len({row["id"] for row in json_lines(file)}) == 15_000


async def test_another_server_is_not_gone_on_with(tmp_path: Path) -> None:
    """The same key on another server is another account."""
    file = tmp_path / "orders.ndjson"

    def stop(progress: ExportProgress) -> None:
        raise OSError("of the caller's own")

    async with Sandbox(15_000) as one, Sandbox(15_000, seed=1) as other:
        async with OrdersClient(one.api_key, base_url=one.base_url) as client:
            with pytest.raises(OSError, match="of the caller's own"):
                await export(client.number_orders.list(), file, on_progress=stop)
        async with OrdersClient(other.api_key, base_url=other.base_url) as client:
            with pytest.raises(ExportError, match="another account, key or server"):
                await export(client.number_orders.list(), file, resume=True)
