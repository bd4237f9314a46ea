"""The fast path gives what the reference gives, and leaves the rest to it."""

import gc
import json
import logging
import random
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrdersClient,
    Page,
    ResponseDecodeError,
    SubNumberOrder,
    make_converter,
)
from telnyx_orders.decoding import BodyDecoder
from telnyx_orders.models import Listed, Single
from telnyx_orders.responses import AnswerReader
from telnyx_orders.sandbox import Sandbox
from tests.mutations import GOOD, changed_bytes, changed_json
from tests.properties.test_round_trip_properties import CONVERTER, METAS, ORDERED, ORDERS, PARTS
from tests.servers import KEY

fast_decoding = pytest.importorskip("telnyx_orders.fast_decoding", reason="needs msgspec")

REFERENCE = BodyDecoder(make_converter())
META = {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1}


def at_once(body: bytes, wanted: Any) -> Any:
    return fast_decoding.FastDecoder().decode(body, wanted)


def in_slices(body: bytes, wanted: Any) -> Any:
    slices = fast_decoding.FastDecoder().decode_in_slices(body, wanted, len)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def assert_equal(body: bytes, wanted: Any = Page[NumberOrder]) -> bool:
    """Check both ways against the reference; tells whether they decoded it."""
    pages = [at_once(body, wanted), in_slices(body, wanted)]
    for page in pages:
        if page is not None:
            expected = REFERENCE.decode(body, wanted)
            assert page == expected
            # Equal times may be in different zones, and equal statuses be plain strings.
            assert repr(page) == repr(expected)
    assert (pages[0] is None) == (pages[1] is None)
    return pages[0] is not None


def body_of(**fields: object) -> bytes:
    return json.dumps({"data": [{"id": "order-1"} | fields], "meta": META}).encode()


@given(orders=st.lists(ORDERS, max_size=3))
def test_every_order_is_decoded_alike(orders):
    """Whatever an order holds, both give equal orders."""
    rows = CONVERTER.unstructure(tuple(orders))
    assert_equal(json.dumps({"data": rows, "meta": META}).encode())
    assert_equal(json.dumps({"data": rows, "meta": META}, ensure_ascii=False).encode())


@given(rows=st.lists(PARTS, max_size=3), meta=METAS)
def test_every_sub_number_order_is_decoded_alike(rows, meta):
    """Whatever a listing holds that comes in one answer, both give an equal one."""
    listed = CONVERTER.unstructure(Listed(data=tuple(rows), meta=meta))
    assert_equal(json.dumps(listed).encode(), Listed[SubNumberOrder])
    one = {"data": CONVERTER.unstructure(rows[0] if rows else SubNumberOrder(id="sub-1"))}
    assert_equal(json.dumps(one).encode(), Single[SubNumberOrder])


@given(rows=st.lists(ORDERED, max_size=3))
def test_every_number_is_decoded_alike(rows):
    """Whatever an ordered number holds, both give an equal one."""
    body = json.dumps({"data": CONVERTER.unstructure(tuple(rows))}).encode()
    assert_equal(body, Listed[NumberOrderPhoneNumber])


@given(seed=st.integers(0, 2**64))
def test_every_changed_body_is_decoded_alike(seed):
    """What the fast path takes of changed bodies, the reference takes too, to equal objects."""
    rng = random.Random(seed)
    for good, wanted in GOOD:
        assert_equal(changed_json(good, rng), wanted)
        assert_equal(changed_bytes(json.dumps(good, ensure_ascii=False).encode(), rng), wanted)


DIGITS = st.text("0123456789", max_size=12)
TIME_TEXTS = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}{}".format,
    st.sampled_from(["2024", "0001", "9999", "0000", "24"]),
    st.sampled_from(["01", "02", "12", "13", "00"]),
    st.sampled_from(["01", "29", "30", "31", "32"]),
    st.sampled_from(["T", "t", " ", "_", ""]),
    st.sampled_from(["00", "23", "24", "1"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["00", "59", "60", ""]),
    st.sampled_from(["", ".", ","]),
    DIGITS,
    st.sampled_from(
        [
            "",
            "Z",
            "z",
            "+00:00",
            "-00:00",
            "+05:59",
            "-0530",
            "+24:00",
            "+23:59",
            "+01",
            "+01:00:01",
        ]
    ),
)


@given(text=TIME_TEXTS)
@example("2024-01-01T00:00:00.1234567Z")
@example("2024-12-31T23:59:59.9999995+05:59")
@example("9999-12-31T23:59:59.9999999Z")
@example("2024-01-01T00:00:00.12+05:59")
@example("2024-01-01t00:00:00z")
@example("2024-01-01T00:00:00")
def test_times_are_read_alike(text):
    """A time gives the same moment either way, rounded to the microsecond, or none."""
    assert_equal(body_of(created_at=text))


