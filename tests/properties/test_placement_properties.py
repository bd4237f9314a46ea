"""The rule that says whether an order was placed, over drawn accounts."""

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders import NumberOrder, OrderPhoneNumber, PlacementOutcome
from telnyx_orders.placement import CLOCK_MARGIN, Sought, judge

START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = [f"+1970555000{number}" for number in range(4)]

numbers = st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True)
references = st.sampled_from([None, "job-1", "job-2"])
seconds = st.floats(0, 300).map(lambda value: timedelta(seconds=value))
ahead = st.floats(-1e6, 1e6)
errors = st.floats(-59, 59).map(lambda value: timedelta(seconds=value))


def order_of(
    number: int, ordered: list[str], reference: str | None, created_at: datetime | None
) -> NumberOrder:
    return NumberOrder(
        id=f"order-{number}",
        phone_numbers=tuple(OrderPhoneNumber(phone_number=one) for one in ordered),
        customer_reference=reference,
        created_at=created_at,
    )


@st.composite
def sought_orders(draw: st.DrawFn) -> Sought:
    sent_at = START + draw(seconds)
    return Sought(
        phone_numbers=tuple(draw(numbers)),
        customer_reference=draw(references),
        sent_at=sent_at,
        given_up_at=sent_at + draw(seconds),
        settle=draw(st.floats(0, 300)),
    )


@st.composite
def accounts(draw: st.DrawFn) -> list[NumberOrder]:
    rows = st.tuples(numbers, references, st.none() | seconds.map(lambda after: START + after))
    return [order_of(index, *row) for index, row in enumerate(draw(st.lists(rows, max_size=6)))]


unsaid = st.sampled_from(
    [
        {"phone_numbers": ()},
        {"phone_numbers": (), "phone_numbers_count": 0},
        {"phone_numbers": (OrderPhoneNumber(id="a"),)},
        {"phone_numbers": (OrderPhoneNumber(phone_number=NUMBERS[0]),), "phone_numbers_count": 9},
    ]
)


@given(sought_orders(), accounts(), unsaid, references)
def test_not_there_is_not_said_where_an_order_does_not_say_its_numbers(
    sought: Sought, rows: list[NumberOrder], fields: dict[str, Any], reference: str | None
) -> None:
    """Whatever its reference, it may be the one."""
    if fields.get("phone_numbers_count"):
        fields = fields | {"phone_numbers_count": len(sought.phone_numbers) + 1}
        sought = evolve(sought, phone_numbers=(*sought.phone_numbers, "+19705559999"))
    row = NumberOrder(
        id="unsaid", created_at=sought.sent_at, customer_reference=reference, **fields
    )
    looked_at = sought.settled_at + timedelta(days=1)
    placement = judge(sought, [*rows, row], server_ahead=0, looked_at=looked_at)
    assert placement.outcome is not PlacementOutcome.NOT_THERE


@given(sought_orders(), accounts())
def test_not_there_is_not_said_where_nothing_told_the_time(
    sought: Sought, rows: list[NumberOrder]
) -> None:
    """The clock of the server may stand anywhere."""
    looked_at = sought.settled_at + timedelta(days=1)
    placement = judge(sought, rows, server_ahead=None, looked_at=looked_at)
    assert placement.outcome is not PlacementOutcome.NOT_THERE


@given(sought_orders(), accounts(), seconds)
def test_not_there_is_said_only_of_what_cannot_be_there(
    sought: Sought, rows: list[NumberOrder], after: timedelta
) -> None:
    """It takes a listing read after the order has settled, without an order of these numbers."""
    looked_at = START + 3 * after
    placement = judge(sought, rows, server_ahead=0, looked_at=looked_at)
    if placement.outcome is PlacementOutcome.NOT_THERE:
        assert looked_at >= sought.settled_at
        within = sought.created_within(0)
        assert within.gt is not None
        assert within.lt is not None
        for row in rows:
            same = {one.phone_number for one in row.phone_numbers} == set(sought.phone_numbers)
            then = row.created_at is None or within.gt < row.created_at < within.lt
            assert not (same and then)
    doubted = judge(sought, rows, server_ahead=0, looked_at=looked_at, doubt="it broke off")
    assert doubted.outcome is not PlacementOutcome.NOT_THERE


@given(sought_orders(), accounts(), st.data(), ahead, errors)
def test_the_order_that_was_placed_is_found(
    sought: Sought, others: list[NumberOrder], data: st.DataObject, ahead: float, error: timedelta
) -> None:
    """Whenever the server carried the request out, and however its clock stands, it is found."""
    carried_out = data.draw(st.floats(0, 1))
    moment = sought.sent_at + carried_out * (sought.settled_at - sought.sent_at)
    created_at = moment + timedelta(seconds=ahead) + error
    placed = order_of(
        99, list(reversed(sought.phone_numbers)), sought.customer_reference, created_at
    )
    rows = data.draw(st.permutations([*others, placed]))
    placement = judge(sought, rows, server_ahead=ahead, looked_at=START)
    assert placement.outcome is PlacementOutcome.FOUND
    assert placed in placement.orders
    assert placement.order in placement.orders
    assert abs(error) < CLOCK_MARGIN


@given(sought_orders(), accounts(), ahead)
def test_what_is_found_is_what_was_asked_for(
    sought: Sought, rows: list[NumberOrder], ahead: float
) -> None:
    """No order of other numbers, of another reference or of another time passes for it."""
    placement = judge(sought, rows, server_ahead=ahead, looked_at=START)
    if placement.outcome is PlacementOutcome.FOUND:
        within = sought.created_within(ahead)
        for order in placement.orders:
            assert {one.phone_number for one in order.phone_numbers} == set(sought.phone_numbers)
            assert order.customer_reference == sought.customer_reference
            if order.created_at is not None and within.gt is not None and within.lt is not None:
                assert within.gt < order.created_at < within.lt
