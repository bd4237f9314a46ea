"""What must hold holds in 500 worlds; `python -m tests.simulation` plays more of them."""

import pytest

from tests.simulation.summary import Summary

CHUNK = 50


@pytest.mark.parametrize("start", range(0, 500, CHUNK))
def test_the_invariants_hold(start: int) -> None:
    """No world of these seeds breaks an invariant."""
    summary = Summary.of_seeds(range(start, start + CHUNK))
    assert not summary.broken, summary.table()
    assert summary.worlds == CHUNK
    assert summary.outcomes["complete"] > CHUNK
