"""Fetch through a rate limit, alone and beside others, through one that is cut, and in an outage.

    python tests/benchmarks/rate_limit.py [--rounds 3] [--latency 0.01] [--only NAME]

The sandbox runs in this process and each client in one of its own, over sockets; the clients are
started at once and do not talk to each other. The ideal time is that of the windows which the
requests fill: 80 pages at 20 a second are sent at 0, 1, 2 and 3 seconds. Printed is each round.
"""

import argparse
import asyncio
import contextlib
import json
import math
import sys
import time
from collections.abc import AsyncIterator

from attrs import define, frozen

from telnyx_orders import OrdersClient, TelnyxError
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox

PAGE_SIZE = 10


@frozen(kw_only=True)
class Scenario:
    """What is run: clients that fetch pages under a limit, which may be cut after a time."""

    clients: int
    pages: int
    limit: RateLimit
    concurrency: int = 20
    use: str = "collect"
    late: float = 0.0
    cut_after: float | None = None
    cut_to: RateLimit | None = None

    @property
    def ideal(self) -> float:
        windows = math.ceil(self.clients * self.pages / self.limit.requests)
        return (windows - 1) * self.limit.window


def per_second(requests: int) -> RateLimit:
    return RateLimit(requests, 1)


SCENARIOS = {
    "alone": Scenario(clients=1, pages=80, limit=per_second(20)),
    "alone, tasks of one page": Scenario(clients=1, pages=80, limit=per_second(20), use="tasks"),
    "alone, 8 at a time": Scenario(clients=1, pages=80, limit=per_second(20), concurrency=8),
    "alone, Retry-After": Scenario(clients=1, pages=80, limit=RateLimit(20, 1, retry_after=True)),
    "alone, windows of 3 s": Scenario(clients=1, pages=80, limit=RateLimit(20, 3)),
    "alone, 1 a window": Scenario(clients=1, pages=5, limit=per_second(1)),
    "three processes": Scenario(clients=3, pages=80, limit=per_second(30)),
    "three, tasks of one page": Scenario(clients=3, pages=80, limit=per_second(30), use="tasks"),
    "three, one after the other": Scenario(clients=3, pages=80, limit=per_second(30), late=1.3),
    "two processes": Scenario(clients=2, pages=80, limit=per_second(30)),
    "six processes": Scenario(clients=6, pages=80, limit=per_second(60)),
    "three, windows of 3 s": Scenario(clients=3, pages=40, limit=RateLimit(30, 3)),
    "cut to a quarter amid a burst": Scenario(
        clients=1, pages=200, limit=per_second(40), cut_after=2.05, cut_to=per_second(10)
    ),
    "cut to a quarter": Scenario(
        clients=1, pages=200, limit=per_second(40), cut_after=2.5, cut_to=per_second(10)
    ),
}


@define
class Watch:
    """When answers were 429, by looking at the sandbox's counters again and again.

    `served` is how many were answered before the limit was cut.
    """

    started: float
    refused_at: list[float]
    served: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def over(cls, sandbox: Sandbox) -> AsyncIterator["Watch"]:
        watch = cls(time.monotonic(), [])

        async def look() -> None:
            while True:
                new = sandbox.counters.by_status[429] - len(watch.refused_at)
                watch.refused_at += [time.monotonic() - watch.started] * new
                await asyncio.sleep(0.005)

        looking = asyncio.create_task(look())
        try:
            yield watch
        finally:
            looking.cancel()
            await asyncio.wait({looking})


def cut(sandbox: Sandbox, watch: Watch, limit: RateLimit | None) -> None:
    watch.served = sandbox.counters.by_status[200]
    sandbox.rate_limit = limit


