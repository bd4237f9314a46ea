"""JSON in and out: what is accepted, what is refused, and where the message points."""

import base64
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from cattrs import ClassValidationError
from cattrs.gen import make_dict_structure_fn, override

from telnyx_orders import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    OrderStatus,
    Page,
    PageMeta,
    RegulatoryRequirement,
    ResponseDecodeError,
    SubNumberOrder,
    make_converter,
)
from telnyx_orders.decoding import BodyDecoder
from telnyx_orders.models import Listed, ListedMeta, Single

SEED_PAGE = b"""\
{
  "data": [
    {
      "id": "12ade33a-21c0-473b-b055-b3c836e1c292",
      "record_type": "number_order",
      "phone_numbers_count": 1,
      "connection_id": "346789098765567",
      "messaging_profile_id": "abc85f64-5717-4562-b3fc-2c9600",
      "billing_group_id": "abc85f64-5717-4562-b3fc-2c9600",
      "phone_numbers": [{"phone_number": "+19705555000", "id": "<string>"}],
      "sub_number_orders_ids": ["<string>"],
      "status": "pending",
      "customer_reference": "MY REF 001",
      "created_at": "2018-01-01T00:00:00.000000Z",
      "updated_at": "2018-01-01T00:00:00.000000Z",
      "requirements_met": true
    }
  ],
  "meta": {"page_number": 2, "page_size": 25, "total_pages": 3, "total_results": 55}
}
"""

META = {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1}


def page_of(*rows: object, **others: object) -> bytes:
    return json.dumps({"data": rows, "meta": META} | others).encode()


def decode(body: bytes) -> Page[NumberOrder]:
    return BodyDecoder(make_converter()).decode(body, Page[NumberOrder])


def order_of(**fields: object) -> NumberOrder:
    return decode(page_of({"id": "order-1"} | fields)).data[0]


def test_the_page_of_the_reference():
    """The example of the API's reference arrives whole, field by field."""
    page = decode(SEED_PAGE)
    assert type(page) is Page
    assert type(page.data) is tuple
    (order,) = page.data
    assert type(order) is NumberOrder
    assert order.id == "12ade33a-21c0-473b-b055-b3c836e1c292"
    assert order.record_type == "number_order"
    assert order.phone_numbers_count == 1
    assert order.connection_id == "346789098765567"
    assert order.messaging_profile_id == "abc85f64-5717-4562-b3fc-2c9600"
    assert order.billing_group_id == "abc85f64-5717-4562-b3fc-2c9600"
    assert order.phone_numbers == (OrderPhoneNumber(phone_number="+19705555000", id="<string>"),)
    assert order.sub_number_orders_ids == ("<string>",)
    assert order.status is OrderStatus.PENDING
    assert order.customer_reference == "MY REF 001"
    assert order.created_at == datetime(2018, 1, 1, tzinfo=UTC)
    assert order.updated_at == datetime(2018, 1, 1, tzinfo=UTC)
    assert order.requirements_met is True
    assert page.meta == PageMeta(page_number=2, page_size=25, total_pages=3, total_results=55)


def test_the_page_of_the_reference_is_written_as_it_was_read():
    """Unstructuring gives the API's own JSON back, apart from what it had left out."""
    converter = make_converter()
    page = BodyDecoder(converter).decode(SEED_PAGE, Page[NumberOrder])
    written = json.loads(json.dumps(converter.unstructure(page)))
    expected = json.loads(SEED_PAGE)
    expected["data"][0]["phone_numbers"][0] |= {
        "record_type": None,
        "status": None,
        "requirements_met": None,
        "requirements_status": None,
        "bundle_id": None,
        "country_code": None,
        "country_iso_alpha2": None,
        "phone_number_type": None,
        "regulatory_requirements": [],
    }
    assert written == expected


def test_an_empty_page():
    """An account without orders gives a page without rows."""
    page = decode(page_of(meta=META | {"total_pages": 0, "total_results": 0}))
    assert page == Page(
        data=(), meta=PageMeta(page_number=1, page_size=20, total_pages=0, total_results=0)
    )


def test_detailed_phone_numbers():
    """A single order gives phone numbers with their requirements, and all of it arrives."""
    order = order_of(
        phone_numbers=[
            {
                "id": "number-1",
                "phone_number": "+3197010000000",
                "record_type": "number_order_phone_number",
                "status": "success",
                "requirements_met": False,
                "requirements_status": "requirement-info-pending",
                "bundle_id": None,
                "country_code": "NL",
                "country_iso_alpha2": "NL",
                "phone_number_type": "mobile",
                "regulatory_requirements": [
                    {"requirement_id": "r-1", "field_type": "address", "field_value": "a-1"},
                    {
                        "requirement_id": "r-2",
                        "field_type": "textual",
                        "field_value": None,
                        "record_type": "phone_number_regulatory_requirement",
                        "status": "pending-approval",
                    },
                ],
            }
        ]
    )
    assert order.phone_numbers == (
        OrderPhoneNumber(
            id="number-1",
            phone_number="+3197010000000",
            record_type="number_order_phone_number",
            status=OrderStatus.SUCCESS,
            requirements_met=False,
            requirements_status="requirement-info-pending",
            bundle_id=None,
            country_code="NL",
            country_iso_alpha2="NL",
            phone_number_type="mobile",
            regulatory_requirements=(
                RegulatoryRequirement(
                    requirement_id="r-1", field_type="address", field_value="a-1"
                ),
                RegulatoryRequirement(
                    requirement_id="r-2",
                    field_type="textual",
                    field_value=None,
                    record_type="phone_number_regulatory_requirement",
                    status="pending-approval",
                ),
            ),
        ),
    )


