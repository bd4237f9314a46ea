"""The journal of orders: what it remembers, and what it keeps from being sent."""

import asyncio
import json
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telnyx_orders import (
    Clock,
    ConfigurationError,
    Intent,
    IntentState,
    JournalConflictError,
    JournalError,
    NewOrder,
    NumberOrder,
    OrderedNumber,
    OrderInProgressError,
    OrderJournal,
)
from tests.conftest import FakeTime, no_task_left, until

NUMBER, OTHER = "+19705555000", "+19705555001"
ORDER = NewOrder([NUMBER, OTHER], customer_reference="job-17")
PLACED = NumberOrder(
    id="12ade33a-21c0-473b-b055-b3c836e1c292", created_at=datetime(2026, 2, 1, tzinfo=UTC)
)
MOMENT = datetime(2026, 2, 1, 12, tzinfo=UTC)
LATER = MOMENT + timedelta(seconds=5)

MakeJournal = Callable[[], OrderJournal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def make_journal(path: Path, fake_time: FakeTime) -> MakeJournal:
    return lambda: OrderJournal(path, clock=fake_time.clock())


@pytest.fixture
async def journal(make_journal: MakeJournal) -> AsyncIterator[OrderJournal]:
    async with make_journal() as opened:
        yield opened


@pytest.fixture
async def other(make_journal: MakeJournal, journal: OrderJournal) -> AsyncIterator[OrderJournal]:
    """Another journal on the same file, as another process would have."""
    async with make_journal() as opened:
        yield opened


def rows(path: Path) -> list[dict[str, object]]:
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM intents")]
    connection.close()
    return found


def moment_of(fake_time: FakeTime) -> datetime:
    return datetime.fromtimestamp(fake_time.now, UTC)


async def test_what_is_sent_is_known_as_open(journal: OrderJournal) -> None:
    """An order that was about to be sent is open from then on; before it is not known."""
    assert await journal.recall(ORDER) is None
    await journal.sending(ORDER, MOMENT)
    assert await journal.recall(ORDER) == Intent(
        reference="job-17",
        order=ORDER,
        state=IntentState.OPEN,
        sent_at=MOMENT,
        given_up_at=MOMENT,
    )


async def test_what_was_placed_is_given_whole(
    journal: OrderJournal, make_journal: MakeJournal
) -> None:
    """An order that was placed is given again by another journal, later, with all its fields."""
    order = NewOrder(
        [OrderedNumber(NUMBER, requirement_group_id="rg", bundle_id="b")],
        connection_id="c",
        messaging_profile_id="m",
        billing_group_id="g",
        customer_reference="Größe\n\0'\"",
    )
    await journal.sending(order, MOMENT)
    await journal.placed("Größe\n\0'\"", PLACED)
    await journal.close()
    async with make_journal() as again:
        intent = await again.recall(order)
    assert intent is not None
    assert (intent.state, intent.placed, intent.order) == (IntentState.PLACED, PLACED, order)


async def test_what_was_not_placed_can_be_sent_again(journal: OrderJournal) -> None:
    """An order that was not placed says why, and is sent again as if for the first time."""
    await journal.sending(ORDER, MOMENT)
    await journal.not_placed("job-17", "the API refused it")
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert (intent.state, intent.reason) == (IntentState.NOT_PLACED, "the API refused it")
    await journal.sending(ORDER, LATER)
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert (intent.state, intent.sent_at, intent.attempts) == (IntentState.OPEN, LATER, 2)
    assert intent.reason is None


async def test_sent_again_while_open_it_may_date_from_the_first_attempt(
    journal: OrderJournal,
) -> None:
    """Several attempts of one order are looked for from the first of them on."""
    await journal.sending(ORDER, MOMENT)
    await journal.sending(ORDER, LATER)
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert (intent.sent_at, intent.given_up_at, intent.attempts) == (MOMENT, LATER, 2)


async def test_given_up(journal: OrderJournal) -> None:
    """An order that was given up stays open, and is looked for as one that may still settle."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", LATER)
    [intent] = await journal.open_intents()
    assert (intent.state, intent.given_up_at) == (IntentState.OPEN, LATER)
    assert intent.sought(60).settled_at == LATER + timedelta(seconds=60)
    await journal.gave_up("job-17", MOMENT)
    [intent] = await journal.open_intents()
    assert intent.given_up_at == LATER


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (NewOrder([NUMBER], customer_reference="job-17"), "phone_numbers"),
        (
            NewOrder([OrderedNumber(NUMBER, bundle_id="b"), OTHER], customer_reference="job-17"),
            "requirement_group_id or bundle_id of phone_numbers",
        ),
        (
            NewOrder([NUMBER, OTHER], connection_id="c", customer_reference="job-17"),
            "connection_id",
        ),
        (
            NewOrder(
                [NUMBER, OTHER],
                messaging_profile_id="m",
                billing_group_id="b",
                customer_reference="job-17",
            ),
            "messaging_profile_id, billing_group_id",
        ),
    ],
)
async def test_another_order_under_the_reference(
    journal: OrderJournal, changed: NewOrder, named: str
) -> None:
    """A reference that is known for another order is an error that names what differs."""
    await journal.sending(ORDER, MOMENT)
    for call in (journal.recall(changed), journal.sending(changed, MOMENT)):
        with pytest.raises(JournalConflictError, match=f"differs in {named}. Nothing"):
            await call


async def test_the_sequence_of_numbers_is_no_difference(journal: OrderJournal) -> None:
    """The same numbers in another sequence are the same order."""
    await journal.sending(ORDER, MOMENT)
    assert await journal.recall(NewOrder([OTHER, NUMBER], customer_reference="job-17"))


async def test_what_another_sends_is_in_progress(
    journal: OrderJournal, other: OrderJournal
) -> None:
    """What a living journal sends, no other may send, judge or see as open."""
    await journal.sending(ORDER, MOMENT)
    for call in (
        other.recall(ORDER),
        other.sending(ORDER, LATER),
        other.not_placed("job-17", "not there"),
    ):
        with pytest.raises(OrderInProgressError, match="'job-17'"):
            await call
    await other.gave_up("job-17", LATER)
    assert await other.open_intents() == await journal.open_intents() == []
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert intent.given_up_at == MOMENT


async def test_what_another_has_placed_is_not_sent(
    journal: OrderJournal, other: OrderJournal
) -> None:
    """Placed between recalling and sending by another, an order is not sent."""
    assert await other.recall(ORDER) is None
    await journal.sending(ORDER, MOMENT)
    await journal.placed("job-17", PLACED)
    with pytest.raises(JournalError, match="was placed meanwhile"):
        await other.sending(ORDER, LATER)
    intent = await other.recall(ORDER)
    assert intent is not None
    assert intent.placed == PLACED


async def test_an_open_order_is_not_sent_unseen(journal: OrderJournal, other: OrderJournal) -> None:
    """What was given up is sent again only by who has recalled it since, to look it up."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", LATER)
    with pytest.raises(JournalError, match="may have been placed; it was not looked up since"):
        await other.sending(ORDER, LATER)
    async with other.hold("job-17"):
        await other.recall(ORDER)
        await other.sending(ORDER, LATER)
        with pytest.raises(OrderInProgressError):
            await journal.recall(ORDER)


