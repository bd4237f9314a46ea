"""What is stored can be loaded again, whatever the API sent."""

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import attrs
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    OrderStatus,
    Page,
    PageMeta,
    RegulatoryRequirement,
    SubNumberOrder,
    make_converter,
)
from telnyx_orders.decoding import BodyDecoder
from telnyx_orders.models import Listed, ListedMeta, Single

TEXT = st.none() | st.text()
FLAGS = st.none() | st.booleans()
ZONES = st.just(UTC) | st.integers(-86399, 86399).map(
    lambda seconds: timezone(timedelta(seconds=seconds))
)
COUNTS = st.none() | st.integers(-(2**63), 2**63 - 1)
TIMES = st.none() | st.datetimes(timezones=ZONES)
STATUSES = st.none() | (
    st.sampled_from(["pending", "success", "failure", "cancelled", "deleted"]) | st.text()
).map(OrderStatus)

REQUIREMENTS = st.builds(
    RegulatoryRequirement,
    requirement_id=TEXT,
    field_type=TEXT,
    field_value=TEXT,
    record_type=TEXT,
    status=TEXT,
)

NUMBERS = st.builds(
    OrderPhoneNumber,
    id=TEXT,
    phone_number=TEXT,
    record_type=TEXT,
    status=STATUSES,
    requirements_met=FLAGS,
    requirements_status=TEXT,
    bundle_id=TEXT,
    country_code=TEXT,
    country_iso_alpha2=TEXT,
    phone_number_type=TEXT,
    regulatory_requirements=st.lists(REQUIREMENTS, max_size=2).map(tuple),
)

ORDERS = st.builds(
    NumberOrder,
    id=st.text(),
    record_type=TEXT,
    phone_numbers_count=COUNTS,
    connection_id=TEXT,
    messaging_profile_id=TEXT,
    billing_group_id=TEXT,
    phone_numbers=st.lists(NUMBERS, max_size=2).map(tuple),
    sub_number_orders_ids=st.lists(st.text(), max_size=3).map(tuple),
    status=STATUSES,
    customer_reference=TEXT,
    created_at=TIMES,
    updated_at=TIMES,
    requirements_met=FLAGS,
)

PARTS = st.builds(
    SubNumberOrder,
    id=st.text(),
    record_type=TEXT,
    order_request_id=TEXT,
    country_code=TEXT,
    phone_number_type=TEXT,
    user_id=TEXT,
    phone_numbers_count=COUNTS,
    phone_numbers=st.lists(NUMBERS, max_size=2).map(tuple),
    regulatory_requirements=st.lists(REQUIREMENTS, max_size=2).map(tuple),
    requirements_met=FLAGS,
    status=STATUSES,
    customer_reference=TEXT,
    is_block_sub_number_order=FLAGS,
    created_at=TIMES,
    updated_at=TIMES,
)

ORDERED = st.builds(
    NumberOrderPhoneNumber,
    id=st.text(),
    record_type=TEXT,
    phone_number=TEXT,
    order_request_id=TEXT,
    sub_number_order_id=TEXT,
    country_code=TEXT,
    phone_number_type=TEXT,
    locality=TEXT,
    regulatory_requirements=st.lists(REQUIREMENTS, max_size=2).map(tuple),
    requirements_met=FLAGS,
    requirements_status=TEXT,
    deadline=TIMES,
    status=STATUSES,
    bundle_id=TEXT,
    is_block_number=FLAGS,
)

ROWS = ORDERS | PARTS | ORDERED
"""What has an id and an endpoint of its own."""

METAS = st.none() | st.builds(
    ListedMeta, page_number=COUNTS, page_size=COUNTS, total_pages=COUNTS, total_results=COUNTS
)

FULL = NumberOrder(
    id="order-1",
    phone_numbers=(
        OrderPhoneNumber(
            status=OrderStatus("deleted"),
            regulatory_requirements=(RegulatoryRequirement(field_value=""),),
        ),
    ),
    sub_number_orders_ids=("sub-1",),
    status=OrderStatus("cancelled"),
    created_at=datetime(2018, 1, 1, tzinfo=UTC),
    updated_at=datetime(2024, 9, 13, 9, 12, 19, 728170, tzinfo=timezone(-timedelta(hours=5))),
)

