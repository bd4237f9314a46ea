"""The sandbox answers listing requests as the API does: pages, filters, errors."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from telnyx_orders import OrderFilter, OrdersClient
from telnyx_orders.sandbox import ListingOrder, Sandbox

Row = dict[str, object]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(orders=240, seed=7) as sandbox:
        yield sandbox


async def ask(sandbox: Sandbox, session: aiohttp.ClientSession, query: dict[str, str]):
    async with session.get(f"{sandbox.base_url}/number_orders", params=query) as answer:
        return answer, await answer.json()


async def listed_ids(
    sandbox: Sandbox, session: aiohttp.ClientSession, query: dict[str, str]
) -> list[str]:
    answer, page = await ask(sandbox, session, {"page[size]": "250", **query})
    assert answer.status == 200
    return [row["id"] for row in page["data"]]


def expected_ids(sandbox: Sandbox, wanted: Callable[[Row], bool]) -> list[str]:
    return [str(row["id"]) for row in sandbox.rows() if wanted(row)]


def created(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["created_at"]))


async def test_a_bare_request_gets_the_first_twenty_orders(sandbox, session):
    """Without parameters the answer is page 1 with 20 rows, as rendered by `get`."""
    answer, page = await ask(sandbox, session, {})
    assert answer.status == 200
    assert page["meta"] == {
        "page_number": 1,
        "page_size": 20,
        "total_pages": 12,
        "total_results": 240,
    }
    assert page["data"] == [sandbox.get(order_id) for order_id in sandbox.order_ids()[:20]]


@pytest.mark.parametrize("size", [1, 7, 100, 250])
async def test_the_pages_together_are_the_whole_listing(size, session, sandbox):
    """Reading every page gives each order once, in the listing's order."""
    ids: list[str] = []
    number = 1
    while True:
        _, page = await ask(
            sandbox, session, {"page[number]": str(number), "page[size]": str(size)}
        )
        ids += [row["id"] for row in page["data"]]
        if number >= page["meta"]["total_pages"]:
            break
        number += 1
    assert ids == sandbox.order_ids()
    assert number == -(-240 // size)


async def test_a_page_past_the_end_is_empty(sandbox, session):
    """Past the end there are no rows, and the meta says which page was asked for."""
    answer, page = await ask(sandbox, session, {"page[number]": "99999999999", "page[size]": "200"})
    assert answer.status == 200
    assert page == {
        "data": [],
        "meta": {
            "page_number": 99999999999,
            "page_size": 200,
            "total_pages": 2,
            "total_results": 240,
        },
    }


async def test_an_empty_account_has_no_pages():
    """An account without orders answers an empty page 1 of 0."""
    async with (
        Sandbox(orders=0) as sandbox,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.api_key}"}) as session,
    ):
        _, page = await ask(sandbox, session, {})
    assert page == {
        "data": [],
        "meta": {"page_number": 1, "page_size": 20, "total_pages": 0, "total_results": 0},
    }


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("page[size]", "0"),
        ("page[size]", "251"),
        ("page[size]", "-1"),
        ("page[size]", "ten"),
        ("page[size]", ""),
        ("page[size]", "1_0"),
        ("page[size]", "\N{ARABIC-INDIC DIGIT FIVE}"),
        ("page[number]", "0"),
        ("page[number]", "1.5"),
        ("page[number]", " 1"),
        ("page[number]", "9" * 5000),
    ],
)
async def test_a_bad_page_is_unprocessable(parameter, value, sandbox, session):
    """A page number or size that is not allowed gives 422 and names the parameter."""
    answer, body = await ask(sandbox, session, {parameter: value})
    assert answer.status == 422
    [error] = body["errors"]
    assert error["code"] == "10015"
    assert error["source"] == {"parameter": parameter}
    assert parameter in error["detail"]
    assert error["title"]
    assert error["meta"]["url"].startswith("https://")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("filter[status]", "happy"),
        ("filter[status]", ""),
        ("filter[created_at][gt]", "yesterday"),
        ("filter[created_at][lt]", "2024-13-01T00:00:00Z"),
        ("filter[created_at][lt]", "2024-01-01T00:00:00 00:00"),
        ("filter[phone_numbers_count]", "one"),
        ("filter[phone_numbers_count]", "-1"),
        ("filter[requirements_met]", "True"),
        ("filter[requirements_met]", "1"),
    ],
)
async def test_a_bad_filter_is_a_bad_request(parameter, value, sandbox, session):
    """A filter with a value it cannot have gives 400 and names the parameter."""
    answer, body = await ask(sandbox, session, {parameter: value})
    assert answer.status == 400
    [error] = body["errors"]
    assert error["code"] == "10015"
    assert error["source"] == {"parameter": parameter}