async def test_who_has_looked_at_the_account_may_say_so(journal: OrderJournal) -> None:
    """Outside of a `hold`, what is said is of the order as it is open now."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", LATER)
    await journal.not_placed("job-17", "I looked")
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert (intent.state, intent.reason) == (IntentState.NOT_PLACED, "I looked")
    await journal.sending(ORDER, LATER)


async def test_a_journal_that_cannot_be_written_any_more(tmp_path: Path) -> None:
    """Closing it hides nothing; what it was sending is found as that of a process that died."""
    resource = pytest.importorskip("resource", reason="Windows bounds no files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(KeyError, match="what became of it"):
            async with OrderJournal(tmp_path / "orders.db") as journal:
                await journal.sending(ORDER, MOMENT, longest=40)
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
                raise KeyError("what became of it")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    async with OrderJournal(tmp_path / "orders.db") as journal:
        [intent] = await journal.open_intents()
        assert intent.given_up_at == MOMENT + timedelta(seconds=40)


async def test_a_second_name(tmp_path: Path) -> None:
    """Under a hard link nobody would see who uses the journal."""
    async with OrderJournal(tmp_path / "orders.db"):
        pass
    (tmp_path / "other.db").hardlink_to(tmp_path / "orders.db")
    with pytest.raises(JournalError, match="another name by a hard link"):
        await OrderJournal(tmp_path / "other.db").open()


async def test_a_judgement_is_about_one_attempt(journal: OrderJournal, other: OrderJournal) -> None:
    """That an order is not there says nothing of what another journal has sent since."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", MOMENT)
    async with other.hold("job-17"), journal.hold("job-17"):
        await other.recall(ORDER)
        await journal.recall(ORDER)
        await journal.not_placed("job-17", "not there")
        await journal.sending(ORDER, LATER)
        await journal.gave_up("job-17", LATER)
        for call in (other.not_placed("job-17", "not there"), other.sending(ORDER, LATER)):
            with pytest.raises(JournalError, match="not looked up since"):
                await call


