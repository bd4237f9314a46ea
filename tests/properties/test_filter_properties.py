"""What is put into a query comes out of it unchanged."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders import DateRange, OrderFilter
from telnyx_orders.filters import deep_object, encode_query, order_filter

AWARE = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)

FILTERS = st.builds(
    OrderFilter,
    status=st.none() | st.sampled_from(["pending", "success", "failure"]) | st.text(),
    created_at=st.none() | st.builds(DateRange, gt=st.none() | AWARE, lt=st.none() | AWARE),
    phone_numbers_count=st.none() | st.integers(0, 10**30),
    customer_reference=st.none() | st.text(),
    requirements_met=st.none() | st.booleans(),
)


def read(query: str) -> list[tuple[str, str]]:
    """Read a query as a strict server does."""
    return parse_qsl(
        query, keep_blank_values=True, strict_parsing=True, encoding="utf-8", errors="strict"
    )


@given(pairs=st.lists(st.tuples(st.text(), st.text()), min_size=1))
@example(pairs=[("filter[customer_reference]", "a+b c&d=e%f#g;h/ü\N{SNOWMAN}\0")])
@example(pairs=[("page[number]", "2"), ("page[number]", "")])
def test_parameters_arrive_as_they_were_written(pairs):
    """Any text survives a query, plus signs and spaces told apart."""
    query = encode_query(pairs)
    assert read(query) == pairs
    assert query.isascii()
    assert query.isprintable()


@given(given=FILTERS)
@example(
    given=OrderFilter(
        status="in review",
        created_at=DateRange(gt=datetime(2024, 1, 1, tzinfo=UTC)),
        phone_numbers_count=0,
        customer_reference="+",
        requirements_met=False,
    )
)
def test_a_filter_arrives_as_it_was_written(given):
    """A server reads from the query the values that the filter holds, and no more."""
    pairs = list(deep_object("filter", given))
    assert not pairs or read(encode_query(pairs)) == pairs
    arrived = dict(pairs)
    assert len(arrived) == len(pairs)
    assert arrived.pop("filter[status]", None) == given.status
    assert arrived.pop("filter[customer_reference]", None) == given.customer_reference
    count = arrived.pop("filter[phone_numbers_count]", None)
    assert (None if count is None else int(count)) == given.phone_numbers_count
    met = arrived.pop("filter[requirements_met]", None)
    assert {None: None, "true": True, "false": False}[met] is given.requirements_met
    for name in ("gt", "lt"):
        sent = arrived.pop(f"filter[created_at][{name}]", None)
        moment = None if sent is None else datetime.fromisoformat(sent)
        assert moment == getattr(given.created_at, name, None)
        assert sent is None or sent.endswith("Z")
    assert arrived == {}


@given(given=FILTERS)
@example(given=OrderFilter(created_at=DateRange(lt=datetime(2024, 1, 1, tzinfo=UTC))))
def test_the_mapping_form_means_the_same(given):
    """A filter as nested plain mappings is the same filter."""
    mapping = {
        "status": None if given.status is None else given.status.value,
        "created_at": given.created_at and {"gt": given.created_at.gt, "lt": given.created_at.lt},
        "phone_numbers_count": given.phone_numbers_count,
        "customer_reference": given.customer_reference,
        "requirements_met": given.requirements_met,
    }
    assert order_filter(mapping) == given


@pytest.mark.parametrize("field", ["status", "customer_reference"])
@given(before=st.text(), surrogate=st.characters(categories=["Cs"]), after=st.text())
@example(before="", surrogate="\ud800", after="")
@example(before="a", surrogate="\udfff", after="b")
def test_half_a_character_is_refused(field, before, surrogate, after):
    """A lone surrogate, which no UTF-8 can carry, is refused when the filter is made."""
    with pytest.raises(ValueError, match=rf"^filter\.{field}: ") as caught:
        OrderFilter(**{field: before + surrogate + after})
    assert type(caught.value) is ValueError
