"""Plays a world: the sandbox, what changes its account, and the clients, in one virtual loop."""

import asyncio
import gc
import warnings
from collections.abc import Callable
from random import Random
from typing import Any, Final

from telnyx_orders import OrdersClient
from telnyx_orders.sandbox import Fault, Sandbox
from tests.simulation.client import ClientRun
from tests.simulation.history import History
from tests.simulation.loop import StuckError, VirtualLoop
from tests.simulation.network import Network
from tests.simulation.owner import OWNER
from tests.simulation.world import EPOCH, World

__all__ = ["play"]

QUIET_SECONDS: Final = 100.0
"""Longer than any window of a rate limit that is drawn."""


def play(
    world: World,
    make_client: Callable[..., Any] = OrdersClient,
    log: Callable[[str], None] | None = None,
) -> History:
    """Play a world from its beginning to its end, and tell what was seen.

    Args:
        world: What to play.
        make_client: Makes a client; one with a planted bug, to see whether it is found.
        log: Given a line for each event on the network.
    """
    history = History(world)
    network = Network(
        random=Random(f"network {world.seed}"), delay=world.delay, split=world.split, log=log
    )
    # Collected at the end and not in between, where it would depend on what ran before; and only
    # what the world made, as looking through all else takes longer than most worlds do.
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with asyncio.Runner(loop_factory=lambda: VirtualLoop(network)) as runner:
                loop: Any = runner.get_loop()
                try:
                    runner.run(_Play(world, history, loop, make_client).run())
                except StuckError as error:
                    history.stuck = str(error)
                    for task in loop.tasks():
                        task.cancel()
            gc.collect()
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()
    history.unhandled = [*loop.unhandled, *(str(warning.message) for warning in warned)]
    history.trace = network.trace
    return history


class _Play:
    def __init__(
        self,
        world: World,
        history: History,
        loop: VirtualLoop,
        make_client: Callable[..., Any],
    ) -> None:
        self._world = world
        self._history = history
        self._loop = loop
        self._make_client = make_client
        self._random = Random(f"account {world.seed}")

    async def run(self) -> None:
        world, loop = self._world, self._loop
        began = EPOCH - world.old
        whose = OWNER.set("sandbox")
        sandbox = Sandbox(
            world.orders,
            world.seed,
            order_by=world.order_by,
            latency=world.latency,
            clock=lambda: began + loop.time(),
        )
        await sandbox.start()
        OWNER.reset(whose)
        await self._prepare(sandbox)
        clients = [
            ClientRun(plan, sandbox, loop, self._history, self._make_client)
            for plan in world.clients
        ]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._change(sandbox))
            for client in clients:
                group.create_task(client.use())
        await self._heal(sandbox)
        for client in clients:
            await client.finish()
        await sandbox.stop()
        await loop.turn()
        self._history.left += [f"{what} after the end" for what in loop.left()]

    async def _prepare(self, sandbox: Sandbox) -> None:
        world = self._world
        ids = sandbox.order_ids()
        self._history.ever.update(ids)
        for order_id in self._random.sample(ids, round(world.pending * len(ids))):
            sandbox.settle(order_id, "pending")
        await asyncio.sleep(world.old)
        sandbox.reset_counters()
        sandbox.faults = world.faults
        sandbox.rate_limit = world.rate_limit
        sandbox.drift = world.drift

    async def _change(self, sandbox: Sandbox) -> None:
        world = self._world
        events: list[tuple[float, Callable[[], None]]] = [
            (change.at, lambda change=change: self._apply(change, sandbox))  # type: ignore[misc]
            for change in world.changes
        ]
        if world.later_limit is not None:
            at, limit = world.later_limit
            events.append((at, lambda: setattr(sandbox, "rate_limit", limit)))
        began = self._loop.time()
        for at, happen in sorted(events, key=lambda event: event[0]):
            await asyncio.sleep(began + at - self._loop.time())
            happen()

    def _apply(self, change: Any, sandbox: Sandbox) -> None:
        for _ in range(change.insert):
            sandbox.insert()
        present = sandbox.order_ids()
        for order_id in self._random.sample(present, min(change.remove, len(present))):
            sandbox.remove(order_id)
        pending = sandbox.order_ids({"status": "pending"})
        for order_id in self._random.sample(pending, min(change.settle, len(pending))):
            sandbox.settle(order_id)

    async def _heal(self, sandbox: Sandbox) -> None:
        """Have the account stand still and every answer right and quick, and old limits over."""
        history, counters = self._history, sandbox.counters
        history.requests = counters.requests
        history.statuses = counters.by_status.copy()
        scripted = counters.by_fault[Fault.TOO_MANY_REQUESTS]
        history.too_many = counters.by_status[429] - scripted
        history.ever.update(counters.inserted)
        sandbox.faults = sandbox.rate_limit = sandbox.drift = None
        sandbox.latency = 0.0
        history.seconds = self._loop.time()
        await asyncio.sleep(QUIET_SECONDS)