def test_an_order_of_an_id_only():
    """An order that has lost everything but its id still arrives."""
    assert order_of() == NumberOrder(id="order-1")


@pytest.mark.parametrize(
    ("field", "empty"),
    [
        ("record_type", None),
        ("phone_numbers_count", None),
        ("connection_id", None),
        ("messaging_profile_id", None),
        ("billing_group_id", None),
        ("phone_numbers", ()),
        ("sub_number_orders_ids", ()),
        ("status", None),
        ("customer_reference", None),
        ("created_at", None),
        ("updated_at", None),
        ("requirements_met", None),
    ],
)
def test_a_field_of_an_order_may_be_null_or_absent(field, empty):
    """Null and absent mean the same, field by field."""
    row = json.loads(SEED_PAGE)["data"][0]
    without = {key: value for key, value in row.items() if key != field}
    null, absent = decode(page_of(row | {field: None}, without)).data
    assert null == absent
    assert getattr(null, field) == empty
    assert null != decode(page_of(row)).data[0]


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "phone_number",
        "record_type",
        "status",
        "requirements_met",
        "requirements_status",
        "bundle_id",
        "country_code",
        "country_iso_alpha2",
        "phone_number_type",
        "regulatory_requirements",
    ],
)
def test_a_field_of_a_phone_number_may_be_null_or_absent(field):
    """Every field of a phone number may be missing, its id included."""
    order = order_of(phone_numbers=[{field: None}, {}])
    assert order.phone_numbers == (OrderPhoneNumber(), OrderPhoneNumber())


@pytest.mark.parametrize(
    "field", ["requirement_id", "field_type", "field_value", "record_type", "status"]
)
def test_a_field_of_a_requirement_may_be_null_or_absent(field):
    """Every field of a regulatory requirement may be missing."""
    order = order_of(phone_numbers=[{"regulatory_requirements": [{field: None}, {}]}])
    assert order.phone_numbers[0].regulatory_requirements == (
        RegulatoryRequirement(),
        RegulatoryRequirement(),
    )


@pytest.mark.parametrize("wanted", [SubNumberOrder, NumberOrderPhoneNumber])
@pytest.mark.parametrize("make_body", [lambda field: {field: None}, lambda field: {}])
def test_a_field_of_the_other_resources_may_be_null_or_absent(wanted, make_body):
    """Every field but the id may be missing, of a single resource and in a listing."""
    for field in attrs.fields(wanted):
        if field.name != "id":
            row = {"id": "row-1"} | make_body(field.name)
            body = json.dumps({"data": row}).encode()
            single = BodyDecoder(make_converter()).decode(body, Single[wanted])
            assert single.data == wanted(id="row-1")
            body = json.dumps({"data": [row]}).encode()
            listed = BodyDecoder(make_converter()).decode(body, Listed[wanted])
            assert listed.data == (wanted(id="row-1"),)


@pytest.mark.parametrize(
    ("given", "meta"),
    [
        ({}, None),
        ({"meta": None}, None),
        ({"meta": {}}, ListedMeta()),
        ({"meta": {"total_pages": None, "new_key": 1}}, ListedMeta()),
        ({"meta": META}, ListedMeta(**META)),
    ],
)
def test_the_meta_of_a_listing_may_be_missing(given, meta):
    """A listing that comes in one answer need not say how much there is."""
    body = json.dumps({"data": []} | given).encode()
    listed = BodyDecoder(make_converter()).decode(body, Listed[SubNumberOrder])
    assert listed == Listed(data=(), meta=meta)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"data": None}, "$.data"),
        ({}, "$.data"),
        ({"data": {}}, "$.data"),
        ({"data": [{"id": "a"}, {}]}, "$.data[1].id"),
        ({"data": [{"id": "a", "deadline": "soon"}]}, "$.data[0].deadline"),
        ({"data": [{"id": "a", "is_block_number": 1}]}, "$.data[0].is_block_number"),
        ({"data": [], "meta": "none"}, "$.meta"),
        ({"data": [], "meta": {"total_results": "1"}}, "$.meta.total_results"),
    ],
)
def test_a_fault_of_a_listing_is_named_by_its_place(body, path):
    """A listing is only taken where the API's promise holds: null is no empty list."""
    with pytest.raises(ResponseDecodeError) as caught:
        BodyDecoder(make_converter()).decode(
            json.dumps(body).encode(), Listed[NumberOrderPhoneNumber]
        )
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-01-01T00:00:00.000000Z", datetime(2018, 1, 1, tzinfo=UTC)),
        ("2018-01-01T00:00:00Z", datetime(2018, 1, 1, tzinfo=UTC)),
        (
            "2024-09-13T09:12:19.728170+00:00",
            datetime(2024, 9, 13, 9, 12, 19, 728170, tzinfo=UTC),
        ),
        (
            "2024-09-13T09:12:19.728-05:00",
            datetime(2024, 9, 13, 14, 12, 19, 728000, tzinfo=UTC),
        ),
        ("2024-09-13 09:12:19+05:30", datetime(2024, 9, 13, 3, 42, 19, tzinfo=UTC)),
    ],
)
def test_times_in_the_forms_of_the_api(text, moment):
    """Every form in which the API writes a time gives the same moment, with its zone."""
    order = order_of(created_at=text, updated_at=text)
    assert order.created_at == moment
    assert order.updated_at == moment
    assert order.created_at.utcoffset() is not None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2018, 1, 1, tzinfo=UTC), "2018-01-01T00:00:00.000000Z"),
        (datetime(2018, 1, 1, 2, 3, 4, 5, tzinfo=UTC), "2018-01-01T02:03:04.000005Z"),
        (
            datetime(2018, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2018-01-01T00:00:00.000000+02:00",
        ),
    ],
)
def test_times_are_written_in_the_form_of_the_api(moment, text):
    """A stored order reads like the API's, and keeps the zone it came with."""
    stored = make_converter().unstructure(NumberOrder(id="order-1", created_at=moment))
    assert stored["created_at"] == text


