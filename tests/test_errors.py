"""The error tree, which answer becomes which error, and what its message says."""

import copy
import json
import pickle
import re
from datetime import UTC, datetime
from multiprocessing.reduction import ForkingPickler

import pytest

import telnyx_orders
from telnyx_orders import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientStateError,
    ConfigurationError,
    ConflictError,
    ErrorDetail,
    ExportError,
    ExportInProgressError,
    FetchReport,
    IncompleteFetchError,
    InternalServerError,
    JournalConflictError,
    JournalError,
    MirrorError,
    NewOrder,
    NotFoundError,
    NumberOrder,
    OrderInProgressError,
    OrderOutcome,
    OrderOutcomeUnknownError,
    OrdersPendingError,
    PermissionDeniedError,
    Placement,
    PlacementOutcome,
    PlacingCancelledError,
    RateLimitError,
    ResponseDecodeError,
    TelnyxError,
    UnprocessableEntityError,
    errors,
    webhooks,
)
from telnyx_orders.error_details import parse_error_details


def answered(status: int, body: object = "", **others: object) -> APIStatusError:
    text = body if isinstance(body, str) else json.dumps(body)
    return APIStatusError.from_response("GET /number_orders", status, text, **others)


def drawn_tree() -> dict[str, str | None]:
    """Read the tree in the module's docstring: each name with the name above it."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^([\s│├└─]*)(\w+Error)\b", line)
        if found is None:
            continue
        column, name = len(found[1]), found[2]
        while above and above[-1][0] >= column:
            above.pop()
        parents[name] = above[-1][1] if above else None
        above.append((column, name))
    return parents


def real_tree() -> dict[str, str | None]:
    parents: dict[str, str | None] = {"TelnyxError": None}
    classes = [TelnyxError]
    for cls in classes:
        for child in cls.__subclasses__():
            if child.__module__.startswith("telnyx_orders"):
                parents[child.__name__] = cls.__name__
                classes.append(child)
    return parents


def test_the_tree_is_as_it_is_drawn():
    """The docstring of the module draws every class under its true parent."""
    assert drawn_tree() == real_tree()


def test_the_tree_in_words():
    """The classes and their parents, which users catch, are exactly these."""
    assert real_tree() == {
        "TelnyxError": None,
        "ConfigurationError": "TelnyxError",
        "ClientStateError": "TelnyxError",
        "APIConnectionError": "TelnyxError",
        "APITimeoutError": "APIConnectionError",
        "APIStatusError": "TelnyxError",
        "BadRequestError": "APIStatusError",
        "AuthenticationError": "APIStatusError",
        "PermissionDeniedError": "APIStatusError",
        "NotFoundError": "APIStatusError",
        "ConflictError": "APIStatusError",
        "UnprocessableEntityError": "APIStatusError",
        "RateLimitError": "APIStatusError",
        "InternalServerError": "APIStatusError",
        "ResponseDecodeError": "TelnyxError",
        "WebhookError": "TelnyxError",
        "WebhookSignatureError": "WebhookError",
        "WebhookPayloadError": "WebhookError",
        "IncompleteFetchError": "TelnyxError",
        "OrderOutcomeUnknownError": "TelnyxError",
        "OrdersPendingError": "TelnyxError",
        "PlacingCancelledError": "TelnyxError",
        "ExportError": "TelnyxError",
        "ExportInProgressError": "ExportError",
        "MirrorError": "TelnyxError",
        "JournalError": "TelnyxError",
        "JournalConflictError": "JournalError",
        "OrderInProgressError": "JournalError",
    }


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [(ConfigurationError, ValueError), (ClientStateError, RuntimeError), (TelnyxError, Exception)],
)
def test_a_builtin_catches_it_too(cls, builtin):
    """Code that knows nothing of this package catches these by a builtin class."""
    assert issubclass(cls, builtin)


def test_every_error_can_be_imported_from_the_top():
    """Each class of the tree is a public name of the package, or of its webhooks."""
    for name in real_tree():
        top = webhooks if name.startswith("Webhook") else telnyx_orders
        assert name in top.__all__
        assert issubclass(getattr(top, name), TelnyxError)


OWN_CLASS = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


@pytest.mark.parametrize("status", range(300, 600))
def test_each_status_has_its_class(status):
    """Documented statuses have their own class, 5xx share one, the rest have the general one."""
    error = answered(status)
    assert type(error) is OWN_CLASS.get(
        status, InternalServerError if status >= 500 else APIStatusError
    )
    assert error.status == status
    assert str(error).startswith(f"GET /number_orders answered {status}: no details. ")


@pytest.mark.parametrize("status", range(300, 600))
def test_the_statuses_that_pass(status):
    """Six statuses are worth another try, and no other."""
    assert answered(status).transient is (status in (408, 429, 500, 502, 503, 504))


UNAUTHORIZED = {
    "errors": [
        {
            "code": "10009",
            "title": "Authentication failed",
            "detail": "The key was not accepted.",
            "source": {"pointer": "/data/key", "parameter": "api_key"},
            "meta": {"url": "https://errors.example/10009"},
        }
    ]
}


def test_what_the_api_says_is_kept():
    """Each part of the API's error is a field of its own."""
    error = answered(401, UNAUTHORIZED, request_id="request-1", attempts=3, retry_after=2.5)
    assert error.errors == (
        ErrorDetail(
            code="10009",
            title="Authentication failed",
            detail="The key was not accepted.",
            pointer="/data/key",
            parameter="api_key",
            url="https://errors.example/10009",
        ),
    )
    assert error.status == 401
    assert error.request_id == "request-1"
    assert error.attempts == 3
    assert error.retry_after == 2.5
    assert error.body == json.dumps(UNAUTHORIZED)


