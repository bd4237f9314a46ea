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
"""How often an export is killed before it is left alone."""


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
        killed = 0
        for _ in range(KILLS):
            code, said = await run_worker(file, sandbox, round(10 ** chosen.uniform(2, 5.6)))
            if code == 0:
                break
            assert code == -signal.SIGKILL, said
            killed += 1
            assert not file.exists()
        code, said = await run_worker(file, sandbox)
        assert code == 0, said
        ids = ids_in(file)
        assert len(ids) == len(set(ids)) == int(said.split()[0])
        assert sandbox.survivors() <= set(ids)
        assert sandbox.counters.requests <= 3 * orders / 250 + 2 * killed
    assert killed > KILLS / 2
    assert names_in(tmp_path) == [file.name]
