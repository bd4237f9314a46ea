"""Filters: what is accepted, what is refused and how, and what is sent."""

import copy
import pickle
from collections import ChainMap
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType

import attrs
import pytest

from telnyx_orders import (
    DateRange,
    NumberOrderPhoneNumberFilter,
    OrderFilter,
    OrdersClient,
    OrderStatus,
    SubNumberOrderFilter,
)
from telnyx_orders.filters import as_filter, deep_object, encode_query, order_filter

JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2024, 2, 1, tzinfo=UTC)


def sent(given: object) -> str:
    return encode_query(deep_object("filter", order_filter(given)))


@pytest.mark.parametrize(
    ("given", "query"),
    [
        (OrderFilter(), ""),
        (None, ""),
        ({}, ""),
        ({"status": None, "created_at": None}, ""),
        (OrderFilter(status=OrderStatus.PENDING), "filter%5Bstatus%5D=pending"),
        (OrderFilter(status="success"), "filter%5Bstatus%5D=success"),
        (OrderFilter(status="cancelled"), "filter%5Bstatus%5D=cancelled"),
        (OrderFilter(status="in review"), "filter%5Bstatus%5D=in%20review"),
        (
            OrderFilter(created_at=DateRange(gt=JANUARY)),
            "filter%5Bcreated_at%5D%5Bgt%5D=2024-01-01T00%3A00%3A00.000000Z",
        ),
        (
            OrderFilter(created_at=DateRange(lt=FEBRUARY)),
            "filter%5Bcreated_at%5D%5Blt%5D=2024-02-01T00%3A00%3A00.000000Z",
        ),
        (
            OrderFilter(created_at=DateRange(JANUARY, FEBRUARY)),
            "filter%5Bcreated_at%5D%5Bgt%5D=2024-01-01T00%3A00%3A00.000000Z"
            "&filter%5Bcreated_at%5D%5Blt%5D=2024-02-01T00%3A00%3A00.000000Z",
        ),
        (OrderFilter(created_at=DateRange()), ""),
        (OrderFilter(phone_numbers_count=0), "filter%5Bphone_numbers_count%5D=0"),
        (OrderFilter(phone_numbers_count=12), "filter%5Bphone_numbers_count%5D=12"),
        (OrderFilter(customer_reference=""), "filter%5Bcustomer_reference%5D="),
        (
            OrderFilter(customer_reference="MY REF 001"),
            "filter%5Bcustomer_reference%5D=MY%20REF%20001",
        ),
        (
            OrderFilter(customer_reference="a+b&c=d#e%f;g/h?i"),
            "filter%5Bcustomer_reference%5D=a%2Bb%26c%3Dd%23e%25f%3Bg%2Fh%3Fi",
        ),
        (
            OrderFilter(customer_reference="Zürich \N{SNOWMAN}"),
            "filter%5Bcustomer_reference%5D=Z%C3%BCrich%20%E2%98%83",
        ),
        (OrderFilter(customer_reference="a-b.c_d~e"), "filter%5Bcustomer_reference%5D=a-b.c_d~e"),
        (OrderFilter(customer_reference="a\r\n\0"), "filter%5Bcustomer_reference%5D=a%0D%0A%00"),
        (OrderFilter(requirements_met=True), "filter%5Brequirements_met%5D=true"),
        (OrderFilter(requirements_met=False), "filter%5Brequirements_met%5D=false"),
        (
            OrderFilter(
                requirements_met=False,
                customer_reference="r",
                phone_numbers_count=1,
                created_at=DateRange(gt=JANUARY),
                status=OrderStatus.FAILURE,
            ),
            "filter%5Bstatus%5D=failure"
            "&filter%5Bcreated_at%5D%5Bgt%5D=2024-01-01T00%3A00%3A00.000000Z"
            "&filter%5Bphone_numbers_count%5D=1"
            "&filter%5Bcustomer_reference%5D=r"
            "&filter%5Brequirements_met%5D=false",
        ),
    ],
)
def test_a_filter_is_sent_like_this(given, query):
    """Each filter becomes exactly these characters of a query."""
    assert sent(given) == query


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00.000000Z"),
        (datetime(2024, 1, 1, 12, 30, 15, 250, tzinfo=UTC), "2024-01-01T12:30:15.000250Z"),
        (
            datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2023-12-31T23:00:00.000000Z",
        ),
        (
            datetime(2024, 1, 1, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
            "2024-01-01T05:30:00.000000Z",
        ),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_sent_in_utc(moment, text):
    """A time means the same moment to the API, whatever zone it was written in."""
    assert list(deep_object("filter", DateRange(gt=moment))) == [("filter[gt]", text)]


def test_brackets_nest():
    """A filter within a filter adds a pair of brackets."""
    given = OrderFilter(status="pending", created_at=DateRange(lt=FEBRUARY))
    assert list(deep_object("filter", given)) == [
        ("filter[status]", "pending"),
        ("filter[created_at][lt]", "2024-02-01T00:00:00.000000Z"),
    ]


def test_an_empty_query_is_empty():
    """No parameters make no query."""
    assert encode_query([]) == ""


def test_parameters_keep_their_order():
    """A query lists its parameters as they were given, repeated names included."""
    assert encode_query([("b", "2"), ("a", "1"), ("b", "")]) == "b=2&a=1&b="


@pytest.mark.parametrize(
    "mapping",
    [
        {"status": "pending", "created_at": {"gt": JANUARY, "lt": FEBRUARY}},
        {"status": OrderStatus.PENDING, "created_at": DateRange(JANUARY, FEBRUARY)},
        MappingProxyType(
            {"status": "pending", "created_at": MappingProxyType({"gt": JANUARY, "lt": FEBRUARY})}
        ),
        ChainMap({"status": "pending"}, {"created_at": {"lt": FEBRUARY, "gt": JANUARY}}),
    ],
)
def test_a_mapping_of_the_same_shape_does_too(mapping):
    """Plain mappings, nested ones included, mean the same as the classes."""
    assert order_filter(mapping) == OrderFilter(
        status=OrderStatus.PENDING, created_at=DateRange(gt=JANUARY, lt=FEBRUARY)
    )


def test_a_range_within_a_filter_may_be_a_mapping():
    """`created_at` takes a mapping in the class form as well."""
    given = OrderFilter(created_at={"gt": JANUARY})
    assert given.created_at == DateRange(gt=JANUARY, lt=None)


def test_a_filter_is_taken_as_it_is():
    """An `OrderFilter` is not copied."""
    given = OrderFilter(status="pending")
    assert order_filter(given) is given


def test_no_filter_is_an_empty_filter():
    """Left out, the filter lists everything."""
    assert order_filter(None) == OrderFilter()


def test_a_plain_string_becomes_a_status():
    """Listed strings become members, others unlisted statuses."""
    assert OrderFilter(status="pending").status is OrderStatus.PENDING
    assert type(OrderFilter(status="deleted").status) is OrderStatus


def test_a_filter_shows_what_it_filters():
    """The representation names every filter, set or not."""
    assert repr(OrderFilter(status=OrderStatus.PENDING, requirements_met=False)) == (
        "OrderFilter(status=<OrderStatus.PENDING: 'pending'>, created_at=None, "
        "phone_numbers_count=None, customer_reference=None, requirements_met=False)"
    )


def test_filters_are_values():
    """Filters are frozen, compare by value, have a hash, pickle and copy."""
    given = OrderFilter(status="cancelled", created_at=DateRange(gt=JANUARY))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        given.status = None
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        given.created_at.gt = None
    for same in (copy.copy(given), copy.deepcopy(given), pickle.loads(pickle.dumps(given))):
        assert same == given
        assert hash(same) == hash(given)


def test_filters_are_given_by_name():
    """A filter cannot be given by position."""
    with pytest.raises(TypeError, match="positional argument"):
        OrderFilter("pending")


TYPE_ERRORS = [
    ({"status": 3}, r"^filter\.status: expected an OrderStatus or one of 'pending', .*got int 3$"),
    ({"status": True}, r"^filter\.status: .* got bool True$"),
    ({"status": b"pending"}, r"^filter\.status: .* got bytes b'pending'$"),
    ({"status": ["pending"]}, r"^filter\.status: .* got list \['pending'\]$"),
    ({"created_at": JANUARY}, r"^filter\.created_at: expected a DateRange or a mapping"),
    ({"created_at": "2024-01-01"}, r"^filter\.created_at: .* got str '2024-01-01'$"),
    ({"created_at": True}, r"^filter\.created_at: .* got bool True$"),
    ({"created_at": [JANUARY, None]}, r"^filter\.created_at: .* got list"),
    (
        {"created_at": {"gt": "2024-01-01T00:00:00Z"}},
        r"^filter\.created_at\.gt: expected an aware datetime, got str '2024-01-01T00:00:00Z'$",
    ),
    ({"created_at": {"lt": date(2024, 1, 1)}}, r"^filter\.created_at\.lt: .* got date"),
    ({"created_at": {"lt": 1704067200}}, r"^filter\.created_at\.lt: .* got int 1704067200$"),
    ({"phone_numbers_count": "3"}, r"^filter\.phone_numbers_count: expected an int, got str '3'$"),
    ({"phone_numbers_count": 3.0}, r"^filter\.phone_numbers_count: .* got float 3\.0$"),
    ({"phone_numbers_count": True}, r"^filter\.phone_numbers_count: .* got bool True$"),
    ({"customer_reference": 3}, r"^filter\.customer_reference: expected a str, got int 3$"),
    ({"customer_reference": b"r"}, r"^filter\.customer_reference: .* got bytes b'r'$"),
    ({"requirements_met": "true"}, r"^filter\.requirements_met: expected a bool, got str 'true'$"),
    ({"requirements_met": 1}, r"^filter\.requirements_met: .* got int 1$"),
]

VALUE_ERRORS = [
    (
        {"created_at": {"gt": datetime(2024, 1, 1)}},  # noqa: DTZ001  # the mistake that is tested
        r"^filter\.created_at\.gt: .* naive 2024-01-01T00:00:00; .*timezone\.utc",
    ),
    (
        {"created_at": {"lt": datetime(2024, 1, 1)}},  # noqa: DTZ001  # the mistake that is tested
        r"^filter\.created_at\.lt: .* naive 2024-01-01T00:00:00",
    ),
    (
        {"created_at": {"gt": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))}},
        r"^filter\.created_at\.gt: 0001-01-01T00:00:00\+01:00 is out of range in UTC$",
    ),
    (
        {"created_at": {"lt": datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))}},
        r"^filter\.created_at\.lt: 9999-12-31T23:59:59\.999999-01:00 is out of range in UTC$",
    ),
    ({"created_at": {"gte": JANUARY}}, r"^filter\.created_at: there is no filter 'gte'; .*gt, lt$"),
    ({"phone_numbers_count": -1}, r"^filter\.phone_numbers_count: expected 0 or more, got int -1$"),
    ({"customer_reference": "a\ud800"}, r"^filter\.customer_reference: .* UTF-8"),
    ({"status": "a\ud800"}, r"^filter\.status: .* UTF-8"),
    ({"state": "pending"}, r"^filter: there is no filter 'state'; the API knows status, created_a"),
    ({"filter[status]": "pending"}, r"^filter: there is no filter 'filter\[status\]'"),
    ({3: "pending"}, r"^filter: there is no filter 3"),
]


