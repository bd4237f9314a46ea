"""Good answers that were changed at random: nothing comes of them but results and our errors.

A million of them, and more on the wire: `python -m tests.benchmarks.fuzz --mutations 1000000`.
"""

import random

from tests.benchmarks.fuzz import in_two_processes
from tests.mutations import outcome, outcomes_on_the_wire


async def test_changed_answers_with_and_without_the_speedups() -> None:
    """With the `speedups` and without them, the same comes of every changed answer."""
    counted = in_two_processes(0, 1500)
    assert counted["Page"] > 50
    assert counted["ResponseDecodeError"] > 100
    assert counted["ResponseDecodeError, which can pass"] > 100
    assert counted["BadRequestError"] > 10


async def test_changed_answers_on_the_wire() -> None:
    """Whatever is wrong with status line, headers, framing or body, the next call works."""
    counted = await outcomes_on_the_wire(range(400))
    assert counted.total() == 400
    assert counted["Page"] > 10
    assert counted["list"] > 10
    assert counted["APIConnectionError"] > 50


def test_a_seed_stands_for_its_answer() -> None:
    """The same seed gives the same answer again, so that a failure can be repeated."""
    again = [outcome(random.Random(seed)) for seed in range(50)]
    assert again == [outcome(random.Random(seed)) for seed in range(50)]
