"""Completeness: how a fetch goes on after what it read, and when it is proven complete."""

from random import Random

import pytest
from attrs import evolve

from telnyx_orders import IncompleteFetchError, PageMeta
from telnyx_orders.completeness import Completeness
from tests.listing import Account, Order


def account(orders, **settings):
    made = Account(**settings)
    for number in range(orders):
        made.insert(age=1000 + number)
    return made


def read_on(course, source, *, between=lambda: None, strip=lambda answer: answer):
    """Read page after page to the end, with something happening between; gives the ids."""
    found = []
    while (request := course.next()) is not None:
        answer = strip(source.read(request.number, request.size))
        fresh = course.read(request, answer.rows, answer.meta, answer.date)
        found += [row.id for row in fresh]
        between()
    course.finish()
    return found


@pytest.mark.parametrize("orders", [0, 1, 9, 10, 11, 95, 1000])
def test_a_quiet_account_costs_its_pages(orders):
    """An account that stands still is proven by the count, with no request too many."""
    source = account(orders)
    course = Completeness(10, 250)
    assert read_on(course, source) == [order.id for order in source.listed()]
    assert (course.proof, course.rereads, course.duplicates) == ("count", 0, 0)
    assert course.pages_read == max(1, -(-orders // 10))


def test_the_count_takes_orders_that_came_at_the_end():
    """Orders that came meanwhile, where nothing shifts, do not count and cost nothing."""
    source = account(100, sorted_by="oldest")
    course = Completeness(10, 250)
    source.now = 60
    found = read_on(course, source, between=lambda: source.insert())
    assert course.proof == "count"
    assert {order.id for order in source.listed() if order.created_at.year < 2026} <= set(found)


def test_the_count_does_not_take_orders_of_the_last_seconds():
    """Clocks disagree: what was created within 5 s of the first answer proves nothing."""
    source = account(30)
    late = source.insert(age=3)
    source.sorted_by = "oldest"
    source.orders.sort(key=lambda order: order.created_at)
    course = Completeness(10, 10)
    assert late.id in read_on(course, source)
    assert course.proof == "chain"


def test_the_count_under_a_filter_takes_no_order_that_changed():
    """Under a filter on the status an order that changed lately may have entered it lately."""
    source = account(30, status="pending")
    source.orders[-1] = evolve(source.orders[-1], updated_at=source.insert().created_at)
    plain, filtered = Completeness(10, 10), Completeness(10, 10, filter_may_change=True)
    read_on(plain, source)
    read_on(filtered, source)
    assert (plain.proof, filtered.proof) == ("count", "chain")


def test_the_chain_needs_no_times():
    """Without times, or a `Date`, pages overlap from the second on, and the chain decides."""
    source = account(100)
    course = Completeness(20, 50)

    def strip(answer):
        rows = [Order(row.id, None, None) for row in answer.rows]
        return evolve(answer, rows=rows, date=None)

    assert set(read_on(course, source, strip=strip)) == source.ids()
    assert course.proof == "chain"
    assert course.pages_read < 2.5 * 5


def test_a_change_that_shows_makes_pages_overlap():
    """From the first sign on pages share rows with those before them, and the rest is bridged."""
    source = account(2000)
    course = Completeness(250, 250)
    before = source.ids()
    found = read_on(course, source, between=lambda: source.remove(-1))
    assert course.proof == "chain"
    assert source.ids() <= set(found) <= before
    assert course.rereads >= 3
    assert course.pages_read <= 2.5 * 8


def test_the_order_puts_late_finds_where_they_belong():
    """An order found late has its place between those that stand beside it."""
    source = account(40)
    course = Completeness(10, 30)
    pages, reads = {}, 0
    while (request := course.next()) is not None:
        answer = source.read(request.number, request.size)
        pages[reads] = course.read(request, answer.rows, answer.meta, answer.date)
        reads += 1
        if reads == 1:
            source.remove(0)  # what was the first of page 2 is now the last of page 1
    listed = [row.id for one in course.order() for row in pages[one.run][one.begin : one.end]]
    assert listed[1:] == [order.id for order in source.listed()]


def test_a_million_pages_that_never_end():
    """A listing that has always one page more is given up, with the reason."""
    course = Completeness(10, 250)
    number = 0
    with pytest.raises(IncompleteFetchError, match="changed faster than it could be followed"):
        while True:
            request = course.next()
            if request is None:
                course.finish()
            number += 1
            rows = [Order(f"{number}-{at}", None, None) for at in range(request.size)]
            meta = PageMeta(
                page_number=request.number,
                page_size=request.size,
                total_pages=request.number + 1,
                total_results=(request.number + 1) * request.size,
            )
            course.read(request, rows, meta, None)
    assert number <= 20


def test_what_is_under_way_is_not_lost_when_it_is_given_up():
    """After it was given up, pages that were asked for may still come; no more are asked for."""
    source = account(1000)
    course = Completeness(10, 10)
    first = course.next()
    answer = source.read(1, 10)
    course.read(first, answer.rows, answer.meta, answer.date)
    asked = []
    while (request := course.next()) is not None and len(asked) < 200:
        asked.append(request)
    assert len(asked) == 99
    for request in asked:
        answer = source.read(request.number, request.size)
        meta = evolve(answer.meta, total_results=10**6, total_pages=10**5)
        assert course.read(request, answer.rows, meta, answer.date)


def test_an_order_that_moved_to_the_front():
    """An order that was there and turns up on the first page only later breaks the chain.

    The count still proves the fetch, as what moved is found there.
    """
    source = account(100)
    course = Completeness(10, 30)
    found, reads = set(), 0
    while (request := course.next()) is not None:
        answer = source.read(request.number, request.size)
        found |= {row.id for row in course.read(request, answer.rows, answer.meta, answer.date)}
        reads += 1
        if reads == 3:
            source.orders.insert(0, source.orders.pop(80))
    course.finish()
    assert course.proof == "count"
    assert found == source.ids()


def test_a_listing_that_is_turned_round():
    """A listing put in the reverse order in mid-fetch is followed until all have been counted."""
    source = account(100)
    course = Completeness(10, 10)
    reads = iter(range(1000))
    found = read_on(
        course, source, between=lambda: source.orders.reverse() if next(reads) == 5 else None
    )
    assert course.proof == "count"
    assert set(found) == source.ids()


def test_a_listing_that_is_shuffled():
    """A listing in another order at each request is an error that says so."""
    source = account(1000)
    random = Random(1)
    course = Completeness(50, 50)
    with pytest.raises(IncompleteFetchError, match="put in another order .* changed places"):
        read_on(course, source, between=lambda: random.shuffle(source.orders))


def test_a_server_with_pages_of_its_own_size():
    """A server that gives pages of 20 whatever is asked is read page by page, and counted."""
    source = account(95)
    course = Completeness(250, 250)

    def read(change):
        found = set()
        while (request := course.next()) is not None:
            answer = source.read(request.number, 20)
            found |= {row.id for row in course.read(request, answer.rows, answer.meta, answer.date)}
            change()
        course.finish()
        return found

    assert read(lambda: None) == source.ids()
    assert (course.proof, course.pages_read) == ("count", 5)
    course = Completeness(250, 250)
    with pytest.raises(IncompleteFetchError, match="gives 20 orders a page whatever is asked for"):
        read(lambda: source.remove(3))


def test_a_first_answer_that_took_long():
    """What counts is when the first page was asked for: it may be older than its `Date`."""
    source = account(10, sorted_by="oldest")
    course = Completeness(5, 5)
    first = source.read(1, 5)
    request = course.next()
    source.now = 2
    source.remove(0)
    source.insert()
    # The `Date` less the ten seconds that the attempt took, as the transport gives it.
    fresh = course.read(request, first.rows, first.meta, first.date + 10 - 10)
    found = {row.id for row in fresh}
    while (request := course.next()) is not None:
        answer = source.read(request.number, request.size)
        found |= {row.id for row in course.read(request, answer.rows, answer.meta, answer.date)}
    course.finish()
    assert source.ids() - found <= {source.orders[-1].id}


def test_a_clock_that_is_far_behind():
    """A first page of orders from after its own `Date` has no use for that date."""
    source = account(100)
    source.skew = -(10**7)
    course = Completeness(20, 50)
    assert set(read_on(course, source)) == source.ids()
    assert course.proof == "chain"


def test_a_proof_that_comes_after_it_was_given_up():
    """A page under way that completes the count makes up for a budget that was spent."""
    source = account(20, sorted_by="oldest")
    course = Completeness(10, 10)
    first = course.next()
    answer = source.read(1, 10)
    course.read(first, answer.rows, answer.meta, answer.date)
    slow = course.next()
    late = source.read(2, 10)
    number = 2
    while course.left:
        course._sweep.total += 10
        request = course.next()
        if request is not None:
            number += 1
            rows = [source.insert() for _ in range(10)]
            meta = evolve(late.meta, page_number=request.number, total_pages=number + 1)
            meta = evolve(meta, total_results=10 * (number + 1))
            course.read(request, rows, meta, answer.date)
    with pytest.raises(IncompleteFetchError):
        course.finish()
    course.read(slow, late.rows, late.meta, late.date)
    course.finish()
    assert course.proof == "count"
