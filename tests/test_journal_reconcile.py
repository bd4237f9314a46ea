"""What became of the orders that were left open: looked for in few listings, and recorded."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from telnyx_orders import (
    APIConnectionError,
    AuthenticationError,
    Intent,
    IntentState,
    NewOrder,
    OrderJournal,
    OrdersClient,
    PlacementOutcome,
    Reconciled,
    RetryPolicy,
)
from telnyx_orders.journal.reconcile import NEAR, windows
from telnyx_orders.sandbox import Drift, Fault, Faults, Sandbox
from tests.conftest import FakeTime, MakeClient
from tests.servers import KEY, page, serve

NUMBERS = [f"+1970555{number:04}" for number in range(50)]


@pytest.fixture
async def sandbox(fake_time: FakeTime) -> AsyncIterator[Sandbox]:
    """A sandbox whose clock is ours."""
    async with Sandbox(orders=100, clock=lambda: fake_time.now) as running:
        yield running


@pytest.fixture
async def journal(tmp_path: Path, fake_time: FakeTime) -> AsyncIterator[OrderJournal]:
    async with OrderJournal(tmp_path / "orders.db", clock=fake_time.clock()) as opened:
        yield opened


def now(fake_time: FakeTime) -> datetime:
    return datetime.fromtimestamp(fake_time.now, UTC)


async def leave_open(journal: OrderJournal, name: str, number: str, at: datetime) -> NewOrder:
    """Leave an order open whose request was given up at once."""
    order = NewOrder([number], customer_reference=name)
    await journal.sending(order, at)
    await journal.gave_up(name, at)
    return order


def placed(sandbox: Sandbox, order: NewOrder, at: datetime, **more: object) -> str:
    numbers = [{"phone_number": number, "id": number} for number in order.numbers]
    fields = {"customer_reference": order.customer_reference, **more}
    return sandbox.insert(phone_numbers=numbers, created_at=at, **fields)


async def state(journal: OrderJournal, order: NewOrder) -> IntentState:
    intent = await journal.recall(order)
    assert intent is not None
    return intent.state


async def test_nothing_open_asks_nothing(
    journal: OrderJournal, client: OrdersClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Without an open order there is no request."""
    assert await journal.reconcile(client) == ()
    order = NewOrder([NUMBERS[0]], customer_reference="sending")
    async with journal.hold("sending"):
        await journal.sending(order, now(fake_time))
        assert await journal.reconcile(client) == ()
    assert sandbox.counters.requests == 0