def test_what_the_message_says():
    """A message gives call, status, the API's words, what to do, request id and attempts."""
    error = answered(401, UNAUTHORIZED, request_id="request-1", attempts=3)
    assert str(error) == (
        "GET /number_orders answered 401: Authentication failed: The key was not accepted "
        "(code 10009) at api_key. Check api_key or TELNYX_API_KEY against the keys at "
        "https://portal.telnyx.com/#/app/api-keys. (request id request-1, 3 attempts)"
    )


def test_one_attempt_without_a_request_id():
    """What is not known is left out of the message."""
    assert str(answered(418, "")).endswith("what the server says. (1 attempt)")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "Correct what is named above"),
        (401, "Check api_key or TELNYX_API_KEY"),
        (403, "check what it and its user are allowed to do"),
        (404, "Check the id, and that base_url ends with the API's version"),
        (409, "Read the present state again"),
        (422, "Correct the values named above"),
        (429, "Wait before you go on, lower `concurrency`"),
        (500, "on the server's side"),
        (503, "on the server's side"),
        (418, "See `errors` and `body`"),
    ],
)
def test_each_error_advises(status, advice):
    """A message says what its reader can do."""
    assert advice in str(answered(status))


def test_several_errors_are_all_named():
    """The first three errors of an answer are in the message, all of them in `errors`."""
    body = {"errors": [{"title": f"Title {n}", "code": f"1000{n}"} for n in range(5)]}
    error = answered(422, body)
    assert "Title 0 (code 10000); Title 1 (code 10001); Title 2 (code 10002). " in str(error)
    assert "Title 3" not in str(error)
    assert [detail.code for detail in error.errors] == [
        "10000",
        "10001",
        "10002",
        "10003",
        "10004",
    ]


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        (ErrorDetail(), "no details"),
        (ErrorDetail(title="Bad"), "Bad"),
        (ErrorDetail(detail="It is bad."), "It is bad"),
        (ErrorDetail(title="Bad", detail="Bad"), "Bad"),
        (ErrorDetail(title="Bad.", detail="It is bad"), "Bad: It is bad"),
        (ErrorDetail(code="10015"), "no details (code 10015)"),
        (ErrorDetail(title="Bad", pointer="/id"), "Bad at /id"),
        (ErrorDetail(title="Bad", pointer="/id", parameter="page[size]"), "Bad at page[size]"),
        (ErrorDetail(title="Bad", detail="two\nlines"), "Bad: two lines"),
        (ErrorDetail(title="Bad", url="https://errors.example"), "Bad"),
    ],
)
def test_a_detail_in_words(detail, text):
    """One entry of an error reads as a sentence without its stop."""
    assert str(detail) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (2.5, "2.5 s"), (30.0, "30 s"), (86400.0, "86400 s")],
)
def test_the_wait_that_is_asked_for_is_named(seconds, text):
    """How long the server asks to wait stands in the message, also when it is no time at all."""
    error = answered(429, retry_after=seconds)
    assert f"The server asks to wait {text}. " in str(error)
    assert error.retry_after == seconds


def test_no_wait_is_named_when_none_was_asked_for():
    """Without a header there is no word of waiting."""
    error = answered(503)
    assert error.retry_after is None
    assert "asks to wait" not in str(error)


