"""Accounts that change while they are fetched: a short version of `tests/benchmarks/soak.py`."""

import pytest

from tests.benchmarks.soak import CHANGES, COUNTED_FROM, TARGETS, World, change_of, run


@pytest.mark.parametrize("seed", range(2 * len(CHANGES)), ids=change_of)
async def test_nothing_is_missed_and_nothing_comes_twice(seed: int) -> None:
    """Whatever changes meanwhile, a fetch gives what was there all the time once, and proves it."""
    outcome = await run(World.of(seed))
    assert outcome.is_right, outcome
    assert outcome.proof, outcome.reason
    assert outcome.pages < COUNTED_FROM or outcome.requests_a_page <= 2.5


@pytest.mark.parametrize("target", TARGETS)
async def test_what_a_large_account_costs(target: str) -> None:
    """20,000 orders that change are proven complete within the requests that are promised."""
    world, most = TARGETS[target]
    outcome = await run(world)
    assert outcome.is_right, outcome
    assert outcome.proof, outcome.reason
    assert outcome.requests_a_page <= most