async def test_who_only_looks_does_not_judge(journal: OrderJournal, other: OrderJournal) -> None:
    """A look at an order by another task does not renew what its holder has recalled."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", MOMENT)
    async with journal.hold("job-17"):
        await journal.recall(ORDER)
        async with other.hold("job-17"):
            await other.recall(ORDER)
            await other.sending(ORDER, LATER)
            await other.gave_up("job-17", LATER)
        assert await asyncio.create_task(journal.recall(ORDER)) is not None
        with pytest.raises(JournalError, match="not looked up since"):
            await journal.not_placed("job-17", "not there")


async def test_a_judgement_ends_with_its_hold(journal: OrderJournal) -> None:
    """What was recalled within one hold does not allow to send in another."""
    await journal.sending(ORDER, MOMENT)
    await journal.gave_up("job-17", MOMENT)
    async with journal.hold("job-17"):
        await journal.recall(ORDER)
    with pytest.raises(JournalError, match="not looked up since"):
        await journal.sending(ORDER, LATER)


async def test_placed_twice(journal: OrderJournal) -> None:
    """An order that is known under two ids is an error that names both; the first is kept."""
    await journal.sending(ORDER, MOMENT)
    await journal.placed("job-17", PLACED)
    await journal.placed("job-17", NumberOrder(id=PLACED.id, phone_numbers_count=2))
    with pytest.raises(JournalError, match=f"twice: {PLACED.id} and another"):
        await journal.placed("job-17", NumberOrder(id="another"))
    with pytest.raises(JournalError, match="was placed meanwhile"):
        await journal.not_placed("job-17", "not there")
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert intent.placed == NumberOrder(id=PLACED.id, phone_numbers_count=2)


async def test_closing_gives_back(
    journal: OrderJournal, other: OrderJournal, fake_time: FakeTime
) -> None:
    """What is being sent by a journal that is closed counts as given up then."""
    sent = moment_of(fake_time)
    await journal.sending(ORDER, sent)
    fake_time.now += 7
    await journal.close()
    [intent] = await other.open_intents()
    assert intent.given_up_at == sent + timedelta(seconds=7)


async def test_let_go_without_a_record(journal: OrderJournal, fake_time: FakeTime) -> None:
    """An order whose end could not be recorded counts as given up when it was let go."""
    sent = moment_of(fake_time)
    for attempts in (1, 2):
        async with journal.hold("job-17"):
            await journal.recall(ORDER)
            await journal.sending(ORDER, sent)
            fake_time.now += 3
            assert await journal.open_intents() == []
        let_go = moment_of(fake_time)
        fake_time.now += 100
        [intent] = await journal.open_intents()
        assert (intent.attempts, intent.given_up_at) == (attempts, let_go)
    async with journal.hold("job-17"):
        assert await journal.recall(ORDER) == intent


async def test_recalled_after_it_was_let_go(journal: OrderJournal, fake_time: FakeTime) -> None:
    """Recalled again, such an order is looked for as given up when it was let go."""
    async with journal.hold("job-17"):
        await journal.sending(ORDER, moment_of(fake_time))
        fake_time.now += 3
    let_go = moment_of(fake_time)
    fake_time.now += 100
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert intent.given_up_at == let_go


async def test_forgetting(journal: OrderJournal, fake_time: FakeTime) -> None:
    """Ended orders older than a time are removed; open ones and later ones stay."""
    for name in ("placed", "refused", "open"):
        await journal.sending(NewOrder([NUMBER], customer_reference=name), MOMENT)
    await journal.placed("placed", PLACED)
    await journal.not_placed("refused", "no")
    now = moment_of(fake_time)
    assert await journal.forget_before(now) == 0
    assert await journal.forget_before(now + timedelta(seconds=1)) == 2
    assert await journal.recall(NewOrder([NUMBER], customer_reference="placed")) is None
    assert await journal.recall(NewOrder([NUMBER], customer_reference="open")) is not None
    with pytest.raises(JournalError, match="has no order 'placed': it was forgotten"):
        await journal.gave_up("placed", MOMENT)


async def test_open_intents_come_oldest_first(journal: OrderJournal) -> None:
    """Open orders are given in the order in which they were sent."""
    for number, sent in enumerate((LATER, MOMENT)):
        await journal.sending(NewOrder([NUMBER], customer_reference=str(number)), sent)
        await journal.gave_up(str(number), LATER)
    assert [intent.reference for intent in await journal.open_intents()] == ["1", "0"]


async def test_one_at_a_time_holds_a_reference(journal: OrderJournal) -> None:
    """Who waits for a reference gets it in turn; another reference is free; nothing is left."""
    entered: list[str] = []
    free = asyncio.Event()

    async def hold(reference: str, name: str) -> None:
        async with journal.hold(reference):
            entered.append(name)
            await free.wait()

    async with no_task_left(), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(hold("a", "first")),
            group.create_task(hold("a", "cancelled")),
            group.create_task(hold("a", "third")),
            group.create_task(hold("b", "other")),
        ]
        await until(lambda: len(entered) == 2)
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        assert entered == ["first", "other"]
        free.set()
    assert entered == ["first", "other", "third"]


async def test_cancelled_before_it_was_sent(journal: OrderJournal, other: OrderJournal) -> None:
    """Cancelled while it is being recorded, at whatever moment, an order counts as not sent."""
    for turns in range(12):
        order = NewOrder([NUMBER], customer_reference=f"after {turns}")
        sending = asyncio.ensure_future(journal.sending(order, MOMENT))
        for _ in range(turns):
            await asyncio.sleep(0)
        sending.cancel()
        [result] = await asyncio.gather(sending, return_exceptions=True)
        intent = await journal.recall(order)
        if isinstance(result, asyncio.CancelledError):
            assert intent is None or intent.reason == "it was cancelled before it was sent"
            await other.sending(order, LATER)
        else:
            assert intent is not None
            assert intent.state is IntentState.OPEN


async def test_a_write_outlives_who_waits_for_it(journal: OrderJournal) -> None:
    """What was to be recorded is recorded, though whoever waits for it is cancelled at once."""
    await journal.sending(ORDER, MOMENT)
    writing = asyncio.ensure_future(journal.placed("job-17", PLACED))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    intent = await journal.recall(ORDER)
    assert intent is not None
    assert intent.placed == PLACED


async def test_cancelled_while_it_opens(make_journal: MakeJournal, path: Path) -> None:
    """A journal that was cancelled while it opened is closed, leaves no owner and opens again."""
    for turns in range(8):
        journal = make_journal()
        opening = asyncio.ensure_future(journal.open())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await journal.close()
    async with journal:
        await until(lambda: len(list(path.parent.glob("*-owner-*"))) == 1)


async def test_not_open(make_journal: MakeJournal) -> None:
    """A journal that is not open says how to open it, before, after and again."""
    journal = make_journal()
    await journal.close()
    for _ in range(2):
        with pytest.raises(JournalError, match="not open: use it in `async with OrderJournal"):
            await journal.recall(ORDER)
        async with journal:
            assert await journal.open_intents() == []
            with pytest.raises(JournalError, match="open already"):
                await journal.open()
        await journal.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": ""}, "path: expected the path of a file, got ''"),
        ({"path": 7}, "path: expected"),
        ({"path": b"x"}, "path: expected"),
        ({"settle": -1}, "settle: expected 0 seconds or more"),
        ({"settle": float("inf")}, "settle: expected 0 seconds or more"),
        ({"settle": "60"}, "settle: expected seconds"),
        ({"settle": True}, "settle: expected seconds"),
        ({"clock": 7}, "clock: expected a Clock"),
    ],
)
def test_bad_settings(arguments: dict[str, object], message: str) -> None:
    """A setting that cannot be used is an error when the journal is made."""
    with pytest.raises(ConfigurationError, match=message):
        OrderJournal(**{"path": "orders.db", **arguments})  # type: ignore[arg-type]


async def test_bad_arguments(journal: OrderJournal) -> None:
    """An order without a reference and a time without a zone are refused before anything else."""
    nameless = NewOrder([NUMBER])
    for call in (journal.recall(nameless), journal.sending(nameless, MOMENT)):
        with pytest.raises(ValueError, match="it has no customer_reference"):
            await call
    with pytest.raises(TypeError, match="expected a NewOrder, got dict"):
        await journal.recall({})  # type: ignore[arg-type]
    naive = MOMENT.replace(tzinfo=None)
    for call in (
        journal.sending(ORDER, naive),
        journal.gave_up("job-17", naive),
        journal.forget_before(naive),  # type: ignore[list-item]
    ):
        with pytest.raises(ValueError, match="expected an aware datetime, got the naive"):
            await call
    with pytest.raises(TypeError, match="moment: expected an aware datetime, got 7"):
        await journal.gave_up("job-17", 7)  # type: ignore[arg-type]


def test_nothing_is_made_before_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a journal touches no file, and its path no longer depends on where the process is."""
    monkeypatch.chdir(path.parent)
    journal = OrderJournal("orders.db", settle=5)
    monkeypatch.chdir("/")
    assert (journal.settle, journal.path) == (5.0, path)
    assert not list(path.parent.iterdir())
    assert repr(journal) == f"<OrderJournal {journal.path} closed>"


