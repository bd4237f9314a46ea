"""What was seen of a run: what each use got, and what was left of each client."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from attrs import Factory, define

from tests.simulation.world import Plan, Use, World

__all__ = ["COMPLETE", "FAILED", "LEFT", "History", "Used"]

COMPLETE: Final = "complete"
LEFT: Final = "left"
FAILED: Final = "failed"


@define
class Used:
    """One use, and what came of it.

    Attributes:
        plan: Whose it was.
        use: What it was.
        started: When.
        matched: The ids that matched then, in the order of the listing.
        changes: How many changes there had been then.
        ended: When it ended; `None` before.
        matches: The ids that matched when it ended.
        changed: Whether the account changed meanwhile.
        ids: The ids that it got, in the order in which they came.
        requests: How many requests were sent for it.
        outcome: `COMPLETE`, `LEFT` or `FAILED`.
        error: What it failed with.
        orders_in_error: The ids that the error carries.
        due: When it was to end, if it was left or its client closed.
        report: What the pager says of its fetch, if it says something.
    """

    plan: Plan
    use: Use
    started: float
    matched: list[str]
    changes: int
    ended: float | None = None
    matches: list[str] = Factory(list)
    changed: bool = False
    ids: list[str] = Factory(list)
    requests: int = 0
    outcome: str = COMPLETE
    error: BaseException | None = None
    orders_in_error: list[str] | None = None
    due: float | None = None
    report: Any = None


@define
class History:
    """One run.

    Attributes:
        world: What it was a run of.
        used: The uses, in the order in which they began.
        closed_at: When each client was closed, by name.
        left: What was left of a client after it was closed, in words.
        unusable: Why a client did not work at the end, in words.
        unhandled: Errors that nobody took, and warnings.
        stuck: Why the run did not end, if it did not.
        ever: Every id there was.
        seconds: How long the run took, in its own time.
        requests: How many requests the sandbox saw.
        statuses: How many answers of each status it gave.
        too_many: How many of its 429 were for the rate limit.
        trace: Stands for all that happened on the network.
    """

    world: World
    used: list[Used] = Factory(list)
    closed_at: dict[str, float] = Factory(dict)
    left: list[str] = Factory(list)
    unusable: list[str] = Factory(list)
    unhandled: list[str] = Factory(list)
    stuck: str = ""
    ever: set[str] = Factory(set)
    seconds: float = 0.0
    requests: int = 0
    statuses: Mapping[int, int] = Factory(Counter)
    too_many: int = 0
    trace: str = ""
