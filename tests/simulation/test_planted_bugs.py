"""The simulation finds what it is there to find: each planted bug, and by the rule for it."""

import gc
import warnings
from collections.abc import Iterator

import pytest

from tests.simulation.invariants import Promises, violations
from tests.simulation.planted_bugs import BUGS, Bug, Loses
from tests.simulation.play import play
from tests.simulation.world import World

SEEDS = range(60)
EVERYTHING = Promises(proven=True, gated=True)


@pytest.fixture(autouse=True)
def _what_a_bug_leaves_is_not_found_by_other_tests() -> Iterator[None]:
    """A client with a bug may not be closed, and its history keeps it until now."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: type[Bug]) -> None:
    """Some world of a few shows it, in the words for it."""
    for seed in SEEDS:
        history = play(World.draw(seed), bug().client)
        if any(bug.words in what for what in violations(history, EVERYTHING)):
            return
    pytest.fail(f"no world shows {bug.__name__}")


def test_what_is_missed_under_change_is_found() -> None:
    """An order that is lost while others come and go is found too."""
    for seed in SEEDS:
        history = play(World.draw(seed), Loses().client)
        if any("were missed" in what for what in violations(history, EVERYTHING)):
            return
    pytest.fail("no world shows it")


def test_no_bug_is_found_where_none_is() -> None:
    """The client that planted bugs are put into breaks nothing by itself."""
    for seed in SEEDS:
        assert not violations(play(World.draw(seed), Bug().client))
