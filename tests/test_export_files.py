"""What an export does with the files that it finds, and with those that it cannot write."""

import gzip
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telnyx_orders import OrdersClient
from telnyx_orders.exports import ExportError, ExportProgress, export
from telnyx_orders.sandbox import Sandbox
from tests.conftest import names_in
from tests.test_exports import json_lines


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[OrdersClient]:
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        yield client


async def test_a_link_stays_one(client: OrdersClient, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    target, link = tmp_path / "kept" / "orders.csv", tmp_path / "orders.csv"
    link.symlink_to(target)
    await export(client.number_orders.list(), link)
    assert link.is_symlink()
    assert target.read_text().startswith("id,record_type")
    assert names_in(tmp_path / "kept") == ["orders.csv"]


async def test_who_may_read_it_stays(client: OrdersClient, tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    file.touch(mode=0o600)
    await export(client.number_orders.list(), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json_lines(file)) == 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
async def test_what_is_no_file_is_not_replaced(client: OrdersClient, tmp_path: Path) -> None:
    pipe = tmp_path / "orders.csv"
    os.mkfifo(pipe)
    with pytest.raises(ExportError, match="no file that could be replaced"):
        await export(client.number_orders.list(), pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names_in(tmp_path) == ["orders.csv"]


async def test_a_name_that_is_too_long(client: OrdersClient, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="See that its folder can be written"):
        await export(client.number_orders.list(), tmp_path / f"{'o' * 245}.csv")


@pytest.mark.parametrize("damage", ["state", "nonsense"])
async def test_a_damaged_state(damage: str, client: OrdersClient, tmp_path: Path) -> None:
    """Without `resume` what it says plays no part; a file that is no state is named."""
    file = tmp_path / "orders.ndjson"

    def stop(progress: ExportProgress) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await export(client.number_orders.list(), file, on_progress=stop)
    state = tmp_path / "orders.ndjson.part-state"
    if damage == "nonsense":
        state.write_bytes(b"nonsense" * 1000)
        with pytest.raises(ExportError, match="remove it to begin anew"):
            await export(client.number_orders.list(), file)
        return
    with sqlite3.connect(state) as connection:
        connection.execute("UPDATE export SET progress = '{'")
    connection.close()
    with pytest.raises(ExportError, match="leave out resume"):
        await export(client.number_orders.list(), file, resume=True)
    assert (await export(client.number_orders.list(), file)).orders == 1000


async def test_an_empty_account_compressed(tmp_path: Path) -> None:
    """No orders are no bytes, but a file that can be decompressed."""
    file = tmp_path / "orders.ndjson.gz"
    async with Sandbox(0) as empty, OrdersClient(empty.api_key, base_url=empty.base_url) as client:
        await export(client.number_orders.list(), file)
    assert file.stat().st_size > 0
    assert gzip.decompress(file.read_bytes()) == b""
