"""Many runs in one table."""

import re
from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Self

from attrs import Factory, define

from telnyx_orders import IncompleteFetchError
from tests.simulation.history import COMPLETE, LEFT, History, Used
from tests.simulation.invariants import violations
from tests.simulation.play import play
from tests.simulation.world import Kind, World

__all__ = ["Summary"]


@define
class Summary:
    """What came of some worlds.

    Attributes:
        worlds: How many.
        outcomes: How many uses ended how, in words.
        a_page: Requests a page of each complete fetch of 4 pages or more where nothing but the
            account's changes came between.
        requests: How many requests the sandboxes saw, until they were healed.
        seconds: How long the worlds took, in their own time.
        broken: What did not hold, by seed.
    """

    worlds: int = 0
    outcomes: Counter[str] = Factory(Counter)
    a_page: list[float] = Factory(list)
    requests: int = 0
    seconds: float = 0.0
    broken: dict[int, list[str]] = Factory(dict)

    @classmethod
    def of_seeds(cls, seeds: Iterable[int]) -> Self:
        """Play the worlds of some seeds."""
        summary = cls()
        for seed in seeds:
            summary.add(play(World.draw(seed)))
        return summary

    def add(self, history: History) -> None:
        """Take in a run."""
        self.worlds += 1
        self.requests += history.requests
        self.seconds += history.seconds
        self.outcomes.update(map(_outcome, history.used))
        if history.world.healthy:
            self.a_page += filter(None, map(_requests_a_page, history.used))
        found = violations(history)
        if found:
            self.broken[history.world.seed] = found

    def merge(self, other: Self) -> None:
        """Take in other runs."""
        self.worlds += other.worlds
        self.outcomes += other.outcomes
        self.a_page += other.a_page
        self.requests += other.requests
        self.seconds += other.seconds
        self.broken |= other.broken

    def table(self) -> str:
        """Write it down."""
        lines = [f"{count:9,}  {outcome}" for outcome, count in sorted(self.outcomes.items())]
        if self.a_page:
            middle, worst = median(self.a_page), max(self.a_page)
            lines.append(f"{middle:9.2f}  requests a page, the median ({worst:.2f} the worst)")
        lines += [
            f"{self.requests:9,}  requests",
            f"{self.seconds:9,.0f}  seconds simulated",
            f"{self.worlds:9,}  worlds, {len(self.broken)} of them broken",
        ]
        for seed, found in sorted(self.broken.items()):
            lines.append(f"\nseed {seed}: replay with --seed {seed} --verbose")
            lines += [f"  {what}" for what in found]
        return "\n".join(lines)


def _outcome(used: Used) -> str:
    if used.outcome in (COMPLETE, LEFT):
        one = used.outcome == COMPLETE and used.use.kind is Kind.ONE
        return "one page" if one else used.outcome
    error = used.error
    if isinstance(error, IncompleteFetchError):
        if error.cause is not None:
            return f"incomplete: a page failed with {type(error.cause).__name__}"
        words = re.sub(r"\d+", "N", error.reason)
        return f"incomplete: {words[:60]}"
    return f"failed: {type(error).__name__}"


def _requests_a_page(used: Used) -> float | None:
    use = used.use
    pages = -(-len(used.matched) // (use.page_size or 250))
    if used.outcome != COMPLETE or use.kind is Kind.ONE or use.page_number or pages < 4:
        return None
    return used.requests / pages
