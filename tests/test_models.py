"""The classes that hold what the API answers, and the status that stays open to new values."""

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import attrs
import pytest

from telnyx_orders import (
    NumberOrder,
    NumberOrderPhoneNumber,
    OrderPhoneNumber,
    OrderStatus,
    Page,
    PageMeta,
    RegulatoryRequirement,
    SubNumberOrder,
)
from telnyx_orders.models import Listed, ListedMeta, Single

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
            record_type="number_order_phone_number",
            status=OrderStatus("deleted"),
            requirements_met=False,
            requirements_status="pending",
            bundle_id="bundle-1",
            country_code="US",
            country_iso_alpha2="US",
            phone_number_type="local",
            regulatory_requirements=(
                RegulatoryRequirement(
                    requirement_id="requirement-1",
                    field_type="textual",
                    field_value="Elm Street 1",
                    record_type="phone_number_regulatory_requirement",
                    status="approved",
                ),
            ),
        ),
    ),
    sub_number_orders_ids=("sub-1", "sub-2"),
    status=OrderStatus("cancelled"),
    customer_reference="MY REF 001",
    created_at=datetime(2018, 1, 1, tzinfo=UTC),
    updated_at=datetime(2024, 9, 13, 9, 12, 19, 728170, tzinfo=timezone(timedelta(hours=2))),
    requirements_met=True,
)

META = PageMeta(page_number=1, page_size=20, total_pages=1, total_results=1)

FULL_PART = SubNumberOrder(
    id="sub-1",
    record_type="sub_number_order",
    order_request_id="order-1",
    country_code="US",
    phone_number_type="local",
    user_id="user-1",
    phone_numbers_count=1,
    phone_numbers=FULL.phone_numbers,
    regulatory_requirements=FULL.phone_numbers[0].regulatory_requirements,
    requirements_met=True,
    status=OrderStatus("cancelled"),
    customer_reference="MY REF 001",
    is_block_sub_number_order=False,
    created_at=FULL.created_at,
    updated_at=FULL.updated_at,
)

FULL_NUMBER = NumberOrderPhoneNumber(
    id="number-1",
    record_type="number_order_phone_number",
    phone_number="+19705555000",
    order_request_id="order-1",
    sub_number_order_id="sub-1",
    country_code="US",
    phone_number_type="local",
    locality="San Francisco",
    regulatory_requirements=FULL.phone_numbers[0].regulatory_requirements,
    requirements_met=True,
    requirements_status="requirement-info-under-review",
    deadline=FULL.updated_at,
    status=OrderStatus("deleted"),
    bundle_id="bundle-1",
    is_block_number=True,
)

LISTED_META = ListedMeta(page_number=1, page_size=20, total_pages=1, total_results=1)

EVERY_CLASS = [
    FULL,
    FULL_PART,
    FULL_NUMBER,
    LISTED_META,
    Listed(data=(FULL_PART,), meta=LISTED_META),
    Single(data=FULL_NUMBER),
    FULL.phone_numbers[0],
    FULL.phone_numbers[0].regulatory_requirements[0],
    META,
    Page(data=(FULL,), meta=META),
]


def class_name(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_no_field_can_be_set(value):
    """What the API answered cannot be changed by accident."""
    for field in attrs.fields(type(value)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field.name, None)


@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_instances_have_no_dict(value):
    """A hundred thousand orders fit in memory because none carries a dict."""
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_fields_are_given_by_name(value):
    """No caller can depend on the order of fields, which the API may extend anywhere."""
    with pytest.raises(TypeError, match="positional argument"):
        type(value)("a")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_a_pickle_gives_back_an_equal_object(value, protocol):
    """Orders cross process borders with every field, unlisted statuses included."""
    loaded = pickle.loads(pickle.dumps(value, protocol))
    assert loaded == value
    assert type(loaded) is type(value)


@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_copies_are_equal(value):
    """`copy` and `deepcopy` lose nothing."""
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value


@pytest.mark.parametrize("value", EVERY_CLASS, ids=class_name)
def test_every_object_has_a_hash(value):
    """Orders can be collected in a set."""
    assert {value, copy.deepcopy(value)} == {value}


def test_a_pickled_status_is_still_a_status():
    """Inside a pickled order an unlisted status keeps its class."""
    loaded = pickle.loads(pickle.dumps(FULL))
    assert type(loaded.status) is OrderStatus
    assert type(loaded.phone_numbers[0].status) is OrderStatus
    assert loaded.status.value == "cancelled"


def test_evolve_changes_one_field():
    """`attrs.evolve` gives a new order and leaves the old one."""
    changed = attrs.evolve(FULL, customer_reference="MY REF 002")
    assert changed.customer_reference == "MY REF 002"
    assert FULL.customer_reference == "MY REF 001"
    assert attrs.evolve(changed, customer_reference="MY REF 001") == FULL


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("id", "order-2"),
        ("record_type", None),
        ("phone_numbers_count", 2),
        ("connection_id", None),
        ("messaging_profile_id", None),
        ("billing_group_id", None),
        ("phone_numbers", ()),
        ("sub_number_orders_ids", ()),
        ("status", OrderStatus.SUCCESS),
        ("customer_reference", None),
        ("created_at", None),
        ("updated_at", None),
        ("requirements_met", False),
    ],
)
def test_every_field_counts_in_a_comparison(field, other):
    """Two orders that differ in one field are not equal."""
    assert attrs.evolve(FULL, **{field: other}) != FULL


@pytest.mark.parametrize("full", [FULL, FULL_PART, FULL_NUMBER], ids=class_name)
def test_no_field_is_without_a_value_here(full):
    """The objects of these tests have all their fields, so that none goes untested."""
    assert all(value not in (None, ()) for value in attrs.asdict(full, recurse=False).values())