async def test_unknown_parameters_are_ignored(sandbox, session):
    """A parameter the API does not know changes nothing, in whatever form it comes."""
    unknown = {"sort": "-created_at", "filter[colour]": "red", "filter": "x", "page[after]": "z"}
    assert await listed_ids(sandbox, session, unknown) == sandbox.order_ids()


@pytest.mark.parametrize("status", ["pending", "success", "failure", "cancelled", "deleted"])
async def test_the_status_filter(status, sandbox, session):
    """`filter[status]` leaves the orders with this status, in listing order."""
    for _ in range(2):
        sandbox.insert(status="cancelled")
    expected = expected_ids(sandbox, lambda row: row["status"] == status)
    _, page = await ask(sandbox, session, {"filter[status]": status})
    assert page["meta"]["total_results"] == len(expected)
    assert bool(expected) is (status != "deleted")
    assert await listed_ids(sandbox, session, {"filter[status]": status}) == expected


@pytest.mark.parametrize("count", [1, 2, 5, 6])
async def test_the_phone_numbers_count_filter(count, sandbox, session):
    """`filter[phone_numbers_count]` leaves the orders for so many numbers."""
    expected = expected_ids(sandbox, lambda row: row["phone_numbers_count"] == count)
    found = await listed_ids(sandbox, session, {"filter[phone_numbers_count]": str(count)})
    assert found == expected
    assert bool(found) is (count <= 5)


@pytest.mark.parametrize("met", [True, False])
async def test_the_requirements_met_filter(met, sandbox, session):
    """`filter[requirements_met]` leaves the orders that say so."""
    expected = expected_ids(sandbox, lambda row: row["requirements_met"] is met)
    query = {"filter[requirements_met]": str(met).lower()}
    _, page = await ask(sandbox, session, query)
    assert page["meta"]["total_results"] == len(expected) > 0
    assert await listed_ids(sandbox, session, query) == expected


@pytest.mark.parametrize(
    "reference",
    ["a&b=c", "a+b", "a b", " a ", "%2F", "100%", "🚀", "Ünï", 'say "x"', "back\\slash", "a/b?c#d"],
)
async def test_the_customer_reference_filter_is_exact(reference, sandbox, session):
    """`filter[customer_reference]` finds exactly this text, whatever characters it has."""
    order_id = sandbox.insert(customer_reference=reference)
    sandbox.insert(customer_reference=reference + "x")
    sandbox.insert(customer_reference=reference.upper() + reference)
    assert await listed_ids(sandbox, session, {"filter[customer_reference]": reference}) == [
        order_id
    ]


async def test_every_reference_of_the_account_can_be_filtered_by(sandbox, session):
    """Each order with a reference is among those that its reference finds."""
    rows = [row for row in sandbox.rows() if row.get("customer_reference") is not None]
    assert len(rows) > 100
    for row in rows[:60]:
        reference = str(row["customer_reference"])
        assert row["id"] in await listed_ids(
            sandbox, session, {"filter[customer_reference]": reference}
        )


async def test_no_reference_matches_an_order_without_one(sandbox, session):
    """Orders whose reference is null or absent are found by no text."""
    for text in ("", "null", "None"):
        assert await listed_ids(sandbox, session, {"filter[customer_reference]": text}) == []


async def test_the_created_at_filters_are_exclusive(sandbox, session):
    """`gt` and `lt` leave out an order created at that very microsecond."""
    rows = list(sandbox.rows())
    early, late = created(rows[200]), created(rows[100])
    found = await listed_ids(
        sandbox,
        session,
        {
            "filter[created_at][gt]": early.isoformat(),
            "filter[created_at][lt]": late.isoformat(),
        },
    )
    assert found == sandbox.order_ids()[101:200]
    beyond = early - timedelta(microseconds=1)
    found = await listed_ids(
        sandbox,
        session,
        {
            "filter[created_at][gt]": beyond.isoformat().replace("+00:00", "Z"),
            "filter[created_at][lt]": late.astimezone(timezone(timedelta(hours=5))).isoformat(),
        },
    )
    assert found == sandbox.order_ids()[101:201]


@pytest.mark.parametrize(
    "wanted",
    [
        {"status": "pending"},
        {"requirements_met": False, "phone_numbers_count": 2},
        {"created_at": {"gt": datetime(2024, 6, 1, tzinfo=UTC)}},
        {"customer_reference": "nobody's"},
    ],
)
async def test_ids_can_be_had_by_filter(sandbox, wanted):
    """`order_ids` takes the client's filters and gives what the client gets by them."""
    async with OrdersClient(sandbox.api_key, base_url=sandbox.base_url) as client:
        orders = await client.number_orders.list(filter=wanted).collect()
    assert [order.id for order in orders] == sandbox.order_ids(wanted)
    assert sandbox.order_ids(OrderFilter(**wanted)) == sandbox.order_ids(wanted)


