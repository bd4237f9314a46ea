"""Which pages a fetch asks for, by what the answers say."""

from collections.abc import Callable

import pytest

from telnyx_orders import IncompleteFetchError, PageMeta
from telnyx_orders.page_plan import PagePlan


def meta(number: int, total_pages: int, total_results: int = 0) -> PageMeta:
    return PageMeta(
        page_number=number, page_size=20, total_pages=total_pages, total_results=total_results
    )


def asked(plan: PagePlan, answer: Callable[[int], tuple[int, int, int]]) -> list[int]:
    """Run a plan page by page; an answer is its total pages, its rows, and the new ones of them."""
    numbers = []
    while (number := plan.next()) is not None:
        numbers.append(number)
        assert len(numbers) < 1000, "the plan does not end"
        total_pages, rows, new = answer(number)
        plan.read(number, meta(number, total_pages), rows=rows, new=new)
    return numbers


@pytest.mark.parametrize(
    ("start", "answers", "numbers"),
    [
        (1, {1: (0, 0, 0)}, [1]),
        (1, {1: (1, 0, 0)}, [1]),
        (1, {1: (1, 20, 20)}, [1]),
        (1, {1: (2, 20, 20), 2: (2, 7, 7)}, [1, 2]),
        (1, {1: (3, 20, 20), 2: (3, 20, 20), 3: (3, 20, 20)}, [1, 2, 3]),
        (2, {2: (3, 20, 20), 3: (3, 1, 1)}, [2, 3]),
        (3, {3: (3, 1, 1)}, [3]),
        (4, {4: (3, 0, 0)}, [4]),
        (9, {9: (0, 0, 0)}, [9]),
        (1_000_000, {1_000_000: (3, 0, 0)}, [1_000_000]),
    ],
)
def test_a_listing_that_stands_still(start, answers, numbers):
    """Every page from the start to the last is asked for once, and none beyond."""
    plan = PagePlan(start)
    assert asked(plan, answers.__getitem__) == numbers
    assert plan.pages_read == len(numbers)
    assert plan.next() is None


