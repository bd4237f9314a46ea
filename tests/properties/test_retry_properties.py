"""Whatever a server asks for, the wait is a number that can be waited."""

import math

from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from telnyx_orders import APIStatusError, RetryPolicy
from telnyx_orders.rate_limit_headers import RateLimitHeaders

DATE_PARTS = st.lists(
    st.sampled_from(
        [
            *("Wed,", "Wednesday", "21", "Oct", "10", "2015", "15", "0000", "9999", "99999999"),
            *("07:28:00", "07.28.00", "7:28", "24:60:60", ":", "::", "GMT", "UTC", "EST", "Z"),
            *("+0000", "-0000", "+2400", "-9999", "+99999999", "+", "-", ",", ".", "(", ")", '"'),
            *(" ", "  ", "\t", "\r\n", "\0", "²", "٣", "1e400", "nan", "inf", "-", "_", "0x1"),
        ]
    ),
    max_size=9,
)

values = st.one_of(
    st.text(),
    DATE_PARTS.map(" ".join),
    DATE_PARTS.map("".join),
    st.floats().map(repr),
    st.integers().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
)


@given(
    status=st.sampled_from([200, 429, 503]),
    retry_after=st.none() | values,
    reset=st.none() | values,
    now=st.floats(0, 1e11),
)
@example(status=429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT", reset="12", now=1445412480.0)
@example(status=429, retry_after=None, reset="1e300", now=0.0)
@example(status=503, retry_after="+99999999", reset=None, now=0.0)
@example(status=503, retry_after="Mon, 01 Jan 0001 00:00:00 +2359", reset=None, now=0.0)
def test_any_header_gives_a_number_or_nothing(status, retry_after, reset, now):
    """No text in a header raises; what comes of it is `None` or finite and not below zero."""
    headers = CIMultiDict()
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    if reset is not None:
        headers["x-ratelimit-reset"] = reset
    seconds = RateLimitHeaders.read(headers, now).requested_wait(status)
    assert seconds is None or (type(seconds) is float and 0 <= seconds < math.inf)


@given(seconds=st.integers(0, 10**9), now=st.floats(0, 1e11))
@example(seconds=0, now=0.0)
def test_whole_seconds_are_taken_as_they_are(seconds, now):
    """A number of seconds means itself, whenever it is read."""
    assert (
        RateLimitHeaders.read(CIMultiDict({"Retry-After": str(seconds)}), now).requested_wait(503)
        == seconds
    )


policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 100),
    backoff_base=st.floats(0, 1e6),
    backoff_cap=st.floats(0, 1e6),
)


@given(
    policy=policies,
    attempt=st.integers(1, 10_000),
    retry_after=st.none() | st.floats(0, 1e9),
    chance=st.floats(0, 1, exclude_max=True),
)
@example(policy=RetryPolicy(), attempt=5000, retry_after=None, chance=0.999)
def test_a_wait_lies_between_what_is_asked_for_and_the_cap(policy, attempt, retry_after, chance):
    """A wait is at least what the server asks for, and else at most the cap."""
    error = APIStatusError("answered 503", status=503, retry_after=retry_after)
    seconds = policy.wait(attempt, error, chance)
    assert (retry_after or 0.0) <= seconds <= max(retry_after or 0.0, policy.backoff_cap)
