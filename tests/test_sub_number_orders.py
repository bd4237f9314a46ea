"""`client.sub_number_orders`: what is sent, what comes of the answers, and how cancelling ends."""

import asyncio
import pickle
from datetime import UTC, datetime

import pytest

from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    ConflictError,
    IncompleteFetchError,
    NotFoundError,
    OrderPhoneNumber,
    OrdersClient,
    OrderStatus,
    RegulatoryRequirement,
    ResponseDecodeError,
    RetryPolicy,
    SubNumberOrder,
    SubNumberOrderFilter,
    UnprocessableEntityError,
)
from tests.conftest import no_task_left, until
from tests.recording import Asked, recording, refused
from tests.servers import KEY, serve_raw

ROW = {
    "id": "sub-1",
    "order_request_id": "order-1",
    "country_code": "AT",
    "phone_number_type": "toll_free",
    "user_id": "user-1",
    "regulatory_requirements": [
        {
            "record_type": "phone_number_regulatory_requirement",
            "requirement_id": "requirement-1",
            "field_type": "textual",
        }
    ],
    "record_type": "sub_number_order",
    "phone_numbers_count": 1,
    "phone_numbers": [{"id": "number-1", "phone_number": "+43800300238", "bundle_id": None}],
    "created_at": "2018-01-01T00:00:00.000000Z",
    "updated_at": "2018-01-02T00:00:00.000000Z",
    "requirements_met": False,
    "status": "pending",
    "customer_reference": "MY REF 001",
    "is_block_sub_number_order": False,
}

PART = SubNumberOrder(
    id="sub-1",
    order_request_id="order-1",
    country_code="AT",
    phone_number_type="toll_free",
    user_id="user-1",
    regulatory_requirements=(
        RegulatoryRequirement(
            record_type="phone_number_regulatory_requirement",
            requirement_id="requirement-1",
            field_type="textual",
        ),
    ),
    record_type="sub_number_order",
    phone_numbers_count=1,
    phone_numbers=(OrderPhoneNumber(id="number-1", phone_number="+43800300238"),),
    created_at=datetime(2018, 1, 1, tzinfo=UTC),
    updated_at=datetime(2018, 1, 2, tzinfo=UTC),
    requirements_met=False,
    status=OrderStatus.PENDING,
    customer_reference="MY REF 001",
    is_block_sub_number_order=False,
)

SINGLE = (200, {"data": ROW})
CANCELLED = (200, {"data": ROW | {"status": "cancelled"}})
GIVEN = [{"requirement_id": "requirement-1", "field_value": "Elm Street 1"}]

# The method, its arguments, and the request that it is.
CALLS = [
    ("retrieve", {"id": "sub-1"}, Asked("GET", "/v2/sub_number_orders/sub-1", None)),
    (
        "retrieve",
        {"id": "sub-1", "include_phone_numbers": True},
        Asked("GET", "/v2/sub_number_orders/sub-1?filter%5Binclude_phone_numbers%5D=true", None),
    ),
    (
        "update",
        {"id": "sub-1", "regulatory_requirements": GIVEN},
        Asked("PATCH", "/v2/sub_number_orders/sub-1", {"regulatory_requirements": GIVEN}),
    ),
    (
        "update",
        {
            "id": "sub-1",
            "regulatory_requirements": (
                RegulatoryRequirement(
                    requirement_id="requirement-1", field_value="Elm Street 1", status="pending"
                ),
            ),
        },
        Asked("PATCH", "/v2/sub_number_orders/sub-1", {"regulatory_requirements": GIVEN}),
    ),
    ("cancel", {"id": "sub-1"}, Asked("PATCH", "/v2/sub_number_orders/sub-1/cancel", None)),
    (
        "update_requirement_group",
        {"id": "sub-1", "requirement_group_id": "group-1"},
        Asked(
            "POST",
            "/v2/sub_number_orders/sub-1/requirement_group",
            {"requirement_group_id": "group-1"},
        ),
    ),
]


async def call(client: OrdersClient, method: str, arguments: dict[str, object]) -> object:
    return await getattr(client.sub_number_orders, method)(**arguments)


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_a_call_is_exactly_this_request(method, arguments, request_):
    """Each method sends one request with its body, and gives the sub number order typed."""
    async with recording([SINGLE]) as record:
        assert await call(record.client, method, arguments) == PART
    assert record.asked == [request_]
    (headers,) = record.headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    json = None if request_.method == "GET" else "application/json"
    assert headers.get("Content-Type") == json


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_what_can_pass_is_retried(method, arguments, request_):
    """After a gateway's error and a dropped connection the same request is sent again."""
    async with recording([(503, None), None, SINGLE]) as record:
        assert await call(record.client, method, arguments) == PART
    assert record.asked == [request_] * 3