@pytest.mark.parametrize(("mapping", "message"), TYPE_ERRORS)
def test_a_value_of_the_wrong_type_is_named(mapping, message):
    """The message names the argument by its path, and what came instead."""
    with pytest.raises(TypeError, match=message):
        order_filter(mapping)
    with pytest.raises(TypeError, match=message):
        OrderFilter(**mapping)


@pytest.mark.parametrize(("mapping", "message"), VALUE_ERRORS)
def test_a_value_that_cannot_be_sent_is_named(mapping, message):
    """The message names the argument by its path, and says what is wrong with it."""
    with pytest.raises(ValueError, match=message) as caught:
        order_filter(mapping)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize("given", [3, "pending", True, [("status", "pending")], {"pending"}])
def test_a_filter_is_a_filter_or_a_mapping(given):
    """Anything else is refused before it is looked into."""
    with pytest.raises(TypeError, match=r"^filter: expected an OrderFilter or a mapping, got "):
        order_filter(given)


@pytest.mark.parametrize(
    ("bound", "error", "message"),
    [
        ({"gt": datetime(2024, 1, 1)}, ValueError, r"^filter\.created_at\.gt: "),  # noqa: DTZ001
        ({"lt": "yesterday"}, TypeError, r"^filter\.created_at\.lt: .* got str 'yesterday'$"),
    ],
)
def test_a_range_is_checked_when_it_is_made(bound, error, message):
    """The mistake surfaces where the range was written."""
    with pytest.raises(error, match=message):
        DateRange(**bound)


