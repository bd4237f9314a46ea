"""The mirror's file: whose it is, what it is, and what is wrong with it."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from telnyx_orders import (
    AuthenticationError,
    Mirror,
    MirrorError,
    OrdersClient,
    RetryPolicy,
    TelnyxError,
    sync,
)
from telnyx_orders.clock import Clock
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import FakeTime, names_in
from tests.test_mirror import client_of, expected, there


async def test_the_right_key_after_a_wrong_one(sandbox: Sandbox, tmp_path: Path) -> None:
    """A mirror without orders is of no account yet."""
    file = tmp_path / "orders.db"
    async with OrdersClient("KEYwrong", base_url=sandbox.base_url) as client:
        with pytest.raises(AuthenticationError):
            await sync(client, file)
    async with client_of(sandbox) as client:
        assert (await sync(client, file)).new == 1000


async def test_another_key_after_half_a_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    """With its first orders a mirror is of their account."""
    file = tmp_path / "orders.db"
    sandbox.faults = Faults(script=[None, None, Fault.INTERNAL_ERROR])
    async with client_of(sandbox) as client:
        with pytest.raises(TelnyxError):
            await sync(client, file)
    async with OrdersClient("KEYother", base_url=sandbox.base_url) as client:
        with pytest.raises(MirrorError, match="of another account"):
            await sync(client, file)


async def test_an_empty_account_and_then_another(sandbox: Sandbox, tmp_path: Path) -> None:
    """What was kept of the one without orders does not count for the next."""
    file = tmp_path / "orders.db"
    async with Sandbox(orders=0) as empty, client_of(empty) as client:
        await sync(client, file)
    async with client_of(sandbox) as client:
        report = await sync(client, file)
    assert (report.full, report.new) == (True, 1000)


async def test_two_names_of_one_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """By another name it is in use, too."""
    file, link = tmp_path / "orders.db", tmp_path / "link.db"
    async with client_of(sandbox) as client:
        await sync(client, file)
        link.symlink_to(file)
        async with Mirror(link):
            with pytest.raises(MirrorError, match="in use"):
                await sync(client, file)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def text(path: Path) -> None:
    path.write_text("no database at all, but some text of more than a hundred bytes " * 3)


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (folder, "is a folder: give the mirror the path of a file"),
    "a pipe": (pipe, "is no regular file"),
    "a text": (text, "not a database. Give the mirror a path of its own"),
    "another database": (foreign, "something else.*Give the mirror a path of its own"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_mirror(name: str, tmp_path: Path) -> None:
    """The error says what it is, and nothing is left beside it."""
    make, said = REFUSED[name]
    make(tmp_path / "orders.db")
    with pytest.raises(MirrorError, match=said):
        await Mirror(tmp_path / "orders.db").__aenter__()
    assert names_in(tmp_path) == ["orders.db"]


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The error names it, and says what to do."""
    with pytest.raises(MirrorError, match=r"the folder .*/no/such is not there: make it"):
        await Mirror(tmp_path / "no/such/orders.db").__aenter__()


@pytest.mark.parametrize("value", ["x", "2026-02-01"])
@pytest.mark.parametrize("key", ["sequence", "last_full", "last_sync"])
async def test_what_was_spoilt_from_outside(
    key: str, value: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The error says so, each time, and the file can be had again."""
    file = tmp_path / "orders.db"
    async with client_of(sandbox) as client:
        await sync(client, file)
        connection = sqlite3.connect(file)
        connection.execute("UPDATE sync_state SET value = ? WHERE key = ?", (value, key))
        connection.commit()
        connection.close()
        for _ in range(2):
            with pytest.raises(MirrorError, match="changed from outside"):
                await sync(client, file)


async def test_a_state_that_is_lost(sandbox: Sandbox, tmp_path: Path) -> None:
    """The account is read again, and what is gone is seen."""
    file = tmp_path / "orders.db"
    async with client_of(sandbox) as client:
        await sync(client, file)
        connection = sqlite3.connect(file)
        connection.execute("DELETE FROM sync_state")
        connection.commit()
        connection.close()
        sandbox.remove(sandbox.order_ids()[10])
        report = await sync(client, file)
    assert (report.full, report.gone) == (True, 1)
    assert there(file) == expected(sandbox)


@pytest.mark.parametrize("wrong_by", [-90_000, 0, 90_000])
async def test_a_clock_that_is_wrong(
    wrong_by: int, sandbox: Sandbox, tmp_path: Path, fake_time: FakeTime
) -> None:
    """It makes no sync full that need not be, and delays none."""
    file = tmp_path / "orders.db"
    clock = Clock(now=lambda: fake_time.now + wrong_by)
    retry = RetryPolicy(max_attempts=1)
    async with (
        Sandbox(orders=300, clock=lambda: fake_time.now) as box,
        OrdersClient(box.api_key, base_url=box.base_url, retry=retry, clock=clock) as client,
    ):
        seen: list[bool] = []
        for passed in (0, 1, 86_000, 86_400):
            fake_time.now += passed
            seen.append((await sync(client, file, clock=clock)).full)
        assert seen == [True, False, False, True]
        fake_time.now -= 1_000_000
        assert (await sync(client, file, clock=clock)).full


async def test_only_its_owner_can_read_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """It holds what an account has bought."""
    async with client_of(sandbox) as client:
        await sync(client, tmp_path / "orders.db")
    found = await asyncio.to_thread((tmp_path / "orders.db").stat)
    assert found.st_mode & 0o777 == 0o600
