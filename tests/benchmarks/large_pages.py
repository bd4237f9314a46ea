"""Orders of 20 phone numbers each: pages of 1.3 MB."""

from attrs import evolve

from tests.benchmarks import bulk
from tests.benchmarks.outcome import Outcome, Settings, Target

NUMBERS = 20


def run(settings: Settings) -> Outcome:
    """Measure an account of a fifth as many orders, so that it takes some four times as long."""
    smaller = evolve(settings, orders=settings.orders // 5)
    names = (bulk.OURS, bulk.VENDOR, bulk.GATHERED, bulk.FLOOR)
    runs, stalls = bulk.in_turns("large-pages", smaller, names, NUMBERS)
    longest, frozen = (bulk.worst(stalls[bulk.OURS], which) for which in ("longest", "frozen"))
    return Outcome(
        f"{NUMBERS} phone numbers an order. {bulk.text(runs, stalls, smaller)}",
        bulk.figures(runs, stalls),
        [
            Target("longest stall, pages of 1.3 MB", 1000 * longest, 10, "ms"),
            Target("the same, after `gc.freeze()`", 1000 * frozen, 10, "ms"),
        ],
    )
