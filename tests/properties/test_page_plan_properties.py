"""Whatever the order in which answers arrive, a listing that stands still is read once."""

from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_orders import PageMeta
from telnyx_orders.page_plan import PagePlan


def fetched(plan: PagePlan, rows: int, size: int, workers: int, choices: list[int]) -> list[int]:
    """Run a plan with some workers; the choices say whose answer arrives next."""
    total_pages = -(-rows // size)
    asked: list[int] = []
    waiting: list[int] = []
    turn = 0
    while True:
        while len(waiting) < workers and (number := plan.next()) is not None:
            asked.append(number)
            waiting.append(number)
        if not waiting:
            return asked
        number = waiting.pop(choices[turn % len(choices)] % len(waiting))
        turn += 1
        here = max(0, min(size, rows - (number - 1) * size))
        meta = PageMeta(
            page_number=number, page_size=size, total_pages=total_pages, total_results=rows
        )
        plan.read(number, meta, rows=here, new=here)


@given(
    rows=st.integers(0, 400),
    size=st.integers(1, 250),
    start=st.integers(1, 50),
    workers=st.integers(1, 40),
    choices=st.lists(st.integers(0, 1000), min_size=1, max_size=50),
)
@example(rows=0, size=20, start=1, workers=8, choices=[0])
@example(rows=55, size=25, start=2, workers=2, choices=[1])
@example(rows=400, size=1, start=1, workers=40, choices=[999, 0])
@example(rows=20, size=20, start=50, workers=8, choices=[0])
def test_every_page_is_asked_for_once(rows, size, start, workers, choices):
    """From the start to the last page each is asked for once, ascending, and none beyond."""
    plan = PagePlan(start)
    asked = fetched(plan, rows, size, workers, choices)
    assert asked == list(range(start, max(start, -(-rows // size)) + 1))
    assert plan.pages_read == len(asked)
    assert plan.next() is None


@given(
    rows=st.integers(1, 400),
    size=st.integers(1, 250),
    workers=st.integers(1, 40),
    choices=st.lists(st.integers(0, 1000), min_size=1, max_size=50),
)
@example(rows=400, size=1, workers=1, choices=[0])
def test_the_pages_hold_every_row(rows, size, workers, choices):
    """The pages that are asked for hold as many rows as the listing has."""
    asked = fetched(PagePlan(), rows, size, workers, choices)
    assert sum(max(0, min(size, rows - (number - 1) * size)) for number in asked) == rows
