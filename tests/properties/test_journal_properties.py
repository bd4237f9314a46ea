"""The journal against a model of it: two on one file, called in any sequence."""

import asyncio
import tempfile
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import define, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from telnyx_orders import (
    Intent,
    IntentState,
    JournalConflictError,
    JournalError,
    NewOrder,
    NumberOrder,
    OrderInProgressError,
    OrderJournal,
)
from tests.conftest import FakeTime

T = TypeVar("T")

JOURNALS = st.integers(0, 1)
REFERENCES = st.sampled_from(["a", "b"])
ORDERS = {
    (reference, variant): NewOrder([f"+1970555000{variant}"], customer_reference=reference)
    for reference in "ab"
    for variant in (0, 1)
}
VARIANTS = st.sampled_from([0, 0, 0, 1])


@define
class Row:
    """What the model knows of an order."""

    order: NewOrder
    sent: datetime
    owner: int | None
    state: IntentState = IntentState.OPEN
    attempts: int = 1
    given_up: datetime = field(init=False)
    ended: datetime | None = None
    placed: str | None = None

    def __attrs_post_init__(self) -> None:
        self.given_up = self.sent

    def give_back(self, moment: datetime) -> None:
        self.owner = None
        self.given_up = max(moment, self.given_up)

    def end(self, state: IntentState, moment: datetime) -> None:
        self.state, self.ended, self.owner = state, moment, None


async def fails(error: type[JournalError], doing: Awaitable[object]) -> None:
    with pytest.raises(error) as caught:
        await doing
    assert type(caught.value) is error