def test_the_body_is_kept_out_of_the_message():
    """The message quotes little of a gateway's page; `body` has it all."""
    body = "<html>" + "<p>upstream timed out</p>\n" * 100
    error = answered(504, body)
    assert error.body == body
    assert error.errors == ()
    assert "no details but '<html><p>upstream timed out</p>" in str(error)
    assert len(str(error)) < 400


def test_the_body_of_an_api_error_is_not_quoted():
    """Where the API explains itself, its raw JSON is not shown."""
    assert '"errors"' not in str(answered(401, UNAUTHORIZED))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_where_it_points(status):
    """A redirect is an error that says why it is not followed, and what to do."""
    error = answered(status, location="https://elsewhere.example/v2\n/number_orders")
    assert type(error) is APIStatusError
    assert "It points to https://elsewhere.example/v2 /number_orders. " in str(error)
    assert "set base_url" in str(error)


def test_a_redirect_to_nowhere():
    """A redirect without a location is no advice to change the base URL."""
    assert "points to" not in str(answered(304))


MALFORMED = [
    "",
    " ",
    "null",
    "3",
    '"oops"',
    "[]",
    "{}",
    "{",
    "NaN",
    '{"errors": null}',
    '{"errors": 3}',
    '{"errors": "oops"}',
    '{"errors": {}}',
    '{"errors": {"code": "10009"}}',
    '{"errors": []}',
    '{"errors": [null, 3, "oops", [], true, 1.5]}',
    '{"error": "oops"}',
    '[{"errors": []}]',
    "<html><body>Bad gateway</body></html>",
    "\0\0\0",
    "\ufffd\ufffd",
    "\ud800",
    "[" * 100_000,
    '{"errors": [' * 50_000,
    '{"errors": [{"code": ' + "9" * 10_000 + "}]}",
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:40]))
def test_a_malformed_body_hides_nothing(body):
    """Whatever the body is, the status is told, and the body kept."""
    error = answered(502, body)
    assert type(error) is InternalServerError
    assert error.errors == ()
    assert error.body == body
    assert str(error).startswith("GET /number_orders answered 502: no details")
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ({}, ErrorDetail()),
        ({"code": 10009}, ErrorDetail(code="10009")),
        (
            {"code": 1.5, "title": 3, "detail": False},
            ErrorDetail(code="1.5", title="3", detail="False"),
        ),
        ({"code": None, "title": None, "detail": None}, ErrorDetail()),
        ({"code": ["1"], "title": {"a": 1}, "detail": [[]]}, ErrorDetail()),
        ({"title": "T", "source": None, "meta": None}, ErrorDetail(title="T")),
        ({"title": "T", "source": "/id", "meta": "url"}, ErrorDetail(title="T")),
        ({"title": "T", "source": ["/id"], "meta": [1]}, ErrorDetail(title="T")),
        ({"source": {"pointer": {}, "parameter": []}, "meta": {"url": {}}}, ErrorDetail()),
        ({"source": {"pointer": 3, "parameter": 4}}, ErrorDetail(pointer="3", parameter="4")),
        ({"meta": {"url": 5}, "new": {"deep": []}}, ErrorDetail(url="5")),
    ],
)
def test_a_malformed_entry_gives_what_it_has(entry, detail):
    """An entry with values of other types is read as far as it goes."""
    assert answered(400, {"errors": [entry]}).errors == (detail,)


def test_entries_that_are_none_are_left_out():
    """Among good entries, those that are no objects are skipped."""
    body = {"errors": [None, {"code": "10015"}, "oops", {"title": "T"}]}
    assert answered(400, body).errors == (ErrorDetail(code="10015"), ErrorDetail(title="T"))


@pytest.mark.parametrize("field", ["code", "title", "detail", "pointer", "parameter", "url"])
@pytest.mark.parametrize("unit", ["x", "two\nlines ", "\r\n", "a\N{LINE SEPARATOR}b"])
def test_a_long_text_makes_one_short_line(field, unit):
    """A message stays one short line, wherever in an error the server puts its text."""
    text = unit * 20_000
    entry: dict[str, object] = {"title": "T", "code": "1"}
    if field in ("pointer", "parameter"):
        entry["source"] = {field: text}
    elif field == "url":
        entry["meta"] = {field: text}
    else:
        entry[field] = text
    error = answered(400, {"errors": [entry]})
    assert getattr(error.errors[0], field) == text
    assert len(str(error)) < 2000
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    "body",
    [
        "x" * 10_000_000,
        "\n" * 10_000_000,
        "a\r\nb" * 1000,
        '{"errors": [{"detail": "' + "x" * 10_000_000 + '"}]}',
    ],
    ids=["text", "line breaks", "lines", "detail"],
)
def test_a_huge_body_makes_one_short_line(body):
    """Ten megabytes of a server's text do not become a message."""
    error = answered(503, body)
    assert len(str(error)) < 500
    assert len(str(error).splitlines()) == 1


