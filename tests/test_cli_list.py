"""`telnyx-orders list` with pipes around it: every format, the filters, the limit, the summary."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.sandbox import Fault, Faults, RateLimit, Sandbox
from tests.test_cli import run

SUMMARY = re.compile(r"1,000 orders on 4 pages in \d+\.\d\d s, 0 retries\n")


def sandbox_orders(sandbox: Sandbox) -> list[NumberOrder]:
    return make_converter().structure(list(sandbox.rows()), list[NumberOrder])


def created(row: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(row["created_at"]))


async def test_a_pipe_gets_ndjson(sandbox: Sandbox):
    """Without `--format` a pipe gets one compact object a line, each a whole order."""
    result = await run("list", server=sandbox)
    assert result.code == 0
    read = [json.loads(line) for line in result.out.splitlines()]
    assert make_converter().structure(read, list[NumberOrder]) == sandbox_orders(sandbox)
    assert SUMMARY.fullmatch(result.err)


async def test_json_is_one_indented_array(sandbox: Sandbox):
    """The array is written piecemeal and reads as if it had been written at once."""
    result = await run("list", "--format", "json", server=sandbox)
    assert result.code == 0
    read = json.loads(result.out)
    assert make_converter().structure(read, list[NumberOrder]) == sandbox_orders(sandbox)
    assert result.out == json.dumps(read, indent=2, ensure_ascii=False) + "\n"
    assert SUMMARY.fullmatch(result.err)


async def test_csv_has_a_column_for_each_field(sandbox: Sandbox):
    """Cells hold what the order holds: lists joined by spaces, ISO times, `true`, nothing.

    Two numbers in a cell would be a formula, so that an apostrophe stands before them.
    """
    result = await run("list", "--format", "csv", server=sandbox)
    assert result.code == 0
    rows = list(csv.DictReader(io.StringIO(result.out, newline="")))
    expected = sandbox_orders(sandbox)
    assert [row["id"] for row in rows] == [order.id for order in expected]
    for row, order in zip(rows, expected, strict=True):
        assert row["phone_numbers"].removeprefix("'").split() == [
            n.phone_number for n in order.phone_numbers
        ]
        assert row["sub_number_orders_ids"].split() == list(order.sub_number_orders_ids)
        assert row["requirements_met"] == ("true" if order.requirements_met else "false")
        assert datetime.fromisoformat(row["created_at"]) == order.created_at
        assert row["customer_reference"] == (order.customer_reference or "")
        assert row["connection_id"] == (order.connection_id or "")
        assert row["status"] == order.status
    assert SUMMARY.fullmatch(result.err)


async def test_a_table_into_a_pipe_has_no_colours_and_cuts_nothing(sandbox: Sandbox):
    """`--format table` into a file is plain text, with whole ids and references."""
    result = await run("list", "--format", "table", server=sandbox)
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", *sandbox.order_ids()[:25]]
    assert "\x1b" not in result.out
    assert "…" not in result.out
    assert result.err.endswith("0 retries (the first 25 are shown)\n")


async def test_quiet_says_nothing(sandbox: Sandbox):
    """`--quiet` leaves standard error empty."""
    result = await run("list", "--quiet", server=sandbox)
    assert (result.code, result.err) == (0, "")
    assert result.out.count("\n") == 1000


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("json", "[]\n"),
        ("table", "No number orders match.\n"),
    ],
)
async def test_no_orders_are_valid_output(form: str, expected: str):
    """An empty account gives an empty array, or a sentence."""
    async with Sandbox(orders=0) as empty:
        result = await run("list", "--format", form, server=empty)
    assert (result.code, result.out) == (0, expected)
    assert result.err.startswith("0 orders on 1 page in ")


async def test_filters_together(sandbox: Sandbox):
    """Every filter reaches the API; what comes is what the sandbox holds of that kind."""
    chosen = next(
        row
        for row in sandbox.rows()
        if row["status"] == "pending" and row["requirements_met"] is False
    )
    after, before = datetime(2023, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, 12, 30, tzinfo=UTC)
    result = await run(
        "list",
        *("--status", "pending", "--no-requirements-met"),
        *("--created-after", "2023-06-01", "--created-before", "2025-06-01T14:30+02:00"),
        *("--phone-numbers-count", str(chosen["phone_numbers_count"])),
        server=sandbox,
    )
    expected = [
        row["id"]
        for row in sandbox.rows()
        if row["status"] == "pending"
        and row["requirements_met"] is False
        and after < created(row) < before
        and row["phone_numbers_count"] == chosen["phone_numbers_count"]
    ]
    assert expected
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == expected


async def test_a_reference_is_found_as_it_was_written(sandbox: Sandbox):
    """References with signs of shells, URLs or options are neither parsed nor changed."""
    wanted = sandbox.insert(customer_reference="--a&b=c d%2F[e] é\t")
    result = await run("list", "--customer-reference=--a&b=c d%2F[e] é\t", server=sandbox)
    assert [json.loads(line)["id"] for line in result.out.splitlines()] == [wanted]


@pytest.mark.parametrize("option", ["--requirements-met", "--no-requirements-met"])
async def test_requirements_met_has_two_sides(option: str, sandbox: Sandbox):
    """Both forms of the option filter, and leaving it out does not."""
    result = await run("list", option, server=sandbox)
    met = {json.loads(line)["requirements_met"] for line in result.out.splitlines()}
    assert met == {option == "--requirements-met"}


@pytest.mark.parametrize("form", ["json", "table"])
async def test_a_small_limit_is_one_small_request(form: str, sandbox: Sandbox):
    """`--limit 3` asks for three orders once, and the output is complete."""
    result = await run("list", "--limit", "3", "--format", form, server=sandbox)
    first, other = sandbox.order_ids()[:3], sandbox.order_ids()[3:]
    assert result.code == 0
    assert sandbox.counters.pages == [(1, 3)]
    assert all(order_id in result.out for order_id in first)
    assert not any(order_id in result.out for order_id in other)
    assert re.fullmatch(r"3 of 1,000 orders on 1 page in \d+\.\d\d s, 0 retries\n", result.err)
    if form == "json":
        assert len(json.loads(result.out)) == 3


async def test_a_limit_over_several_pages_ends_early(sandbox: Sandbox):
    """Pages far beyond the limit are not asked for, and the last one is cut."""
    result = await run(
        *("list", "--limit", "45", "--page-size", "10", "--concurrency", "2"), server=sandbox
    )
    ids = [json.loads(line)["id"] for line in result.out.splitlines()]
    assert ids == sandbox.order_ids()[:45]
    assert len(sandbox.counters.pages) <= 5 + 2
    assert sandbox.counters.most_in_flight <= 2
    assert result.err.startswith("45 of 1,000 orders on 5 pages")


async def test_a_limit_of_two_pages_fetches_hardly_more(sandbox: Sandbox):
    """Requests are not made for pages that the limit cuts off."""
    result = await run("list", "--limit", "30", "--page-size", "25", server=sandbox)
    assert len(result.out.splitlines()) == 30
    assert sandbox.counters.requests <= 3


async def test_a_limit_that_is_not_reached_is_no_limit(sandbox: Sandbox):
    """A limit above what there is gives all, and a plain summary."""
    result = await run("list", "--limit", "5000", server=sandbox)
    assert result.out.count("\n") == 1000
    assert SUMMARY.fullmatch(result.err)


async def test_waiting_for_the_rate_limit_is_no_retry(sandbox: Sandbox):
    """A fetch that waits for the next window of the rate limit has retried nothing."""
    sandbox.rate_limit = RateLimit(requests=3, window=1)
    result = await run("list", server=sandbox)
    assert result.code == 0
    assert SUMMARY.fullmatch(result.err)
    assert sandbox.counters.by_status == {200: 4}


async def test_retries_are_counted(sandbox: Sandbox):
    """The summary counts every request that was sent again."""
    sandbox.faults = Faults(script=[Fault.UNAVAILABLE, None, Fault.BAD_GATEWAY])
    result = await run("list", server=sandbox)
    assert result.code == 0
    assert result.out.count("\n") == 1000
    assert result.err.endswith(" s, 2 retries\n")


async def test_hostile_text_keeps_the_lines_whole(sandbox: Sandbox):
    """Line breaks and quotes in a reference break neither a JSON line nor a CSV row.

    A carriage return, which some take for the end of a row, becomes a line feed in CSV.
    """
    hostile = 'a\nb\r"c",\u2028d\x9b31m\x7f'
    wanted = sandbox.insert(customer_reference=hostile)
    lines = (await run("list", "--limit", "1", server=sandbox)).out.split("\n")
    assert len(lines) == 2
    assert json.loads(lines[0])["customer_reference"] == hostile
    assert "\x9b" not in lines[0]
    table = (await run("list", "--limit", "1", "--format", "csv", server=sandbox)).out
    (row,) = csv.DictReader(io.StringIO(table, newline=""))
    assert (row["id"], row["customer_reference"]) == (wanted, hostile.replace("\r", "\n"))


async def test_the_built_in_sandbox_needs_nothing():
    """`--sandbox` lists 2,000 orders without a key, whatever server the environment names."""
    env = {"TELNYX_BASE_URL": "https://nowhere.invalid", "HTTP_PROXY": "http://nowhere.invalid"}
    result = await run("list", "--sandbox", env=env)
    assert result.code == 0
    assert len({json.loads(line)["id"] for line in result.out.splitlines()}) == 2000
    assert result.err.startswith("2,000 orders on 8 pages in ")
