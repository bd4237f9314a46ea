"""When the gate lets a request go: answers and times in, a time out."""

import math

import pytest
from attrs import evolve

from telnyx_orders.rate_limit import Permit, RateLimitGate, Waiting
from telnyx_orders.rate_limit_headers import RateLimitHeaders

NOTHING = RateLimitHeaders()
ONE = Waiting(1, 0)


def told(remaining: int, reset: float, limit: int | None = 20, **more: object) -> RateLimitHeaders:
    headers = RateLimitHeaders(limit=limit, remaining=remaining, reset=reset, rounded=True)
    return evolve(headers, **more)  # type: ignore[arg-type]


def opens(gate: RateLimitGate, now: float, waiting: Waiting = ONE, background: bool = False):
    return gate.opens_at(now, waiting, background=background)


def answer(
    gate: RateLimitGate,
    permit: Permit,
    now: float,
    headers: RateLimitHeaders = NOTHING,
    status: int = 200,
) -> None:
    gate.answered(permit, status, headers, now, backoff=0.5)


def known(remaining: int = 19, reset: float = 60, limit: int | None = 20) -> RateLimitGate:
    """A gate that has had its first answer, asked for at 0 and come at 0.1."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.1, told(remaining, reset, limit))
    return gate


def test_a_new_server_is_probed():
    """The first request goes at once, the next when it is answered, or when that takes long."""
    gate = RateLimitGate()
    assert opens(gate, 0.0) <= 0.0
    probe = gate.start(0.0)
    assert opens(gate, 0.1) == 0.5
    assert opens(gate, 0.5) <= 0.5
    answer(gate, probe, 0.2)
    assert opens(gate, 0.2) <= 0.2


def test_a_server_that_tells_nothing_limits_nothing():
    """After an answer without headers as many go as like to."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.1)
    for _ in range(1000):
        assert opens(gate, 0.1) <= 0.1
        gate.start(0.1)
    assert gate.in_flight == 1000