def test_keys_that_are_not_listed_are_ignored():
    """New keys change nothing, wherever they come."""
    new = {"new_key": {"deep": [1, None, "x"]}}
    number = {"id": "number-1", "regulatory_requirements": [{"status": "s"} | new]} | new
    body = page_of({"id": "order-1", "phone_numbers": [number]} | new, meta=META | new, **new)
    assert decode(body).data == (
        NumberOrder(
            id="order-1",
            phone_numbers=(
                OrderPhoneNumber(
                    id="number-1", regulatory_requirements=(RegulatoryRequirement(status="s"),)
                ),
            ),
        ),
    )


@pytest.mark.parametrize("value", ["cancelled", "deleted", "in review", "Pending", ""])
def test_a_status_that_is_not_listed_is_kept(value):
    """A new status is no error, of an order or of a phone number."""
    order = order_of(status=value, phone_numbers=[{"status": value}])
    for status in (order.status, order.phone_numbers[0].status):
        assert type(status) is OrderStatus
        assert status == value


@pytest.mark.parametrize("member", list(OrderStatus))
def test_a_listed_status_is_its_member(member):
    """A listed status can be compared with `is` even."""
    assert order_of(status=member.value).status is member


def test_what_is_not_listed_is_logged_once(caplog):
    """An unlisted status and key are logged once for a converter, however often they come."""
    caplog.set_level(logging.DEBUG, logger="telnyx_orders")
    decoder = BodyDecoder(make_converter())
    row = {"id": "order-1", "status": "cancelled", "new_key": 1, "phone_numbers": [{"other": 2}]}
    for _ in range(3):
        decoder.decode(page_of(row, row), Page[NumberOrder])
    assert sorted(caplog.record_tuples) == [
        ("telnyx_orders", logging.DEBUG, "the API sent an unlisted key NumberOrder.new_key"),
        ("telnyx_orders", logging.DEBUG, "the API sent an unlisted key OrderPhoneNumber.other"),
        ("telnyx_orders", logging.DEBUG, "the API sent an unlisted status 'cancelled'"),
    ]


def test_another_converter_logs_again(caplog):
    """What one client has logged does not silence another."""
    caplog.set_level(logging.DEBUG, logger="telnyx_orders")
    body = page_of({"id": "order-1", "status": "cancelled", "new_key": 1})
    decode(body)
    first = sorted(caplog.messages)
    caplog.clear()
    decode(body)
    assert sorted(caplog.messages) == first
    assert len(first) == 2


def test_what_is_listed_is_not_logged(caplog):
    """The API's own example leaves no trace in the log."""
    caplog.set_level(logging.DEBUG, logger="telnyx_orders")
    decode(SEED_PAGE)
    assert caplog.messages == []


def test_a_server_cannot_fill_the_log(caplog):
    """Only the first thousand different names are logged, each shortened."""
    caplog.set_level(logging.DEBUG, logger="telnyx_orders")
    decode(page_of(*({"id": str(i), "status": f"{i:<500}"} for i in range(1200))))
    assert len(caplog.messages) == 1000
    assert max(len(message) for message in caplog.messages) < 200


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb"])
def test_a_server_cannot_break_a_line_of_the_log(caplog, name):
    """A line break within an unlisted name does not begin a new line, which could be made up."""
    caplog.set_level(logging.DEBUG, logger="telnyx_orders")
    decode(page_of({"id": "order-1", "status": name, name: 1}))
    assert [len(message.splitlines()) for message in caplog.messages] == [1, 1]


TIME = "an ISO 8601 time with its zone or null"
TEXT = "a string or null"
ROW = "$.data[0]"


def bad_row(**fields: object) -> bytes:
    return page_of({"id": "order-1"} | fields)


