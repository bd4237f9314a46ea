"""Listings that break what the proofs rest on: each ends complete, or in an error that says why.

Small servers list a few hundred orders and, before every answer, change them, their order, the
pages or the numbers that go with them.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from aiohttp import web
from attrs import Factory, define

from telnyx_orders import IncompleteFetchError, OrdersClient, ResponseDecodeError, TelnyxError
from tests.servers import KEY, asked_page, page, serve, serve_application

Row = dict[str, Any]
Rows = list[Row]
Change = Callable[[Rows, int], None]

SEEDS = range(4)
REORDERED = "the listing was put in another order while it was read"
OWN_SIZE = "the server gives .* orders a page whatever is asked for"
CONTRADICTS = "the server says that there are"


def unchanged(rows: Rows, request: int) -> None:
    """Leave the orders alone."""


@define(eq=False)
class Listing:
    """A listing that misbehaves; requests are numbered from 1.

    Attributes:
        rows: The orders, in the order of the listing.
        change: Changes them in place, before every answer.
        view: What is listed of them.
        size: How many rows a page has, by how many are asked for.
        total: What it says that there are, by how many there are.
        pages: How many pages it says that there are, by the orders, the size and the page.
        number: Which page it gives, by which is asked for.
        lag: How many requests every second answer is behind.
        always: The ids of the orders that were there at every request.
    """

    rows: Rows
    change: Change = unchanged
    view: Callable[[Rows, int], Rows] = lambda rows, request: rows
    size: Callable[[int], int] = lambda asked: asked
    total: Callable[[int], int] = lambda rows: rows
    pages: Callable[[int, int, int], int] | None = None
    number: Callable[[int], int] = lambda asked: asked
    lag: int = 0
    always: set[str] | None = None
    past: list[Rows] = Factory(list)

    async def __call__(self, request: web.Request) -> web.Response:
        asked = len(self.past) + 1
        self.change(self.rows, asked)
        ids = {row["id"] for row in self.rows}
        self.always = ids if self.always is None else self.always & ids
        self.past.append(list(self.rows))
        behind = self.lag if asked % 2 == 0 else 0
        rows = self.view(self.past[max(0, asked - 1 - behind)], asked)
        size = self.size(int(request.query["page[size]"]))
        number = asked_page(request)
        begin = (self.number(number) - 1) * size
        total = self.total(len(rows))
        pages = self.pages(len(rows), size, number) if self.pages else -(-total // size)
        return page(
            rows[begin : begin + size], number=number, size=size, pages=pages, results=total
        )


@define
class Outcome:
    """What a fetch came to: its proof or error, and how many orders it missed without an error."""

    proof: str | None
    error: TelnyxError | None
    missed: int

    def is_complete(self, *proofs: str) -> None:
        assert self.error is None
        assert self.proof in proofs
        assert self.missed == 0

    def is_complete_or(self, reason: str) -> None:
        if self.error is None:
            self.is_complete("count", "chain")
        else:
            self.fails_with(reason)

    def fails_with(self, reason: str) -> None:
        with pytest.raises(IncompleteFetchError, match=reason) as caught:
            assert self.error is not None
            raise self.error
        assert caught.value.report is not None
        assert caught.value.report.proof is None
        assert caught.value.report.reason == caught.value.reason


async def fetch(listing: Listing, page_size: int = 50, **arguments: Any) -> Outcome:
    async with serve(listing) as url:
        return await fetch_from(url, listing, page_size, **arguments)


async def fetch_from(url: str, listing: Listing, page_size: int, **arguments: Any) -> Outcome:
    async with OrdersClient(KEY, base_url=url) as client:
        pager = client.number_orders.list(page_size=page_size, **arguments)
        error: TelnyxError | None = None
        try:
            ids = [one.id for one in await pager.collect()]
        except IncompleteFetchError as failed:
            error, ids = failed, [one.id for one in failed.orders]
    assert len(ids) == len(set(ids))
    assert pager.report is not None
    assert listing.always is not None
    return Outcome(pager.report.proof, error, len(listing.always - set(ids)))


def made(number: int, minute: int, count: str = "0") -> Row:
    time = (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()
    return {
        "id": f"{number:08d}-000{count}-4000-8000-{number * 7919 % 10**12:012d}",
        "status": "pending",
        "created_at": time,
        "updated_at": time,
    }


def newest_first(count: int, tied: int = 1) -> Rows:
    """Orders, `tied` of which are created at a time."""
    return [made(number, number // tied) for number in reversed(range(count))]


def without(rows: Rows, *fields: str) -> Rows:
    return [{name: row[name] for name in row.keys() - set(fields)} for row in rows]


def come_and_go(draw: Random) -> Change:
    """At every request one order comes at the top, and another one goes."""

    def change(rows: Rows, request: int) -> None:
        now = datetime.now(UTC).isoformat()
        rows.insert(0, made(request, 0, "1") | {"created_at": now, "updated_at": now})
        del rows[draw.randrange(len(rows))]

    return change


def shuffled_ties(draw: Random) -> Callable[[Rows, int], Rows]:
    """The order of the listing says nothing of orders created at one moment."""

    def view(rows: Rows, request: int) -> Rows:
        chance = {id(row): draw.random() for row in rows}
        return sorted(rows, key=lambda row: (row["created_at"], chance[id(row)]), reverse=True)

    return view


def touched(draw: Random, every: int, *, top: bool) -> Change:
    """The listing is sorted by `updated_at`, and orders change."""

    def change(rows: Rows, request: int) -> None:
        if request % every == 0:
            row = rows.pop(draw.randrange(len(rows)))
            changed = row | {"updated_at": datetime.now(UTC).isoformat()}
            rows.insert(0 if top else len(rows), changed)

    return change


@pytest.mark.parametrize("at", [2, 5, 8, 12])
async def test_reversed_in_mid_fetch(at: int) -> None:
    """A listing that is turned round while it is read shows it, or all of it was read anyway."""

    def turn_round(rows: Rows, request: int) -> None:
        if request == at:
            rows.reverse()

    (await fetch(Listing(newest_first(600), turn_round))).is_complete_or(REORDERED)


@pytest.mark.parametrize("seed", SEEDS)
async def test_shuffled_at_each_request(seed: int) -> None:
    """A listing in no order at all is found out, or everything was found by chance."""
    draw = Random(seed)
    listing = Listing(newest_first(600), lambda rows, _: draw.shuffle(rows))
    (await fetch(listing)).is_complete_or(REORDERED)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("every", [1, 3, 10])
@pytest.mark.parametrize("top", [True, False], ids=["to the top", "to the end"])
@pytest.mark.parametrize("filter", [None, {"status": "pending"}], ids=["all", "filter"])
@pytest.mark.parametrize("removed", [0, 1], ids=["none goes", "one goes"])
async def test_sorted_by_the_last_change(
    removed: int, filter: dict[str, str] | None, top: bool, every: int, seed: int
) -> None:
    """Orders that move to the top or the end as they change are all found, or the error says so."""
    draw = Random(seed)
    moved = touched(draw, every, top=top)

    def change(rows: Rows, request: int) -> None:
        moved(rows, request)
        del rows[: removed and draw.randrange(2)]

    listing = Listing(newest_first(1500), change)
    (await fetch(listing, filter=filter)).is_complete_or(REORDERED)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("every", [1, 3, 10])
@pytest.mark.parametrize("top", [True, False], ids=["to the top", "to the end"])
async def test_sorted_by_the_last_change_without_times(top: bool, every: int, seed: int) -> None:
    """The same where rows have no times: neither proof may be fooled by what moved."""
    change = touched(Random(seed), every, top=top)
    listing = Listing(
        newest_first(1500),
        change,
        view=lambda rows, _: without(rows, "created_at", "updated_at"),
    )
    (await fetch(listing)).is_complete_or(f"{REORDERED}|changed faster than it could be followed")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tied", [2, 5, 20, 100, 600])
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "drift"])
async def test_ties_in_random_order(quiet: bool, tied: int, seed: int) -> None:
    """Orders of one moment that change places at each request are all found, or it is an error."""
    draw = Random(seed)
    change = unchanged if quiet else come_and_go(draw)
    listing = Listing(newest_first(600, tied), change, view=shuffled_ties(draw))
    (await fetch(listing)).is_complete_or(REORDERED)


@pytest.mark.parametrize("page_size", [10, 50, 250])
@pytest.mark.parametrize("given", [20, 100])
async def test_a_page_size_that_is_ignored(given: int, page_size: int) -> None:
    """A server with a size of its own is read in pages of that size."""
    listing = Listing(newest_first(600), size=lambda asked: given)
    (await fetch(listing, page_size)).is_complete("count")
    assert len(listing.past) == 600 // given


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("page_size", [10, 50, 250])
@pytest.mark.parametrize("given", [20, 100])
async def test_a_page_size_that_is_ignored_under_drift(
    given: int, page_size: int, seed: int
) -> None:
    """No pages of such a server can overlap, and the error says that."""
    listing = Listing(newest_first(600), come_and_go(Random(seed)), size=lambda asked: given)
    (await fetch(listing, page_size)).is_complete_or(OWN_SIZE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("page_size", [10, 50, 100, 250])
@pytest.mark.parametrize("cap", [20, 100])
async def test_a_page_size_that_is_capped(cap: int, page_size: int, seed: int) -> None:
    """A server that gives at most so many rows is still read in pages that overlap."""
    listing = Listing(
        newest_first(600), come_and_go(Random(seed)), size=lambda asked: min(asked, cap)
    )
    outcome = await fetch(listing, page_size)
    if cap == 20:
        outcome.is_complete_or("changed faster than it could be followed")
    else:
        outcome.is_complete("count", "chain")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("lag", [1, 5, 20])
async def test_a_lagging_replica(lag: int, seed: int) -> None:
    """Answers from the past in between change nothing of what is proven."""
    listing = Listing(newest_first(1500), come_and_go(Random(seed)), lag=lag)
    (await fetch(listing)).is_complete_or(REORDERED)


@pytest.mark.parametrize("changing", [False, True], ids=["quiet", "drift"])
async def test_no_date(changing: bool) -> None:
    """Without a `Date` the chain decides."""

    async def no_date(request: web.Request, answer: web.StreamResponse) -> None:
        del answer.headers["Date"]

    listing = Listing(newest_first(600), come_and_go(Random(0)) if changing else unchanged)
    app = web.Application()
    app.router.add_get("/v2/number_orders", listing.__call__)
    app.on_response_prepare.append(no_date)
    async with serve_application(app) as url:
        (await fetch_from(f"{url}/v2", listing, 50)).is_complete("chain")


@pytest.mark.parametrize("changing", [False, True], ids=["quiet", "drift"])
@pytest.mark.parametrize(
    ("missing", "filter"),
    [
        (("created_at", "updated_at"), None),
        (("created_at",), None),
        (("updated_at",), {"status": "pending"}),
    ],
)
async def test_rows_without_times(
    missing: tuple[str, ...], filter: dict[str, str] | None, changing: bool
) -> None:
    """Rows that cannot be counted are chained."""
    listing = Listing(
        newest_first(600),
        come_and_go(Random(0)) if changing else unchanged,
        view=lambda rows, _: without(rows, *missing),
    )
    (await fetch(listing, filter=filter)).is_complete("chain")


async def test_rows_without_ids() -> None:
    """A row without an id is no order: the answer is refused, with the place of the row."""
    listing = Listing(newest_first(60), view=lambda rows, _: without(rows, "id"))
    async with serve(listing) as url, OrdersClient(KEY, base_url=url) as client:
        with pytest.raises(ResponseDecodeError, match=r"\$\.data\[0\]\.id"):
            await client.number_orders.list().collect()


async def test_rows_without_ids_in_mid_fetch() -> None:
    """On a later page it ends the fetch, which keeps what it had."""
    listing = Listing(
        newest_first(600),
        view=lambda rows, request: rows if request == 1 else without(rows, "id"),
    )
    outcome = await fetch(listing)
    outcome.fails_with(r"\$\.data\[0\]\.id")
    assert outcome.missed == 550
    assert isinstance(outcome.error, IncompleteFetchError)
    assert isinstance(outcome.error.cause, ResponseDecodeError)


@pytest.mark.parametrize("page_size", [10, 250])
async def test_the_same_page_for_every_number(page_size: int) -> None:
    """A server that repeats itself is found out early."""
    listing = Listing(newest_first(2000), number=lambda asked: 1)
    outcome = await fetch(listing, page_size)
    outcome.fails_with("repeats itself|two different pages hold the same orders")
    assert len(listing.past) < 2.5 * 2000 / page_size


@pytest.mark.parametrize("seed", SEEDS)
async def test_pages_in_another_place(seed: int) -> None:
    """Pages that are interchanged, under numbers that are not theirs, lose nothing silently."""
    numbers = list(range(1, 13))
    Random(seed).shuffle(numbers)
    listing = Listing(
        newest_first(600), number=lambda asked: numbers[asked - 1] if asked <= 12 else asked
    )
    (await fetch(listing)).is_complete("count")


@pytest.mark.parametrize("page_size", [50, 250])
@pytest.mark.parametrize("off", [-600, -599, -590, -290, -103, -30, -1, 1, 30, 300, 3000])
async def test_totals_that_lie(off: int, page_size: int) -> None:
    """With too few or too many, all is found nevertheless or an error says that they lie."""
    listing = Listing(newest_first(600), total=lambda rows: rows + off)
    outcome = await fetch(listing, page_size)
    outcome.is_complete_or(f"{CONTRADICTS}|is empty, and says that there are")


@pytest.mark.parametrize("off", [-600, -590, -300, -30, -1, 1, 30, 300, 3000])
async def test_a_total_that_contradicts_the_pages(off: int) -> None:
    """The number of pages is right and that of orders is not: the pages are read."""
    listing = Listing(
        newest_first(600),
        total=lambda rows: rows + off,
        pages=lambda rows, size, _: -(-rows // size),
    )
    (await fetch(listing)).is_complete_or(CONTRADICTS)


@pytest.mark.parametrize("off", [-11, -9, -1, 1, 30, 10**9])
async def test_pages_that_contradict_the_total(off: int) -> None:
    """The number of orders is right and that of pages is not."""
    listing = Listing(newest_first(600), pages=lambda rows, size, _: max(1, -(-rows // size) + off))
    (await fetch(listing)).is_complete_or("is empty, and says|its numbers contradict each other")


async def test_totals_at_random() -> None:
    """Totals that jump end in what is complete, or in an error that has a reason."""
    for seed in range(20):
        draw = Random(seed)
        listing = Listing(newest_first(600), total=lambda rows: draw.randint(0, 2 * rows))  # noqa: B023
        (await fetch(listing)).is_complete_or(f"{CONTRADICTS}|is empty|changed faster")


@pytest.mark.parametrize("rows", [600, 60_000])
async def test_pages_that_never_end(rows: int) -> None:
    """Where every page says that there is one more, the fetch ends within its budget."""
    listing = Listing(
        newest_first(rows), total=lambda _: 600, pages=lambda _, size, number: number + 1
    )
    outcome = await fetch(listing)
    outcome.fails_with(f"is empty, and says|{CONTRADICTS}")
    assert len(listing.past) <= 2.5 * 12 + 8


async def test_slow_and_uneven_answers_of_a_listing_in_no_order() -> None:
    """It makes no difference in which order the answers arrive."""
    draw = Random(0)
    listing = Listing(newest_first(1500), lambda rows, _: draw.shuffle(rows))

    async def slowly(request: web.Request) -> web.Response:
        await asyncio.sleep(draw.random() / 200)
        return await listing(request)

    async with serve(slowly) as url:
        (await fetch_from(url, listing, 50)).fails_with(REORDERED)