@pytest.mark.parametrize("full", [FULL_PART, FULL_NUMBER], ids=class_name)
def test_all_but_the_id_may_be_missing_and_counts(full):
    """Without one field an object is another one, and of an id alone one can be made."""
    bare = type(full)(id=full.id)
    for name, value in attrs.asdict(bare, recurse=False).items():
        if name != "id":
            assert value in (None, ())
            assert attrs.evolve(full, **{name: value}) != full
    with pytest.raises(TypeError, match="'id'"):
        type(full)()


def test_an_order_needs_an_id_only():
    """Everything else is optional, as the API leaves fields out at will."""
    order = NumberOrder(id="order-1")
    assert attrs.asdict(order) == {
        "id": "order-1",
        "record_type": None,
        "phone_numbers_count": None,
        "connection_id": None,
        "messaging_profile_id": None,
        "billing_group_id": None,
        "phone_numbers": (),
        "sub_number_orders_ids": (),
        "status": None,
        "customer_reference": None,
        "created_at": None,
        "updated_at": None,
        "requirements_met": None,
    }
    with pytest.raises(TypeError, match="'id'"):
        NumberOrder()


def test_a_phone_number_needs_nothing():
    """A phone number without any field is still a phone number."""
    assert attrs.asdict(OrderPhoneNumber()) == {
        "id": None,
        "phone_number": None,
        "record_type": None,
        "status": None,
        "requirements_met": None,
        "requirements_status": None,
        "bundle_id": None,
        "country_code": None,
        "country_iso_alpha2": None,
        "phone_number_type": None,
        "regulatory_requirements": (),
    }


def test_a_requirement_needs_nothing():
    """A regulatory requirement without any field is still one."""
    assert attrs.asdict(RegulatoryRequirement()) == {
        "requirement_id": None,
        "field_type": None,
        "field_value": None,
        "record_type": None,
        "status": None,
    }


@pytest.mark.parametrize("left_out", ["page_number", "page_size", "total_pages", "total_results"])
def test_a_page_says_all_of_where_it_stands(left_out):
    """The four numbers of a page have no defaults: a guess would end a fetch too early."""
    numbers = {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1}
    del numbers[left_out]
    with pytest.raises(TypeError, match=left_out):
        PageMeta(**numbers)


def test_the_statuses_are_those_of_the_reference():
    """Exactly three statuses are listed."""
    assert {status.name: status.value for status in OrderStatus} == {
        "PENDING": "pending",
        "SUCCESS": "success",
        "FAILURE": "failure",
    }


@pytest.mark.parametrize("member", list(OrderStatus))
def test_a_listed_value_is_its_member(member):
    """A listed value gives the member itself, also out of a pickle."""
    assert OrderStatus(member.value) is member
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member


UNLISTED = ["cancelled", "deleted", "PENDING", "Pending", " pending", "in review", "", "été", "_"]


@pytest.mark.parametrize("value", UNLISTED)
def test_an_unlisted_status_is_kept(value):
    """A value that the API adds is an `OrderStatus` that equals, and hashes like, its string."""
    status = OrderStatus(value)
    assert type(status) is OrderStatus
    assert status.value == value
    assert status == value
    assert status == OrderStatus(value)
    assert hash(status) == hash(value)
    assert {value: "found"}[status] == "found"


@pytest.mark.parametrize("value", UNLISTED)
def test_an_unlisted_status_equals_no_other(value):
    """An unlisted status is none of the listed ones, whatever its letters look like."""
    assert OrderStatus(value) not in list(OrderStatus)
    assert OrderStatus(value) != OrderStatus("refunded")


def test_unlisted_statuses_do_not_become_members():
    """What the API sends does not change the enum for everyone else."""
    for value in UNLISTED:
        OrderStatus(value)
    assert list(OrderStatus.__members__) == ["PENDING", "SUCCESS", "FAILURE"]
    assert [status.value for status in OrderStatus] == ["pending", "success", "failure"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", UNLISTED)
def test_an_unlisted_status_pickles(value, protocol):
    """An unlisted status crosses process borders."""
    loaded = pickle.loads(pickle.dumps(OrderStatus(value), protocol))
    assert type(loaded) is OrderStatus
    assert loaded.value == value


@pytest.mark.parametrize("value", UNLISTED)
def test_an_unlisted_status_copies(value):
    """An unlisted status can be copied."""
    for copied in (copy.copy(OrderStatus(value)), copy.deepcopy(OrderStatus(value))):
        assert type(copied) is OrderStatus
        assert copied.value == value


@pytest.mark.parametrize(
    ("status", "text"),
    [(OrderStatus.PENDING, "pending"), (OrderStatus("cancelled"), "cancelled")],
)
def test_a_status_prints_as_its_value(status, text):
    """`str`, `format`, an f-string and JSON show the API's word."""
    assert str(status) == text
    assert f"{status}" == text
    assert f"{status:>10}" == text.rjust(10)
    assert "status: %s" % status == f"status: {text}"  # noqa: UP031  # the old form is the test
    assert json.dumps(status) == f'"{text}"'
    assert text in repr(status)


@pytest.mark.parametrize("value", [None, 3, True, 1.5, b"pending", ["pending"], {}, object()])
def test_only_a_string_can_be_a_status(value):
    """What is no string is no status, listed or not."""
    with pytest.raises(ValueError, match="is not a valid OrderStatus"):
        OrderStatus(value)


def test_a_status_of_another_enum_keeps_its_value():
    """An enum of strings that is not ours stands for its value, not its name."""

    class Theirs(str, Enum):  # noqa: UP042  # whose str() differs
        PARKED = "parked"

    assert str(OrderStatus(Theirs.PARKED)) == OrderStatus(Theirs.PARKED).value == "parked"
