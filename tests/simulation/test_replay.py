"""The same seed plays out the same, to the last byte on the network."""

import os
import subprocess
import sys

import pytest

from telnyx_orders import OrdersClient
from tests.simulation.play import play
from tests.simulation.world import World

# Some, and four in which a client is closed with several requests in flight.
SEEDS = (*range(25), 54, 257, 381, 385)

PRINT_TRACES = """
from tests.simulation.play import play
from tests.simulation.world import World
print(*[play(World.draw(seed)).trace for seed in {seeds}])
"""


@pytest.fixture(scope="module")
def traces() -> list[str]:
    return [play(World.draw(seed)).trace for seed in SEEDS]


def test_again_in_this_process(traces: list[str]) -> None:
    """Whatever ran before, in whatever order, a seed leaves the same trace."""
    again = {seed: play(World.draw(seed)).trace for seed in reversed(SEEDS)}
    assert [again[seed] for seed in SEEDS] == traces


@pytest.mark.parametrize("allocator", ["malloc", "pymalloc"])
def test_in_another_process(traces: list[str], allocator: str) -> None:
    """The order of sets and the addresses of objects have no say in it."""
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_TRACES.format(seeds=SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONMALLOC": allocator},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split() == traces


def test_other_seeds_are_other_worlds(traces: list[str]) -> None:
    """The trace tells worlds apart."""
    assert len(set(traces)) == len(traces)


def test_a_trace_has_every_byte() -> None:
    """Two runs that differ in one header differ in their traces."""

    def make(*args: object, **settings: object) -> OrdersClient:
        settings["user_agent"] = "another/1"
        return OrdersClient(*args, **settings)  # type: ignore[arg-type]

    world = World.draw(3)
    assert play(world, make).trace != play(world).trace
