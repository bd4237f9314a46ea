"""`telnyx-orders export`: the file, the one line that says what came of it, and the exit code."""

import asyncio
import csv
import gzip
import json
import resource
import signal
from pathlib import Path

import pytest

from telnyx_orders import OrdersClient, export
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import names_in, until
from tests.test_cli import PROGRAM, environment, error_line, run


@pytest.mark.parametrize("name", ["orders.ndjson", "orders.csv.gz", "orders.parquet"])
async def test_a_file_and_a_line(name: str, sandbox: Sandbox, tmp_path: Path):
    """The orders are in the file, and one line says how many and what it took."""
    result = await run("export", str(tmp_path / name), server=sandbox)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"1,000 orders in {name}, 5 requests, ")
    assert names_in(tmp_path) == [name]


async def test_what_it_is_told(sandbox: Sandbox, tmp_path: Path):
    """Filters, the format and exploding are as in the library; `--quiet` says nothing."""
    file = tmp_path / "orders.txt"
    options = ("--status", "pending", "--format", "csv", "--explode", "--quiet")
    result = await run("export", str(file), *options, server=sandbox)
    assert (result.code, result.out, result.err) == (0, "", "")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    pending = [row for row in sandbox.rows() if row["status"] == "pending"]
    assert len(rows) == sum(len(row["phone_numbers"]) for row in pending)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_through_a_pipe(form: str, sandbox: Sandbox):
    """`-` writes to standard output as the orders come."""
    result = await run("export", "-", "--format", form, server=sandbox)
    assert result.code == 0
    lines = result.out.splitlines()
    if form == "ndjson":
        assert [json.loads(line)["id"] for line in lines] == sandbox.order_ids()
    else:
        assert len(lines) == 1001
    assert result.err == "1,000 orders\n"


async def test_it_goes_on_where_it_stopped(tmp_path: Path):
    """A line says why it stopped and how to go on; `--resume` does, and says in how many runs."""
    file = tmp_path / "orders.ndjson.gz"
    async with Sandbox(15_000, numbers_per_order=1, latency=0.02) as sandbox:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "export", str(file)),
            stderr=asyncio.subprocess.PIPE,
            env=environment(sandbox),
        )
        part = tmp_path / f"{file.name}.part"
        await until(lambda: part.exists() and part.stat().st_size)
        sandbox.faults = Faults(rate=1.0, kinds=[Fault.UNAVAILABLE])
        _, err = await process.communicate()
        assert process.returncode == 1
        [line] = err.decode().splitlines()
        assert line.startswith(f"error: the export of {file} stopped after ")
        assert line.endswith("What came is kept beside it: go on with --resume")
        sandbox.faults = None
        result = await run("export", str(file), "--resume", server=sandbox)
    assert result.code == 0
    assert result.err.startswith(f"15,000 orders in {file.name}, ")
    assert " requests in 2 runs, " in result.err
    lines = gzip.decompress(file.read_bytes()).splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 15_000


async def test_interrupted_it_leaves_no_half_file(tmp_path: Path):
    """Ctrl-C ends it with 130; what came is kept for `--resume`."""
    file = tmp_path / "orders.csv"
    async with Sandbox(15_000, numbers_per_order=1, latency=0.02) as sandbox:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "export", str(file)),
            stderr=asyncio.subprocess.PIPE,
            env=environment(sandbox),
        )
        part = tmp_path / f"{file.name}.part"
        await until(lambda: part.exists() and part.stat().st_size)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    said = b"interrupted: what came is kept, the same command with --resume goes on\n"
    assert err == said
    assert names_in(tmp_path) == ["orders.csv.part", "orders.csv.part-state"]


async def test_a_full_disk(tmp_path: Path):
    """Where the file can grow no more a line says so, and once it can the export goes on."""
    file = tmp_path / "orders.ndjson"

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    async with Sandbox(15_000, numbers_per_order=1) as sandbox:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, "export", str(file)),
            stderr=asyncio.subprocess.PIPE,
            env=environment(sandbox),
            preexec_fn=small,  # it starts no threads
        )
        _, err = await process.communicate()
        assert process.returncode == 1
        assert "it cannot be written: File too large" in err.decode()
        assert len(err.splitlines()) == 1
        assert "orders.ndjson" not in names_in(tmp_path)
        result = await run("export", str(file), "--resume", server=sandbox)
    assert result.code == 0
    assert len(file.read_text().splitlines()) == 15_000


@pytest.mark.parametrize("folder", ["resume", "to resume here"])
async def test_advice_speaks_of_the_option(folder: str, sandbox: Sandbox, tmp_path: Path):
    """What the library calls `resume` is `--resume` here, but not in the name of a file."""
    (tmp_path / folder).mkdir()
    file = tmp_path / folder / "resume.csv"
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        with pytest.raises(ZeroDivisionError):
            await export(client.number_orders.list(), file, on_progress=lambda _: 1 // 0)
    result = await run("export", str(file), "--explode", "--resume", server=sandbox)
    assert result.code == 1
    assert f"error: {file}.part is an export in another form" in result.err
    assert result.err.endswith(
        "go on with it as it was begun, or leave out --resume to begin anew\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["orders"], "say --format"),
        (["-", "--resume"], "--resume is for a file"),
        (["-", "--format", "parquet"], "name a file"),
        (["-", "--explode"], "--explode is for --format csv"),
        (["orders.csv", "--created-after", "x"], "--created-after"),
        ([], "FILE"),
    ],
)
async def test_what_makes_no_sense(arguments: list[str], said: str, sandbox: Sandbox):
    """It is an error of usage that says what was wrong."""
    result = await run("export", *arguments, server=sandbox)
    assert result.code == 2
    assert said in error_line(result)
    assert sandbox.counters.requests == 0


async def test_a_pipe_that_closes(sandbox: Sandbox):
    """Whoever has read enough ends it quietly."""
    command = " ".join([*PROGRAM, "export", "-"])
    process = await asyncio.create_subprocess_shell(
        f"{command} | head -1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(sandbox),
    )
    out, err = await process.communicate()
    assert len(out.splitlines()) == 1
    assert b"rror" not in err
