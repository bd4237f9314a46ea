"""What is recorded when, and what keeps an order from being sent: the rules of the journal.

Each method is one transaction, which no other process comes between, and is on disk when it
returns. All of them are called in one thread, see `worker`.

An open order has an owner while a journal is sending it. It loses the owner when it is given up, or
when the owner is found dead, whose request is then given up at the latest. Without an owner it is
sent again only by who has judged it: looked it up since, and seen that it was not placed. What
another has sent meanwhile undoes that judgement, as it is about another attempt.
"""

import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telnyx_orders.error_details import one_line
from telnyx_orders.journal.database import foreign_errors, open_database
from telnyx_orders.journal.intent import Intent, IntentState, differences
from telnyx_orders.journal.owners import Ownership, check_not_forked, is_alive, remove_dead
from telnyx_orders.journal.rows import COLUMNS, Rows, request_text
from telnyx_orders.models import NumberOrder
from telnyx_orders.new_order import NewOrder
from telnyx_orders.order_errors import JournalConflictError, JournalError, OrderInProgressError
from telnyx_orders.sqlite_file import to_text, transaction

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Store"]

logger: logging.Logger = logging.getLogger("telnyx_orders")


class Store:
    """The orders of one journal, opened.

    Args:
        path: Its file.
        now: The time.

    Raises:
        JournalError: The file cannot be used.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        # Under each of its names it must have the same owners. Path.resolve() refuses circles.
        path = Path(os.path.realpath(path))
        if path.is_file() and path.stat().st_nlink > 1:
            raise JournalError(
                f"the journal {path} has another name by a hard link, under which nobody would see "
                "who uses it: remove one of them"
            )
        check_not_forked(path)
        self._path = path
        self._rows = Rows(path)
        self._connection: sqlite3.Connection = open_database(path)
        try:
            with self._transaction():
                self._disown_dead(now)
                remove_dead(path)
            with self._transaction():
                self._ownership = Ownership(path)
        except BaseException:
            self._connection.close()
            raise

    def close(self, now: datetime) -> None:
        """Give back what is being sent, and close the file.

        Where it cannot be written any more, what is being sent is that of a dead owner, and
        whatever has become of it is worth more than that.
        """
        try:
            with self._transaction():
                self._give_back_all_of(self._ownership.id, now)
        except JournalError as error:
            logger.error("on closing: %s", error)  # noqa: TRY400  # its message says all
        finally:
            self._ownership.end()
            with suppress(JournalError), foreign_errors(self._path):
                self._connection.close()

    def recall(
        self, order: NewOrder, abandoned_at: datetime | None, now: datetime
    ) -> Intent | None:
        """Give what is known of an order.

        Args:
            order: The order, with a reference.
            abandoned_at: When this journal ceased to send it without saying how it ended.
            now: The time.

        Raises:
            JournalConflictError: Its reference is known for another order.
            OrderInProgressError: Another living journal is sending it.
        """
        with self._transaction():
            found = self._find(order.customer_reference)
            if found is None:
                return None
            intent, owner = found
            _check_same(intent, order)
            self._check_free(intent.reference, owner)
            if owner == self._ownership.id:
                return self._give_back(intent, abandoned_at) if abandoned_at else intent
            return intent if owner is None else self._give_back(intent, _died(intent, now))

    def sending(
        self, order: NewOrder, sent_at: datetime, judged: Intent | None, longest: float
    ) -> None:
        """Record that an order is about to be sent.

        Args:
            order: The order, with a reference.
            sent_at: The time.
            judged: The open intent that was looked up, and was not placed; `None` if none was.
            longest: Seconds at most until its request is given up.

        Raises:
            JournalError: It must not be sent.
        """
        with self._transaction():
            found = self._find(order.customer_reference)
            if found is None:
                self._execute(
                    "INSERT INTO intents "
                    "(reference, state, request, sent_at, given_up_at, longest, owner, attempts) "
                    "VALUES "
                    "(:reference, 'open', :request, :sent_at, :sent_at, :longest, :owner, 1)",
                    reference=order.customer_reference,
                    request=request_text(order),
                    sent_at=to_text(sent_at),
                    longest=longest,
                    owner=self._ownership.id,
                )
                return
            intent, owner = found
            _check_same(intent, order)
            self._check_may_be_sent(intent, owner, judged)
            again = intent.state is IntentState.OPEN
            self._update(
                intent.reference,
                state="open",
                # The earliest that may have been carried out, as what it left is looked for.
                sent_at=to_text(intent.sent_at if again else sent_at),
                given_up_at=to_text(max(sent_at, intent.given_up_at) if again else sent_at),
                longest=longest,
                ended_at=None,
                owner=self._ownership.id,
                attempts=intent.attempts + 1,
                reason=None,
            )

    def _check_may_be_sent(self, intent: Intent, owner: str | None, judged: Intent | None) -> None:
        if intent.state is IntentState.PLACED:
            raise JournalError(
                f"{_named(intent)} was placed meanwhile, by another process. Nothing was sent: ask "
                "again, and the journal gives the order"
            )
        self._check_free(intent.reference, owner)
        if intent.state is IntentState.OPEN and owner != self._ownership.id:
            _check_judged(intent, judged)

    def withdraw(self, reference: str, now: datetime) -> None:
        """Record that what was about to be sent by this journal was not sent after all."""
        with self._transaction():
            found = self._find(reference)
            if found is not None and found[1] == self._ownership.id:
                self._end_without_order(reference, "it was cancelled before it was sent", now)

    def gave_up(self, reference: str, moment: datetime) -> None:
        """Record that an order is no longer being sent, though it is not known what became of it.

        What has ended, or is another journal's by now, stays as it is.
        """
        with self._transaction():
            intent, owner = self._known(reference)
            if intent.state is IntentState.OPEN and owner in (None, self._ownership.id):
                self._give_back(intent, moment)

    def placed(self, reference: str, order: NumberOrder, now: datetime) -> None:
        """Record that an order was placed, whoever knew of it last.

        Raises:
            JournalError: It was placed before, as another order than this one.
        """
        with self._transaction():
            intent, _ = self._known(reference)
            if intent.placed is not None and intent.placed.id != order.id:
                raise JournalError(
                    f"{_named(intent)} is known as placed twice: {one_line(intent.placed.id, 80)} "
                    f"and {one_line(order.id, 80)}. The journal {self._path} keeps the first; look "
                    "at both in the account"
                )
            self._update(
                reference,
                state="placed",
                ended_at=to_text(now),
                owner=None,
                placed_order=self._rows.order_text(order),
                reason=None,
            )

    def not_placed(self, reference: str, reason: str, now: datetime, judged: Intent | None) -> None:
        """Record that an order was not placed.

        Args:
            reference: Its reference.
            reason: Why, in a sentence.
            now: The time.
            judged: The open intent that was looked up; `None` if this journal was sending it.

        Raises:
            JournalError: Something else has become of it meanwhile.
        """
        with self._transaction():
            intent, owner = self._known(reference)
            if intent.state is IntentState.PLACED:
                raise JournalError(f"{_named(intent)} was placed meanwhile, by another process")
            self._check_free(reference, owner)
            if intent.state is IntentState.OPEN and (judged or owner != self._ownership.id):
                _check_judged(intent, judged)
            self._end_without_order(reference, reason, now)

    def open_intents(self, abandoned: Mapping[str, datetime], now: datetime) -> list[Intent]:
        """Give the open orders that no living journal is sending, oldest first.

        Args:
            abandoned: What this journal ceased to send without saying how it ended, and when.
            now: The time.
        """
        with self._transaction():
            self._disown_dead(now)
            for reference, moment in abandoned.items():
                found = self._find(reference)
                if found is not None and found[1] == self._ownership.id:
                    self._give_back(found[0], moment)
            rows = self._execute(
                f"SELECT {COLUMNS} FROM intents WHERE state = 'open' AND owner IS NULL "  # noqa: S608  # our own names
                "ORDER BY sent_at, reference"
            )
            return [self._rows.read(row) for row in rows]

    def forget_before(self, moment: datetime) -> int:
        """Remove the orders that ended before a time; says how many."""
        with self._transaction():
            return self._execute(
                "DELETE FROM intents WHERE state != 'open' AND ended_at < :moment",
                moment=to_text(moment),
            ).rowcount

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with foreign_errors(self._path), transaction(self._connection):
            yield

    def _execute(self, statement: str, **values: object) -> "sqlite3.Cursor":
        return self._connection.execute(statement, values)

    def _update(self, reference: str, **values: object) -> None:
        columns = ", ".join(f"{name} = :{name}" for name in values)
        self._execute(
            f"UPDATE intents SET {columns} WHERE reference = :key",  # noqa: S608  # our own names
            key=reference,
            **values,
        )

    def _find(self, reference: str | None) -> tuple[Intent, str | None] | None:
        row: tuple[Any, ...] | None = self._execute(
            f"SELECT {COLUMNS} FROM intents WHERE reference = :reference",  # noqa: S608  # our own names
            reference=reference,
        ).fetchone()
        return None if row is None else (self._rows.read(row), row[-1])

    def _known(self, reference: str) -> tuple[Intent, str | None]:
        found = self._find(reference)
        if found is None:
            raise JournalError(
                f"the journal {self._path} has no order {reference!r:.80}: it was forgotten, or "
                "was never about to be sent"
            )
        return found

    def _check_free(self, reference: str, owner: str | None) -> None:
        if owner not in (None, self._ownership.id) and is_alive(self._path, owner):
            raise OrderInProgressError(reference)

    def _give_back(self, intent: Intent, moment: datetime) -> Intent:
        # The clock may have been set back meanwhile.
        latest = max(moment, intent.given_up_at)
        self._update(intent.reference, owner=None, given_up_at=to_text(latest))
        found = self._find(intent.reference)
        return intent if found is None else found[0]

    def _disown_dead(self, now: datetime) -> None:
        rows: list[tuple[Any, ...]] = self._execute(
            f"SELECT {COLUMNS} FROM intents WHERE state = 'open' AND owner IS NOT NULL"  # noqa: S608  # our own names
        ).fetchall()
        dead = {owner for owner in {row[-1] for row in rows} if not is_alive(self._path, owner)}
        for row in rows:
            if row[-1] in dead:
                intent = self._rows.read(row)
                self._give_back(intent, _died(intent, now))

    def _give_back_all_of(self, owner: str, moment: datetime) -> None:
        self._execute(
            "UPDATE intents SET owner = NULL, given_up_at = max(given_up_at, :moment) "
            "WHERE state = 'open' AND owner = :owner",
            moment=to_text(moment),
            owner=owner,
        )

    def _end_without_order(self, reference: str, reason: str, now: datetime) -> None:
        self._update(
            reference, state="not_placed", ended_at=to_text(now), owner=None, reason=reason
        )


def _died(intent: Intent, now: datetime) -> datetime:
    """Say until when an order may have been under way whose process was found dead."""
    return min(now, intent.given_up_at + timedelta(seconds=intent.longest))


def _check_same(intent: Intent, order: NewOrder) -> None:
    different = differences(intent.order, order)
    if different:
        raise JournalConflictError(intent.reference, different)


def _check_judged(intent: Intent, judged: Intent | None) -> None:
    attempt = (intent.sent_at, intent.attempts)
    if judged is None or (judged.sent_at, judged.attempts) != attempt:
        raise JournalError(
            f"{_named(intent)} was sent at {intent.sent_at.isoformat(timespec='seconds')} and may "
            "have been placed; it was not looked up since. Nothing was sent: ask again"
        )


def _named(intent: Intent) -> str:
    return f"the order {one_line(intent.reference, 80)!r}"