def test_a_long_wrong_value_is_shortened():
    """A message shows the beginning of a value that is too long to show."""
    with pytest.raises(TypeError, match=r"got bytes b'x+\.\.\.$") as caught:
        OrderFilter(customer_reference=b"x" * 10_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"status": 3}, TypeError, r"^filter\.status: "),
        ({"state": "pending"}, ValueError, r"^filter: there is no filter 'state'"),
        ("pending", TypeError, r"^filter: expected"),
    ],
)
def test_list_checks_its_filter_at_once(given, error, message):
    """A wrong filter is an error of the call, before anything is awaited."""
    client = OrdersClient("KEY0123456789abcd", base_url="https://api.example/v2")
    with pytest.raises(error, match=message):
        client.number_orders.list(filter=given)


class Reference(str, Enum):  # noqa: UP042  # its `str()` differs from its value, unlike StrEnum's
    SPRING = "spring sale"


class Count(int, Enum):
    TWO = 2


def test_an_enum_of_strings_is_sent_by_its_value():
    """A reference out of an application's own enum is the text it stands for."""
    assert sent({"customer_reference": Reference.SPRING}) == (
        "filter%5Bcustomer_reference%5D=spring%20sale"
    )


def test_a_status_of_another_enum_is_sent_by_its_value():
    """A status out of an application's own enum is the text it stands for."""
    assert sent({"status": Reference.SPRING}) == "filter%5Bstatus%5D=spring%20sale"