# Body, JSON path, what was expected there, what is shown of what came, the order it stands in.
BAD_SHAPES = [
    (bad_row(created_at="yesterday"), f"{ROW}.created_at", TIME, '"yesterday"', "order-1"),
    (bad_row(created_at=""), f"{ROW}.created_at", TIME, '""', "order-1"),
    (bad_row(created_at=1514764800), f"{ROW}.created_at", TIME, "1514764800", "order-1"),
    (bad_row(created_at=True), f"{ROW}.created_at", TIME, "true", "order-1"),
    (
        bad_row(created_at="2018-01-01T00:00:00.000000"),
        f"{ROW}.created_at",
        TIME,
        '"2018-01-01T00:00:00.000000"',
        "order-1",
    ),
    (bad_row(updated_at="2018-01-01"), f"{ROW}.updated_at", TIME, '"2018-01-01"', "order-1"),
    (
        bad_row(updated_at="2018-13-01T00:00:00Z"),
        f"{ROW}.updated_at",
        TIME,
        '"2018-13-01T00:00:00Z"',
        "order-1",
    ),
    (
        page_of({"id": "order-1"}, {"id": "order-2"}, {"id": "order-3", "created_at": "soon"}),
        "$.data[2].created_at",
        TIME,
        '"soon"',
        "order-3",
    ),
    (page_of({}), f"{ROW}.id", "a string", "nothing", None),
    (page_of({"status": "pending"}), f"{ROW}.id", "a string", "nothing", None),
    (page_of({"id": None}), f"{ROW}.id", "a string", "null", None),
    (page_of({"id": 12}), f"{ROW}.id", "a string", "12", None),
    (page_of({"id": ["a"]}), f"{ROW}.id", "a string", '["a"]', None),
    (bad_row(record_type=[]), f"{ROW}.record_type", TEXT, "[]", "order-1"),
    (bad_row(phone_numbers_count=True), f"{ROW}.phone_numbers_count", "an integer or null", "true",
     "order-1"),
    (bad_row(phone_numbers_count="1"), f"{ROW}.phone_numbers_count", "an integer or null", '"1"',
     "order-1"),
    (bad_row(phone_numbers_count=1.0), f"{ROW}.phone_numbers_count", "an integer or null", "1.0",
     "order-1"),
    (bad_row(connection_id=346789098765567), f"{ROW}.connection_id", TEXT, "346789098765567",
     "order-1"),
    (bad_row(messaging_profile_id=False), f"{ROW}.messaging_profile_id", TEXT, "false", "order-1"),
    (bad_row(billing_group_id={"id": "b"}), f"{ROW}.billing_group_id", TEXT, '{"id": "b"}',
     "order-1"),
    (bad_row(phone_numbers=3), f"{ROW}.phone_numbers", "an array", "3", "order-1"),
    (bad_row(phone_numbers="+1970"), f"{ROW}.phone_numbers", "an array", '"+1970"', "order-1"),
    (bad_row(phone_numbers={}), f"{ROW}.phone_numbers", "an array", "{}", "order-1"),
    (bad_row(phone_numbers=["+1970"]), f"{ROW}.phone_numbers[0]", "an object", '"+1970"',
     "order-1"),
    (bad_row(phone_numbers=[[]]), f"{ROW}.phone_numbers[0]", "an object", "[]", "order-1"),
    (bad_row(phone_numbers=[["id"]]), f"{ROW}.phone_numbers[0]", "an object", '["id"]', "order-1"),
    (bad_row(phone_numbers=[{}, None]), f"{ROW}.phone_numbers[1]", "an object", "null", "order-1"),
    (bad_row(phone_numbers=[{}, {"id": 3}]), f"{ROW}.phone_numbers[1].id", TEXT, "3", "order-1"),
    (
        bad_row(phone_numbers=[{"regulatory_requirements": "r"}]),
        f"{ROW}.phone_numbers[0].regulatory_requirements",
        "an array",
        '"r"',
        "order-1",
    ),
    (
        bad_row(phone_numbers=[{"regulatory_requirements": [{}, {"field_value": 7}]}]),
        f"{ROW}.phone_numbers[0].regulatory_requirements[1].field_value",
        TEXT,
        "7",
        "order-1",
    ),
    (
        bad_row(phone_numbers=[{"regulatory_requirements": ["r"]}]),
        f"{ROW}.phone_numbers[0].regulatory_requirements[0]",
        "an object",
        '"r"',
        "order-1",
    ),
    (bad_row(sub_number_orders_ids="s"), f"{ROW}.sub_number_orders_ids", "an array", '"s"',
     "order-1"),
    (bad_row(sub_number_orders_ids=["s", None]), f"{ROW}.sub_number_orders_ids[1]", "a string",
     "null", "order-1"),
    (bad_row(status=3), f"{ROW}.status", TEXT, "3", "order-1"),
    (bad_row(status=["pending"]), f"{ROW}.status", TEXT, '["pending"]', "order-1"),
    (bad_row(customer_reference=1), f"{ROW}.customer_reference", TEXT, "1", "order-1"),
    (bad_row(requirements_met=1), f"{ROW}.requirements_met", "true or false or null", "1",
     "order-1"),
    (bad_row(requirements_met="true"), f"{ROW}.requirements_met", "true or false or null",
     '"true"', "order-1"),
    (page_of("order-1"), ROW, "an object", '"order-1"', None),
    (page_of(None), ROW, "an object", "null", None),
    (page_of(["order-1"]), ROW, "an object", '["order-1"]', None),
    (page_of(data=3), "$.data", "an array", "3", None),
    (page_of(data={"id": "order-1"}), "$.data", "an array", '{"id": "order-1"}', None),
    (page_of(data=None), "$.data", "an array", "null", None),
    (b'{"data": []}', "$.meta", "an object", "nothing", None),
    (b'{"meta": {}}', "$.data", "an array", "nothing", None),
    (b"{}", "$.data", "an array", "nothing", None),
    (page_of(meta=None), "$.meta", "an object", "null", None),
    (page_of(meta=[1]), "$.meta", "an object", "[1]", None),
    (page_of(meta={}), "$.meta.page_number", "an integer", "nothing", None),
    (page_of(meta=META | {"total_pages": "1"}), "$.meta.total_pages", "an integer", '"1"', None),
    (page_of(meta=META | {"total_pages": None}), "$.meta.total_pages", "an integer", "null", None),
    (page_of(meta=META | {"page_size": True}), "$.meta.page_size", "an integer", "true", None),
    (page_of(meta=META | {"total_results": 1.5}), "$.meta.total_results", "an integer", "1.5",
     None),
    (page_of(meta=META | {"total_pages": 2**64}), "$.meta.total_pages", "an integer",
     "1.8446744073709552e+19", None),
    (page_of(meta=META | {"page_size": -(2**63) - 1}), "$.meta.page_size", "an integer",
     "-9.223372036854776e+18", None),
    (bad_row(phone_numbers_count=10**30), f"{ROW}.phone_numbers_count", "an integer or null",
     "1e+30", "order-1"),
    (b"[]", "$", "an object", "[]", None),
    (b"[" + SEED_PAGE.strip() + b"]", "$", "an object", None, None),
    (b"null", "$", "an object", "null", None),
    (b"true", "$", "an object", "true", None),
    (b'"ok"', "$", "an object", '"ok"', None),
    (b"200", "$", "an object", "200", None),
]  # fmt: skip

