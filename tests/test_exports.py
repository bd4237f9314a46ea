"""Exports: what is in the files, and what becomes of one that cannot be finished."""

import asyncio
import csv
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from telnyx_orders import (
    DateRange,
    InternalServerError,
    NumberOrder,
    OrderPhoneNumber,
    OrdersClient,
    OrderStatus,
    RetryPolicy,
    make_converter,
)
from telnyx_orders.exports import ExportError, ExportProgress, export, to_arrow, to_dicts
from telnyx_orders.exports.csv_rows import safe_cell
from telnyx_orders.exports.state import Identity, Progress, State
from telnyx_orders.sandbox import Drift, Fault, Faults, ListingOrder, Sandbox
from tests.conftest import MakeClient, names_in, no_task_left, until
from tests.servers import page, serve

pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow, of the extra `arrow`")


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[OrdersClient]:
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        yield client


@pytest.fixture
async def large() -> AsyncIterator[Sandbox]:
    """An account that is read in several windows."""
    async with Sandbox(orders=15_000, numbers_per_order=1) as sandbox:
        yield sandbox


def once(sandbox: Sandbox, **others: Any) -> OrdersClient:
    """A client that tries nothing again."""
    retry = RetryPolicy(max_attempts=1)
    return OrdersClient(sandbox.api_key, base_url=sandbox.base_url, retry=retry, **others)


def json_lines(file: Path) -> list[dict[str, Any]]:
    data = file.read_bytes()
    text = gzip.decompress(data) if file.suffix == ".gz" else data
    return [json.loads(line) for line in text.splitlines()]


def oldest_first(sandbox: Sandbox) -> list[dict[str, Any]]:
    return sorted(sandbox.rows(), key=lambda row: (row["created_at"], row["id"]))


