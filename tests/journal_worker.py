"""A process that uses a journal, run as a program by `tests/integration/test_journal_processes.py`.

    python -m tests.journal_worker JOURNAL WHAT

WHAT is a function of this module, which is called when the process has printed "ready" and got a
line on its standard input. Or it is how often to kill a process that uses the journal.
"""

import asyncio
import importlib
import itertools
import os
import random
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TextIO

from telnyx_orders import JournalError, NewOrder, NumberOrder, OrderJournal

SENT = datetime(2026, 2, 1, 12, tzinfo=UTC)


def new_order(reference: str, numbers: int = 1) -> NewOrder:
    texts = [f"+1970555{number:04}" for number in range(numbers)]
    return NewOrder(texts, customer_reference=reference)


async def write_on(journal: OrderJournal) -> None:
    """Record orders until it is killed; say of each what was recorded."""
    for number in itertools.count():
        reference = f"{os.getpid()}-{number}"
        await journal.sending(new_order(reference), SENT)
        os.write(1, f"open {reference}\n".encode())
        await journal.placed(reference, NumberOrder(id=reference))
        os.write(1, f"placed {reference}\n".encode())


def kill_many(path: str, times: int) -> None:
    """Have two processes at a time record orders, and kill each at any moment.

    They are forked from this one, which has loaded all they need and opens no journal.
    """
    chance = random.Random(0)
    for _ in range(times // 2):
        children = [fork_writer(path), fork_writer(path)]
        for child, pipe in children:
            # From before it opens the journal until after some orders.
            for _ in range(chance.randrange(12)):
                print(pipe.readline(), end="")
            for _ in range(chance.randrange(20_000)):
                pass
            os.kill(child, signal.SIGKILL)
        for child, pipe in children:
            # What was cut off was not said.
            print(*(line for line in pipe if line.endswith("\n")), sep="", end="", flush=True)
            pipe.close()
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGKILL


def fork_writer(path: str) -> tuple[int, TextIO]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(writing, 1)
            asyncio.run(use(path, write_on))
        finally:
            os._exit(1)
    os.close(writing)
    return child, os.fdopen(reading, encoding="utf-8")


async def use(path: str, do: Callable[[OrderJournal], Awaitable[None]]) -> None:
    async with OrderJournal(path) as journal:
        await do(journal)


async def race(journal: OrderJournal) -> None:
    """Place the order of one reference unless another does; say who may."""
    order = new_order("job-17")
    try:
        async with journal.hold("job-17"):
            intent = await journal.recall(order)
            if intent is None:
                await journal.sending(order, SENT)
                print("sends", flush=True)
                await journal.placed("job-17", NumberOrder(id="placed"))
                return
            print(intent.state, flush=True)
    except JournalError as error:
        print(type(error).__name__, flush=True)


async def hold_open(journal: OrderJournal) -> None:
    """Be sending an order until told to end."""
    await journal.sending(new_order("job-17"), SENT, longest=100)
    print("sending", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def fill(journal: OrderJournal) -> None:
    """Record orders until a file may grow no further, then go on where it may."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    for number in itertools.count():
        try:
            await journal.sending(new_order(str(number), 100), SENT)
        except JournalError as error:
            print(error, flush=True)
            break
        last = number
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert await journal.recall(new_order(str(last), 100)) is not None
    assert await journal.recall(new_order(str(last + 1), 100)) is None
    await journal.sending(new_order(str(last + 1), 100), SENT)
    print("recorded", flush=True)


async def fork(journal: OrderJournal) -> None:
    """Fork, and use the journal, and another on the same file, in the child."""
    await journal.sending(new_order("job-17"), SENT)
    child = os.fork()
    if not child:
        asyncio.set_event_loop(None)
        asyncio.events._set_running_loop(None)
        status = 1
        try:
            asyncio.run(in_the_child(journal))
            status = 0
        finally:
            os._exit(status)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    print("child", status, flush=True)
    await journal.placed("job-17", NumberOrder(id="placed"))


async def in_the_child(journal: OrderJournal) -> None:
    another = OrderJournal(journal.path)
    for call in (journal.recall(new_order("job-17")), another.open()):
        try:
            await call
        except JournalError as error:
            print(error, flush=True)
    await journal.close()


async def as_nobody(journal: OrderJournal) -> None:
    """Not reached: opening fails."""


async def when_told(path: str, do: Callable[[OrderJournal], Awaitable[None]]) -> None:
    async with OrderJournal(path) as journal:
        print("ready", flush=True)
        sys.stdin.readline()
        await do(journal)


def main(path: str, what: str) -> None:
    if what.isdigit():
        kill_many(path, int(what))
        return
    if what == "as_nobody" and os.getuid() == 0:
        # Loaded now, as nobody may not be allowed to.
        for module in (
            "concurrent.futures.thread",
            "sqlite3",
            "telnyx_orders.journal.store",
            "telnyx_orders.journal.worker",
        ):
            importlib.import_module(module)
        os.setuid(65534)
    try:
        asyncio.run(when_told(path, globals()[what]))
    except JournalError as error:
        print(error, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