def test_an_enum_of_numbers_is_sent_by_its_digits():
    """A count out of an application's own enum is sent as digits."""
    assert sent({"phone_numbers_count": Count.TWO}) == "filter%5Bphone_numbers_count%5D=2"


@pytest.mark.parametrize(
    ("cls", "mapping", "query"),
    [
        (SubNumberOrderFilter, {}, ""),
        (SubNumberOrderFilter, {"status": None, "order_request_id": None}, ""),
        (SubNumberOrderFilter, {"status": "cancelled"}, "filter%5Bstatus%5D=cancelled"),
        (SubNumberOrderFilter, {"order_request_id": "a b"}, "filter%5Border_request_id%5D=a%20b"),
        (SubNumberOrderFilter, {"country_code": "US"}, "filter%5Bcountry_code%5D=US"),
        (
            SubNumberOrderFilter,
            {"phone_number_type": Reference.SPRING},
            "filter%5Bphone_number_type%5D=spring%20sale",
        ),
        (
            SubNumberOrderFilter,
            {"phone_numbers_count": 0, "status": OrderStatus.PENDING},
            "filter%5Bstatus%5D=pending&filter%5Bphone_numbers_count%5D=0",
        ),
        (NumberOrderPhoneNumberFilter, {}, ""),
        (NumberOrderPhoneNumberFilter, {"country_code": "Å"}, "filter%5Bcountry_code%5D=%C3%85"),
    ],
)
def test_filters_of_the_other_listings_are_sent_like_this(cls, mapping, query):
    """As a class or as a mapping, each filter becomes exactly these characters of a query."""
    assert encode_query(deep_object("filter", as_filter(cls, mapping))) == query
    assert encode_query(deep_object("filter", as_filter(cls, cls(**mapping)))) == query


TEXTS = [
    *[(SubNumberOrderFilter, one) for one in ("order_request_id", "country_code")],
    *((SubNumberOrderFilter, "phone_number_type"), (NumberOrderPhoneNumberFilter, "country_code")),
]


@pytest.mark.parametrize(("cls", "name"), TEXTS)
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (3, TypeError, "expected a str, got int 3$"),
        (b"US", TypeError, "expected a str, got bytes b'US'$"),
        ("", ValueError, "expected a text that is not blank, got str ''$"),
        (" ", ValueError, "expected a text that is not blank, got str ' '$"),
        ("a\ud800", ValueError, "UTF-8"),
    ],
)
def test_a_blank_text_cannot_be_a_filter_of_these(cls, name, value, error, message):
    """None of these is ever blank, and a server could let everything pass a blank filter."""
    for make in (cls, lambda **given: as_filter(cls, given)):
        with pytest.raises(error, match=rf"^filter\.{name}: .*{message}"):
            make(**{name: value})


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ({"status": 3}, TypeError, r"^filter\.status: .* got int 3$"),
        ({"phone_numbers_count": "1"}, TypeError, r"^filter\.phone_numbers_count: expected an int"),
        ({"phone_numbers_count": -1}, ValueError, r"^filter\.phone_numbers_count: .* 0 or more"),
        (
            {"customer_reference": "r"},
            ValueError,
            r"^filter: there is no filter 'customer_reference'; the API knows status, order_requ",
        ),
        (
            OrderFilter(),
            TypeError,
            r"^filter: expected a SubNumberOrderFilter or a mapping, got Or",
        ),
    ],
)
def test_a_filter_of_another_listing_is_refused(mapping, error, message):
    """What this listing cannot filter by is named, and so is what it can."""
    with pytest.raises(error, match=message):
        as_filter(SubNumberOrderFilter, mapping)