NO_JSON = [
    b"",
    b" \n",
    b"<!DOCTYPE html><html><body>Sign in</body></html>",
    b"upstream connect error",
    SEED_PAGE[:-3],
    SEED_PAGE[: len(SEED_PAGE) // 2],
    b'{"data": [',
    SEED_PAGE + SEED_PAGE,
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": NaN'),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": Infinity'),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": -Infinity'),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": 1e400'),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": -1e400'),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": 1' + b"0" * 400),
    SEED_PAGE.replace(b'"total_results": 55', b'"total_results": ' + b"5" * 5000),
    SEED_PAGE.replace(b"MY REF 001", b"\xff\xfe"),
    SEED_PAGE.replace(b"MY REF 001", b"\xed\xa0\x80"),
    SEED_PAGE.replace(b"MY REF 001", b"\\ud800"),
    SEED_PAGE.replace(b"MY REF 001", b"\\uDC00\\uD800"),
    SEED_PAGE.decode().encode("utf-16"),
    SEED_PAGE.decode().encode("utf-32"),
    b"\xef\xbb\xbf" + SEED_PAGE,
    SEED_PAGE.replace(b'"', b"'"),
    b"\x1f\x8b\x08\x00",
    b"{" * 100_000,
]

TOO_DEEP = [
    b'{"data": %b%b, "meta": 1}' % (b"[" * depth, b"]" * depth)
    for depth in (100, 900, 960, 1000, 1020, 3000, 100_000)
]

TWICE = SEED_PAGE.replace(b'"id": ', b'"id": 5, "id": ')

LARGEST = page_of({"id": "order-1"}, meta=META | {"total_results": 2**64 - 1})

bad_shapes = pytest.mark.parametrize(
    ("body", "path", "expected", "got", "order_id"),
    BAD_SHAPES,
    ids=[f"{path} {got}" for _, path, _, got, _ in BAD_SHAPES],
)

no_json = pytest.mark.parametrize("body", NO_JSON, ids=lambda body: repr(body[-20:]))

