"""How long an import takes, in fresh processes in turn."""

import subprocess
import sys
from collections.abc import Mapping

from tests.benchmarks import child
from tests.benchmarks.outcome import Outcome, Settings, Target, median
from tests.benchmarks.progress import tell
from tests.benchmarks.table import seconds, table, times

OURS = "from telnyx_orders import OrdersClient"
MADE = 'from telnyx_orders import OrdersClient; OrdersClient("KEY0123456789")'
DEPENDENCIES = "import aiohttp, attrs, cattrs, tenacity"
STATEMENTS = (DEPENDENCIES, OURS, MADE, "from telnyx import AsyncTelnyx")

PROGRAM = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def run(settings: Settings) -> Outcome:
    """Measure each import."""
    processes = 9 if settings.quick else 5 * settings.rounds
    taken: Mapping[str, list[tuple[float, float]]] = {one: [] for one in STATEMENTS}
    tell(f"imports: {processes} processes each")
    for statement in STATEMENTS:
        _import(statement)  # after which its byte code is there
    for _ in range(processes):
        for statement, figures in taken.items():
            figures.append(_import(statement))
    walls = {one: [wall for wall, _ in figures] for one, figures in taken.items()}
    rows = [
        (
            f"`{statement}`",
            seconds(median(walls[statement])),
            seconds(median(cpu for _, cpu in figures)),
            times(median(walls[statement]) / median(walls[DEPENDENCIES])),
        )
        for statement, figures in taken.items()
    ]
    text = (
        f"Fresh processes, in turn; medians of {processes}, without what Python takes to start.\n\n"
        + table(["", "wall", "CPU", "wall / dependencies"], rows)
    )
    what = "import, beside the four dependencies alone"
    beside = median(walls[OURS]) / median(walls[DEPENDENCIES])
    return Outcome(text, taken, [Target(what, beside, 1.1)])


def _import(statement: str) -> tuple[float, float]:
    command = [sys.executable, "-c", PROGRAM.format(statement)]
    printed = subprocess.run(
        command, cwd=child.ROOT, env=child.environment(), check=True, capture_output=True, text=True
    ).stdout
    wall, cpu = printed.split()
    return float(wall), float(cpu)
