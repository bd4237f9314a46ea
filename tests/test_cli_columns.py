"""`telnyx-orders list --columns`: the fields that were asked for, in every format."""

import csv
import io
import json

import pytest

from telnyx_orders import NumberOrder, make_converter
from telnyx_orders.cli.table import squeeze_columns
from telnyx_orders.sandbox import Sandbox
from tests.commands import Command, commands_at

CHOSEN = "updated_at,id,requirements_met"


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    return commands_at(sandbox.base_url, sandbox.api_key, monkeypatch, capfd)


def values(sandbox: Sandbox) -> list[dict[str, object]]:
    converter = make_converter()
    orders = converter.structure(list(sandbox.rows()), list[NumberOrder])
    return [
        {name: converter.unstructure(order)[name] for name in CHOSEN.split(",")} for order in orders
    ]


@pytest.mark.parametrize("form", ["json", "ndjson"])
async def test_json(form: str, command: Command, sandbox: Sandbox) -> None:
    result = await command("list", "--columns", CHOSEN, "--format", form, "--quiet")
    if form == "json":
        read = json.loads(result.out)
    else:
        read = [json.loads(line) for line in result.out.splitlines()]
    assert read == values(sandbox)
    assert list(read[0]) == CHOSEN.split(",")


async def test_csv(command: Command, sandbox: Sandbox) -> None:
    result = await command("list", "--columns", CHOSEN, "--format", "csv", "--quiet")
    header, *rows = csv.reader(io.StringIO(result.out))
    assert header == CHOSEN.split(",")
    expected = values(sandbox)
    assert [row[:2] for row in rows] == [[one["updated_at"], one["id"]] for one in expected]
    assert {row[2] for row in rows} == {"true", "false"}


async def test_a_table(command: Command, sandbox: Sandbox) -> None:
    result = await command("list", "--columns", f"{CHOSEN}, billing_group_id", "--format", "table")
    header, first, *_ = result.out.splitlines()
    assert header.split() == ["UPDATED", "AT", "ID", "REQS", "MET", "BILLING", "GROUP", "ID"]
    assert sandbox.order_ids()[0] in first


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("id,statu", 'there is no column "statu". Did you mean "status"?'),
        ("xyzzy", 'there is no column "xyzzy". There are id, record_type, phone_numbers_count'),
        ("id,", 'there is no column "". There are id,'),
        ("id,status,id", 'the column "id" is named twice'),
    ],
)
async def test_what_is_no_column(names: str, said: str, command: Command) -> None:
    result = await command("list", "--columns", names)
    assert result.code == 2
    assert result.err.startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (100, {"a": 40, "b": 10, "c": 3}),
        (57, {"a": 40, "b": 10, "c": 3}),
        (50, {"a": 33, "b": 10, "c": 3}),
        (20, {"a": 6, "b": 7, "c": 3}),
        (1, {"a": 4, "b": 4, "c": 3}),
    ],
)
def test_how_columns_are_squeezed(width: int, expected: dict[str, int]) -> None:
    assert squeeze_columns({"a": 500, "b": 10, "c": 3}, width) == expected