async def test_the_file_is_private(journal: OrderJournal, path: Path) -> None:
    """Nobody but its user can read the journal and the files beside it."""
    await journal.sending(ORDER, MOMENT)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {name.partition("-owner-")[0] for name in modes} == {
        "orders.db",
        "orders.db-wal",
        "orders.db-shm",
    }
    assert set(modes.values()) == {0o600}


async def test_a_closed_journal_is_one_file(journal: OrderJournal, path: Path) -> None:
    """Closed by the last who uses it, the journal leaves nothing beside its file."""
    await journal.sending(ORDER, MOMENT)
    await journal.close()
    assert list(path.parent.iterdir()) == [path]


async def test_the_file_can_be_read(journal: OrderJournal, path: Path) -> None:
    """The file says in plain words what is known, with times in UTC."""
    there = MOMENT.astimezone(datetime.fromisoformat("2026-01-01T00:00+05:00").tzinfo)
    await journal.sending(ORDER, there)
    await journal.gave_up("job-17", there)
    [row] = rows(path)
    assert json.loads(str(row.pop("request"))) == ORDER.body()
    assert row == {
        "reference": "job-17",
        "state": "open",
        "sent_at": "2026-02-01T12:00:00.000000Z",
        "given_up_at": "2026-02-01T12:00:00.000000Z",
        "longest": 0.0,
        "ended_at": None,
        "owner": None,
        "attempts": 1,
        "placed_order": None,
        "reason": None,
    }