WITHOUT_ORJSON = """\
import base64, json, sys
sys.modules["orjson"] = None
from telnyx_orders import NumberOrder, Page, ResponseDecodeError, make_converter
from telnyx_orders.decoding import BodyDecoder
converter = make_converter()
decoder = BodyDecoder(converter)
def outcome(body):
    try:
        page = decoder.decode(base64.b64decode(body), Page[NumberOrder])
    except ResponseDecodeError as error:
        names = "path", "expected", "got", "order_id", "transient"
        return {name: getattr(error, name) for name in names}
    except Exception as error:
        return {"wrong error": repr(error)[:200]}
    return {"page": converter.unstructure(page)}
print(json.dumps([outcome(body) for body in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def without_orjson():
    """What every body of this file comes to where orjson is not installed."""
    bodies = [SEED_PAGE, *(body for body, *_ in BAD_SHAPES), *NO_JSON, *TOO_DEEP, TWICE, LARGEST]
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_ORJSON],
        input=json.dumps([base64.b64encode(body).decode() for body in bodies]),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(bodies, json.loads(finished.stdout), strict=True))


@bad_shapes
def test_a_value_of_the_wrong_shape_is_named(body, path, expected, got, order_id):
    """The error names the place, what the API promises there, what came, and the order."""
    with pytest.raises(ResponseDecodeError) as caught:
        decode(body)
    error = caught.value
    assert (error.path, error.expected, error.order_id) == (path, expected, order_id)
    if got is not None:
        assert error.got == got
    assert error.transient is False
    within = "" if order_id is None else f" (in order {order_id})"
    assert str(error).startswith(f"{path}{within}: expected {expected}, got {error.got}. ")


@bad_shapes
def test_without_orjson_the_same_value_is_named(
    without_orjson, body, path, expected, got, order_id
):
    """The optional parser changes no word of it."""
    outcome = without_orjson[body]
    assert got is None or outcome["got"] == got
    assert outcome == {
        "path": path,
        "expected": expected,
        "got": outcome["got"],
        "order_id": order_id,
        "transient": False,
    }


@no_json
def test_a_body_that_is_no_json_can_pass(body):
    """No JSON at all is the one decode error that is worth another try."""
    with pytest.raises(ResponseDecodeError, match=r"^\$: expected JSON, got b['\"]") as caught:
        decode(body)
    error = caught.value
    assert (error.path, error.expected, error.order_id) == ("$", "JSON", None)
    assert error.transient is True
    assert error.got.startswith(repr(body)[:6])
    assert len(error.got) < 300


@no_json
def test_without_orjson_the_same_bodies_are_no_json(without_orjson, body):
    """The optional parser takes no body that the other refuses."""
    outcome = without_orjson[body]
    assert outcome["got"].startswith(repr(body)[:6])
    assert len(outcome["got"]) < 300
    assert outcome == {
        "path": "$",
        "expected": "JSON",
        "got": outcome["got"],
        "order_id": None,
        "transient": True,
    }


@pytest.mark.parametrize("body", TOO_DEEP, ids=lambda body: f"depth {body.count(b'[')}")
def test_a_body_nested_without_end_is_refused(body):
    """However deep a body nests, it is refused with an error of this package."""
    with pytest.raises(ResponseDecodeError, match=r"^\$.*: expected (JSON|an object), got"):
        decode(body)


@pytest.mark.parametrize("body", TOO_DEEP, ids=lambda body: f"depth {body.count(b'[')}")
def test_without_orjson_a_body_nested_without_end_is_refused(without_orjson, body):
    """The plain parser gives up as cleanly."""
    assert without_orjson[body]["expected"] in ("JSON", "an object")


def test_without_orjson_the_page_of_the_reference_is_the_same(without_orjson):
    """The optional parser makes no difference to a good page."""
    converter = make_converter()
    page = BodyDecoder(converter).decode(SEED_PAGE, Page[NumberOrder])
    assert without_orjson[SEED_PAGE] == {
        "page": json.loads(json.dumps(converter.unstructure(page)))
    }


def test_of_a_key_that_comes_twice_the_last_counts(without_orjson):
    """Both parsers take the last value of a key that comes twice, which JSON leaves open."""
    assert decode(TWICE) == decode(SEED_PAGE)
    assert without_orjson[TWICE] == without_orjson[SEED_PAGE]


def test_the_largest_integers(without_orjson):
    """Both parsers take every integer that 64 bits hold."""
    assert decode(LARGEST).meta.total_results == 2**64 - 1
    assert without_orjson[LARGEST]["page"]["meta"]["total_results"] == 2**64 - 1


def test_the_plain_parser_was_really_used(without_orjson):
    """The comparisons above are with the standard library's parser: the words are its own."""
    assert without_orjson[b"upstream connect error"]["got"] == (
        "b'upstream connect error': Expecting value: line 1 column 1 (char 0)"
    )


def test_what_came_is_shortened():
    """A value of a megabyte does not become a message of one."""
    with pytest.raises(ResponseDecodeError) as caught:
        order_of(phone_numbers="x" * 1_000_000)
    assert caught.value.got == '"' + "x" * 96 + "..."
    assert len(str(caught.value)) < 400


def test_what_came_is_shown_in_its_own_letters():
    """Text in other alphabets is not turned into escapes."""
    with pytest.raises(ResponseDecodeError, match='got "gestern früh"'):
        order_of(created_at="gestern früh")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\N{LINE SEPARATOR}"])
def test_what_came_does_not_break_the_message(end):
    """A line break in a value, or in the order's id, does not begin a new line of the message."""
    row = {"id": f"order{end}1", "created_at": f"soon{end}or later"}
    with pytest.raises(ResponseDecodeError) as caught:
        decode(page_of(row))
    assert caught.value.order_id == f"order{end}1"
    assert len(str(caught.value).splitlines()) == 1


def test_a_long_id_is_shortened_in_the_message():
    """An id of a megabyte does not become a message of one."""
    with pytest.raises(ResponseDecodeError) as caught:
        decode(page_of({"id": "x" * 1_000_000, "created_at": 3}))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("before", range(0, 200, 10))
