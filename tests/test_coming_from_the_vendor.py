"""The page for people who come from the vendor's SDK names what exists, and leaves no call out."""

import inspect
import re
from functools import reduce
from pathlib import Path

import pytest
import telnyx
from telnyx.resources.number_order_phone_numbers import AsyncNumberOrderPhoneNumbersResource
from telnyx.resources.number_orders import AsyncNumberOrdersResource
from telnyx.resources.sub_number_orders import AsyncSubNumberOrdersResource

import telnyx_orders
from telnyx_orders import OrdersClient
from telnyx_orders.webhooks import (
    WebhookError,
    WebhookPayloadError,
    WebhookSignatureError,
    WebhookVerifier,
)

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

PAGE = (Path(__file__).parents[1] / "docs" / "coming_from_the_vendor.md").read_text()
CALL = re.compile(r"`client\.([a-z_.]+)\(([^`]*)\)")

RESOURCES = {
    "number_orders": AsyncNumberOrdersResource,
    "sub_number_orders": AsyncSubNumberOrdersResource,
    "number_order_phone_numbers": AsyncNumberOrderPhoneNumbersResource,
}


def section(title: str) -> list[list[str]]:
    """The cells of the rows of a section's table."""
    text = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def check_call(client: object, path: str, arguments: str) -> None:
    """Fails if a client has no such method, or the method no such argument."""
    method = reduce(getattr, path.split("."), client)
    taken = inspect.signature(method).parameters
    for name in re.findall(r"(\w+)=", arguments):
        assert name in taken, f"{path} takes no {name}"


def test_every_call_of_theirs_exists_in_their_sdk():
    """The left column names methods and arguments that the vendor's SDK has."""
    client = telnyx.AsyncTelnyx(api_key="KEY0123456789abcd", base_url="http://127.0.0.1:1")
    calls = [CALL.search(row[0]) for row in section("Call by call")]
    found = [call for call in calls if call]
    assert len(found) > 14
    for call in found:
        check_call(client, call[1], call[2])


def test_every_call_of_ours_exists_here():
    """The column in the middle names methods and arguments of `OrdersClient`."""
    client = OrdersClient("KEY0123456789abcd", base_url="http://127.0.0.1:1")
    found = [call for row in section("Call by call") for call in CALL.finditer(row[1])]
    assert len(found) > 14
    for call in found:
        check_call(client, call[1], call[2])


def test_webhooks_are_verified_by_the_names_of_the_table():
    """What stands beside `webhooks.unwrap` takes a key, a body and headers."""
    assert "`telnyx_orders.webhooks.WebhookVerifier(key).unwrap(body, headers)`" in PAGE
    assert next(iter(inspect.signature(WebhookVerifier).parameters)) == "public_key"
    assert list(inspect.signature(WebhookVerifier.unwrap).parameters) == ["self", "body", "headers"]
    assert issubclass(WebhookSignatureError, WebhookError)
    assert issubclass(WebhookPayloadError, WebhookError)
    assert issubclass(WebhookError, telnyx_orders.TelnyxError)


def test_no_ordering_call_is_left_out():
    """Each method of the vendor's three ordering resources has its row."""
    listed = {call[1] for row in section("Call by call") for call in CALL.finditer(row[0])}
    theirs = {
        f"{name}.{method}"
        for name, resource in RESOURCES.items()
        for method, value in vars(resource).items()
        if inspect.isfunction(value) and not method.startswith("_")
    }
    assert len(theirs) == 13
    assert theirs <= listed


def test_the_errors_that_have_the_same_names_do():
    """The names of the first row exist in both, as errors that derive from `TelnyxError`."""
    names = re.findall(r"`(\w+)`", section("Errors")[0][0])
    assert len(names) == 12
    for name in names:
        assert issubclass(getattr(telnyx, name), telnyx.TelnyxError)
        assert issubclass(getattr(telnyx_orders, name), telnyx_orders.TelnyxError)