def test_a_gateway_that_fails_tells_nothing():
    """After a 502 without headers the server is still unknown, and probed."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.1, status=502)
    assert opens(gate, 0.1) <= 0.1
    gate.start(0.1)
    assert opens(gate, 0.1) > 0.1


@pytest.mark.parametrize("remaining", [1, 2, 7, 19])
def test_what_remains_is_spent_and_no_more(remaining: int):
    """So many go as remain, less those in flight; then it is closed until the window ends."""
    gate = known(remaining)
    now, sent = 0.1, 0
    while (at := opens(gate, now)) < 59:
        now = max(now, at)
        permit = gate.start(now)
        sent += 1
        answer(gate, permit, now, told(remaining - sent, 60 - math.floor(now)))
    assert sent == remaining
    assert 59 < at <= 60.1
    assert gate.closed_until(now) == at


def test_the_least_that_was_told_counts():
    """Answers in the wrong order do not make more of what remains."""
    gate = known(19)
    first, second, third = (gate.start(0.2) for _ in range(3))
    answer(gate, third, 0.3, told(2, 60))
    answer(gate, first, 0.4, told(18, 60))
    answer(gate, second, 0.5, told(17, 60))
    for _ in range(2):
        gate.start(0.5)
    assert gate.closed_until(0.5) is not None


def test_a_request_that_is_lost_may_have_counted():
    """A request without an answer is taken off, until a later answer tells."""
    gate = known(2)
    gate.lost(gate.start(0.2), 0.3)
    later = gate.start(0.4)
    assert gate.closed_until(0.4) is not None
    answer(gate, later, 0.5, told(1, 60))
    assert gate.closed_until(0.5) is None


def test_a_permit_that_was_not_used_is_free():
    """What was not sent is not spent."""
    gate = known(1)
    permit = gate.start(0.2)
    assert gate.closed_until(0.2) is not None
    gate.unused(permit)
    assert gate.closed_until(0.2) is None
    assert gate.in_flight == 0


def test_a_window_that_we_come_into_is_entered_slowly():
    """What an unknown window leaves may be wanted by many: few go first, and twice as many next."""
    gate = known(99, limit=100, reset=60)

    def let_go() -> list[Permit]:
        permits = []
        while opens(gate, 0.2) <= 0.2:
            permits.append(gate.start(0.2))
        return permits

    left, rounds = 99, []
    for _ in range(3):
        permits = let_go()
        rounds.append(len(permits))
        for permit in permits:
            left -= 1
            answer(gate, permit, 0.2, told(left, 60, limit=100))
    assert rounds == [12, 24, 48]


def test_a_window_opens_with_one_probe():
    """When a window ends one goes, and the others when its answer tells of the next."""
    gate = known(0, reset=10)
    at = opens(gate, 0.2)
    assert opens(gate, at) <= at
    probe = gate.start(at)
    assert opens(gate, at) == at + 0.5
    answer(gate, probe, at + 0.1, told(19, 10))
    for _ in range(19):
        assert opens(gate, at + 0.1) <= at + 0.1
        gate.start(at + 0.1)
    assert opens(gate, at + 0.1) > at + 9


def test_who_is_far_from_the_limit_is_not_held_up():
    """After a window that was hardly used several may look into the next at once."""
    gate = known(90, reset=10, limit=100)
    at = 20.0
    for _ in range(12):
        assert opens(gate, at) <= at
        gate.start(at)
    assert opens(gate, at) > at


def test_the_end_is_not_later_than_any_answer_tells():
    """Each answer narrows the end of its window: here a reset in whole seconds ticks over."""
    gate = known(19, reset=10)
    assert gate._window is not None
    permit = gate.start(0.5)
    answer(gate, permit, 0.51, told(18, 9))
    gate_end = gate._window.end
    assert 9.0 < gate_end.latest <= 9.51
    assert gate_end.earliest <= gate_end.expected <= gate_end.latest


def test_a_late_answer_of_an_older_window_neither_shrinks_nor_opens_the_new_one():
    """What was asked in the last window and says that nothing is left, says it of that one."""
    gate = known(5, reset=1)
    late = gate.start(0.9)
    probe = gate.start(1.2)
    answer(gate, probe, 1.21, told(19, 1))
    answer(gate, late, 1.22, told(0, 1))
    assert gate.closed_until(1.22) is None
    refused = gate.start(1.23)
    answer(gate, refused, 1.24, told(0, 1), status=429)
    assert gate.closed_until(1.24) is not None


def test_a_late_429_of_an_older_window_closes_nothing():
    """A 429 that came too late to say anything of the window that runs is no reason to wait."""
    gate = known(5, reset=1)
    late = gate.start(0.9)
    answer(gate, gate.start(1.2), 1.21, told(19, 1))
    answer(gate, late, 1.22, told(0, 1), status=429)
    assert opens(gate, 1.22) <= 1.22


def test_more_than_was_left_is_a_new_window():
    """A request sent later that finds more than was left has met the next window, or a raise."""
    gate = known(3, reset=60)
    answer(gate, gate.start(5.0), 5.1, told(19, 55))
    for _ in range(19):
        assert opens(gate, 5.1) <= 5.1
        gate.start(5.1)
    assert gate.closed_until(5.1) is not None


def test_a_limit_that_is_cut_is_kept_to():
    """A smaller limit in mid-window counts from the first answer that tells of it."""
    gate = known(50, reset=60, limit=60)
    answer(gate, gate.start(1.0), 1.1, told(4, 60, limit=5))
    for _ in range(4):
        gate.start(1.1)
    until = gate.closed_until(1.1)
    assert until is not None
    assert 60 < until <= 61.2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (RateLimitHeaders(retry_after=7.0), 7.0),
        (RateLimitHeaders(reset=9.0), 9.0),
        (RateLimitHeaders(retry_after=2.0, reset=9.0), 2.0),
        (RateLimitHeaders(retry_after=0.0, reset=9.0), 9.0),
        (RateLimitHeaders(), 0.5),
        (RateLimitHeaders(reset=0.0), 0.5),
        (RateLimitHeaders(retry_after=1e9), 3600.0),
        (told(5, 9, retry_after=7.0), 7.0),
        (told(0, 9, retry_after=30.0), 30.0),
    ],
)
def test_a_429_closes_until_the_time_it_names(headers: RateLimitHeaders, seconds: float):
    """Retry-After, or else the reset, or else a backoff; an hour at most."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.0, headers, status=429)
    assert gate.closed_until(0.0) == pytest.approx(seconds)
    assert opens(gate, 0.0) == pytest.approx(seconds)
    assert gate.refusals == 1