def test_shortening_leaves_no_part_of_a_secret(before):
    """A secret that stands where a long value is cut off is taken out before the cut."""
    decoder = BodyDecoder(
        make_converter(), redact=lambda text: text.replace("KEY0123456789abcdef", "[redacted]")
    )
    text = "." * before + "KEY0123456789abcdef"
    for body in (bad_row(created_at=text), text.encode()):
        with pytest.raises(ResponseDecodeError) as caught:
            decoder.decode(body, Page[NumberOrder])
        assert "KEY" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [BAD_SHAPES[0][0], b"[]", b"<html>"], ids=["a bad value", "a list", "no JSON"]
)
def test_no_foreign_error_is_shown_with_ours(body):
    """A traceback shows one error, not the machinery of cattrs behind it."""
    with pytest.raises(ResponseDecodeError) as caught:
        decode(body)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


FULL = NumberOrder(
    id="order-1",
    record_type="number_order",
    phone_numbers_count=1,
    connection_id="connection-1",
    messaging_profile_id="profile-1",
    billing_group_id="group-1",
    phone_numbers=(
        OrderPhoneNumber(
            id="number-1",
            phone_number="+19705555000",
            status=OrderStatus("deleted"),
            regulatory_requirements=(RegulatoryRequirement(field_value="Elm Street 1"),),
        ),
    ),
    sub_number_orders_ids=("sub-1", "sub-2"),
    status=OrderStatus("cancelled"),
    customer_reference="MY REF 001",
    created_at=datetime(2018, 1, 1, tzinfo=UTC),
    updated_at=datetime(2024, 9, 13, 9, 12, 19, 728170, tzinfo=timezone(timedelta(hours=2))),
    requirements_met=True,
)


@pytest.mark.parametrize("order", [FULL, NumberOrder(id="")], ids=["full", "bare"])
@pytest.mark.parametrize("detailed", [False, True])
def test_a_stored_order_is_loaded_again(order, detailed):
    """Structuring what was unstructured gives an equal order, through JSON too."""
    converter = make_converter(detailed_validation=detailed)
    stored = converter.unstructure(order)
    assert converter.structure(stored, NumberOrder) == order
    assert converter.structure(json.loads(json.dumps(stored)), NumberOrder) == order


def test_a_stored_order_is_json():
    """What is stored goes through any JSON library: dicts, lists, strings and numbers."""
    order = NumberOrder(
        id="order-1",
        phone_numbers=(OrderPhoneNumber(status=OrderStatus("deleted")),),
        sub_number_orders_ids=("sub-1",),
        status=OrderStatus.FAILURE,
        created_at=datetime(2018, 1, 1, tzinfo=UTC),
    )
    assert json.loads(json.dumps(make_converter().unstructure(order))) == {
        "id": "order-1",
        "record_type": None,
        "phone_numbers_count": None,
        "connection_id": None,
        "messaging_profile_id": None,
        "billing_group_id": None,
        "phone_numbers": [
            {
                "id": None,
                "phone_number": None,
                "record_type": None,
                "status": "deleted",
                "requirements_met": None,
                "requirements_status": None,
                "bundle_id": None,
                "country_code": None,
                "country_iso_alpha2": None,
                "phone_number_type": None,
                "regulatory_requirements": [],
            }
        ],
        "sub_number_orders_ids": ["sub-1"],
        "status": "failure",
        "customer_reference": None,
        "created_at": "2018-01-01T00:00:00.000000Z",
        "updated_at": None,
        "requirements_met": None,
    }


def test_a_converter_with_a_hook_of_the_users_own():
    """A hook that is added to a converter decides how its class is read."""
    converter = make_converter()
    converter.register_structure_hook(
        OrderPhoneNumber,
        lambda value, _: OrderPhoneNumber(phone_number=value["phone_number"].replace(" ", "")),
    )
    decoder = BodyDecoder(converter)
    row = {"id": "order-1", "phone_numbers": [{"phone_number": "+1 970 5555000"}]}
    assert decoder.decode(page_of(row), Page[NumberOrder]).data == (
        NumberOrder(id="order-1", phone_numbers=(OrderPhoneNumber(phone_number="+19705555000"),)),
    )
    with pytest.raises(ResponseDecodeError) as caught:
        decoder.decode(page_of(row, {"id": "order-2", "phone_numbers": [{}]}), Page[NumberOrder])
    error = caught.value
    assert (error.path, error.order_id) == ("$.data[1].phone_numbers[0]", "order-2")
    assert error.got == "{}"


def test_a_hook_of_the_users_own_for_a_field():
    """A hook for the type of a field refuses values of its own, and the path is still exact."""

    def short_text(value: object, _: object) -> object:
        if isinstance(value, str) and len(value) > 10:
            raise ValueError("too long for our table")
        return value

    converter = make_converter()
    converter.register_structure_hook_func(lambda wanted: wanted == str | None, short_text)
    decoder = BodyDecoder(converter)
    good = page_of({"id": "a", "connection_id": "1"})
    bad = page_of({"id": "a", "connection_id": "1" * 11})
    assert decoder.decode(good, Page[NumberOrder]).data[0].connection_id == "1"
    with pytest.raises(ResponseDecodeError) as caught:
        decoder.decode(bad, Page[NumberOrder])
    assert caught.value.path == "$.data[0].connection_id"
    assert caught.value.order_id == "a"