async def test_the_outcome_of_each(
    journal: OrderJournal, client: OrdersClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Of each open order it is said, and recorded, whether it is there; in the order of sending."""
    sent = now(fake_time)
    there = await leave_open(journal, "there", NUMBERS[0], sent)
    order_id = placed(sandbox, there, sent + timedelta(seconds=2))
    missing = await leave_open(journal, "missing", NUMBERS[1], sent + timedelta(seconds=1))
    taken = await leave_open(journal, "taken", NUMBERS[2], sent + timedelta(seconds=2))
    placed(sandbox, taken, sent + timedelta(seconds=3), customer_reference="another")
    fake_time.now += 63
    first, second, third = await journal.reconcile(client)
    assert first.order is not None
    assert (first.reference, first.outcome) == ("there", PlacementOutcome.FOUND)
    assert first.order.id == order_id
    assert second == Reconciled(
        reference="missing",
        outcome=PlacementOutcome.NOT_THERE,
        order=None,
        reason=second.reason,
    )
    assert "no such order was there" in second.reason
    assert (third.reference, third.outcome) == ("taken", PlacementOutcome.CANNOT_TELL)
    assert "under another reference" in third.reason
    assert await state(journal, there) is IntentState.PLACED
    assert await state(journal, missing) is IntentState.NOT_PLACED
    assert [one.reference for one in await journal.open_intents()] == ["taken"]


async def test_too_early(
    journal: OrderJournal, client: OrdersClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """That an order is not there is believed only when its request can no longer be under way."""
    order = await leave_open(journal, "job", NUMBERS[0], now(fake_time))
    fake_time.now += journal.settle - 1
    [early] = await journal.reconcile(client)
    assert early.outcome is PlacementOutcome.CANNOT_TELL
    assert "may still be under way" in early.reason
    placed(sandbox, order, now(fake_time))
    fake_time.now += 2
    [late] = await journal.reconcile(client)
    assert late.outcome is PlacementOutcome.FOUND


async def test_near_windows_are_one_listing(
    journal: OrderJournal, client: OrdersClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Orders sent about the same time are looked for in one listing; others in another."""
    sent = now(fake_time)
    for number in range(20):
        at = sent + timedelta(seconds=40 * number)
        await leave_open(journal, f"job-{number}", NUMBERS[number], at)
    await leave_open(journal, "late", NUMBERS[20], sent + timedelta(hours=5))
    fake_time.now += 6 * 3600
    outcomes = await journal.reconcile(client)
    assert {one.outcome for one in outcomes} == {PlacementOutcome.NOT_THERE}
    assert len(outcomes) == 21
    assert sandbox.counters.requests == 1 + 2


async def test_placed_twice_is_said(
    journal: OrderJournal, client: OrdersClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """An order that is there twice is found, and the reason says so."""
    order = await leave_open(journal, "job", NUMBERS[0], now(fake_time))
    for _ in range(2):
        placed(sandbox, order, now(fake_time))
    [one] = await journal.reconcile(client)
    assert one.outcome is PlacementOutcome.FOUND
    assert "it was placed 2 times" in one.reason


@pytest.mark.parametrize("ahead", [-300, 300])
async def test_by_the_clock_of_the_server(
    journal: OrderJournal, make_client: MakeClient, fake_time: FakeTime, ahead: int
) -> None:
    """Orders are looked for by the server's clock, however it differs from ours."""
    async with Sandbox(orders=10, clock=lambda: fake_time.now + ahead) as sandbox:
        client = make_client(base_url=sandbox.base_url)
        sent = now(fake_time)
        order = await leave_open(journal, "job", NUMBERS[0], sent)
        placed(sandbox, order, sent + timedelta(seconds=ahead))
        fake_time.now += 100
        [one] = await journal.reconcile(client)
    assert one.outcome is PlacementOutcome.FOUND


async def test_an_incomplete_listing(
    journal: OrderJournal, make_client: MakeClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Where the listing breaks off, what was read can be found, and nothing counts as missing."""
    sent = now(fake_time)
    for _ in range(300):
        sandbox.insert(created_at=sent)
    missing = await leave_open(journal, "missing", NUMBERS[0], sent)
    there = await leave_open(journal, "there", NUMBERS[1], sent)
    placed(sandbox, there, sent + timedelta(seconds=1))
    fake_time.now += 100
    sandbox.faults = Faults(script=[None, None, *[Fault.INTERNAL_ERROR] * 50])
    outcomes = await journal.reconcile(make_client())
    told = {one.reference: one for one in outcomes}
    assert told["there"].outcome is PlacementOutcome.FOUND
    assert told["missing"].outcome is PlacementOutcome.CANNOT_TELL
    assert "the listing was incomplete" in told["missing"].reason
    assert await state(journal, missing) is IntentState.OPEN


async def test_one_listing_fails(
    journal: OrderJournal, make_client: MakeClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Where one listing cannot be had, the orders of another are still told."""
    sent = now(fake_time)
    await leave_open(journal, "first", NUMBERS[0], sent)
    await leave_open(journal, "second", NUMBERS[1], sent + timedelta(hours=5))
    fake_time.now += 6 * 3600
    sandbox.faults = Faults(script=[None, Fault.INTERNAL_ERROR])
    client = make_client(retry=RetryPolicy(max_attempts=1))
    first, second = await journal.reconcile(client)
    assert first.outcome is PlacementOutcome.CANNOT_TELL
    assert "could not be listed: GET /number_orders answered 500" in first.reason
    assert second.outcome is PlacementOutcome.NOT_THERE


async def test_nothing_can_be_had(
    journal: OrderJournal, make_client: MakeClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Where not even the first answer comes, it is an error, and the orders stay open."""
    order = await leave_open(journal, "job", NUMBERS[0], now(fake_time))
    with pytest.raises(APIConnectionError):
        await journal.reconcile(make_client(base_url="http://127.0.0.1:9/v2"))
    with pytest.raises(AuthenticationError):
        async with OrdersClient("KEYwrong0123", base_url=sandbox.base_url) as client:
            await journal.reconcile(client)
    assert await state(journal, order) is IntentState.OPEN


async def test_rows_without_numbers_are_looked_at(
    journal: OrderJournal, make_client: MakeClient, fake_time: FakeTime
) -> None:
    """Where a listing leaves the numbers out, an order that may be the one is read by itself."""
    sent = now(fake_time)
    row = {"id": "order-1", "customer_reference": "job", "created_at": sent.isoformat()}
    whole = {**row, "phone_numbers": [{"phone_number": NUMBERS[0]}]}
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path.endswith("order-1"):
            return web.json_response({"data": whole})
        return page([row, {**row, "id": "order-2", "phone_numbers_count": 2}])

    await leave_open(journal, "job", NUMBERS[0], sent)
    fake_time.now += 100
    async with serve(answer) as url, OrdersClient(KEY, base_url=url, trust_env=False) as client:
        [one] = await journal.reconcile(client)
    assert one.outcome is PlacementOutcome.FOUND
    assert asked == ["/v2/number_orders"] * 2 + ["/v2/number_orders/order-1"]


@pytest.mark.parametrize("gives_up", [True, False])
async def test_what_is_sent_meanwhile_is_not_judged(
    journal: OrderJournal, fake_time: FakeTime, gives_up: bool
) -> None:
    """An order that is sent anew while it is looked for keeps standing as sent."""
    order = await leave_open(journal, "job", NUMBERS[0], now(fake_time))
    fake_time.now += 100

    async def answer(request: web.Request) -> web.Response:
        if "filter[created_at][gt]" in request.query:
            async with journal.hold("job"):
                await journal.recall(order)
                await journal.sending(order, now(fake_time))
                if gives_up:
                    await journal.gave_up("job", now(fake_time))
        return page([])

    async with serve(answer) as url, OrdersClient(KEY, base_url=url, trust_env=False) as client:
        [one] = await journal.reconcile(client)
    assert one.outcome is PlacementOutcome.CANNOT_TELL
    assert "the journal could not note it" in one.reason
    assert "may have been placed" in one.reason
    [intent] = await journal.open_intents()
    assert intent.attempts == 2


async def test_an_order_that_cannot_be_noted_is_given(
    journal: OrderJournal, make_client: MakeClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """That an order was found is said though the journal can no longer be written."""
    sent = now(fake_time)
    row = {
        "id": "order-1",
        "customer_reference": "job",
        "created_at": sent.isoformat(),
        "phone_numbers": [{"phone_number": NUMBERS[0]}],
    }

    async def answer(request: web.Request) -> web.Response:
        if "filter[created_at][gt]" in request.query:
            await journal.close()
        return page([row])

    await leave_open(journal, "job", NUMBERS[0], sent)
    async with serve(answer) as url, OrdersClient(KEY, base_url=url, trust_env=False) as client:
        [one] = await journal.reconcile(client)
    assert one.outcome is PlacementOutcome.FOUND
    assert one.order is not None
    assert "not open" in one.reason


async def test_cancelled(
    journal: OrderJournal, make_client: MakeClient, sandbox: Sandbox, fake_time: FakeTime
) -> None:
    """Reconciling that is cancelled at any turn leaves the journal as it was, or told."""
    sent = now(fake_time)
    order = await leave_open(journal, "job", NUMBERS[0], sent)
    placed(sandbox, order, sent)
    client = make_client()
    for turns in range(0, 120, 3):
        running = asyncio.ensure_future(journal.reconcile(client))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await journal.reconcile(client)
    assert await state(journal, order) is IntentState.PLACED


@pytest.mark.parametrize("drift", [None, Drift(insert=3, settle=2)])
async def test_many_in_a_moving_account(
    journal: OrderJournal, make_client: MakeClient, fake_time: FakeTime, drift: Drift | None
) -> None:
    """Of many open orders in an account that changes meanwhile, none is told wrongly."""
    sent = now(fake_time)
    async with Sandbox(orders=0, clock=lambda: fake_time.now) as sandbox:
        for _ in range(600):
            sandbox.insert(created_at=sent, customer_reference="else")
        orders = [await leave_open(journal, f"job-{n}", NUMBERS[n], sent) for n in range(30)]
        there = {order.customer_reference for order in orders[::2]}
        for order in orders[::2]:
            placed(sandbox, order, sent + timedelta(seconds=1))
        fake_time.now += 100
        sandbox.drift = drift
        outcomes = await journal.reconcile(make_client(base_url=sandbox.base_url))
    found = {one.reference for one in outcomes if one.outcome is PlacementOutcome.FOUND}
    missing = {one.reference for one in outcomes if one.outcome is PlacementOutcome.NOT_THERE}
    assert found <= there
    assert not missing & there
    if drift is None:
        assert (found, len(missing)) == (there, 15)


FIRST = datetime(2026, 2, 1, tzinfo=UTC)
INTENTS = st.lists(st.integers(0, 10_000), max_size=8).map(
    lambda seconds: [
        Intent(
            reference=str(number),
            order=NewOrder([NUMBERS[number]], customer_reference=str(number)),
            state=IntentState.OPEN,
            sent_at=FIRST + timedelta(seconds=second),
            given_up_at=FIRST + timedelta(seconds=second),
        )
        for number, second in enumerate(seconds)
    ]
)


@given(INTENTS, st.floats(0, 600), st.floats(-600, 600))
def test_windows(intents: list[Intent], settle: float, ahead: float) -> None:
    """Each order lies in the window that is read for it; two windows never lie near."""
    found = windows(intents, settle, ahead)
    assert sorted(one.reference for window in found for one in window.intents) == sorted(
        one.reference for one in intents
    )
    for window in found:
        for intent in window.intents:
            within = intent.sought(settle).created_within(ahead)
            assert within.gt is not None
            assert within.lt is not None
            assert window.gt <= within.gt < within.lt <= window.lt
    for one, two in pairwise(found):
        assert two.gt - one.lt > NEAR
