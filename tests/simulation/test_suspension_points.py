"""Whatever happens at whichever `await`, a use ends at once, leaves nothing, and hurts nobody."""

import asyncio

import pytest

from telnyx_orders import ClientStateError, IncompleteFetchError, TelnyxError
from tests.simulation.suspension import (
    BUSY,
    HARD,
    MOVING,
    Interference,
    Orders,
    Run,
    Scene,
    Using,
    sweep,
)


async def collect(pager: Orders) -> list[str]:
    return [order.id for order in await pager.collect()]


async def iterate(pager: Orders) -> list[str]:
    return [order.id async for order in pager]


async def pages(pager: Orders) -> list[str]:
    ids: list[str] = []
    async for page in pager.pages():
        await asyncio.sleep(0)
        ids += [order.id for order in page.data]
    return ids


async def progress(pager: Orders) -> list[str]:
    return [order.id for order in await pager.collect(lambda _: asyncio.sleep(0))]


async def one(pager: Orders) -> list[str]:
    return [order.id for order in (await pager).data]


USES = [collect, iterate, pages, progress, one]
SOME = [collect, iterate, one]
SCENES = [
    pytest.param(BUSY, id="busy"),
    pytest.param(HARD, id="hard"),
    pytest.param(MOVING, id="moving"),
]


class Cancel(Interference):
    def act(self, run: Run) -> None:
        run.task.cancel()

    async def judge(self, run: Run) -> None:
        assert run.task.cancelled()


class CancelAgain(Cancel):
    def act_again(self, run: Run) -> None:
        run.task.cancel()


class TimeOut(Interference):
    async def use(self, using: Using, pager: Orders) -> list[str]:
        async with asyncio.timeout(None) as self.limit:
            return await using(pager)

    def act(self, run: Run) -> None:
        self.limit.reschedule(run.loop.time())

    async def judge(self, run: Run) -> None:
        if run.has_everything():
            return
        error = run.task.exception()
        assert isinstance(error, TimeoutError)
        assert not isinstance(error, TelnyxError)


class FailSibling(Interference):
    async def use(self, using: Using, pager: Orders) -> list[str]:
        self.failure = asyncio.get_running_loop().create_future()

        async def sibling() -> None:
            await self.failure

        async with asyncio.TaskGroup() as group:
            other = group.create_task(sibling())
            ids = await using(pager)
            other.cancel()
        return ids

    def act(self, run: Run) -> None:
        self.failure.set_exception(ZeroDivisionError())

    async def judge(self, run: Run) -> None:
        errors = run.task.exception()
        assert isinstance(errors, ExceptionGroup)
        assert [type(error) for error in errors.exceptions] == [ZeroDivisionError]


class Close(Interference):
    def act(self, run: Run) -> None:
        self.closing = asyncio.ensure_future(run.client.close())

    async def judge(self, run: Run) -> None:
        await self.closing
        if run.has_everything():
            return
        error = run.task.exception()
        if isinstance(error, IncompleteFetchError):
            error = error.cause
        assert isinstance(error, ClientStateError)


class CancelSome(Interference):
    """Cancels one of the tasks that the use has begun, each in its turn."""

    at_once = False  # one that had not begun to ask for a page is not missed

    def act(self, run: Run) -> None:
        tasks = run.tasks()
        tasks[run.at % len(tasks)].cancel()

    async def judge(self, run: Run) -> None:
        if not (run.task.cancelled() or run.has_everything()):
            assert isinstance(run.task.exception(), TelnyxError)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("using", USES)
def test_cancelled(using: Using, scene: Scene) -> None:
    """A use that is cancelled ends cancelled, and so does not pretend to have everything."""
    assert sweep(scene, using, Cancel) > 5


@pytest.mark.parametrize("using", SOME)
def test_cancelled_again(using: Using) -> None:
    """Cancelled at every step from some point on, it leaves nothing either."""
    sweep(HARD, using, CancelAgain)


@pytest.mark.parametrize("using", SOME)
def test_out_of_time(using: Using) -> None:
    """`asyncio.timeout` ends a use wherever it is, with an error of its own."""
    sweep(HARD, using, TimeOut)


@pytest.mark.parametrize("using", SOME)
def test_a_sibling_fails(using: Using) -> None:
    """In a `TaskGroup` whose other task fails, a use ends; the group has that one error."""
    sweep(HARD, using, FailSibling)


@pytest.mark.parametrize("using", SOME)
def test_the_client_is_closed(using: Using) -> None:
    """A client that is closed ends its uses, with an error that says so."""
    sweep(HARD, using, Close)


@pytest.mark.parametrize("using", SOME)
def test_a_task_within_is_cancelled(using: Using) -> None:
    """Somebody who cancels tasks that are not his ends the use with an error, and no hang."""
    sweep(HARD, using, CancelSome)