class JournalMachine(RuleBasedStateMachine):
    """Two journals on one file and, in plain words, what they must do."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.time = FakeTime()
        path = Path(self.folder.name) / "orders.db"
        self.journals = [OrderJournal(path, clock=self.time.clock()) for _ in range(2)]
        for journal in self.journals:
            self.run(journal.open())
        self.rows: dict[str, Row] = {}
        self.let_go: list[dict[str, datetime]] = [{}, {}]

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            for journal in self.journals:
                self.run(journal.close())
            self.loop.close()
            self.folder.cleanup()

    def run(self, doing: Awaitable[T]) -> T:
        async def do() -> T:
            return await doing

        return self.loop.run(do())

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time.now, UTC)

    def refusal(self, who: int, row: Row | None, recalled: bool) -> type[JournalError] | None:
        """Why who may neither send nor judge an order, if so."""
        if row is None:
            return None
        if row.state is IntentState.PLACED:
            return JournalError
        if row.state is IntentState.OPEN and row.owner != who:
            if row.owner is not None:
                return OrderInProgressError
            return None if recalled else JournalError
        return None

    async def recall(self, who: int, order: NewOrder) -> None:
        """Recall an order within a hold, and compare what is said of it."""
        reference = str(order.customer_reference)
        row = self.rows.get(reference)
        journal = self.journals[who]
        if row is not None and row.order != order:
            await fails(JournalConflictError, journal.recall(order))
        elif row is not None and row.owner not in (None, who):
            await fails(OrderInProgressError, journal.recall(order))
        else:
            moment = self.let_go[who].pop(reference, None)
            if row is not None and row.owner == who and moment is not None:
                row.give_back(moment)
            self.same(await journal.recall(order), row)

    def same(self, intent: Intent | None, row: Row | None) -> None:
        assert (intent is None) == (row is None)
        if intent is not None and row is not None:
            assert intent.order == row.order
            assert intent.state is row.state
            assert (intent.sent_at, intent.attempts) == (row.sent, row.attempts)
            assert intent.given_up_at == row.given_up
            assert (intent.placed and intent.placed.id) == row.placed

    @rule(who=JOURNALS, reference=REFERENCES, variant=VARIANTS)
    def look(self, who: int, reference: str, variant: int) -> None:
        self.run(self.recall(who, ORDERS[reference, variant]))

    @rule(
        who=JOURNALS,
        reference=REFERENCES,
        variant=VARIANTS,
        recalls=st.booleans(),
        then=st.sampled_from(["placed", "not placed", "given up", "nothing"]),
    )
    def send(self, who: int, reference: str, variant: int, recalls: bool, then: str) -> None:
        self.run(self.send_in_hold(who, ORDERS[reference, variant], recalls, then))

    async def send_in_hold(self, who: int, order: NewOrder, recalls: bool, then: str) -> None:
        journal, reference = self.journals[who], str(order.customer_reference)
        async with journal.hold(reference):
            if recalls:
                await self.recall(who, order)
            row = self.rows.get(reference)
            refusal = self.refusal(who, row, recalls)
            if row is not None and row.order != order:
                refusal = JournalConflictError
            self.let_go[who].pop(reference, None)
            if refusal is not None:
                await fails(refusal, journal.sending(order, self.now))
                return
            await journal.sending(order, self.now)
            self.sent(who, reference, order)
            await self.ends(who, reference, then)
        if then == "nothing":
            self.let_go[who][reference] = self.now

    def sent(self, who: int, reference: str, order: NewOrder) -> None:
        row = self.rows.get(reference)
        if row is None:
            self.rows[reference] = Row(order, self.now, who)
            return
        if row.state is not IntentState.OPEN:
            row.sent = row.given_up = self.now
        row.state, row.owner, row.ended = IntentState.OPEN, who, None
        row.given_up = max(row.given_up, self.now)
        row.attempts += 1

    async def ends(self, who: int, reference: str, then: str) -> None:
        journal, row = self.journals[who], self.rows[reference]
        self.time.now += 1
        match then:
            case "placed":
                await journal.placed(reference, NumberOrder(id="placed"))
                row.end(IntentState.PLACED, self.now)
                row.placed = "placed"
            case "not placed":
                await journal.not_placed(reference, "refused")
                row.end(IntentState.NOT_PLACED, self.now)
            case "given up":
                await journal.gave_up(reference, self.now)
                row.give_back(self.now)

    @rule(who=JOURNALS, reference=REFERENCES, recalls=st.booleans())
    def judge(self, who: int, reference: str, recalls: bool) -> None:
        self.run(self.judge_in_hold(who, reference, recalls))

    async def judge_in_hold(self, who: int, reference: str, recalls: bool) -> None:
        journal, row = self.journals[who], self.rows.get(reference)
        async with journal.hold(reference):
            if recalls and row is not None:
                await self.recall(who, row.order)
            refusal = JournalError if row is None else self.refusal(who, row, recalls)
            if refusal is not None or row is None:
                await fails(refusal or JournalError, journal.not_placed(reference, "not there"))
                return
            await journal.not_placed(reference, "not there")
            row.end(IntentState.NOT_PLACED, self.now)
            self.let_go[who].pop(reference, None)

    @rule(who=JOURNALS, reference=REFERENCES, number=st.sampled_from(["placed", "another"]))
    def find(self, who: int, reference: str, number: str) -> None:
        journal, row = self.journals[who], self.rows.get(reference)
        placing = journal.placed(reference, NumberOrder(id=number))
        if row is None or row.placed not in (None, number):
            self.run(fails(JournalError, placing))
            return
        self.run(placing)
        row.end(IntentState.PLACED, self.now)
        row.placed = number
        self.let_go[who].pop(reference, None)

    @rule(who=JOURNALS, reference=REFERENCES, ago=st.integers(0, 20))
    def give_up(self, who: int, reference: str, ago: int) -> None:
        journal, row = self.journals[who], self.rows.get(reference)
        moment = self.now - timedelta(seconds=ago)
        if row is None:
            self.run(fails(JournalError, journal.gave_up(reference, moment)))
            return
        self.run(journal.gave_up(reference, moment))
        self.let_go[who].pop(reference, None)
        if row.state is IntentState.OPEN and row.owner in (None, who):
            row.give_back(moment)

    @rule(who=JOURNALS)
    def list_open(self, who: int) -> None:
        for reference, moment in self.let_go[who].items():
            row = self.rows.get(reference)
            if row is not None and row.owner == who:
                row.give_back(moment)
        left = [
            (row.sent, reference)
            for reference, row in self.rows.items()
            if row.state is IntentState.OPEN and row.owner is None
        ]
        intents = self.run(self.journals[who].open_intents())
        assert [(intent.sent_at, intent.reference) for intent in intents] == sorted(left)
        for intent in intents:
            self.same(intent, self.rows[intent.reference])

    @rule(who=JOURNALS, ago=st.integers(0, 20))
    def forget(self, who: int, ago: int) -> None:
        moment = self.now - timedelta(seconds=ago)
        old = [
            reference
            for reference, row in self.rows.items()
            if row.ended is not None and row.ended < moment
        ]
        assert self.run(self.journals[who].forget_before(moment)) == len(old)
        for reference in old:
            del self.rows[reference]

    @rule(who=JOURNALS)
    def reopen(self, who: int) -> None:
        self.run(self.journals[who].close())
        for row in self.rows.values():
            if row.owner == who:
                row.give_back(self.now)
        self.run(self.journals[who].open())

    @rule(seconds=st.integers(1, 10))
    def wait(self, seconds: int) -> None:
        self.time.now += seconds


TestJournal = JournalMachine.TestCase
# Each of its steps is synced to the disk.
TestJournal.settings = settings(max_examples=min(settings().max_examples, 400))
