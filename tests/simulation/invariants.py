"""What must hold after every run, and the words for what does not."""

import math
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from telnyx_orders import ClientStateError, IncompleteFetchError, TelnyxError
from tests.simulation.history import COMPLETE, FAILED, History, Used
from tests.simulation.world import Kind, Leave

__all__ = ["PROMISED", "Promises", "violations"]


@frozen
class Promises:
    """What the client promises beyond what always holds.

    Attributes:
        proven: A fetch that says it is complete is, although the account changes while it runs.
        gated: A client that has a limit for itself sends no more than it is told.
    """

    proven: bool
    gated: bool


PROMISED: Final = Promises(proven=True, gated=True)

MOMENT: Final = 1e-6


def violations(history: History, promised: Promises = PROMISED) -> list[str]:
    """Tell what did not hold in a run."""
    found = [f"does not end: {history.stuck}"] if history.stuck else []
    found += [f"left: {what}" for what in history.left]
    found += [f"unusable afterwards: {why}" for why in history.unusable]
    found += [f"unhandled: {what}" for what in history.unhandled]
    if promised.gated and not history.stuck:
        found += _limit(history)
    rules = [_twice, _foreign, _missed, _cause, _promptness, _budget]
    if promised.proven:
        rules += [_missed_under_change, _unproven, _budget_of_a_proof]
    for used in history.used:
        name = f"{used.plan.name}, {used.use.kind} from {used.started:.3f} s"
        found += [f"{name}: {what}" for rule in rules for what in rule(history, used)]
    return found


def _twice(_: History, used: Used) -> Iterator[str]:
    if used.changed and not used.use.verify:
        return
    for ids in (used.ids, used.orders_in_error or []):
        if len(set(ids)) != len(ids):
            yield f"{len(ids) - len(set(ids))} orders came twice"


def _foreign(history: History, used: Used) -> Iterator[str]:
    foreign = {*used.ids, *(used.orders_in_error or [])} - history.ever
    if foreign:
        yield f"{len(foreign)} orders came that never were"


def _missed(_: History, used: Used) -> Iterator[str]:
    if _all_asked_for(used) and not used.changed and used.ids != used.matched:
        yield f"{len(used.ids)} orders came of {len(used.matched)} that stood still"


def _missed_under_change(_: History, used: Used) -> Iterator[str]:
    # No order leaves a filter and enters it again: what matched before and after did throughout.
    missed = (set(used.matched) & set(used.matches)) - set(used.ids)
    if _all_asked_for(used) and used.use.verify and missed:
        yield f"{len(missed)} of {len(used.matched)} orders were missed"


def _unproven(_: History, used: Used) -> Iterator[str]:
    proof = None if used.report is None else used.report.proof
    if _all_asked_for(used) and used.use.verify and proof is None:
        yield f"complete without a proof: {used.report}"


def _all_asked_for(used: Used) -> bool:
    use = used.use
    first = use.page_number in (None, 1)
    return used.outcome == COMPLETE and use.kind is not Kind.ONE and first


def _cause(history: History, used: Used) -> Iterator[str]:
    """An error is one of the package's, and has a reason in the world."""
    error, world = used.error, history.world
    if used.outcome != FAILED or used.ended is None:
        return
    closed = used.ended >= history.closed_at.get(used.plan.name, math.inf)
    due = used.due if used.use.leave is Leave.LIMIT else None
    late = due is not None and used.ended >= due - MOMENT
    incomplete = isinstance(error, IncompleteFetchError)
    if not isinstance(error, TelnyxError):
        yield f"{error!r} left the package"
    elif closed or (late and incomplete):
        return
    elif isinstance(error, ClientStateError):
        yield f"{error!r} of an open client"
    elif world.healthy and (world.still or not incomplete):
        yield f"{error!r} where nothing went wrong"


def _promptness(_: History, used: Used) -> Iterator[str]:
    """What is left, or whose client is closed, ends without taking time."""
    if used.ended is None:
        yield "it never ended"
    elif used.due is not None and used.ended > used.due + MOMENT:
        yield f"it ended {used.ended - used.due:.6f} s after it was told to"
    elif used.due is not None and used.outcome == COMPLETE and used.use.leave is Leave.CANCEL:
        yield "it was cancelled and went on"


def _budget(_: History, used: Used) -> Iterator[str]:
    attempts = used.plan.max_attempts
    most = used.use.calls if used.use.kind is Kind.ONE else int(2.5 * _pages(used)) + 20
    # An idle connection that the server has closed is noticed by sending over it.
    if used.requests > most * attempts + used.plan.concurrency:
        yield f"{used.requests} requests for {_pages(used)} pages, {attempts} attempts each"


def _budget_of_a_proof(_: History, used: Used) -> Iterator[str]:
    if used.use.kind is Kind.ONE or used.report is None:
        return
    sent = used.report.requests - used.report.retries
    if sent > max(20, math.ceil(2.5 * _pages(used))):
        yield f"{sent} requests for {_pages(used)} pages, those that were sent again left out"


def _pages(used: Used) -> int:
    report = used.report
    totals = () if report is None else (report.total_first, report.total_last)
    rows = max(len(used.matched), len(used.matches), *(total or 0 for total in totals))
    return max(1, -(-rows // (used.use.page_size or 250)))


def _limit(history: History) -> Iterator[str]:
    """Alone with its limit, a client meets it only where no answer could tell it in time."""
    world = history.world
    limit = world.rate_limit
    if limit is None or world.later_limit or len(world.clients) > 1:
        return
    windows = (history.seconds - world.old) / limit.window
    if history.too_many > 2 + windows:
        yield f"{history.too_many} answers were 429 in {windows:.1f} windows, alone with {limit}"
