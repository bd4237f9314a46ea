"""One client's part of a run: what it does at once, how it is closed, and what is left of it."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import aiohttp

from telnyx_orders import Clock, RetryPolicy, Timeout
from telnyx_orders.sandbox import Sandbox
from tests.simulation.history import FAILED, LEFT, History, Used
from tests.simulation.loop import VirtualLoop
from tests.simulation.owner import OWNER
from tests.simulation.reading import LeftBodyError, read
from tests.simulation.world import EPOCH, Kind, Leave, Plan, Use

__all__ = ["ClientRun"]

CONNECT_SECONDS: Final = 5.0

_used: Final[ContextVar[Used | None]] = ContextVar("used", default=None)
"""What the requests that are sent belong to; inherited by the tasks of a fetch."""


class ClientRun:
    """Runs a client by its plan, and writes down what comes of it."""

    def __init__(
        self,
        plan: Plan,
        sandbox: Sandbox,
        loop: VirtualLoop,
        history: History,
        make_client: Callable[..., Any],
    ) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._loop = loop
        self._history = history
        began = EPOCH + plan.skew - loop.time()
        self._client = make_client(
            sandbox.api_key,
            base_url=sandbox.base_url,
            concurrency=plan.concurrency,
            retry=RetryPolicy(
                max_attempts=plan.max_attempts,
                max_seconds=plan.max_seconds,
                backoff_base=plan.backoff_base,
            ),
            timeout=Timeout(connect=CONNECT_SECONDS, read=plan.read),
            user_agent=plan.name.replace(" ", "/"),
            trace_configs=[_count_requests()],
            trust_env=False,
            clock=Clock(
                monotonic=loop.time,
                now=lambda: began + loop.time(),
                sleep=asyncio.sleep,
                random=Random(f"{plan.name} {history.world.seed}").random,
            ),
        )

    async def use(self) -> None:
        """Do all that is planned, and close the client if that is planned."""
        plan = self._plan
        async with asyncio.TaskGroup() as group:
            uses = [group.create_task(self._use(use)) for use in plan.uses]
            if plan.closes_at is not None:
                await asyncio.wait(uses, timeout=plan.closes_at)
                await self._close()
        if plan.closes_at is not None:
            await self._note_left()

    async def finish(self) -> None:
        """See whether a client that is open still works, and close it."""
        if self._plan.closes_at is not None:
            return
        OWNER.set(self._plan.name)
        try:
            orders = await self._client.number_orders.list().collect()
        except Exception as error:  # noqa: BLE001  # whatever it is, it should not be
            self._history.unusable.append(f"{self._plan.name}: {error!r}")
        else:
            if [order.id for order in orders] != self._sandbox.order_ids():
                self._history.unusable.append(f"{self._plan.name}: it gets other orders")
        await self._close()
        await self._note_left()

    async def _close(self) -> None:
        now = self._loop.time()
        for used in self._history.used:
            if used.plan is self._plan and used.ended is None and not used.use.pause:
                used.due = now if used.due is None else min(now, used.due)
        self._history.closed_at[self._plan.name] = now
        await self._client.close()
        if self._loop.time() != now:
            self._history.left.append(f"{self._plan.name} took time to close")

    async def _note_left(self) -> None:
        await self._loop.turn()
        self._history.left += [
            f"{what} of {self._plan.name}" for what in self._loop.left(self._plan.name)
        ]

    async def _use(self, use: Use) -> None:
        OWNER.set(self._plan.name)
        await asyncio.sleep(use.start)
        used = Used(
            plan=self._plan,
            use=use,
            started=self._loop.time(),
            matched=self._sandbox.order_ids(use.filter),
            changes=self._changes(),
        )
        self._history.used.append(used)
        _used.set(used)
        try:
            if not await self._leave(used):
                used.outcome = LEFT
        except LeftBodyError:
            used.outcome = LEFT
        except Exception as error:  # noqa: BLE001  # judged by the invariants
            used.outcome = FAILED
            # Its frames would keep alive what was left.
            used.error = error.with_traceback(None)
        used.ended = self._loop.time()
        used.matches = self._sandbox.order_ids(use.filter)
        used.changed = self._changes() != used.changes

    async def _leave(self, used: Used) -> bool:
        """Read until it is time to leave; tells whether everything was read."""
        use, pager = used.use, self._client.number_orders.list
        reading = read(pager, used)
        if use.leave is Leave.TIMEOUT:
            used.due = self._loop.time() + use.leave_after
            limit = asyncio.timeout(use.leave_after)
            try:
                async with limit:
                    return await reading
            except TimeoutError:
                if not limit.expired():
                    raise
                return False
            finally:
                if not limit.expired():
                    used.due = None
        if use.leave is Leave.LIMIT and use.kind is Kind.COLLECT:
            used.due = self._loop.time() + use.leave_after
        if use.leave is not Leave.CANCEL:
            return await reading
        task = asyncio.create_task(reading)
        await asyncio.wait([task], timeout=use.leave_after)
        if task.done():
            return task.result()
        used.due = self._loop.time()
        task.cancel()
        await asyncio.wait([task])
        return False if task.cancelled() else task.result()

    def _changes(self) -> int:
        counters = self._sandbox.counters
        return len(counters.inserted) + len(counters.removed) + len(counters.settled)


def _count_requests() -> aiohttp.TraceConfig:
    async def sent(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
        used = _used.get()
        if used is not None:
            used.requests += 1

    trace: aiohttp.TraceConfig = aiohttp.TraceConfig()
    trace.on_request_start.append(sent)
    return trace