@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_a_resource_that_is_not_there_is_an_error(method, arguments, request_):
    """A 404 is a `NotFoundError` that names the call, after one request."""
    async with recording([refused(404)]) as record:
        with pytest.raises(NotFoundError, match=f"^{request_.method} /sub_number_orders/sub-1"):
            await call(record.client, method, arguments)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("a/b", "a%2Fb"),
        ("../number_orders", "..%2Fnumber_orders"),
        ("a?b=c&d#e", "a%3Fb%3Dc%26d%23e"),
        ("50%", "50%25"),
        ("%2F", "%252F"),
        ("a b+c", "a%20b%2Bc"),
        ("Zürich ☃", "Z%C3%BCrich%20%E2%98%83"),
        ("a\r\nb", "a%0D%0Ab"),
    ],
)
async def test_an_id_stays_one_part_of_the_path(given, sent):
    """Whatever characters an id has, it leads nowhere else."""
    async with recording([SINGLE] * 4) as record:
        parts = record.client.sub_number_orders
        await parts.retrieve(given)
        await parts.update(given, regulatory_requirements=GIVEN)
        await parts.cancel(given)
        await parts.update_requirement_group(given, requirement_group_id=given)
    path = f"/v2/sub_number_orders/{sent}"
    assert [asked.target for asked in record.asked] == [
        *(path, path, f"{path}/cancel", f"{path}/requirement_group")
    ]
    assert record.asked[3].body == {"requirement_group_id": given}


BAD_IDS = [("", ValueError), (" ", ValueError), ("..", ValueError), ("\ud800", ValueError)]
BAD_IDS += [(None, TypeError), (3, TypeError), (b"sub-1", TypeError)]


@pytest.mark.parametrize(("given", "error"), BAD_IDS)
@pytest.mark.parametrize(("method", "arguments", "request_"), CALLS)
async def test_an_id_that_is_none_is_refused(method, arguments, request_, given, error):
    """What cannot be an id is an error of the caller, and nothing is sent."""
    async with recording([]) as record:
        with pytest.raises(error, match="^id: "):
            await call(record.client, method, arguments | {"id": given})


@pytest.mark.parametrize(
    ("method", "arguments", "error", "message"),
    [
        ("list", {"filter": {"state": "x"}}, ValueError, "^filter: there is no filter 'state'"),
        ("list", {"filter": "pending"}, TypeError, "^filter: .*a SubNumberOrderFilter or a map"),
        ("list", {"include_phone_numbers": "yes"}, TypeError, "^include_phone_numbers: .*'yes'"),
        ("retrieve", {"id": "a", "include_phone_numbers": 1}, TypeError, "^include_phone_numbers"),
        ("update", {"id": "a", "regulatory_requirements": []}, ValueError, "at least one"),
        ("update", {"id": "a", "regulatory_requirements": "ab"}, TypeError, "expected a list"),
        (
            "update",
            {"id": "a", "regulatory_requirements": [{"requirement_id": "r"}]},
            ValueError,
            r"^regulatory_requirements\[0\]: expected a text as 'field_value'",
        ),
        (
            "update_requirement_group",
            {"id": "a", "requirement_group_id": ""},
            ValueError,
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
        ({"include_phone_numbers": True}, "?filter%5Binclude_phone_numbers%5D=true"),
        ({"filter": {"status": "pending"}}, "?filter%5Bstatus%5D=pending"),
        (
            {
                "filter": SubNumberOrderFilter(
                    status=OrderStatus.SUCCESS,
                    order_request_id="order-1",
                    country_code="US",
                    phone_number_type="local",
                    phone_numbers_count=2,
                ),
                "include_phone_numbers": True,
            },
            "?filter%5Bstatus%5D=success&filter%5Border_request_id%5D=order-1"
            "&filter%5Bcountry_code%5D=US&filter%5Bphone_number_type%5D=local"
            "&filter%5Bphone_numbers_count%5D=2&filter%5Binclude_phone_numbers%5D=true",
        ),
    ],
)
async def test_a_listing_is_one_request(arguments, query):
    """A listing is asked for at once, with its filters, and comes as a tuple."""
    async with recording([(200, {"data": [ROW, {"id": "sub-2"}]})]) as record:
        listed = await record.client.sub_number_orders.list(**arguments)
    assert listed == (PART, SubNumberOrder(id="sub-2"))
    assert record.asked == [Asked("GET", f"/v2/sub_number_orders{query}", None)]


async def test_a_listing_that_is_not_whole_is_an_error():
    """Where the answer names more rows than it gives, what came is in the error."""
    meta = {"page_number": 1, "page_size": 20, "total_pages": 3, "total_results": 55}
    async with recording([(200, {"data": [ROW], "meta": meta})]) as record:
        with pytest.raises(IncompleteFetchError, match="order_request_id") as caught:
            await record.client.sub_number_orders.list()
    assert str(caught.value).startswith("GET /sub_number_orders gave 1 of 55 rows, and ")
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert error.orders == (PART,)
        assert not error.transient


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"data": ROW | {"created_at": "soon"}}, "$.data.created_at"),
        ({"data": {}}, "$.data.id"),
        ({"data": [ROW]}, "$.data"),
        ({}, "$.data"),
        ([], "$"),
    ],
)
async def test_an_answer_of_another_shape_names_its_place(answer, path):
    """What the API does not promise is a `ResponseDecodeError` with the JSON path."""
    async with recording([(200, answer)]) as record:
        with pytest.raises(ResponseDecodeError) as caught:
            await record.client.sub_number_orders.retrieve("sub-1")
    assert caught.value.path == path


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_what_a_lost_answer_cancelled_is_given(status):
    """Cancelled by a request whose answer was lost, it is refused the next time, and found."""
    async with recording([None, refused(status), CANCELLED]) as record:
        part = await record.client.sub_number_orders.cancel("sub-1")
    assert part.status == "cancelled"
    cancel = Asked("PATCH", "/v2/sub_number_orders/sub-1/cancel", None)
    assert record.asked == [cancel, cancel, Asked("GET", "/v2/sub_number_orders/sub-1", None)]