def test_one_refusal_is_not_twenty():
    """Those in flight when the gate closes do not close it again, and one looks when it opens."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.1)
    out = [gate.start(0.2) for _ in range(20)]
    for number, permit in enumerate(out):
        answer(gate, permit, 0.3 + number / 100, status=429)
    assert gate.refusals == 1
    assert opens(gate, 0.5) == pytest.approx(0.8)
    assert opens(gate, 0.8) <= 0.8
    gate.start(0.8)
    assert opens(gate, 0.8) > 0.8


def test_refusals_in_a_row_are_counted():
    """Each refusal after a closing counts, for the backoff; a success ends the row."""
    gate = RateLimitGate()
    now = 0.0
    for number in range(1, 4):
        answer(gate, gate.start(now), now, status=429)
        assert gate.refusals == number
        now = opens(gate, now)
    answer(gate, gate.start(now), now)
    assert gate.refusals == 0


def test_without_headers_the_number_in_flight_adapts():
    """A refusal halves what may be in flight; each round of successes allows one more."""

    def allowed(now: float) -> int:
        permits = []
        while opens(gate, now) <= now and len(permits) < 100:
            permits.append(gate.start(now))
        for permit in permits:
            gate.unused(permit)
        return len(permits)

    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.1)
    out = [gate.start(0.2) for _ in range(16)]
    answer(gate, out.pop(), 0.3, status=429)
    for permit in out:
        answer(gate, permit, 0.3)
    answer(gate, gate.start(1.0), 1.1)
    assert allowed(1.1) == 8
    for _ in range(9):
        answer(gate, gate.start(1.2), 1.3)
    assert allowed(1.3) == 9


def test_the_pace_when_others_are_at_work():
    """Where a window empties faster than we explain, a bulk fetch goes slowly, others at once."""
    gate = known(99, reset=60, limit=100)
    answer(gate, gate.start(1.0), 1.1, told(60, 59, limit=100))
    many = Waiting(0, 50)
    assert opens(gate, 1.2, many, background=True) > 1.2
    assert opens(gate, 1.2, Waiting(1, 50)) <= 1.2
    assert opens(gate, 1.2, Waiting(50, 0)) > 1.2


def test_the_last_of_a_window_is_not_taken_at_once():
    """A bulk fetch that needs more than there is leaves a little for whoever comes."""
    gate = known(2, reset=60)
    bulk = Waiting(0, 8)
    assert opens(gate, 0.2, bulk, background=True) <= 0.2
    answer(gate, gate.start(0.2), 0.3, told(1, 60))
    later = opens(gate, 0.3, bulk, background=True)
    assert later == pytest.approx(0.2 + 5)
    assert opens(gate, 0.3, Waiting(1, 8)) <= 0.3
    assert opens(gate, 0.3, Waiting(0, 1), background=True) <= 0.3
    assert opens(gate, later, bulk, background=True) <= later


def test_a_probe_that_comes_too_early():
    """A 429 before the latest end of the window is waited out until then, and no longer."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.4, told(19, 1))
    for _ in range(19):
        answer(gate, gate.start(0.4), 0.4, told(0, 1))
    early = opens(gate, 0.5)
    assert 1.0 < early < 1.4
    answer(gate, gate.start(early), early + 0.01, told(0, 1), status=429)
    assert opens(gate, early + 0.01) == pytest.approx(1.4)


def test_when_the_server_looked_is_learned():
    """The guess at when a window ends moves down while it holds, and up when it was too early."""
    gate = RateLimitGate()
    sent = 0.0
    for share in (0.5, 0.5, 0.25):
        answer(gate, gate.start(sent), sent + 0.4, told(0, 10, limit=1))
        begun, sent = sent, opens(gate, sent + 0.4)
        assert sent == pytest.approx(begun + share * 0.4 + 10.005)
    answer(gate, gate.start(sent), sent + 0.01, told(0, 1, limit=1), status=429)
    latest = opens(gate, sent + 0.01)
    assert latest == pytest.approx(begun + 10.4)
    answer(gate, gate.start(latest), latest + 0.4, told(0, 10, limit=1))
    # It lies between what was too early, a quarter or an eighth, and the answer.
    share = (opens(gate, latest + 0.4) - latest - 10.005) / 0.4
    assert share > 0.5


def test_a_refusal_without_a_past_is_waited_out_to_the_end():
    """A window that is used up when we come is not over before the last second that it names."""
    gate = RateLimitGate()
    answer(gate, gate.start(0.0), 0.4, told(0, 60), status=429)
    assert gate.closed_until(0.4) == pytest.approx(60.4)


def test_an_answer_of_long_ago():
    """What is told of a window that has ended long before this one says nothing of this one."""
    gate = RateLimitGate()
    late = gate.start(0.0)
    answer(gate, gate.start(0.1), 0.2, told(19, 60))
    answer(gate, late, 0.5, told(0, 1))
    assert gate.closed_until(0.5) is None


def test_a_request_between_two_windows_is_ours():
    """What was answered when no window was known is not taken for the requests of others."""
    gate = known(3, reset=1, limit=4)
    late = gate.start(0.9)
    at = 1.2
    probe = gate.start(at)
    answer(gate, late, at, told(3, 1, limit=4))
    answer(gate, probe, at + 0.01, told(2, 1, limit=4))
    assert opens(gate, at + 0.02, Waiting(0, 1), background=True) <= at + 0.02


def test_the_length_of_a_window_stands_in_for_its_reset():
    """Where only the policy tells of time, the window ends at most so much later."""
    gate = RateLimitGate()
    headers = RateLimitHeaders(limit=20, remaining=0, window=30.0)
    answer(gate, gate.start(0.0), 0.1, headers)
    until = gate.closed_until(0.1)
    assert until is not None
    assert 30 < until <= 30.1


@pytest.mark.parametrize("limit", [None, 1, 5])
def test_contradictions(limit: int | None):
    """More remaining than the limit, or no limit at all: what remains is gone by."""
    gate = known(19, limit=limit)
    for left in range(18, -1, -1):
        assert opens(gate, 0.2) <= 0.2
        answer(gate, gate.start(0.2), 0.2, told(left, 60, limit))
    assert gate.closed_until(0.2) is not None


def test_a_reset_in_the_past_does_not_stop_anything():
    """With a reset of 0 the window is over at once, and the next is looked into."""
    gate = known(0, reset=0)
    assert opens(gate, 0.1) <= 0.1


def test_an_absurd_reset_does_not_close_for_good():
    """A reset in a year is taken for an hour at most."""
    gate = known(0, reset=3e7)
    assert opens(gate, 0.1) <= 3601