FULL_PART = SubNumberOrder(
    id="sub-1",
    phone_numbers=FULL.phone_numbers,
    regulatory_requirements=(RegulatoryRequirement(field_type="textual"),),
    status=OrderStatus("cancelled"),
    created_at=FULL.created_at,
    updated_at=FULL.updated_at,
    is_block_sub_number_order=False,
)

FULL_ORDERED = NumberOrderPhoneNumber(
    id="number-1",
    regulatory_requirements=(RegulatoryRequirement(field_value=""),),
    status=OrderStatus("deleted"),
    deadline=FULL.updated_at,
    is_block_number=True,
)

CONVERTER = make_converter()
DETAILED = make_converter(detailed_validation=True)


def assert_same(loaded: object, stored: object) -> None:
    assert loaded == stored
    # Equal times may be in different zones, and equal statuses be plain strings.
    for field in attrs.fields(type(stored)):
        before, after = getattr(stored, field.name), getattr(loaded, field.name)
        assert type(before) is type(after)
        if isinstance(before, datetime):
            assert before.utcoffset() == after.utcoffset()


@given(order=ROWS)
@example(order=FULL)
@example(order=FULL_PART)
@example(order=FULL_ORDERED)
@example(order=NumberOrder(id=""))
def test_a_stored_order_is_loaded_again(order):
    """Structuring what was unstructured gives an equal order, sub number order or number."""
    wanted = type(order)
    assert_same(CONVERTER.structure(CONVERTER.unstructure(order), wanted), order)
    assert_same(DETAILED.structure(DETAILED.unstructure(order), wanted), order)


@given(order=ROWS)
@example(order=FULL)
@example(order=FULL_PART)
@example(order=FULL_ORDERED)
def test_a_stored_order_survives_json(order):
    """An order survives the standard library's JSON, escapes and all."""
    stored = json.dumps(CONVERTER.unstructure(order))
    assert_same(CONVERTER.structure(json.loads(stored), type(order)), order)


@given(orders=st.lists(ORDERS, max_size=3))
@example(orders=[FULL, NumberOrder(id="order-2")])
def test_a_stored_page_can_be_decoded(orders):
    """A page that is written as JSON bytes is decoded to an equal page."""
    page = Page(
        data=tuple(orders),
        meta=PageMeta(page_number=1, page_size=250, total_pages=1, total_results=len(orders)),
    )
    body = json.dumps(CONVERTER.unstructure(page), ensure_ascii=False).encode()
    assert BodyDecoder(CONVERTER).decode(body, Page[NumberOrder]) == page


@given(rows=st.lists(PARTS, max_size=3), meta=METAS)
@example(rows=[FULL_PART], meta=ListedMeta(total_results=1))
def test_a_stored_listing_can_be_decoded(rows, meta):
    """What comes in one answer is decoded to equal rows, with or without its meta."""
    listed = Listed(data=tuple(rows), meta=meta)
    body = json.dumps(CONVERTER.unstructure(listed), ensure_ascii=False).encode()
    assert BodyDecoder(CONVERTER).decode(body, Listed[SubNumberOrder]) == listed


@given(row=ORDERED)
@example(row=FULL_ORDERED)
def test_a_stored_single_can_be_decoded(row):
    """The body of a single resource is decoded to an equal one."""
    body = json.dumps({"data": CONVERTER.unstructure(row)}).encode()
    assert BodyDecoder(CONVERTER).decode(body, Single[NumberOrderPhoneNumber]).data == row


@given(order=ROWS)
@example(order=FULL)
@example(order=FULL_PART)
@example(order=FULL_ORDERED)
def test_what_is_null_may_be_left_out(order):
    """Without its nulls and empty lists a stored order is still the same."""
    stored = CONVERTER.unstructure(order)
    short = {key: value for key, value in stored.items() if value not in (None, [], ())}
    assert_same(CONVERTER.structure(short | {"id": order.id}, type(order)), order)


@given(order=ROWS)
@example(order=FULL)
@example(order=FULL_PART)
@example(order=FULL_ORDERED)
def test_an_order_pickles_and_copies(order):
    """An order crosses process borders and can be copied, whatever it holds."""
    assert_same(pickle.loads(pickle.dumps(order)), order)
    assert_same(copy.deepcopy(order), order)
    assert_same(attrs.evolve(order), order)
