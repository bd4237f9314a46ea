"""The windows of an export: every order is in one of them, and kills waste little."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders import NumberOrder
from telnyx_orders.exports.windows import MOST_PAGES, Allowance, Window, WindowPlan

START = datetime(2024, 1, 1, tzinfo=UTC)
SIZE = 250

moments = st.one_of(
    st.floats(0, 3e8).map(lambda seconds: START + timedelta(seconds=seconds)),
    # Many at about the same time, so that windows cannot keep to their size.
    st.floats(0, 3).map(lambda seconds: START + timedelta(days=400, seconds=seconds)),
)
bursts_of_orders = st.lists(st.tuples(moments, st.integers(1, 3000)), max_size=5)


def account_of(bursts: list[tuple[datetime, int]]) -> list[datetime]:
    """When orders were created that came 7 ms after each other, again and again."""
    step = timedelta(milliseconds=7)
    return sorted({moment + step * n for moment, count in bursts for n in range(count)})


def served(account: list[datetime], window: Window) -> list[datetime]:
    asked = window.asked
    return [
        moment
        for moment in account
        if (asked.gt is None or moment > asked.gt) and (asked.lt is None or moment < asked.lt)
    ]


def order(moment: datetime, number: int) -> NumberOrder:
    return NumberOrder(id=f"{number:06}", created_at=moment)


@given(
    bursts=bursts_of_orders,
    first=moments,
    last=moments,
    guess=st.integers(-100, 10**7),
    pages=st.integers(1, MOST_PAGES),
)
@example(
    bursts=[(START + timedelta(hours=n), 700) for n in range(5)],
    first=START + timedelta(days=1000),
    last=START,
    guess=0,
    pages=1,
)
def test_every_order_is_in_one_window(
    bursts: list[tuple[datetime, int]],
    first: datetime,
    last: datetime,
    guess: int,
    pages: int,
) -> None:
    """Whatever was guessed, the windows are those of all orders, each once, and not too many."""
    plan = WindowPlan(None, first, max(first, last), guess)
    written: list[NumberOrder] = []
    account = account_of(bursts)
    orders = {moment: order(moment, number) for number, moment in enumerate(account)}
    looks = 0
    while not plan.over:
        looks += 1
        assert looks < 500
        window = plan.next(pages)
        found = served(account, window)
        if window.most_pages is not None and -(-len(found) // SIZE) > window.most_pages:
            plan.rejected(window, len(found))
            continue
        plan.accepted(window, len(found))
        written += window.own(orders[moment] for moment in found)
    assert written == list(orders.values())


@given(bursts=bursts_of_orders, pages=st.integers(4, MOST_PAGES))
@example(
    # So dense that the second to spare on either side has many of what was read already.
    bursts=[
        (START + timedelta(days=400, seconds=2), 2043),
        (START + timedelta(days=2300), 443),
        (START + timedelta(days=400, seconds=1.2), 2006),
    ],
    pages=7,
)
def test_windows_are_found_in_few_looks(bursts: list[tuple[datetime, int]], pages: int) -> None:
    """Orders that come in bursts are found by halving what is in between, and no burst twice."""
    account = account_of(bursts)
    if not account:
        return
    plan = WindowPlan(None, account[0], account[-1], len(account))
    looks = windows = 0
    while not plan.over:
        assert looks + windows < 60 * len(bursts)
        window = plan.next(pages)
        found = served(account, window)
        if window.most_pages is not None and -(-len(found) // SIZE) > window.most_pages:
            looks += 1
            plan.rejected(window, len(found))
            continue
        windows += 1
        plan.accepted(window, len(found))


@given(
    pages=st.integers(1, 5000),
    kills=st.lists(st.floats(0, 1), max_size=60),
    changing=st.booleans(),
)
def test_kills_waste_little(pages: int, kills: list[float], changing: bool) -> None:
    """Killed at any moments, all runs take at most three requests a page, and two a kill.

    The worst kill comes when all that is under way was asked for, and nothing of it is on the disk.
    """
    done = spent = lost = 0
    chances = iter(kills)
    deaths = 0
    while done < pages:
        allowed = Allowance(pages=pages, lost=lost)
        at_once = min(allowed.lanes * allowed.window_pages, pages - done)
        spent += 2 * at_once if changing else at_once
        if next(chances, 0.0) > 0.5:
            deaths += 1
            lost += 2 * at_once
        else:
            done += at_once
    assert spent <= 3 * pages + 2 * deaths


@pytest.mark.parametrize("pages", [1, 3, 40, 400, 4000])
def test_what_nobody_kills_is_read_in_large_windows(pages: int) -> None:
    """A run that nothing was lost of reads as much at once as memory allows, of large accounts."""
    allowed = Allowance(pages=pages, lost=0)
    assert allowed.window_pages == max(1, min(MOST_PAGES, pages // 4 // allowed.lanes))
    assert allowed.lanes * allowed.window_pages <= 2 * MOST_PAGES


def test_an_order_without_a_time_is_in_no_part_of_an_account() -> None:
    """A server may list it in several, so it belongs to the whole only."""
    undated, dated = NumberOrder(id="a"), order(START, 1)
    for begin, end in ((None, None), (None, START + timedelta(days=1)), (START, None)):
        window = Window(begin=begin, end=end, pages=1, most_pages=2)
        whole = (begin, end) == (None, None)
        assert window.own([undated, dated]) == ([undated, dated] if whole else [dated])
