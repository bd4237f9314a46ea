"""`client.number_order_phone_numbers`: what is sent, and what comes of the answers."""

from datetime import UTC, datetime

import pytest

from telnyx_orders import (
    IncompleteFetchError,
    NotFoundError,
    NumberOrderPhoneNumber,
    NumberOrderPhoneNumberFilter,
    OrdersClient,
    OrderStatus,
    RegulatoryRequirement,
    UnprocessableEntityError,
)
from tests.recording import Asked, recording, refused
from tests.servers import KEY

ROW = {
    "id": "number-1",
    "record_type": "number_order_phone_number",
    "phone_number": "+43800300238",
    "order_request_id": "order-1",
    "sub_number_order_id": "sub-1",
    "country_code": "AT",
    "phone_number_type": "toll_free",
    "regulatory_requirements": [
        {
            "requirement_id": "requirement-1",
            "field_type": "textual",
            "field_value": "Elm Street 1",
            "status": "pending-approval",
        }
    ],
    "requirements_met": False,
    "status": "pending",
    "bundle_id": None,
    "locality": "AUSTRIA",
    "deadline": "2024-05-31T11:14:00Z",
    "requirements_status": "requirement-info-under-review",
    "is_block_number": False,
}

NUMBER = NumberOrderPhoneNumber(
    id="number-1",
    record_type="number_order_phone_number",
    phone_number="+43800300238",
    order_request_id="order-1",
    sub_number_order_id="sub-1",
    country_code="AT",
    phone_number_type="toll_free",
    regulatory_requirements=(
        RegulatoryRequirement(
            requirement_id="requirement-1",
            field_type="textual",
            field_value="Elm Street 1",
            status="pending-approval",
        ),
    ),
    requirements_met=False,
    status=OrderStatus.PENDING,
    locality="AUSTRIA",
    deadline=datetime(2024, 5, 31, 11, 14, tzinfo=UTC),
    requirements_status="requirement-info-under-review",
    is_block_number=False,
)

SINGLE = (200, {"data": ROW})
GIVEN = [{"requirement_id": "requirement-1", "field_value": "Elm Street 1"}]

# The method, its arguments, and the request that it is.
CALLS = [
    ("retrieve", {"id": "number-1"}, Asked("GET", "/v2/number_order_phone_numbers/number-1", None)),
    (
        "update",
        {"id": "number-1", "regulatory_requirements": GIVEN},
        Asked(
            "PATCH",
            "/v2/number_order_phone_numbers/number-1",
            {"regulatory_requirements": GIVEN},
        ),
    ),
    (
        "update_requirement_group",
        {"id": "number-1", "requirement_group_id": "group-1"},
        Asked(
            "POST",
            "/v2/number_order_phone_numbers/number-1/requirement_group",
            {"requirement_group_id": "group-1"},
        ),
    ),
]


async def call(client: OrdersClient, method: str, arguments: dict[str, object]) -> object:
    return await getattr(client.number_order_phone_numbers, method)(**arguments)


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_a_call_is_exactly_this_request(method, arguments, request_):
    """Each method sends one request with its body, and gives the number typed."""
    async with recording([SINGLE]) as record:
        assert await call(record.client, method, arguments) == NUMBER
    assert record.asked == [request_]
    (headers,) = record.headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    json = None if request_.method == "GET" else "application/json"
    assert headers.get("Content-Type") == json


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_what_can_pass_is_retried(method, arguments, request_):
    """After a gateway's error and a dropped connection the same request is sent again."""
    async with recording([(503, None), None, SINGLE]) as record:
        assert await call(record.client, method, arguments) == NUMBER
    assert record.asked == [request_] * 3


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFoundError), (422, UnprocessableEntityError)]
)
async def test_what_is_refused_is_an_error(method, arguments, request_, status, error):
    """A refusal names the call and is not retried."""
    async with recording([refused(status)]) as record:
        with pytest.raises(error, match=f"^{request_.method} /number_order_phone_numbers/number-1"):
            await call(record.client, method, arguments)


async def test_an_id_stays_one_part_of_the_path():
    """Whatever characters an id has, it leads nowhere else."""
    async with recording([SINGLE] * 3) as record:
        numbers = record.client.number_order_phone_numbers
        await numbers.retrieve("a/b?c#d%e ü")
        await numbers.update("a/b?c#d%e ü", regulatory_requirements=GIVEN)
        await numbers.update_requirement_group("a/b?c#d%e ü", requirement_group_id="g/1")
    path = "/v2/number_order_phone_numbers/a%2Fb%3Fc%23d%25e%20%C3%BC"
    assert [asked.target for asked in record.asked] == [path, path, f"{path}/requirement_group"]
    assert record.asked[2].body == {"requirement_group_id": "g/1"}


@pytest.mark.parametrize(
    ("given", "error"), [("", ValueError), ("..", ValueError), (None, TypeError), (3, TypeError)]
)
@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_an_id_that_is_none_is_refused(method, arguments, request_, given, error):
    """What cannot be an id is an error of the caller, and nothing is sent."""
    async with recording([]) as record:
        with pytest.raises(error, match="^id: "):
            await call(record.client, method, arguments | {"id": given})


@pytest.mark.parametrize(
    ("method", "arguments", "error", "message"),
    [
        ("list", {"filter": {"status": "x"}}, ValueError, "'status'; the API knows country_code$"),
        ("list", {"filter": "US"}, TypeError, "^filter: .*a NumberOrderPhoneNumberFilter or a map"),
        ("update", {"id": "a", "regulatory_requirements": []}, ValueError, "at least one"),
        (
            "update_requirement_group",
            {"id": "a", "requirement_group_id": None},
            TypeError,
            "^requirement_group_id: ",
        ),
    ],
)
async def test_a_wrong_argument_is_refused(method, arguments, error, message):
    """The message names the argument, and nothing is sent."""
    async with recording([]) as record:
        with pytest.raises(error, match=message):
            await call(record.client, method, arguments)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, ""),
        ({"filter": {"country_code": "AT"}}, "?filter%5Bcountry_code%5D=AT"),
        (
            {"filter": NumberOrderPhoneNumberFilter(country_code="AT")},
            "?filter%5Bcountry_code%5D=AT",
        ),
    ],
)
async def test_a_listing_is_one_request(arguments, query):
    """A listing is asked for at once, with its filter, and comes as a tuple."""
    async with recording([(200, {"data": [ROW, {"id": "number-2"}]})]) as record:
        listed = await record.client.number_order_phone_numbers.list(**arguments)
    assert listed == (NUMBER, NumberOrderPhoneNumber(id="number-2"))
    assert record.asked == [Asked("GET", f"/v2/number_order_phone_numbers{query}", None)]


async def test_a_listing_that_is_not_whole_is_an_error():
    """Where the answer names more rows than it gives, what came is in the error."""
    async with recording([(200, {"data": [ROW], "meta": {"total_results": 2}})]) as record:
        with pytest.raises(IncompleteFetchError, match="retrieve the orders") as caught:
            await record.client.number_order_phone_numbers.list()
    assert str(caught.value).startswith("GET /number_order_phone_numbers gave 1 of 2 rows, and ")
    assert caught.value.orders == (NUMBER,)
