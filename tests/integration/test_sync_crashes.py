"""A sync that is killed at any moment leaves a mirror that is sound, and that the next one ends.

Nor is any order lost to whoever is told of the changes.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
from pathlib import Path

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.sandbox import Sandbox

KILLS = int(os.environ.get("CRASH_STEPS", "4"))


async def run_worker(file: Path, sandbox: Sandbox, step: int | None = None) -> tuple[int, str]:
    arguments = [str(file), sandbox.base_url, *([] if step is None else [str(step)])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.sync_worker", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (out + err).decode()


def orders_in(file: Path) -> dict[str, NumberOrder]:
    """The orders in the file, each with the numbers that the other table has of it."""
    connection = sqlite3.connect(file)
    [(said,)] = connection.execute("PRAGMA integrity_check").fetchall()
    assert said == "ok"
    rows = connection.execute(
        "SELECT data, (SELECT count(*) FROM phone_numbers WHERE order_id = orders.id) "
        "FROM orders WHERE gone_at IS NULL"
    ).fetchall()
    connection.close()
    orders = [
        (make_converter().structure(json.loads(data), NumberOrder), count) for data, count in rows
    ]
    for order, count in orders:
        assert len(order.phone_numbers) == count
    return {order.id: order for order, _ in orders}


async def test_killed_at_any_line(tmp_path: Path) -> None:
    """The first sync and later ones, while the account changes in between."""
    chosen = random.Random(7)
    file = tmp_path / "orders.db"
    async with Sandbox(orders=2000) as sandbox:
        killed, told = 0, set[str]()
        for _ in range(KILLS):
            code, said = await run_worker(file, sandbox, round(10 ** chosen.uniform(2.5, 5.2)))
            assert code in (0, -signal.SIGKILL), said
            killed += code != 0
            told.update(said.split())
            if file.exists() and file.stat().st_size:
                orders_in(file)
            sandbox.insert()
            sandbox.remove(chosen.choice(sandbox.order_ids()))
            sandbox.settle(chosen.choice(sandbox.order_ids({"status": "pending"})))
        code, said = await run_worker(file, sandbox)
        assert code == 0, said
        account = make_converter().structure(list(sandbox.rows()), list[NumberOrder])
        assert orders_in(file) == {order.id: order for order in account}
        assert {order.id for order in account} <= told | set(said.split())
    assert killed > KILLS / 2
