"""Whatever an account does while it is read, a fetch that is said to be complete is complete."""

import pytest
from attrs import define
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from telnyx_orders import IncompleteFetchError
from telnyx_orders.chain import Chain
from telnyx_orders.completeness import Completeness
from telnyx_orders.page_windows import PageRequest
from telnyx_orders.row_count import RowCount
from tests.listing import SORTED_BY, Account, Answer

LARGE = st.integers(0, 10**6)


class Fetching(RuleBasedStateMachine):
    """An account that changes between any two steps of a fetch, whose answers come in any order.

    A request is asked for, then served by the account as it is then, perhaps again (a retry after
    an answer that was lost), and delivered later.
    """

    course_type = Completeness

    @initialize(
        orders=st.integers(0, 40),
        size=st.integers(1, 12),
        larger=st.integers(0, 12),
        sorted_by=st.sampled_from(sorted(SORTED_BY)),
        status=st.sampled_from([None, "pending"]),
        skew=st.sampled_from([0.0, -4.0, 4.0]),
    )
    def begin(self, orders, size, larger, sorted_by, status, skew):
        self.account = Account(sorted_by, status, skew=skew)
        for number in range(orders):
            self.account.insert(age=3 + 4 * number, status="success" if number % 3 else "pending")
        self.course = self.course_type(size, size + larger, status is not None)
        self.asked: list[PageRequest] = []
        self.served: dict[int, Answer] = {}
        self.delivered = 0
        self.found: set[str] = set()
        self.throughout: set[str] = set()
        self.failed = False

    @rule(age=st.sampled_from([0.0, 0.0, 7.0, 100.0]), settled=st.booleans())
    def insert(self, age, settled):
        # Only in a listing whose order does not depend on it can an order appear with an age.
        late = 0.0 if self.account.sorted_by in ("newest", "oldest") else age
        if self.course.total_first is not None:
            late = 0.0
        self.account.insert(age=late, status="success" if settled else "pending")

    @precondition(lambda self: self.account.orders)
    @rule(position=LARGE)
    def remove(self, position):
        self.account.remove(position)
        self.throughout &= self.account.ids()

    @precondition(lambda self: self.account.orders)
    @rule(position=LARGE)
    def settle(self, position):
        self.account.settle(position)
        self.throughout &= self.account.ids()

    @rule(position=LARGE)
    def swap(self, position):
        """One goes as another comes: the total shows nothing."""
        if self.account.orders:
            self.remove(position)
        self.insert(0.0, False)

    @rule(seconds=st.sampled_from([0.3, 2.0, 9.0]))
    def wait(self, seconds):
        self.account.now += seconds

    @precondition(lambda self: not self.failed)
    @rule()
    def ask(self):
        request = self.course.next()
        if request is not None:
            self.asked.append(request)

    @precondition(lambda self: self.asked)
    @rule(which=LARGE)
    def serve(self, which):
        which %= len(self.asked)
        request = self.asked[which]
        self.served[which] = self.account.read(request.number, request.size)
        if not self.delivered:
            self.throughout = self.account.ids()

    @precondition(lambda self: self.served)
    @rule(which=LARGE)
    def deliver(self, which):
        which = sorted(self.served)[which % len(self.served)]
        answer, request = self.served.pop(which), self.asked.pop(which)
        self.served = {at - (at > which): one for at, one in self.served.items()}
        self.delivered += 1
        try:
            fresh = self.course.read(request, answer.rows, answer.meta, answer.date)
        except IncompleteFetchError:
            self.failed = True
            return
        ids = [row.id for row in fresh]
        assert len(ids) == len(set(ids))
        assert not self.found & set(ids), "an order came twice"
        self.found |= set(ids)

    @rule(pages=st.integers(1, 6), between=st.lists(st.integers(0, 3), max_size=4), at=LARGE)
    def fetch_on(self, pages, between, at):
        """Read some pages with changes in between, which single steps would hardly get to."""
        for number in range(pages):
            if not self.failed:
                self.ask()
            if self.asked:
                self.serve(at + number)
                for change in between:
                    self.change(change, at)
                self.deliver(0)

    def change(self, change, at):
        match change:
            case 0:
                self.insert(0.0, False)
            case 1 if self.account.orders:
                self.remove(at)
            case 2 if self.account.orders:
                self.settle(at)
            case _:
                self.swap(at)

    @invariant()
    def nothing_is_missing(self):
        if hasattr(self, "course") and self.course.proof is not None:
            missing = self.throughout - self.found
            assert not missing, f"proven by {self.course.proof}, and {len(missing)} are missing"

    def teardown(self):
        """Let the account stand still, and the fetch come to its end."""
        if not hasattr(self, "course"):
            return
        for _ in range(2000):
            if self.failed or not (self.asked or self.course.left):
                break
            self.ask()
            if self.asked:
                self.serve(0)
                self.deliver(0)
        self.nothing_is_missing()
        if not self.failed:
            try:
                self.course.finish()
            except IncompleteFetchError as error:
                assert error.reason  # noqa: PT017  # every other outcome is a proof
            else:
                assert self.course.proof


STEPS = settings(
    max_examples=10 * settings().max_examples,
    stateful_step_count=60,
    suppress_health_check=list(HealthCheck),
)


def test_a_proof_is_never_wrong():
    """Whenever the verdict is complete, no order that was there throughout is missing."""
    run_state_machine_as_test(Fetching, settings=STEPS)


@given(
    ages=st.lists(st.integers(0, 400), unique=True, max_size=120),
    # Smaller ones all divide some numbers, and none of them reaches across those.
    size=st.integers(8, 20),
    larger=st.integers(0, 12),
    sorted_by=st.sampled_from(sorted(SORTED_BY)),
    skew=st.sampled_from([0.0, -4.0, 4.0]),
)
@example(ages=list(range(40)), size=10, larger=0, sorted_by="newest", skew=0.0)
@example(ages=list(range(70)), size=8, larger=0, sorted_by="oldest", skew=0.0)
def test_what_stands_still_is_proven(ages, size, larger, sorted_by, skew):
    """However new the orders of an account are: where nothing comes or goes there is a proof."""
    account = Account(sorted_by, None, skew=skew)
    for age in ages:
        account.insert(age=age / 10)
    course = Completeness(size, size + larger)
    found = []
    while (request := course.next()) is not None:
        answer = account.read(request.number, request.size)
        found += course.read(request, answer.rows, answer.meta, answer.date)
    course.finish()
    assert {order.id for order in found} == account.ids()
    assert course.proof


class BelievingCount(RowCount):
    """Counts every order as one that was there at the start."""

    def was_there(self, row):
        return True


class BelievingChain(Chain):
    """Takes pages that follow each other for joined."""

    def gaps(self):
        return [gap for gap in super().gaps() if gap.at_end]


@define
class WithBelievingCount(Completeness):
    def _begin(self, rows, meta, date):
        super()._begin(rows, meta, date)
        self._count = BelievingCount(meta.total_results, date, self.filter_may_change)


@define
class WithBelievingChain(Completeness):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self._chain = BelievingChain(lenient=self.filter_may_change)


@pytest.mark.parametrize("course", [WithBelievingCount, WithBelievingChain])
def test_a_wrong_proof_is_found(course):
    """The same search finds a mistake that is planted in either proof."""
    planted = type("Planted", (Fetching,), {"course_type": course})
    thorough = settings(
        STEPS,
        max_examples=2000,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError, match="are missing"):
        run_state_machine_as_test(planted, settings=thorough)
