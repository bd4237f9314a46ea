"""What the command line writes, as functions of values: formats, columns, messages."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from telnyx_orders import NumberOrder, OrderPhoneNumber, OrderStatus
from telnyx_orders.cli.formats import CsvWriter, JsonWriter, NdjsonWriter
from telnyx_orders.cli.messages import counted
from telnyx_orders.cli.progress import Fetched, summary
from telnyx_orders.cli.table import fit_columns
from telnyx_orders.error_details import printable

HEADER = (
    "id,record_type,phone_numbers_count,connection_id,messaging_profile_id,billing_group_id,"
    "phone_numbers,sub_number_orders_ids,status,customer_reference,created_at,updated_at,"
    "requirements_met\n"
)

FULL = NumberOrder(
    id="a",
    phone_numbers_count=2,
    phone_numbers=(
        OrderPhoneNumber(phone_number="+13125550001"),
        OrderPhoneNumber(phone_number="+13125550002"),
    ),
    sub_number_orders_ids=("s1", "s2"),
    status=OrderStatus("cancelled"),
    customer_reference='say "hi", é',
    created_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    updated_at=datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))),
    requirements_met=False,
)


def test_csv_of_a_full_and_an_empty_order():
    """Lists are joined by spaces, what is missing is empty, the header comes once."""
    writer = CsvWriter()
    assert writer.orders([FULL]) == HEADER + (
        "a,,2,,,,'+13125550001 +13125550002,s1 s2,cancelled,"
        '"say ""hi"", é",'
        "2026-01-31T12:00:00.000000Z,2026-01-31T12:00:00.000000+01:00,false\n"
    )
    assert writer.orders([NumberOrder(id="b")]) == "b,,,,,,,,,,,,\n"
    assert writer.orders([]) == ""
    assert writer.end() == ""


def test_csv_of_nothing_is_its_header():
    """An empty page is enough to know that there are no orders."""
    assert CsvWriter().orders([]) == HEADER


def test_csv_for_a_terminal_escapes_controls():
    """On a terminal a cell cannot act; elsewhere it is left as it is."""
    order = NumberOrder(id="a", customer_reference="x\x1b[2J")
    assert r"x\x1b[2J" in CsvWriter(escaped=True).orders([order])
    assert "x\x1b[2J" in CsvWriter().orders([order])


@pytest.mark.parametrize("pages", [[], [[]], [[], [FULL]], [[FULL, FULL], [], [FULL]]])
def test_json_in_pieces_is_what_json_would_write_at_once(pages: list[list[NumberOrder]]):
    """However the orders are spread over pages, the text is that of the whole array."""
    writer = JsonWriter()
    text = "".join(writer.orders(orders) for orders in pages) + writer.end()
    read = json.loads(text)
    assert [order["id"] for order in read] == ["a" for orders in pages for _ in orders]
    assert text == json.dumps(read, indent=2, ensure_ascii=False) + "\n"


def test_json_without_its_end_is_not_valid():
    """What an error cuts short cannot be taken for the whole."""
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(JsonWriter().orders([FULL]))


@pytest.mark.parametrize("text", ["\ud800", "a\nb", "\u2028\u2029\x85", "\x1b\x7f\x9b", "é🚀"])
def test_ndjson_gives_back_any_text(text: str):
    """An order is one line of valid UTF-8 without controls, whatever its reference holds."""
    line = NdjsonWriter().orders([NumberOrder(id="a", customer_reference=text)])
    written = line.encode(errors="backslashreplace").decode()
    assert json.loads(written)["customer_reference"] == text
    assert written.endswith("\n")
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in written[:-1])


WIDTHS = {"id": 36, "status": 7, "phone_numbers": 16}
NATURAL = {**WIDTHS, "customer_reference": 20, "created_at": 19, "requirements_met": 8}
SHORT = {**WIDTHS, "id": 9}


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (200, NATURAL),
        (116, NATURAL),
        (110, {**NATURAL, "customer_reference": 14}),
        (107, {**NATURAL, "id": 9}),
        (80, {**SHORT, "customer_reference": 20, "created_at": 19}),
        (79, {**SHORT, "customer_reference": 20, "created_at": 19}),
        (72, {**SHORT, "customer_reference": 13, "created_at": 19}),
        (60, {**SHORT, "created_at": 19}),
        (40, {"id": 9, "status": 7, "phone_numbers": 16}),
        (20, {"id": 9, "status": 7}),
        (1, {"id": 9, "status": 7}),
    ],
)
def test_columns_give_way_in_order(width: int, expected: dict[str, int]):
    """First the reference is cut, then the id, then columns go, the least needed first."""
    assert fit_columns(NATURAL, width) == expected


def test_a_server_cannot_stretch_a_column():
    """An endless status or number does not push the other columns out."""
    assert fit_columns({**NATURAL, "status": 5000}, 130)["status"] == 40


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 東京 🚀", "plain é 東京 🚀"),
        ("a\x1b[31m\tb", r"a\x1b[31m\tb"),
        ("\u202eabc\ud800", r"\u202eabc\ud800"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str):
    """Letters of any script stay; what a terminal would obey does not."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [(1, "order", "1 order"), (0, "page", "0 pages"), (2000, "retry", "2,000 retries")],
)
def test_numbers_agree_with_their_nouns(number: int, noun: str, expected: str):
    """One is singular, all else plural, and thousands are grouped."""
    assert counted(number, noun) == expected


ALL = Fetched(orders=2000, pages=8, matching=2000)


@pytest.mark.parametrize(
    ("fetched", "limit", "rows", "expected"),
    [
        (ALL, None, 25, "2,000 orders on 8 pages in 0.42 s, 0 retries (the first 25 are shown)"),
        (ALL, None, None, "2,000 orders on 8 pages in 0.42 s, 0 retries"),
        (ALL, 2000, 2000, "2,000 orders on 8 pages in 0.42 s, 0 retries"),
        (
            Fetched(orders=1, pages=1, matching=9, retries=1),
            1,
            1,
            "1 of 9 orders on 1 page in 0.42 s, 1 retry",
        ),
    ],
)
def test_the_summary_is_one_line(
    fetched: Fetched, limit: int | None, rows: int | None, expected: str
):
    """It counts what was fetched, and says what of it is not shown or was not asked for."""
    assert summary(fetched, 0.42, limit=limit, rows=rows) == expected