@pytest.mark.parametrize("name", ["orders.ndjson", "orders.ndjson.gz"])
async def test_json_lines(
    name: str, client: OrdersClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A line an order, with the keys and values of the API, oldest first."""
    report = await export(client.number_orders.list(), tmp_path / name)
    converter = make_converter()
    written = json_lines(tmp_path / name)
    assert converter.structure(written, list[NumberOrder]) == converter.structure(
        oldest_first(sandbox), list[NumberOrder]
    )
    assert (report.path, report.orders, report.runs) == (tmp_path / name, 1000, 1)
    assert report.fetch is not None
    assert (report.fetch.proof, report.fetch.orders) == ("count", 1000)
    assert report.requests == sandbox.counters.requests == 5
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz"])
async def test_csv_has_a_row_an_order(
    name: str, client: OrdersClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The columns are the fields, the numbers stand in one cell, and the header comes once."""
    await export(client.number_orders.list(), tmp_path / name)
    data = (tmp_path / name).read_bytes()
    text = gzip.decompress(data).decode() if name.endswith("gz") else data.decode()
    rows = list(csv.DictReader(text.splitlines()))
    for row, expected in zip(rows, oldest_first(sandbox), strict=True):
        numbers = [number["phone_number"] for number in expected["phone_numbers"]]
        assert row["phone_numbers"].removeprefix("'").split() == numbers
        assert (row["id"], row["status"]) == (expected["id"], expected["status"])


async def test_csv_with_a_row_a_number(
    client: OrdersClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Exploded, each number has a row with the fields of its order."""
    await export(client.number_orders.list(), tmp_path / "orders.csv", explode=True)
    rows = list(csv.DictReader((tmp_path / "orders.csv").read_text().splitlines()))
    expected = [
        (order["id"], number["id"], number["phone_number"])
        for order in oldest_first(sandbox)
        for number in order["phone_numbers"]
    ]
    found = [(row["id"], row["number_id"], row["number_phone_number"]) for row in rows]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1 +2", "'+1 +2"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'\t=1+1"),
        ("+19705555000", "+19705555000"),
        ("-12.50", "-12.50"),
        ("job=17", "job=17"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    """What a spreadsheet would take for a formula gets an apostrophe, unless it is a number."""
    assert safe_cell(text) == cell


def of_frame(frame: Any) -> list[str]:
    ids: list[str] = list(frame["id"])
    return ids


async def test_parquet_is_read_by_others(
    client: OrdersClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """pandas, polars and DuckDB read the file; times are UTC and numbers a list within a row."""
    polars = pytest.importorskip("polars")
    pandas = pytest.importorskip("pandas")
    duckdb = pytest.importorskip("duckdb")
    file = tmp_path / "orders.parquet"
    await export(client.number_orders.list(), file)
    expected = oldest_first(sandbox)
    ids = [row["id"] for row in expected]
    assert of_frame(pandas.read_parquet(file)) == of_frame(polars.read_parquet(file)) == ids
    numbers = sum(len(row["phone_numbers"]) for row in expected)
    [(orders, found, first)] = duckdb.sql(
        f"SELECT count(*), sum(len(phone_numbers)), min(created_at) FROM '{file}'"
    ).fetchall()
    assert (orders, found) == (1000, numbers)
    assert first == datetime.fromisoformat(expected[0]["created_at"])
    assert str(pq.read_schema(file).field("created_at").type) == "timestamp[us, tz=UTC]"
    assert pq.ParquetFile(file).metadata.num_row_groups == 1


async def test_collected_orders_as_dicts_and_as_a_table(
    client: OrdersClient, tmp_path: Path
) -> None:
    """They are what an export would have written."""
    orders = await client.number_orders.list().collect()
    file = tmp_path / "orders.parquet"
    await export(client.number_orders.list(), file)
    assert to_arrow(orders).sort_by("id").equals(pq.read_table(file).sort_by("id"))
    assert make_converter().structure(to_dicts(orders), list[NumberOrder]) == orders


def test_odd_texts_in_a_table() -> None:
    """A half of a surrogate pair, and a status that is new, are kept as text."""
    odd = NumberOrder(
        id="\ud800", status=OrderStatus("new"), phone_numbers=(OrderPhoneNumber(id="\udfff"),)
    )
    [row] = to_arrow([odd]).to_pylist()
    assert (row["id"], row["status"]) == ("\\ud800", "new")
    assert row["phone_numbers"][0]["id"] == "\\udfff"


@pytest.mark.parametrize("order_by", list(ListingOrder))
@pytest.mark.parametrize(
    "drift", [None, Drift(insert=1), Drift(remove=1), Drift(insert=2, remove=1, settle=1)]
)
async def test_every_order_once(
    order_by: ListingOrder, drift: Drift | None, tmp_path: Path
) -> None:
    """In whatever order they are listed, and whatever changes: what stays is there, once."""
    async with Sandbox(15_000, order_by=order_by, drift=drift, numbers_per_order=1) as sandbox:
        async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
            report = await export(client.number_orders.list(), tmp_path / "orders.ndjson")
        ids = [row["id"] for row in json_lines(tmp_path / "orders.ndjson")]
        assert len(set(ids)) == len(ids) == report.orders
        assert sandbox.survivors() <= set(ids)
        # What was asked for when a window turned out too large may not have arrived.
        assert sandbox.counters.requests <= report.requests <= 3 * 60
    if drift is None:
        assert report.requests <= 60 + 12


async def test_the_filter_is_kept_to(large: Sandbox, tmp_path: Path) -> None:
    """A filter of one's own holds within the windows, and so do its bounds of time."""
    rows = oldest_first(large)
    begin, end = (datetime.fromisoformat(rows[n]["created_at"]) for n in (100, -100))
    chosen = {"status": "success", "created_at": DateRange(gt=begin, lt=end)}
    async with once(large) as client:
        await export(client.number_orders.list(filter=chosen), tmp_path / "orders.ndjson")
    expected = [row["id"] for row in rows[101:-100] if row["status"] == "success"]
    assert [row["id"] for row in json_lines(tmp_path / "orders.ndjson")] == expected


async def test_orders_without_a_time(make_client: MakeClient, tmp_path: Path) -> None:
    """Orders that are in no window are found by the totals, and written too."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"id": f"order-{n:05}", "created_at": (start + timedelta(hours=n)).isoformat()}
        for n in range(12_000)
    ]
    rows[5000:5000] = [{"id": "undated", "created_at": None}]

    async def answer(request: Any) -> Any:
        after = request.query.get("filter[created_at][gt]")
        before = request.query.get("filter[created_at][lt]")
        chosen = [row for row in rows if _within(row["created_at"], after, before)]
        size, number = int(request.query["page[size]"]), int(request.query["page[number]"])
        pages = -(-len(chosen) // size)
        there = chosen[(number - 1) * size : number * size]
        return page(there, number=number, size=size, pages=pages, results=len(chosen))

    async with serve(answer) as url:
        client = make_client(base_url=url)
        report = await export(client.number_orders.list(), tmp_path / "orders.ndjson")
    assert report.orders == 12_001
    assert sorted(row["id"] for row in json_lines(tmp_path / "orders.ndjson")) == sorted(
        row["id"] for row in rows
    )


def _within(created: str | None, after: str | None, before: str | None) -> bool:
    if created is None:
        return after is None and before is None
    moment = datetime.fromisoformat(created)
    return (after is None or moment > datetime.fromisoformat(after)) and (
        before is None or moment < datetime.fromisoformat(before)
    )


async def test_killed_right_before_its_end(tmp_path: Path) -> None:
    """What is all on the disk when its process dies is not written a second time."""
    for orders in (1000, 15_000):
        file = tmp_path / "orders.ndjson"
        async with Sandbox(orders, numbers_per_order=1) as sandbox, once(sandbox) as client:
            sandbox.insert(created_at=None)

            def stop(progress: ExportProgress, last: int = orders + 1) -> None:
                if progress.orders_done == last:
                    raise KeyError

            with pytest.raises(KeyError):
                await export(client.number_orders.list(), file, on_progress=stop)
            report = await export(client.number_orders.list(), file, resume=True)
        assert (report.orders, report.runs) == (orders + 1, 2)
        assert len({row["id"] for row in json_lines(file)}) == orders + 1
        assert len(json_lines(file)) == orders + 1


async def test_a_number_that_no_column_can_hold(sandbox: Sandbox, tmp_path: Path) -> None:
    """It is an error of the export, and the other formats can hold it."""
    sandbox.insert(phone_numbers_count=2**63)
    async with once(sandbox) as client:
        with pytest.raises(ExportError, match="an order cannot be written"):
            await export(client.number_orders.list(), tmp_path / "orders.parquet")
        report = await export(client.number_orders.list(), tmp_path / "orders.csv")
    assert report.orders == 1001


async def test_a_state_that_was_changed(large: Sandbox, tmp_path: Path) -> None:
    """What says how far an export came is no longer trusted when it says nothing."""
    file = tmp_path / "orders.ndjson"
    await stopped(large, file, after=20)
    connection = sqlite3.connect(tmp_path / "orders.ndjson.part-state")
    connection.execute("UPDATE export SET progress = '{}'")
    connection.commit()
    connection.close()
    async with once(large) as client:
        with pytest.raises(ExportError, match="was changed from outside"):
            await export(client.number_orders.list(), file, resume=True)
        (tmp_path / "orders.ndjson.part-state").write_text("this is no database at all " * 20)
        with pytest.raises(ExportError, match="cannot be used.* remove it to begin anew"):
            await export(client.number_orders.list(), file, resume=True)


def test_a_state_that_has_no_room(tmp_path: Path) -> None:
    """The error says what to do about it."""
    state = State(tmp_path / "orders.csv.part-state", tmp_path / "orders.csv")
    state._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(ExportError, match="is full. See that the disk has room .* with resume$"):
        state.save(Identity(account="a" * 100_000, filter=(), form="csv"), Progress())
    state.close()


async def test_progress_is_of_what_is_on_the_disk(large: Sandbox, tmp_path: Path) -> None:
    """It is told after each window, and what it awaits is awaited."""
    told: list[ExportProgress] = []

    async def tell(progress: ExportProgress) -> None:
        await asyncio.sleep(0)
        told.append(progress)

    async with once(large) as client:
        report = await export(
            client.number_orders.list(), tmp_path / "orders.ndjson", on_progress=tell
        )
    done = [progress.orders_done for progress in told]
    assert done == sorted(done)
    assert (len(told), done[-1], told[-1].orders_total) == (report.windows, 15_000, 15_000)


async def stopped(sandbox: Sandbox, file: Path, after: int) -> ExportError:
    """Export until the API fails after some requests."""
    async with once(sandbox) as client:

        def fail(_: ExportProgress) -> None:
            if sandbox.counters.requests >= after:
                sandbox.faults = Faults(rate=1.0, kinds=[Fault.INTERNAL_ERROR])

        with pytest.raises(ExportError) as caught:
            await export(client.number_orders.list(), file, on_progress=fail)
    sandbox.faults = None
    return caught.value


async def test_an_export_that_stops_is_gone_on_with(large: Sandbox, tmp_path: Path) -> None:
    """What came is kept beside the file that was there before; `resume` reads only the rest."""
    file = tmp_path / "orders.ndjson"
    file.write_text("of yesterday")
    error = await stopped(large, file, after=20)
    assert 0 < error.orders < 15_000
    assert f"stopped after {error.orders} orders" in str(error)
    assert "go on with resume" in str(error)
    assert isinstance(error.__cause__, Exception)
    assert file.read_text() == "of yesterday"
    before = large.counters.requests
    async with once(large) as client:
        report = await export(client.number_orders.list(), file, resume=True)
    assert report.runs == 2
    assert large.counters.requests - before < 60
    assert [row["id"] for row in json_lines(file)] == [row["id"] for row in oldest_first(large)]
    assert names_in(tmp_path) == [file.name]


async def test_only_the_same_export_is_gone_on_with(large: Sandbox, tmp_path: Path) -> None:
    """Another filter, another form or another account is refused, and the part is kept."""
    file = tmp_path / "orders.csv"
    await stopped(large, file, after=20)
    async with once(large) as client:
        listing = client.number_orders.list
        for pager, others, said in (
            (listing(filter={"status": "pending"}), {}, "another filter"),
            (listing(), {"explode": True}, "another form"),
        ):
            with pytest.raises(ExportError, match=said):
                await export(pager, file, resume=True, **others)
    async with OrdersClient("KEYother", base_url=large.base_url) as client:
        with pytest.raises(ExportError, match="another account"):
            await export(client.number_orders.list(), file, resume=True)
    async with once(large) as client:
        report = await export(client.number_orders.list(), file, resume=True)
    assert (report.orders, report.runs) == (15_000, 2)


async def test_without_resume_it_begins_anew(large: Sandbox, tmp_path: Path) -> None:
    """What an earlier run has left is thrown away."""
    file = tmp_path / "orders.ndjson"
    await stopped(large, file, after=20)
    async with once(large) as client:
        report = await export(client.number_orders.list(), file)
    assert (report.orders, report.runs) == (15_000, 1)


async def test_an_api_that_gives_nothing_leaves_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its own error is raised, and no file is made."""
    sandbox.faults = Faults(rate=1.0, kinds=[Fault.INTERNAL_ERROR])
    async with once(sandbox) as client:
        with pytest.raises(InternalServerError):
            await export(client.number_orders.list(), tmp_path / "orders.ndjson")
    assert names_in(tmp_path) == []


async def test_two_exports_to_one_file(large: Sandbox, tmp_path: Path) -> None:
    """The second is refused while the first goes on."""
    file = tmp_path / "orders.ndjson"
    async with once(large) as client:
        second: list[Awaitable[object]] = []

        async def begin_another(_: ExportProgress) -> None:
            if not second:
                second.append(asyncio.sleep(0))
                with pytest.raises(ExportError, match="another export to .* is running"):
                    await export(client.number_orders.list(), file)

        report = await export(client.number_orders.list(), file, on_progress=begin_another)
        await second[0]
    assert report.orders == 15_000


async def test_cancelled_it_keeps_what_came(large: Sandbox, tmp_path: Path) -> None:
    """It ends its requests at once, leaves no task, and can be gone on with."""
    file = tmp_path / "orders.parquet"
    async with once(large) as client, no_task_left():
        told: list[ExportProgress] = []
        task = asyncio.ensure_future(
            export(client.number_orders.list(), file, on_progress=told.append)
        )
        await until(lambda: told)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not file.exists()
        report = await export(client.number_orders.list(), file, resume=True)
    assert (report.orders, report.runs) == (15_000, 2)
    assert pq.read_table(file).num_rows == 15_000


async def test_a_part_that_was_cut(large: Sandbox, tmp_path: Path) -> None:
    """A part that is shorter than it was written is refused; bytes too many are cut off."""
    file = tmp_path / "orders.ndjson"
    await stopped(large, file, after=20)
    part = tmp_path / "orders.ndjson.part"
    data = part.read_bytes()
    part.write_bytes(data[:-1])
    async with once(large) as client:
        with pytest.raises(ExportError, match="shorter than it was written"):
            await export(client.number_orders.list(), file, resume=True)
        part.write_bytes(data + b'{"id": "half of a li' * 1_000_000)
        await export(client.number_orders.list(), file, resume=True)
    assert len(json_lines(file)) == 15_000


Exported = Callable[[OrdersClient, Path], Awaitable[object]]


@pytest.mark.parametrize(
    ("name", "others", "error", "said"),
    [
        ("orders", {}, ValueError, "does not say which format"),
        ("orders.txt", {}, ValueError, "does not say which format"),
        ("orders.parquet.gz", {}, ValueError, "leave out .gz"),
        ("orders.ndjson", {"explode": True}, ValueError, "only csv"),
        ("orders.ndjson", {"format": "xml"}, ValueError, "format: expected one of ndjson"),
        ("no/orders.ndjson", {}, ExportError, "does not exist"),
        ("folder.csv", {}, ExportError, "is a folder"),
    ],
)
async def test_what_cannot_be_exported_is_an_error_at_once(
    name: str,
    others: dict[str, Any],
    error: type[Exception],
    said: str,
    client: OrdersClient,
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    """It says what was wrong, before anything is sent."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(error, match=said):
        await export(client.number_orders.list(), tmp_path / name, **others)
    assert sandbox.counters.requests == 0
    assert names_in(tmp_path) == ["folder.csv"]


async def test_only_number_orders_are_exported(client: OrdersClient, tmp_path: Path) -> None:
    """Anything else is a type error."""
    for wrong in (client.sub_number_orders, [], client.number_orders):
        with pytest.raises(TypeError, match="pager"):
            await export(wrong, tmp_path / "orders.csv")  # type: ignore[arg-type]