@pytest.mark.parametrize(
    ("answers", "numbers"),
    [
        ({1: (1, 20, 20)}, [1]),
        ({1: (1, 20, 20), 2: (2, 1, 1)}, [1]),
        ({1: (2, 20, 20), 2: (3, 20, 19), 3: (3, 1, 1)}, [1, 2, 3]),
        ({1: (2, 20, 20), 2: (4, 20, 20), 3: (4, 20, 20), 4: (5, 20, 0), 5: (5, 3, 3)},
         [1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_a_listing_that_grows(answers, numbers):
    """Pages that come while it is read are asked for, as soon as an answer tells of them."""
    assert asked(PagePlan(), answers.__getitem__) == numbers


@pytest.mark.parametrize(
    ("answers", "numbers"),
    [
        ({1: (3, 20, 20), 2: (2, 5, 5), 3: (2, 0, 0)}, [1, 2, 3]),
        ({1: (9, 20, 20), 2: (1, 0, 0)}, [1, 2]),
        ({1: (9, 20, 20), 2: (0, 0, 0)}, [1, 2]),
        ({1: (5, 20, 20), 2: (3, 20, 20), 3: (3, 0, 0), 4: (3, 0, 0)}, [1, 2, 3, 4]),
    ],
)
def test_a_listing_that_shrinks(answers, numbers):
    """The first empty page beyond the end is the last that is asked for."""
    assert asked(PagePlan(), answers.__getitem__) == numbers


def test_nothing_is_known_before_the_first_page():
    """Until the first answer is there, no second page is given out."""
    plan = PagePlan(4)
    assert (plan.start, plan.last, plan.pages_read) == (4, 4, 0)
    assert plan.next() == 4
    assert plan.next() is None
    plan.read(4, meta(4, 6), rows=20, new=20)
    assert (plan.start, plan.last, plan.pages_read) == (4, 6, 1)
    assert [plan.next(), plan.next(), plan.next()] == [5, 6, None]


def test_answers_may_come_in_any_order():
    """Pages that are on their way are not given out again, whatever comes first."""
    plan = PagePlan()
    plan.next()
    plan.read(1, meta(1, 4), rows=20, new=20)
    assert [plan.next(), plan.next(), plan.next(), plan.next()] == [2, 3, 4, None]
    for number in (4, 2, 3):
        plan.read(number, meta(number, 4), rows=20, new=20)
        assert plan.next() is None
    assert plan.pages_read == 4


def test_a_late_answer_tells_of_a_new_page():
    """A page that one of several answers tells of is asked for, whichever it is."""
    plan = PagePlan()
    plan.next()
    plan.read(1, meta(1, 3), rows=20, new=20)
    assert [plan.next(), plan.next()] == [2, 3]
    plan.read(3, meta(3, 4), rows=20, new=20)
    plan.read(2, meta(2, 3), rows=20, new=20)
    assert [plan.next(), plan.next()] == [4, None]


def test_a_shrunken_listing_stops_what_was_not_asked_for():
    """Once a page beyond the end came back empty, no later one is given out."""
    plan = PagePlan()
    plan.next()
    plan.read(1, meta(1, 1000), rows=20, new=20)
    assert [plan.next(), plan.next()] == [2, 3]
    plan.read(3, meta(3, 1), rows=0, new=0)
    assert plan.last == 3
    assert plan.next() is None


@pytest.mark.parametrize(
    ("number", "said"), [(1, 2), (1, 0), (1, -1), (2, 1), (3, 2), (7, 1), (7, 8)]
)
def test_an_answer_to_another_question(number, said):
    """An answer that says it is another page than was asked for ends the fetch."""
    plan = PagePlan(number)
    plan.next()
    with pytest.raises(
        IncompleteFetchError,
        match=rf"^page {number} was asked for and the answer says that it is page {said}\.",
    ):
        plan.read(number, meta(said, 9), rows=20, new=20)


@pytest.mark.parametrize(("total_pages", "total_results"), [(-1, 20), (1, -1), (-5, -5)])
def test_totals_below_zero(total_pages, total_results):
    """An answer that counts below zero ends the fetch."""
    plan = PagePlan()
    plan.next()
    with pytest.raises(IncompleteFetchError, match=f"{total_pages} pages and {total_results} ord"):
        plan.read(1, meta(1, total_pages, total_results), rows=0, new=0)


def test_a_billion_empty_pages():
    """A first page that is empty, and promises a billion more, ends the fetch at once."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match="page 1 is empty, and says that there are 1000"):
        asked(plan, lambda _: (10**9, 0, 0))
    assert plan.pages_read == 1


def test_a_billion_pages_of_which_one_has_rows():
    """The first hole in a listing ends the fetch; it is no end of the listing."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match=r"^page 2 is empty, .* 1000000000 pages"):
        asked(plan, lambda number: (10**9, 20, 20) if number == 1 else (10**9, 0, 0))
    assert plan.pages_read == 2


@pytest.mark.parametrize("total_pages", [1000, 10**9])
def test_a_server_that_gives_the_same_page_for_ever(total_pages):
    """Eleven pages without anything new end the fetch."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match=r"repeats itself: 11 of 12 pages"):
        asked(plan, lambda number: (total_pages, 20, 20 if number == 1 else 0))
    assert plan.pages_read == 12


def test_a_server_that_begins_to_repeat_itself_late():
    """After many good pages more repeats are borne, up to half of all pages."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match=r"repeats itself: 101 of 201 pages"):
        asked(plan, lambda number: (10**9, 20, 20 if number <= 100 else 0))


def test_some_repeats_are_borne():
    """Ten pages of orders that had shifted onto them are no reason to give up."""
    plan = PagePlan()
    assert asked(plan, lambda number: (11, 20, 20 if number == 1 else 0)) == list(range(1, 12))


def test_a_listing_that_grows_for_ever():
    """A listing that has always one page more ends after a budget of requests."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match="grew while it was read: 26 pages .* 27 by now"):
        asked(plan, lambda number: (number + 1, 20, 20))
    assert plan.pages_read == 26


def test_the_budget_grows_with_the_listing():
    """What is allowed is two and a half times the pages there were at first, and twenty."""
    plan = PagePlan()
    with pytest.raises(IncompleteFetchError, match="grew while it was read: 271 pages"):
        asked(plan, lambda number: (max(100, number + 1), 20, 20))
    assert plan.pages_read == 271


def test_the_budget_counts_from_the_start():
    """A fetch that starts at the last page does not get the budget of those before it."""
    plan = PagePlan(100)
    with pytest.raises(IncompleteFetchError, match="grew while it was read: 26 pages"):
        asked(plan, lambda number: (max(100, number + 1), 20, 20))


def test_a_listing_may_double():
    """A busy account whose listing doubles while it is read is read to its end."""
    plan = PagePlan()
    numbers = asked(plan, lambda number: (min(50 + number, 100), 20, 20))
    assert numbers == list(range(1, 101))
