"""A use of the client that is interfered with at its n-th step.

A step is what runs from one suspension to the next, of any task that a use begins, and what a timer
or arriving bytes call on its side: between two of them anything may happen to a program. Runs are
in virtual time and alike to the last byte, so that the n-th step of one is the n-th of the next.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from random import Random
from typing import Final

from attrs import define, field, frozen

from telnyx_orders import Clock, NumberOrder, OrdersClient, Pager, RetryPolicy, Timeout
from telnyx_orders.sandbox import Drift, Fault, Faults, RateLimit, Sandbox
from tests.simulation.loop import VirtualLoop
from tests.simulation.network import Network
from tests.simulation.owner import NOBODY, OWNER
from tests.simulation.world import EPOCH

__all__ = [
    "BUSY",
    "HARD",
    "MOVING",
    "Interference",
    "Orders",
    "Run",
    "Scene",
    "Using",
    "interfere",
    "sweep",
]

USER: Final = "user"
CONCURRENCY: Final = 2

Orders = Pager[NumberOrder]
Using = Callable[[Orders], Awaitable[list[str]]]


@frozen(kw_only=True)
class Scene:
    """What a use meets on its way."""

    latency: tuple[float, float] = (0.01, 0.3)
    faults: Faults | None = None
    rate_limit: RateLimit | None = None
    drift: Drift | None = None


BUSY: Final = Scene()
"""Answers come, each in its time."""

HARD: Final = Scene(
    faults=Faults(
        script=(
            Fault.UNAVAILABLE,
            Fault.RESET,
            None,
            Fault.CUT_BODY,
            None,
            Fault.TOO_MANY_REQUESTS,
            Fault.CLOSED_KEEP_ALIVE,
            Fault.SILENCE,
        ),
        retry_after="1",
    ),
    rate_limit=RateLimit(requests=5, window=4.0),
)
"""There are retries to wait for, timeouts, and a limit that is used up."""

MOVING: Final = Scene(drift=Drift(every=1, insert=1, remove=1))
"""Orders come and go with every request."""


@define
class Run:
    """A use, and what interferes with it.

    Attributes:
        loop: Its loop.
        sandbox: Its sandbox.
        client: Its client.
        at: After which step it is interfered with, from 1; 0 for none.
        steps: How many there were.
        acted_at: When it was interfered with; `None` if it was not.
        task: What uses the client.
    """

    loop: VirtualLoop
    sandbox: Sandbox
    client: OrdersClient
    at: int
    steps: int = 0
    acted_at: float | None = None
    task: asyncio.Task[list[str]] = field(init=False)

    def tasks(self) -> list[asyncio.Task[list[str]]]:
        """The tasks that the use has begun, itself among them."""
        return self.loop.tasks(USER)

    def has_everything(self) -> bool:
        """Whether the use came to its end by itself, with all that it wanted."""
        if self.task.cancelled() or self.task.exception() is not None:
            return False
        return self.task.result() in (self.sandbox.order_ids(), self.sandbox.order_ids()[:10])


class Interference:
    """What is done to a use, and how it has to end.

    Attributes:
        at_once: Whether it has to end without taking time.
    """

    at_once = True

    async def use(self, using: Using, pager: Orders) -> list[str]:
        """Use the client, within what the interference needs around it."""
        return await using(pager)

    def act(self, run: Run) -> None:
        """Interfere, between two steps."""

    def act_again(self, run: Run) -> None:
        """Interfere once more, after each later step."""

    async def judge(self, run: Run) -> None:
        """Check how the use ended."""


def sweep(scene: Scene, using: Using, make: Callable[[], Interference]) -> int:
    """Run a use to count its steps, and again for each with an interference after it."""
    steps = interfere(scene, using, Interference(), 0)
    for at in range(1, steps + 1):
        interfere(scene, using, make(), at)
    return steps


def interfere(scene: Scene, using: Using, interference: Interference, at: int) -> int:
    """Run a use and interfere with it once; gives the number of its steps.

    Raises:
        AssertionError: It did not end at once, left something, or hurt the client.
    """
    loop = VirtualLoop(Network(random=Random(1), delay=(0.001, 0.02), split=0.3))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        steps = runner.run(_interfere(loop, scene, using, interference, at))
    assert not loop.unhandled
    return steps


async def _interfere(
    loop: VirtualLoop, scene: Scene, using: Using, interference: Interference, at: int
) -> int:
    whose = OWNER.set("sandbox")
    sandbox = Sandbox(
        35,
        latency=scene.latency,
        faults=scene.faults,
        rate_limit=scene.rate_limit,
        drift=scene.drift,
        clock=lambda: EPOCH + loop.time(),
    )
    await sandbox.start()
    OWNER.reset(whose)
    run = Run(loop, sandbox, _client(sandbox, loop), at)

    def stepped(owner: str) -> None:
        if owner != USER or run.task.done():
            return
        run.steps += 1
        if run.steps == at:
            run.acted_at = loop.time()
            interference.act(run)
        elif run.acted_at is not None:
            interference.act_again(run)

    context = copy_context()
    context.run(OWNER.set, USER)
    pager = run.client.number_orders.list(page_size=10)
    run.task = asyncio.create_task(_used(interference, using, pager), context=context)
    loop.on_step = stepped
    await asyncio.wait([run.task])
    ended = loop.time()
    await loop.turn()
    loop.on_step = None
    if at:
        assert run.acted_at is not None
        assert run.acted_at == ended or not interference.at_once, "it took time to end"
    _assert_nothing_left(loop)
    await interference.judge(run)
    if not run.client.closed:
        await _assert_usable(run)
    await run.client.close()
    await loop.turn()
    assert not loop.left(USER)
    assert not loop.left(NOBODY)
    await sandbox.stop()
    return run.steps


async def _used(interference: Interference, using: Using, pager: Orders) -> list[str]:
    return await interference.use(using, pager)


def _client(sandbox: Sandbox, loop: VirtualLoop) -> OrdersClient:
    return OrdersClient(
        sandbox.api_key,
        base_url=sandbox.base_url,
        concurrency=CONCURRENCY,
        timeout=Timeout(connect=1, read=2),
        retry=RetryPolicy(max_attempts=20),
        trust_env=False,
        clock=Clock(
            monotonic=loop.time,
            now=lambda: EPOCH + loop.time(),
            sleep=asyncio.sleep,
            random=Random(2).random,
        ),
    )


def _assert_nothing_left(loop: VirtualLoop) -> None:
    """But for connections that wait for the next request, and aiohttp's timer to close them."""
    assert not loop.tasks(USER)
    assert not [timer for timer in loop.timers(USER) if "_weakref_handle" not in repr(timer)]
    assert len(loop.network.connections(USER)) <= CONCURRENCY


async def _assert_usable(run: Run) -> None:
    """Every place and every connection can be had again, and a fetch gets everything."""
    sandbox, orders = run.sandbox, run.client.number_orders
    sandbox.faults = sandbox.rate_limit = sandbox.drift = None
    sandbox.latency = 0.1
    sandbox.reset_counters()
    await asyncio.sleep(10)  # and whatever the client was told before is over

    async def get() -> None:
        await orders.list()

    async with asyncio.TaskGroup() as group:
        for _ in range(2 * CONCURRENCY):
            group.create_task(get())
    assert sandbox.counters.most_in_flight == CONCURRENCY
    assert [order.id for order in await orders.list().collect()] == sandbox.order_ids()