async def run(scenario: Scenario, latency: float) -> str:
    async with Sandbox(
        scenario.pages * PAGE_SIZE, latency=latency, rate_limit=scenario.limit
    ) as sandbox:
        given = json.dumps(
            {
                "url": sandbox.base_url,
                "key": sandbox.api_key,
                "concurrency": scenario.concurrency,
                "pages": scenario.pages,
                "use": scenario.use,
            }
        )
        here = [sys.executable, __file__, "--client", given]
        clients = [
            await asyncio.create_subprocess_exec(
                *here, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            for _ in range(scenario.clients)
        ]

        async def result(number: int, client: asyncio.subprocess.Process) -> dict[str, float]:
            assert client.stdin is not None
            assert client.stdout is not None
            await asyncio.sleep(scenario.late * number)
            client.stdin.write(b"go\n")
            return dict(json.loads(await client.stdout.readline()))

        for client in clients:
            assert client.stdout is not None
            await client.stdout.readline()
        async with Watch.over(sandbox) as watch:
            started = time.monotonic()
            if scenario.cut_after is not None:
                asyncio.get_running_loop().call_later(
                    scenario.cut_after, cut, sandbox, watch, scenario.cut_to
                )
            results = await asyncio.gather(*(result(n, one) for n, one in enumerate(clients)))
            wall = time.monotonic() - started
        for client in clients:
            await client.wait()
        assert all(one["orders"] == scenario.pages * PAGE_SIZE for one in results)
        return row(scenario, sandbox, results, wall, watch, latency)


def row(
    scenario: Scenario,
    sandbox: Sandbox,
    results: list[dict[str, float]],
    wall: float,
    watch: Watch,
    latency: float,
) -> str:
    answers = sandbox.counters.by_status
    refused = answers[429]
    shown = f"{refused} ({refused / answers.total():.1%})"
    if scenario.cut_after is not None and scenario.cut_to is not None:
        windows = math.ceil((scenario.pages - watch.served) / scenario.cut_to.requests)
        ideal = scenario.cut_after + (windows - 1) * scenario.cut_to.window + latency
        last = max((at - scenario.cut_after for at in watch.refused_at), default=0.0)
        shown += f", the last {last / scenario.cut_to.window:.2f} windows after the cut"
    else:
        ideal = scenario.ideal + latency
    seconds = [one["seconds"] for one in results]
    fair = f"{max(seconds) / min(seconds):.2f}" if len(seconds) > 1 else ""
    return f"{wall:.2f} s of {ideal:.2f} s ({wall / ideal:.2f}) | {shown} | {fair}"


async def outage(latency: float) -> str:
    """Twenty tasks make 200 calls while everything fails, after some that succeeded."""
    async with Sandbox(latency=latency) as sandbox:
        async with OrdersClient(
            sandbox.api_key, base_url=sandbox.base_url, concurrency=20
        ) as client:
            await client.number_orders.list(page_size=PAGE_SIZE).collect()
            sandbox.reset_counters()
            sandbox.faults = Faults(rate=1, kinds=(Fault.UNAVAILABLE, Fault.RESET))
            wanted = 200

            async def calls() -> None:
                for _ in range(wanted // 20):
                    with contextlib.suppress(TelnyxError):
                        await client.number_orders.list()

            started = time.monotonic()
            await asyncio.gather(*(calls() for _ in range(20)))
            wall = time.monotonic() - started
        sent = sandbox.counters.requests
        return f"{wall:.2f} s | {sent} sent of {wanted} wanted ({sent / wanted:.2f}) | "


async def client(given: str) -> None:
    settings = json.loads(given)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    started = time.monotonic()
    async with OrdersClient(
        settings["key"], base_url=settings["url"], concurrency=settings["concurrency"]
    ) as orders:
        listing = orders.number_orders
        if settings["use"] == "collect":
            count = len(await listing.list(page_size=PAGE_SIZE).collect())
        else:
            numbers = iter(range(1, settings["pages"] + 1))
            count = 0

            async def task() -> None:
                nonlocal count
                for number in numbers:
                    page = await listing.list(page_number=number, page_size=PAGE_SIZE)
                    count += len(page.data)

            await asyncio.gather(*(task() for _ in range(settings["concurrency"])))
    print(json.dumps({"orders": count, "seconds": time.monotonic() - started}), flush=True)


async def table(only: str, rounds: int, latency: float) -> None:
    print("| | time of the ideal | answers that are 429 | slowest to fastest |")
    print("|---|---|---|---|")
    for name, scenario in SCENARIOS.items():
        if only in name:
            for _ in range(rounds):
                print(f"| {name} | {await run(scenario, latency)} |", flush=True)
    if only in "outage":
        print(f"| outage | {await outage(latency)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.01, help="seconds an answer takes")
    parser.add_argument("--only", default="", help="a part of the name of what to run")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        asyncio.run(client(given.client))
    else:
        asyncio.run(table(given.only, given.rounds, given.latency))


if __name__ == "__main__":
    main()