def test_error_details_can_be_parsed_alone():
    """The lenient reader gives a tuple of details, empty if there are none."""
    assert parse_error_details(json.dumps(UNAUTHORIZED))[0].code == "10009"
    assert parse_error_details("Bad gateway") == ()


def test_a_decode_error_in_words():
    """A decode error names place, order, what was expected, what came, and the request."""
    error = ResponseDecodeError(
        "$.data[3].created_at",
        "a time",
        '"yesterday"',
        order_id="order-1",
        request_id="request-1",
        body="{}",
        attempts=2,
        call="GET /x",
    )
    assert str(error) == (
        '$.data[3].created_at (in order order-1): expected a time, got "yesterday". The answer '
        "to GET /x is not what the API documents: if it stays so, report it. "
        "(request id request-1, 2 attempts)"
    )
    assert (error.path, error.expected, error.got) == (
        "$.data[3].created_at",
        "a time",
        '"yesterday"',
    )
    assert (error.order_id, error.request_id) == ("order-1", "request-1")
    assert (error.body, error.attempts, error.transient) == ("{}", 2, False)


def test_a_decode_error_with_little_known():
    """What a decode error does not know is left out of its message."""
    error = ResponseDecodeError("$", "JSON", "b''", transient=True)
    assert str(error) == (
        "$: expected JSON, got b''. The answer is not what the API documents: if it stays so, "
        "report it. (1 attempt)"
    )
    assert (error.order_id, error.request_id, error.body, error.attempts) == (None, None, "", 1)
    assert error.transient is True


ORDERS = (NumberOrder(id="order-1"), NumberOrder(id="order-2"))


def test_an_incomplete_fetch_carries_what_had_arrived():
    """The orders that had arrived are in the error, counted in its message."""
    error = IncompleteFetchError("page 3 was cut off", orders=list(ORDERS))
    assert error.orders == ORDERS
    assert error.reason == "page 3 was cut off"
    assert str(error) == ("page 3 was cut off. Try again. (2 had arrived; they are in `orders`)")
    assert error.transient is False


def test_an_incomplete_fetch_without_orders():
    """Nothing need have arrived; the message then speaks of no orders."""
    error = IncompleteFetchError("nothing came")
    assert error.orders == ()
    assert str(error) == "nothing came. Try again."


REPORT = FetchReport(
    proof=None,
    reason="page 3 was cut off",
    partial=False,
    orders=2,
    pages=2,
    requests=3,
    rereads=0,
    duplicates=0,
    total_first=5,
    total_last=5,
    retries=1,
    rate_limit_seconds=0.0,
)


def test_an_incomplete_fetch_can_be_given_its_orders_later():
    """`carrying` gives the same reason with orders and report, and leaves the first error alone."""
    first = IncompleteFetchError("page 3 was cut off", advice="Call again")
    second = first.carrying(ORDERS, REPORT)
    assert type(second) is IncompleteFetchError
    assert (second.reason, second.advice) == ("page 3 was cut off", "Call again")
    assert (second.orders, second.report) == (ORDERS, REPORT)
    assert str(second) == ("page 3 was cut off. Call again. (2 had arrived; they are in `orders`)")
    assert (first.orders, first.report) == ((), None)
    assert pickle.loads(pickle.dumps(second)).report == REPORT


@pytest.mark.parametrize("cls", [APIConnectionError, APITimeoutError])
def test_a_connection_error_can_pass(cls):
    """Without a word to the contrary, a lost connection is worth another try."""
    error = cls("the connection was lost")
    assert (error.attempts, error.transient) == (1, True)
    assert str(error) == "the connection was lost"
    other = cls("a bad certificate", attempts=4, transient=False)
    assert (other.attempts, other.transient) == (4, False)


@pytest.mark.parametrize("cls", [TelnyxError, ConfigurationError, ClientStateError])
def test_an_error_of_the_caller_does_not_pass(cls):
    """Trying again does not mend a setting or a closed client."""
    assert cls("wrong").transient is False


MOMENT = datetime(2026, 2, 1, 12, tzinfo=UTC)

