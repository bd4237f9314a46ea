"""What the headers of an answer tell of the rate limit, in all their forms."""

import attrs
import pytest
from multidict import CIMultiDict

from telnyx_orders.rate_limit_headers import RateLimitHeaders

# 2015-10-21T07:28:00Z
NOW = 1445412480.0
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


def read(**headers: str) -> RateLimitHeaders:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RateLimitHeaders.read(CIMultiDict(named), NOW)


def test_nothing_told():
    """Without headers nothing is known."""
    told = read()
    assert attrs.asdict(told) == {
        "limit": None,
        "remaining": None,
        "reset": None,
        "rounded": True,
        "window": None,
        "retry_after": None,
    }


def test_the_headers_of_the_api():
    """Limit, remaining, reset and the policy behind the limit are read."""
    told = read(
        x_ratelimit_limit="100, 100;w=60", x_ratelimit_remaining="42", x_ratelimit_reset="17"
    )
    assert (told.limit, told.remaining, told.reset, told.window) == (100, 42, 17.0, 60.0)
    assert told.rounded


@pytest.mark.parametrize(
    ("value", "limit", "window"),
    [
        ("100", 100, None),
        (" 100 ", 100, None),
        ("100,100;w=60", 100, 60.0),
        ("100;w=1", 100, 1.0),
        ('100, 100;w=60;comment="x"', 100, 60.0),
        ("100, 100 ; w = 0.5", 100, 0.5),
        ("100, 10;w=1, 100;w=60", 100, 60.0),
        ("100, 100;w=0", 100, None),
        ("100, 100;w=-1", 100, None),
        ("100, 100;w=soon", 100, None),
        ("100.0", 100, None),
        ("0", None, None),
        ("-5", None, None),
        ("", None, None),
        ("many", None, None),
        ("1e3", None, None),
        ("9" * 30, None, None),
    ],
)
def test_the_limit(value, limit, window):
    """The limit is a number from 1, with or without a policy."""
    told = read(x_ratelimit_limit=value)
    assert (told.limit, told.window) == (limit, window)


@pytest.mark.parametrize(
    ("value", "remaining"),
    [
        ("0", 0),
        ("7", 7),
        ("7.9", 7),
        ("+7", 7),
        ("-1", 0),
        ("-0.5", 0),
        ("7, 90", 7),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("none", None),
        ("1_000", None),
        ("0x10", None),
        ("7 of 100", None),
        ("9" * 30, None),
    ],
)
def test_what_remains(value, remaining):
    """What remains is a whole number from 0; whatever is below is nothing."""
    assert read(x_ratelimit_remaining=value).remaining == remaining


@pytest.mark.parametrize(
    ("value", "reset", "rounded"),
    [
        ("0", 0.0, True),
        ("17", 17.0, True),
        ("0.25", 0.25, False),
        ("17.0", 17.0, False),
        ("-3", 0.0, True),
        ("17;w=60", 17.0, True),
        ("1445412497", 17.0, True),
        ("1445412480.5", 0.5, False),
        ("1445412497000", 17.0, True),
        ("1445412000", 0.0, True),
        ("", None, True),
        ("soon", None, True),
        ("Wed, 21 Oct 2015 07:28:30 GMT", None, True),
        ("1m30s", None, True),
        ("nan", None, True),
    ],
)
def test_the_reset(value, reset, rounded):
    """The reset is seconds, or a Unix time in seconds or milliseconds; never below 0."""
    told = read(x_ratelimit_reset=value)
    assert (told.reset, told.rounded) == (reset, rounded)


@pytest.mark.parametrize(
    ("date", "reset"),
    [
        (DATE, 30.0),
        ("Wed, 21 Oct 2015 07:28:01 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:40 GMT", 50.0),
        ("Wed, 21 Oct 2015 07:30:00 GMT", 0.0),
        ("yesterday", 30.0),
    ],
)
def test_a_clock_that_is_wrong(date, reset):
    """A Unix time counts from the server's own `Date` where our clock is not the same."""
    assert read(x_ratelimit_reset="1445412510", Date=date).reset == reset


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit_Limit": "100", "RateLimit_Remaining": "42", "RateLimit_Reset": "17"},
        {"RateLimit": "limit=100, remaining=42, reset=17"},
        {"RateLimit": '"a";r=42;t=17', "RateLimit_Policy": '"a";q=100;w=60'},
        {
            "RateLimit": '"day";r=900;t=8000, "minute";r=42;t=17',
            "RateLimit_Policy": '"day";q=1000;w=86400, "minute";q=100;w=60',
        },
        {
            "x_ratelimit_limit": "100",
            "x_ratelimit_remaining": "42",
            "x_ratelimit_reset": "17",
            "RateLimit": "limit=1, remaining=1, reset=1",
        },
    ],
)
def test_the_fields_of_the_draft(headers):
    """The IETF's names and fields are understood; the API's own come first."""
    told = read(**headers)
    assert (told.limit, told.remaining, told.reset) == (100, 42, 17.0)


@pytest.mark.parametrize("value", ["", ";", ",", "r", "r=;t=", "=", '"";', "limit=, remaining=x"])
def test_fields_that_say_nothing(value):
    """Garbage in the draft's fields tells nothing."""
    told = read(RateLimit=value, RateLimit_Policy=value)
    assert (told.limit, told.remaining, told.reset) == (None, None, None)


def test_the_time_that_a_429_names():
    """`Retry-After` is kept beside the reset."""
    told = read(Retry_After="5", x_ratelimit_reset="17")
    assert (told.retry_after, told.reset) == (5.0, 17.0)
