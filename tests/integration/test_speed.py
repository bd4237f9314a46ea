"""What a fetch costs beside others in one run: a short version of `python -m tests.benchmarks`.

The margins are wide: what is refused here is a change that makes the package several times slower,
not one that makes it a tenth slower. Each figure is the least of some fetches, as noise only adds.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks import bulk, child, measure
from tests.benchmarks.chart import WIDTH, Axis, Bars, Line, bars, lines
from tests.benchmarks.measure import Figures
from tests.benchmarks.outcome import Settings
from tests.benchmarks.server import PAGE_SIZE, serving

ORDERS, VENDORS_ORDERS = 10_000, 2_500
"""The vendor's SDK gets fewer, as it would take most of the time."""

ROUNDS = 3
PLAIN = "telnyx-orders without the speedups"


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Figures]]:
    """Fetches of each contender, in turns, by processes that have fetched before."""
    accounts = {
        bulk.OURS: ORDERS,
        PLAIN: ORDERS,
        bulk.GATHERED: ORDERS,
        bulk.FLOOR: ORDERS,
        bulk.VENDOR_AT_ONCE: VENDORS_ORDERS,
    }
    measured: dict[str, list[Figures]] = {name: [] for name in accounts}
    with serving(ORDERS) as large, serving(VENDORS_ORDERS) as small:
        for name in [*accounts] * ROUNDS:
            server = large if accounts[name] == ORDERS else small
            told: dict[str, Any] = {"orders": accounts[name], "latency": 0.02, "at_once": 20}
            contender, plain = (bulk.OURS, True) if name == PLAIN else (name, False)
            fetched = measure.fetch(server, contender, **told, plain=plain, warm_up=small)
            measured[name].append(fetched)
    return measured


def _least(runs: list[Figures], figure: str) -> float:
    least: float = min(getattr(run, figure) for run in runs)
    return least


def test_cpu_is_near_the_floor(runs: dict[str, list[Figures]]) -> None:
    """A fetch takes at most twice the CPU of aiohttp and msgspec without any check."""
    assert _least(runs[bulk.OURS], "cpu") <= 2 * _least(runs[bulk.FLOOR], "cpu")


def test_the_speedups_are_used(runs: dict[str, list[Figures]]) -> None:
    """A fetch without the `speedups` takes at least a fifth more CPU than one with them."""
    assert _least(runs[PLAIN], "cpu") >= 1.2 * _least(runs[bulk.OURS], "cpu")


def test_cpu_is_far_below_the_vendors(runs: dict[str, list[Figures]]) -> None:
    """The vendor's SDK takes at least four times our CPU for each order."""
    ours = _least(runs[bulk.OURS], "cpu") / ORDERS
    assert _least(runs[bulk.VENDOR_AT_ONCE], "cpu") / VENDORS_ORDERS >= 4 * ours


def test_orders_take_no_more_memory_than_dictionaries(runs: dict[str, list[Figures]]) -> None:
    """`collect()` holds at most half as much again as a list of parsed JSON."""
    assert _least(runs[bulk.OURS], "memory") <= 1.5 * _least(runs[bulk.GATHERED], "memory")


def test_no_page_is_asked_for_twice(runs: dict[str, list[Figures]]) -> None:
    """Of an account that stands still each page is requested once."""
    assert {run.server.requests for run in runs[bulk.OURS]} == {ORDERS // PAGE_SIZE}


def test_a_benchmark_runs_by_its_command(tmp_path: Path) -> None:
    """The command measures a piece and leaves its page, its figures and the table of targets."""
    command = [sys.executable, "-m", "tests.benchmarks", "single", "--quick", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path)],
        cwd=child.ROOT,
        env=child.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "beside bare aiohttp" in (tmp_path / "targets.md").read_text()
    assert "bare aiohttp: `await response.json()`" in (tmp_path / "single.md").read_text()
    assert len(json.loads((tmp_path / "results.json").read_text())["single"]["targets"]) == 2


def test_a_piece_that_is_unknown_is_refused(tmp_path: Path) -> None:
    """A misspelt piece ends the command with what there is to choose from."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "sinlge", "--output", str(tmp_path)],
        cwd=child.ROOT,
        env=child.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "bulk, single, streaming" in done.stderr


@pytest.mark.parametrize(
    "svg",
    [
        bars("<a>", ["x", "y & z"], [Bars("wall", [0.02, 30.0], str), Bars("CPU", [1, 2], str)]),
        lines("t", Axis("x", str), Axis("y", str), [Line("a", [(0, 1), (7, 900)])]),
        lines("t", Axis("x", str, True), Axis("y", str, True), [Line("a", [(3, 0.02), (700, 5)])]),
    ],
)
def test_a_chart_is_drawn_within_its_picture(svg: str) -> None:
    """A chart is well-formed, and nothing of it lies outside of what is seen."""
    root = ET.fromstring(svg)
    *_, height = (float(one) for one in root.attrib["viewBox"].split())
    for shape in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            assert 0 <= float(shape.get(name, 0)) <= WIDTH
        for name in ("y", "y1", "y2", "cy"):
            assert 0 <= float(shape.get(name, 0)) <= height
        for point in shape.get("points", "").split():
            x, y = (float(one) for one in point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= height


def test_the_base_run_is_the_one_that_is_promised() -> None:
    """Without an option, figures are those of 50,000 orders, 50 ms, and 20 pages at a time."""
    assert Settings().told == {"orders": 50_000, "latency": 0.05, "at_once": 20}
