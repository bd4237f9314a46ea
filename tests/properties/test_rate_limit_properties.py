"""Whatever answers say and in whatever order they come, the gate keeps to it and goes on."""

import math

from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from multidict import CIMultiDict

from telnyx_orders.rate_limit import Permit, RateLimitGate, Waiting
from telnyx_orders.rate_limit_headers import RateLimitHeaders
from tests.rate_limit_simulation import Account

texts = st.one_of(
    st.text(max_size=12),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr),
    st.sampled_from(["100, 100;w=60", "limit=1, remaining=2, reset=3", '"a";r=1;t=2', "1e9"]),
)
NAMES = ["limit", "remaining", "reset"]
headers = st.dictionaries(
    st.sampled_from(
        [
            *(f"x-ratelimit-{one}" for one in NAMES),
            *(f"RateLimit-{one}" for one in NAMES),
            *("RateLimit", "RateLimit-Policy", "Retry-After", "Date"),
        ]
    ),
    texts,
)


@given(fields=headers, now=st.floats(0, 1e11))
@example(fields={"x-ratelimit-reset": "9" * 18}, now=0.0)
def test_any_header_gives_numbers_or_nothing(fields: dict[str, str], now: float) -> None:
    """Nothing in a header raises, and what comes of it can be reckoned with."""
    told = RateLimitHeaders.read(CIMultiDict(fields), now)
    assert told.limit is None or told.limit >= 1
    assert told.remaining is None or told.remaining >= 0
    for seconds in (told.reset, told.window, told.retry_after):
        assert seconds is None or 0 <= seconds < math.inf


class AnyServer(RuleBasedStateMachine):
    """A gate whose answers come from a server that says anything, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = RateLimitGate()
        self.now = 0.0
        self.out: list[Permit] = []

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(interactive=st.integers(0, 50), background=st.integers(0, 50))
    def go(self, interactive: int, background: int) -> None:
        waiting = Waiting(max(interactive, 1), background)
        at = self.gate.opens_at(self.now, waiting, background=interactive == 0)
        assert at == at  # not NaN
        if at <= self.now:
            self.out.append(self.gate.start(self.now))
        elif not self.out:
            # With nobody in flight whose answer could open it, it opens by itself.
            assert at <= self.now + 3600 + 1
            self.now = at
            assert self.gate.opens_at(at, waiting, background=interactive == 0) < at + 3601

    @precondition(lambda self: self.out)
    @rule(
        which=st.integers(0, 99),
        status=st.sampled_from([200, 200, 404, 429, 500, 502]),
        fields=headers,
    )
    def answer(self, which: int, status: int, fields: dict[str, str]) -> None:
        permit = self.out.pop(which % len(self.out))
        told = RateLimitHeaders.read(CIMultiDict(fields), self.now)
        self.gate.answered(permit, status, told, self.now, backoff=0.5)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 99), lost=st.booleans())
    def end(self, which: int, lost: bool) -> None:
        permit = self.out.pop(which % len(self.out))
        if lost:
            self.gate.lost(permit, self.now)
        else:
            self.gate.unused(permit)

    @invariant()
    def counts(self) -> None:
        assert self.gate.in_flight == len(self.out)

    def teardown(self) -> None:
        """Once the server answers soundly again, a request gets through within the hour."""
        for permit in self.out:
            self.gate.lost(permit, self.now)
        sound = RateLimitHeaders(limit=100, remaining=50, reset=60.0)
        for _ in range(10):
            at = self.gate.opens_at(self.now, Waiting(1, 0), background=False)
            assert at < math.inf
            self.now = max(self.now, at)
            if at <= self.now:
                self.gate.answered(self.gate.start(self.now), 200, sound, self.now, backoff=0.5)


class SoundServer(RuleBasedStateMachine):
    """A gate and an account of its own, with answers that come late and in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = RateLimitGate()
        self.now = 0.0
        # No limit falls: within the second by which the end of a window is unknown, nobody can tell
        # whether a smaller one holds already.
        self.account = Account([(1, 7.5), (3, 2.0), (5, 7.0), (8, 4.0), (12, 2.0), (40, 60.0)])
        self.coming: list[tuple[Permit, int, RateLimitHeaders]] = []

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        # Less than a probe is waited for, as long as an answer is under way.
        self.now += min(seconds, 0.4) if self.coming else seconds
        for one in [one for one in self.coming if self.now - one[0].sent > 0.4]:
            self.coming.remove(one)
            self.gate.answered(*one, self.now, backoff=0.5)

    @rule(background=st.integers(0, 30), most=st.integers(1, 50))
    def go(self, background: int, most: int) -> None:
        """Send what may go; the server sees it at once."""
        waiting = Waiting(0, background) if background else Waiting(1, 0)
        for _ in range(most):
            if self.gate.opens_at(self.now, waiting, background=background > 0) > self.now:
                break
            permit = self.gate.start(self.now)
            self.coming.append((permit, *self.account.answer(self.now)))

    @rule(background=st.booleans())
    def wait(self, background: bool) -> None:
        """Wait until one may go, as the gate says: never longer than the longest window."""
        waiting = Waiting(0, 30) if background else Waiting(1, 0)
        at = self.gate.opens_at(self.now, waiting, background=background)
        if not self.coming:
            assert at <= self.now + 61
            self.now = max(self.now, at)

    @precondition(lambda self: self.coming)
    @rule(which=st.integers(0, 99))
    def come(self, which: int) -> None:
        self.gate.answered(*self.coming.pop(which % len(self.coming)), self.now, backoff=0.5)

    @invariant()
    def no_more_than_told(self) -> None:
        assert self.account.answers[429] == 0


TestAnyServer = AnyServer.TestCase
TestSoundServer = SoundServer.TestCase