@pytest.fixture
def renaming():
    """A decoder for a server that calls one field something else."""
    converter = make_converter()
    converter.register_structure_hook_factory(
        lambda wanted: wanted is NumberOrder,
        lambda wanted, own: make_dict_structure_fn(
            wanted, own, customer_reference=override(rename="reference")
        ),
    )
    return BodyDecoder(converter)


def test_a_field_that_the_user_renamed(renaming):
    """Cattrs' own renaming works."""
    page = renaming.decode(page_of({"id": "order-1", "reference": "r"}), Page[NumberOrder])
    assert page.data == (NumberOrder(id="order-1", customer_reference="r"),)


def test_a_bad_field_that_the_user_renamed(renaming):
    """The error shows what came under the new name, and does not say that it was missing."""
    with pytest.raises(ResponseDecodeError) as caught:
        renaming.decode(page_of({"id": "order-1", "reference": 3}), Page[NumberOrder])
    assert caught.value.path.startswith("$.data[0]")
    assert caught.value.order_id == "order-1"
    assert "3" in caught.value.got


def test_a_converter_that_validates_in_detail():
    """Cattrs' own detailed errors do not leave the package either."""
    decoder = BodyDecoder(make_converter(detailed_validation=True))
    assert decoder.decode(SEED_PAGE, Page[NumberOrder]) == decode(SEED_PAGE)
    with pytest.raises(ResponseDecodeError) as caught:
        decoder.decode(bad_row(phone_numbers=[{"id": 3}]), Page[NumberOrder])
    assert caught.value.path == "$.data[0].phone_numbers[0].id"


def test_a_converter_collects_a_hundred_faults_of_a_list():
    """Where millions of rows are bad, the first hundred tell enough."""
    converter = make_converter(detailed_validation=True)
    with pytest.raises(ClassValidationError) as caught:
        converter.structure({"data": [0] * 1000, "meta": META}, Page[NumberOrder])
    (rows,) = caught.value.exceptions
    assert len(rows.exceptions) == 100
    assert [note.index for one in rows.exceptions for note in one.__notes__] == [*range(100)]


def test_a_converter_that_forbids_other_keys():
    """A user who forbids unlisted keys gets an error of this package, with its place."""
    decoder = BodyDecoder(make_converter().copy(forbid_extra_keys=True))
    assert decoder.decode(SEED_PAGE, Page[NumberOrder]) == decode(SEED_PAGE)
    with pytest.raises(ResponseDecodeError, match="new_key") as caught:
        decoder.decode(bad_row(new_key=1), Page[NumberOrder])
    assert caught.value.path.startswith("$.data[0]")
    assert caught.value.order_id == "order-1"


def test_one_order_can_be_decoded():
    """The decoder gives whatever class is wanted."""
    decoder = BodyDecoder(make_converter())
    assert decoder.decode(b'{"id": "order-1"}', NumberOrder) == NumberOrder(id="order-1")
    with pytest.raises(ResponseDecodeError) as caught:
        decoder.decode(b'{"id": "order-1", "status": 3}', NumberOrder)
    assert (caught.value.path, caught.value.order_id) == ("$.status", "order-1")


@pytest.mark.parametrize(
    ("body", "got"), [(b"[]", "[]"), (b'"id"', '"id"'), (b"null", "null"), (b"3", "3")]
)
def test_what_is_no_order_at_all(body, got):
    """Where an order is wanted, anything but an object is refused at the root."""
    with pytest.raises(ResponseDecodeError) as caught:
        BodyDecoder(make_converter()).decode(body, NumberOrder)
    error = caught.value
    assert (error.path, error.expected, error.order_id) == ("$", "an object", None)
    assert error.got.startswith(got)


def test_a_hook_of_the_users_own_at_the_root():
    """What a user's hook refuses at the root is an error of this package, in the hook's words."""

    def hook(value: object, _: object) -> NumberOrder:
        raise ValueError("not for us")

    converter = make_converter()
    converter.register_structure_hook(NumberOrder, hook)
    with pytest.raises(ResponseDecodeError, match="not for us") as caught:
        BodyDecoder(converter).decode(b"{}", NumberOrder)
    assert (caught.value.path, caught.value.transient) == ("$", False)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 5}, "expected str, got 5"),
        ({"id": "a", "requirements_met": "yes"}, "expected bool or None, got 'yes'"),
        ({"id": "a", "phone_numbers": 3}, "expected a list, got 3"),
        ({"id": "a", "phone_numbers": ["+1970"]}, r"expected a mapping, got '\+1970'"),
        ({"id": "a", "created_at": "2024-01-01T00:00:00"}, "a time with its zone, got '2024-01-01"),
        ({"id": ["x"] * 100_000}, "expected str, got a list$"),
    ],
)
def test_the_converter_alone_says_what_it_expected(row, message):
    """Whoever reloads stored orders with the converter learns what was wrong with them."""
    with pytest.raises((TypeError, ValueError), match=message):
        make_converter().structure(row, NumberOrder)