def executed(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def diary(path: Path) -> bytes:
    path.write_bytes(b"Dear diary, " * 100)
    return content(path)


def addresses(path: Path) -> bytes:
    executed(path, "CREATE TABLE addresses (name TEXT)")
    return content(path)


def empty(path: Path) -> bytes:
    path.touch()
    return content(path)


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (diary, "file is not a database. It is no journal, and was left as it is"),
        (addresses, "is a database of something else, and was left as it is"),
    ],
)
async def test_no_journal(
    path: Path, make_journal: MakeJournal, make: Callable[[Path], bytes], said: str
) -> None:
    """A file of something else is refused and left as it is."""
    before = make(path)
    with pytest.raises(JournalError, match=said):
        await make_journal().open()
    assert content(path) == before
    assert list(path.parent.iterdir()) == [path]


async def test_a_newer_version(path: Path, make_journal: MakeJournal) -> None:
    """A journal of a newer release is refused, and the message says which versions there are."""
    async with make_journal():
        pass
    executed(path, "PRAGMA user_version = 2")
    with pytest.raises(JournalError, match="has version 2, and this release.* knows version 1"):
        await make_journal().open()


async def test_an_empty_file_becomes_a_journal(path: Path, make_journal: MakeJournal) -> None:
    """A file without anything in it, as a crash may leave, is taken for a new one."""
    empty(path)
    async with make_journal() as journal:
        assert await journal.recall(ORDER) is None


