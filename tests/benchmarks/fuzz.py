"""Read good answers that were changed at random, a million of them if asked to.

    python -m tests.benchmarks.fuzz [--mutations 1000000] [--on-the-wire 20000] [--seed 0]

Each is read with the `speedups` and without them, one process for each, and what came of it is
compared. Printed is how often what came; anything but a page or a `TelnyxError`, and any
difference between the two, ends in an error that names the seed, from which it can be repeated.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

CHUNK = 10_000


def read(first: int, last: int) -> list[str]:
    """Read so many changed answers; tells what came of each."""
    from tests.mutations import outcome

    came = []
    for seed in range(first, last):
        try:
            came.append(outcome(random.Random(seed)))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    return came


def worker(first: int, last: int, plain: bool) -> None:
    """Read, and print what came, a line for each chunk."""
    if plain:
        for speedup in ("msgspec", "orjson"):
            sys.modules[speedup] = None  # type: ignore[assignment]
    for start in range(first, last, CHUNK):
        print(json.dumps(read(start, min(last, start + CHUNK))), flush=True)


def in_two_processes(first: int, last: int) -> Counter[str]:
    """Read with and without the `speedups` at the same time, and compare."""
    command = [sys.executable, "-m", "tests.benchmarks.fuzz", "--seed", str(first)]
    command += ["--mutations", str(last - first), "--worker"]
    counted: Counter[str] = Counter()
    with (
        subprocess.Popen([*command, "fast"], stdout=subprocess.PIPE, text=True) as fast,
        subprocess.Popen([*command, "plain"], stdout=subprocess.PIPE, text=True) as plain,
    ):
        try:
            for start in range(first, last, CHUNK):
                lines = [next(process.stdout or iter(()), "[]") for process in (fast, plain)]
                either: list[list[str]] = [json.loads(line) for line in lines]
                assert all(either), "a process ended early; what it printed says why"
                for seed, (one, other) in enumerate(zip(*either, strict=True), start):
                    assert one == other, f"seed {seed}: {one} with speedups, {other} without"
                counted.update(either[0])
        finally:
            fast.terminate()
            plain.terminate()
    return counted


def report(what: str, counted: Counter[str], seconds: float) -> None:
    print(f"\n{counted.total():,} {what} in {seconds:.0f} s")
    for name, number in counted.most_common():
        print(f"  {number:>10,}  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--on-the-wire", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    first, last = given.seed, given.seed + given.mutations
    if given.worker:
        worker(first, last, plain=given.worker == "plain")
        return
    from tests.mutations import outcomes_on_the_wire

    times = [time.perf_counter()]
    read_ = in_two_processes(first, last)
    times.append(time.perf_counter())
    seeds = range(first, first + given.on_the_wire)
    wire = asyncio.run(outcomes_on_the_wire(seeds))
    times.append(time.perf_counter())
    read_seconds, wire_seconds = (after - before for before, after in pairwise(times))
    report("changed answers read with either parser, alike", read_, read_seconds)
    report("changed answers on the wire", wire, wire_seconds)


if __name__ == "__main__":
    main()
