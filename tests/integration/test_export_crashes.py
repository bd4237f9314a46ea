"""An export that is killed at any moments, while the account changes, and gone on with."""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from telnyx_orders.sandbox import Drift, Sandbox
from tests.conftest import names_in

KILLS = int(os.environ.get("CRASH_STEPS", "4"))
"""How often exports are killed in all, one after the other, before the last is left alone."""


async def run_worker(file: Path, sandbox: Sandbox, step: int | None = None) -> tuple[int, str]:
    arguments = [str(file), sandbox.base_url, *([] if step is None else [str(step)])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.export_worker", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (out + err).decode()


def ids_in(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow, of the extra `arrow`")
        ids: list[str] = pq.read_table(file, columns=["id"])["id"].to_pylist()
        return ids
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize("suffix", ["ndjson", "parquet"])
@pytest.mark.parametrize("drift", [None, Drift(insert=1, remove=1, every=3)], ids=["quiet", "busy"])
async def test_killed_at_any_line(drift: Drift | None, suffix: str, tmp_path: Path) -> None:
    """It ends with every order once, in three requests a page, and two for each death."""
    orders = 20_000
    chosen = random.Random(f"{suffix} {drift}")
    file = tmp_path / f"orders.{suffix}"
    async with Sandbox(orders=orders, drift=drift, numbers_per_order=1) as sandbox:
        left = KILLS
        while left:
            begun, killed, code = sandbox.counters.requests, 0, -signal.SIGKILL
            there = set(sandbox.order_ids())
            while code:
                step = round(10 ** chosen.uniform(2, 5.6)) if left else None
                code, said = await run_worker(file, sandbox, step)
                assert code in (0, -signal.SIGKILL), said
                if code:
                    killed, left = killed + 1, left - 1
                    assert not file.exists()
            ids = ids_in(file)
            assert len(ids) == len(set(ids)) == int(said.split()[0])
            assert there & sandbox.survivors() <= set(ids)
            pages = max(len(there), len(ids)) / 250
            assert sandbox.counters.requests - begun <= 3 * pages + 2 * killed
            assert names_in(tmp_path) == [file.name]
            file.unlink()