def test_a_usual_page_takes_the_fast_path():
    """What the API sends is not left to the reference, nor are unlisted keys and statuses."""
    for good, wanted in GOOD:
        assert assert_equal(json.dumps(good).encode(), wanted)
    assert assert_equal(body_of(status="cancelled", new_key={"nested": [1.5, "\u00e9"]}))


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": "2024-01-01T00:00:00"},
        {"phone_numbers_count": 2**64},
        {"phone_numbers_count": -(2**63) - 1},
        {"phone_numbers_count": 1.0},
        {"phone_numbers_count": True},
        {"requirements_met": 1},
        {"sub_number_orders_ids": [1]},
        {"id": None},
    ],
)
def test_what_the_reference_refuses_is_left_to_it(fields):
    """A body that the reference refuses is never taken."""
    body = body_of(**fields)
    with pytest.raises(ResponseDecodeError):
        REFERENCE.decode(body, Page[NumberOrder])
    assert not assert_equal(body)


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "sub-1", "created_at": "2024-01-01T00:00:00"}]},
        {"data": [{"id": "sub-1"}], "meta": {"total_results": 2**64}},
        {"data": [{"id": "sub-1"}], "meta": "none"},
        {"data": [{"id": "sub-1"}], "meta": {"total_pages": "1"}},
        {"data": [{"id": None}]},
        {"data": None},
        {"meta": {"total_results": 0}},
    ],
)
def test_what_the_reference_refuses_of_a_listing_is_left_to_it(body):
    """A listing that the reference refuses is never taken, whichever part of it is wrong."""
    text = json.dumps(body).encode()
    with pytest.raises(ResponseDecodeError):
        REFERENCE.decode(text, Listed[SubNumberOrder])
    assert not assert_equal(text, Listed[SubNumberOrder])


def test_a_null_list_is_left_to_the_reference():
    """What msgspec refuses and the reference takes is no error."""
    assert not assert_equal(body_of(phone_numbers=None))
    decoder = BodyDecoder(make_converter(), fast=fast_decoding.FastDecoder())
    page = decoder.decode(body_of(phone_numbers=None), Page[NumberOrder])
    assert page.data[0].phone_numbers == ()


def test_text_that_is_no_utf_8_is_refused_even_where_nobody_reads_it():
    """Bytes that are no text, in a key that is not listed, make the body no JSON."""
    body = body_of(unlisted="?").replace(b"?", b"\xff")
    assert not assert_equal(body)


def test_other_types_than_pages_are_decoded_in_slices_too():
    """Asked for slices of a single order, it decodes all of it."""
    slices = fast_decoding.FastDecoder().decode_in_slices(b'{"id":"order-1"}', NumberOrder, len)
    with pytest.raises(StopIteration) as end:
        next(slices)
    assert end.value.value == NumberOrder(id="order-1")


def test_a_large_page_gives_way_between_slices():
    """A page of a megabyte is decoded in some ten slices."""
    row = {"id": "order-1", "customer_reference": "x" * 4000}
    body = json.dumps({"data": [row] * 250, "meta": META}).encode()
    slices = list(fast_decoding.FastDecoder().decode_in_slices(body, Page[NumberOrder], len))
    assert 5 < len(slices) < 20
    assert assert_equal(body)


async def test_a_converter_of_the_users_own_is_never_passed_over():
    """With a converter given, no page is decoded without it."""
    converter = make_converter()
    converter.register_structure_hook(str, lambda value, _: value.upper())
    async with Sandbox(300, api_key=KEY) as sandbox:
        async with OrdersClient(KEY, base_url=sandbox.base_url, converter=converter) as client:
            orders = await client.number_orders.list(page_size=250).collect()
    assert all(order.id.isupper() for order in orders)


async def test_debug_logs_tell_of_unlisted_statuses(caplog):
    """With debug logs on, the reference reads, which logs what is not listed."""
    decoder = BodyDecoder(make_converter(), fast=fast_decoding.FastDecoder())
    with caplog.at_level(logging.DEBUG, "telnyx_orders"):
        decoder.decode(body_of(status="cancelled"), Page[NumberOrder])
    assert re.search("unlisted status 'cancelled'", caplog.text)


def test_a_client_takes_the_fast_path_by_itself():
    """Without a converter of the user's own, pages are decoded by msgspec where it is installed."""
    assert AnswerReader(KEY, None, 2**20)._decoder.fast is not None


async def test_a_large_page_is_decoded_in_slices_and_spared_the_collector():
    """A page of a megabyte comes whole over the wire, with its orders off the collector's list."""
    async with Sandbox(250, api_key=KEY, numbers_per_order=20) as sandbox:
        async with OrdersClient(KEY, base_url=sandbox.base_url) as client:
            fast = await client.number_orders.list().collect()
        converter = make_converter()
        async with OrdersClient(KEY, base_url=sandbox.base_url, converter=converter) as client:
            reference = await client.number_orders.list().collect()
    assert fast == reference
    assert {len(order.phone_numbers) for order in fast} == {20}
    numbers = [number for order in fast for number in order.phone_numbers]
    assert not any(map(gc.is_tracked, [*fast, *numbers]))