EVERY_CLASS = [
    TelnyxError("something"),
    ConfigurationError("no key"),
    ClientStateError("the client is closed"),
    APIConnectionError("lost", attempts=3, transient=False),
    APITimeoutError("slow", attempts=4),
    *(
        cls(
            f"answered {status}",
            status=status,
            errors=(ErrorDetail(code="1", title="T", detail="D", pointer="/p", parameter="q"),),
            request_id="request-1",
            body='{"errors": []}',
            attempts=5,
            retry_after=2.5,
        )
        for status, cls in [(418, APIStatusError), *OWN_CLASS.items(), (503, InternalServerError)]
    ),
    ResponseDecodeError(
        "$.data[3].id",
        "a string",
        "3",
        order_id="order-1",
        request_id="request-1",
        body="{}",
        attempts=2,
        transient=True,
    ),
    OrderOutcomeUnknownError(
        phone_numbers=["+19705555000"],
        customer_reference="job-17",
        sent_at=MOMENT,
        given_up_at=MOMENT,
        placement=Placement(outcome=PlacementOutcome.CANNOT_TELL, reason="it is early"),
    ),
    PlacingCancelledError([OrderOutcome(requested=NewOrder(["+19705555000"]))]),
    OrdersPendingError(seconds=60, in_work=ORDERS, deadlines={"order-1": MOMENT}, missing=["a"]),
    JournalError("it is not open"),
    JournalConflictError("job-17", ["connection_id"]),
    OrderInProgressError("job-17"),
    ExportError("the disk is full", path="orders.csv", orders=250),
    ExportInProgressError("another export to orders.csv is running", path="orders.csv"),
    MirrorError("it is in use"),
    webhooks.WebhookError("not to be acted on"),
    webhooks.WebhookSignatureError(webhooks.SignatureFault.TOO_OLD, "an hour old"),
    webhooks.WebhookPayloadError("no JSON"),
    IncompleteFetchError("page 3 was cut off", orders=ORDERS),
]

every_class = pytest.mark.parametrize(
    "error", EVERY_CLASS, ids=[type(error).__name__ for error in EVERY_CLASS]
)


def test_the_examples_below_are_of_every_class():
    """No class of the tree is forgotten by the tests of pickling and copying."""
    assert sorted(type(error).__name__ for error in EVERY_CLASS) == sorted(real_tree())


def assert_same(other: BaseException, error: TelnyxError) -> None:
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert other.args == error.args
    assert vars(other) == vars(error)
    assert other.transient == error.transient


@every_class
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_pickle(error, protocol):
    """An error that crosses a process border keeps its message and all its fields."""
    assert_same(pickle.loads(pickle.dumps(error, protocol)), error)


@every_class
def test_errors_pass_from_a_worker_process(error):
    """The pickler of `multiprocessing` takes them too."""
    assert_same(ForkingPickler.loads(ForkingPickler.dumps(error)), error)


@every_class
def test_errors_copy(error):
    """`copy` and `deepcopy` keep the message and all fields."""
    assert_same(copy.copy(error), error)
    assert_same(copy.deepcopy(error), error)


def test_a_copy_is_another_object():
    """What is done to a copy is not done to the error."""
    error = RateLimitError("answered 429", status=429, retry_after=2.5)
    copied = copy.copy(error)
    copied.retry_after = 5.0
    assert error.retry_after == 2.5


@every_class
def test_notes_survive(error):
    """What `add_note` added is still there after a pickle."""
    noted = copy.copy(error)
    noted.add_note("while syncing the account")
    assert pickle.loads(pickle.dumps(noted)).__notes__ == ["while syncing the account"]


def test_an_error_of_a_subclass_pickles():
    """A subclass with a constructor of its own needs nothing more."""
    error = SpecialError(3)
    assert_same(pickle.loads(pickle.dumps(error)), error)
    assert error.number == 3


class SpecialError(NotFoundError):
    """What an application might derive."""

    def __init__(self, number: int) -> None:
        super().__init__(f"number {number}", status=404)
        self.number = number


def test_a_secret_that_json_hides():
    """A key that a server sends back in escapes of JSON is not shown by what is read of them."""
    body = r'{"errors": [{"code": "1", "detail": "the key \u004bEY123 is wrong"}]}'
    error = APIStatusError.from_response(
        "GET /", 401, body, redact=lambda text: text.replace("KEY123", "[redacted]")
    )
    assert "KEY123" not in str(error)
    assert error.errors[0].detail == "the key [redacted] is wrong"