async def test_a_filter_for_ids_that_cannot_be(sandbox):
    """What the API would refuse is refused here too."""
    with pytest.raises(ValueError, match="'lost' is not a status"):
        sandbox.order_ids({"status": "lost"})
    with pytest.raises(ValueError, match="no filter 'state'"):
        sandbox.order_ids({"state": "pending"})


async def test_filters_narrow_each_other(sandbox, session):
    """All filters together leave what each of them leaves."""
    after = datetime(2023, 7, 1, tzinfo=UTC)
    before = datetime(2025, 7, 1, tzinfo=UTC)
    pending = sandbox.insert(created_at=datetime(2024, 5, 1, tzinfo=UTC))
    wanted = sandbox.insert(
        status="success",
        created_at=datetime(2024, 5, 1, tzinfo=UTC),
        phone_numbers_count=1,
        customer_reference="PO",
        requirements_met=True,
    )
    query = {
        "filter[status]": "success",
        "filter[created_at][gt]": after.isoformat(),
        "filter[created_at][lt]": before.isoformat(),
        "filter[phone_numbers_count]": "1",
        "filter[requirements_met]": "true",
    }
    expected = expected_ids(
        sandbox,
        lambda row: (
            row["status"] == "success"
            and after < created(row) < before
            and row["phone_numbers_count"] == 1
            and row["requirements_met"] is True
        ),
    )
    found = await listed_ids(sandbox, session, query)
    assert found == expected
    assert wanted in found
    assert pending not in found
    assert await listed_ids(sandbox, session, {**query, "filter[customer_reference]": "PO"}) == [
        wanted
    ]


async def test_filtered_pages_follow_changes(sandbox, session):
    """A filtered listing asked for again after a change shows the change."""
    query = {"filter[status]": "pending"}
    before = await listed_ids(sandbox, session, query)
    sandbox.settle(before[0])
    assert await listed_ids(sandbox, session, query) == before[1:]
    new = sandbox.insert()
    assert await listed_ids(sandbox, session, query) == [new, *before[1:]]
    sandbox.remove(before[1])
    assert await listed_ids(sandbox, session, query) == [new, *before[2:]]


async def test_brackets_may_be_percent_encoded_or_not(sandbox, session):
    """The server reads both spellings of a parameter's name."""
    url = f"{sandbox.base_url}/number_orders"
    for name in ("page[size]", quote("page[size]", safe="")):
        raw = URL(f"{url}?{name}=3", encoded=True)
        async with session.get(raw) as answer:
            assert len((await answer.json())["data"]) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer KEYwrong"},
        {"Authorization": "Basic {key}"},
        {"Authorization": "{key}"},
    ],
)
async def test_a_wrong_key_is_unauthorized(headers, sandbox):
    """Without the account's key every path answers 401, code 10009."""
    headers = {name: value.format(key=sandbox.api_key) for name, value in headers.items()}
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("/number_orders", "/nowhere"):
            async with session.get(sandbox.base_url + path) as answer:
                assert answer.status == 401
                assert (await answer.json())["errors"][0]["code"] == "10009"


@pytest.mark.parametrize(
    "path", ["/", "/number_order", "/number_orders/", "/number_orders/1", "//"]
)
async def test_an_unknown_path_is_not_found(path, sandbox, session):
    """What the sandbox does not have answers 404, code 10005."""
    async with session.get(URL(sandbox.base_url + path, encoded=True)) as answer:
        assert answer.status == 404
        assert (await answer.json())["errors"][0]["code"] == "10005"


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
async def test_another_method_is_not_allowed(method, sandbox, session):
    """Orders can be listed and placed; the answer names the methods that work."""
    async with session.request(method, f"{sandbox.base_url}/number_orders") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, POST"
        assert (await answer.json())["errors"][0]["detail"]


async def test_every_answer_has_the_api_headers(sandbox, session):
    """Answers of all kinds are JSON and carry a date and a request id of their own."""
    ids = set()
    for path, query in (
        ("/number_orders", {}),
        ("/number_orders", {"page[size]": "0"}),
        ("/nowhere", {}),
    ):
        async with session.get(sandbox.base_url + path, params=query) as answer:
            assert answer.headers["Content-Type"].startswith("application/json")
            assert "Date" in answer.headers
            assert "x-ratelimit-limit" not in answer.headers
            ids.add(answer.headers["x-request-id"])
    assert len(ids) == 3


@pytest.mark.parametrize("order_by", [*ListingOrder, "oldest"])
async def test_the_listing_order_can_be_chosen(order_by):
    """Listings come newest first, oldest first or by id."""
    sandbox = Sandbox(orders=50, order_by=order_by)
    for year in (2020, 2024, 2027):
        sandbox.insert(created_at=datetime(year, 1, 1, tzinfo=UTC))
    rows = list(sandbox.rows())
    expected = {
        "newest": sorted(rows, key=created, reverse=True),
        "oldest": sorted(rows, key=created),
        "id": sorted(rows, key=lambda row: str(row["id"])),
    }
    assert rows == expected[str(order_by)]
