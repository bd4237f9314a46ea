"""An event loop in virtual time, without the outside world.

Its clock stands still while anything is ready to run and then jumps to the next timer. No file
descriptor is ever waited for: connections are made in memory (`network`), so there are no bytes
that a kernel still has while the loop believes itself idle. With that, and with the order of sets
of tasks settled by number instead of by address, a run depends on nothing but its seed.
"""

import asyncio
from asyncio.base_events import BaseEventLoop
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tests.simulation.network import Network
from tests.simulation.owner import owner_of

__all__ = ["StuckError", "VirtualLoop"]

T = TypeVar("T")

MOST_TURNS: Final = 2_000_000
MOST_SECONDS: Final = 1e7
"""Beyond these a run is taken to never end."""


class StuckError(Exception):
    """The run cannot end, or does not: nothing is left to wait for, or it goes on for ever."""


class SimulatedTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on where in memory it lies.

    asyncio's own TaskGroup cancels its tasks in the order of a set.
    """

    number: int
    owner: str

    def __hash__(self) -> int:
        return self.number


class ReadyCallbacks(deque[asyncio.Handle]):
    """The callbacks that a loop is to run now; tells of each before it is given out."""

    def __init__(self, told: Callable[[asyncio.Handle], None]) -> None:
        super().__init__()
        self._told = told

    def popleft(self) -> asyncio.Handle:
        handle = super().popleft()
        self._told(handle)
        return handle


class VirtualLoop(BaseEventLoop):
    """See the module.

    Args:
        network: What its connections go over; one without delays if left out.

    Attributes:
        network: The same.
        on_step: Called after each callback, a task's step to its next suspension among them, with
            the callback's owner and before anything else happens; `None` calls nothing.
        unhandled: What the loop was told of errors that nobody took.
    """

    def __init__(self, network: Network | None = None) -> None:
        super().__init__()
        self.network = network or Network()
        self.network.loop = self
        self.on_step: Callable[[str], None] | None = None
        self.unhandled: list[str] = []
        self._now = 0.0
        self._step: asyncio.Handle | None = None
        self._turns = 0
        self._tasks_made = 0
        self._ready = ReadyCallbacks(self._step_ends)
        self._selector = self
        self.set_task_factory(self._make_task)
        self.set_exception_handler(self._note_unhandled)

    def time(self) -> float:
        return self._now

    # What BaseEventLoop asks of a selector.

    def select(self, timeout: float | None) -> list[object]:
        self._turns += 1
        self._step_ends(None)
        if self._ready:
            return []
        if timeout is None:
            raise StuckError(f"all wait and nothing can come: {self.tasks()}")
        if self._turns > MOST_TURNS or self._now > MOST_SECONDS:
            raise StuckError(f"no end after {self._turns} turns and {self._now:.0f} s")
        self._now += timeout
        return []

    def _step_ends(self, following: asyncio.Handle | None) -> None:
        handle, self._step = self._step, following
        if handle is not None and self.on_step is not None and not handle.cancelled():
            self.on_step(owner_of(handle._context))

    def _process_events(self, events: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    # What aiohttp asks of a loop.

    async def create_server(self, protocol_factory: Any, host: Any, port: Any, **_: Any) -> Any:
        return self.network.listen(protocol_factory, host, port)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        await self.network.reach(sock, address)

    async def create_connection(self, protocol_factory: Any, *_: Any, **settings: Any) -> Any:
        return await self.network.connect(protocol_factory, settings["sock"])

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Any:
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # handed to whoever waits
            done.set_exception(error)
        return done

    # What is left.

    async def turn(self) -> None:
        """Let everything run that can run now; no time passes."""
        for _ in range(50):
            await asyncio.sleep(0)
            if not self._ready:
                return

    def left(self, owner: str | None = None) -> list[str]:
        """Name what there is of one owner or all, but for the task that asks."""
        tasks = [task for task in self.tasks(owner) if task is not asyncio.current_task(self)]
        things = [*tasks, *self.timers(owner), *self.network.connections(owner)]
        return [repr(thing) for thing in things]

    def tasks(self, owner: str | None = None) -> list[asyncio.Task[Any]]:
        """The tasks that have not ended, of one owner or all, oldest first."""
        tasks = [
            task
            for task in asyncio.all_tasks(self)
            if not task.done() and owner in (None, getattr(task, "owner", None))
        ]
        return sorted(tasks, key=lambda task: getattr(task, "number", 0))

    def timers(self, owner: str | None = None) -> list[asyncio.TimerHandle]:
        """The timers that are set, of one owner or all, but those of bytes on their way."""
        return [
            timer
            for timer in self._scheduled
            if not timer.cancelled()
            and not self.network.is_delivery(timer)
            and (owner is None or owner_of(timer._context) == owner)
        ]

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any],
        **settings: Any,
    ) -> asyncio.Task[Any]:
        task = SimulatedTask.__new__(SimulatedTask)
        self._tasks_made += 1
        task.number = self._tasks_made
        task.owner = owner_of(settings.get("context"))
        SimulatedTask.__init__(task, coro, loop=loop, **settings)
        return task

    def _note_unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.unhandled.append(f"{context['message']}: {error!r}" if error else context["message"])