async def test_nowhere(tmp_path: Path) -> None:
    """A path at which there can be no file is an error that names it."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "missing" / "orders.db", loop):
        with pytest.raises(JournalError, match=f"the journal {path} cannot be used: .*read and"):
            await OrderJournal(path).open()


async def test_links_lead_to_the_same_journal(
    journal: OrderJournal, path: Path, fake_time: FakeTime
) -> None:
    """By another name the journal has the same owners."""
    (path.parent / "link.db").symlink_to(path)
    await journal.sending(ORDER, MOMENT)
    async with OrderJournal(path.parent / "link.db", clock=fake_time.clock()) as other:
        with pytest.raises(OrderInProgressError):
            await other.recall(ORDER)


@pytest.mark.parametrize(
    "damage",
    [
        "request = '{'",
        "request = '[]'",
        'request = \'{"phone_numbers": ["+1"]}\'',
        "sent_at = 'yesterday'",
    ],
)
async def test_a_row_that_was_changed(journal: OrderJournal, path: Path, damage: str) -> None:
    """A row that somebody else has made unreadable is an error that names the order."""
    await journal.sending(ORDER, MOMENT)
    executed(path, f"UPDATE intents SET {damage}")
    with pytest.raises(JournalError, match="cannot be read at the order 'job-17'"):
        await journal.recall(ORDER)


async def test_held_by_another(journal: OrderJournal, path: Path) -> None:
    """Whoever holds the file for a moment is waited for, without holding the event loop."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    sending = asyncio.ensure_future(journal.sending(ORDER, MOMENT))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not sending.done()
    holder.execute("ROLLBACK")
    holder.close()
    await sending
    assert await journal.recall(ORDER) is not None


async def test_an_unreadable_owner_counts_as_alive(
    journal: OrderJournal, other: OrderJournal, path: Path
) -> None:
    """An owner that cannot be looked at is taken for alive: nothing is sent on a guess."""
    await journal.sending(ORDER, MOMENT)
    executed(path, "UPDATE intents SET owner = '0123456789abcdef'")
    (path.parent / "orders.db-owner-0123456789abcdef").write_text("not a lock " * 100)
    with pytest.raises(OrderInProgressError):
        await other.recall(ORDER)


def test_a_clock_that_was_set_back(path: Path) -> None:
    """However the clock is set, an order is given up no earlier than it was sent."""
    times = iter([100.0] * 3)

    async def main() -> Intent:
        clock = Clock(now=lambda: next(times, 100.0))
        async with OrderJournal(path, clock=clock) as journal:
            await journal.sending(ORDER, MOMENT)
        async with OrderJournal(path, clock=clock) as journal:
            [intent] = await journal.open_intents()
        return intent

    assert asyncio.run(main()).given_up_at == MOMENT