async def test_what_is_cancelled_already_is_given():
    """Cancelling is the same however often it is done."""
    async with recording([refused(409), CANCELLED]) as record:
        assert (await record.client.sub_number_orders.cancel("sub-1")).status == "cancelled"


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, APIStatusError), (409, ConflictError), (422, UnprocessableEntityError)],
)
async def test_what_cannot_be_cancelled_is_an_error(status, error):
    """Where it is not cancelled, the refusal is raised."""
    async with recording([refused(status), (200, {"data": ROW | {"status": "success"}})]) as record:
        with pytest.raises(error, match="^PATCH /sub_number_orders/sub-1/cancel answered"):
            await record.client.sub_number_orders.cancel("sub-1")


@pytest.mark.parametrize("answer", [refused(404), (200, {}), None])
async def test_where_nobody_can_look_the_refusal_is_raised(answer):
    """An error of looking does not hide why it was not cancelled."""
    retry = RetryPolicy(max_attempts=1)
    async with recording([refused(409), answer], retry=retry) as record:
        with pytest.raises(ConflictError, match="/cancel answered 409"):
            await record.client.sub_number_orders.cancel("sub-1")


async def test_a_cancel_without_any_answer_is_a_connection_error():
    """Nothing is looked at where nothing was refused: the error says that no answer came."""
    async with recording([None], retry=RetryPolicy(max_attempts=1)) as record:
        with pytest.raises(APIConnectionError):
            await record.client.sub_number_orders.cancel("sub-1")


async def test_a_request_that_a_closing_connection_took_along_is_found_too():
    """Sent again within one attempt, since the idle connection was closed, it counts as once."""
    cancelled = False

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal cancelled
        while head := await reader.readuntil(b"\r\n\r\n"):
            if head.startswith(b"PATCH"):
                if not cancelled:
                    cancelled = True
                    return
                status, body = b"409 Conflict", b'{"errors":[]}'
            else:
                state = b"cancelled" if cancelled else b"pending"
                status, body = b"200 OK", b'{"data":{"id":"sub-1","status":"%b"}}' % state
            writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
            await writer.drain()

    async with serve_raw(respond) as url:
        retry = RetryPolicy(max_attempts=1)
        async with OrdersClient(KEY, base_url=url, retry=retry, trust_env=False) as client:
            assert (await client.sub_number_orders.retrieve("sub-1")).status == "pending"
            assert (await client.sub_number_orders.cancel("sub-1")).status == "cancelled"
            assert client.stats.requests == 3


async def test_a_caller_can_leave_while_it_is_looked_for():
    """Cancelled in the middle of looking, the call ends as cancelled and leaves nothing behind."""
    looking = asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if head.startswith(b"GET"):
                looking.set()
                await reader.read()
                return
            writer.write(b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

    async with serve_raw(respond) as url, no_task_left():
        async with OrdersClient(KEY, base_url=url, trust_env=False) as client:
            task = asyncio.create_task(client.sub_number_orders.cancel("sub-1"))
            await until(looking.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
