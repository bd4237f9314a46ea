"""`python -m tests.simulation`: many worlds and a table, or one world line by line."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import attrs

from tests.simulation.history import History
from tests.simulation.invariants import violations
from tests.simulation.play import play
from tests.simulation.summary import Summary
from tests.simulation.world import World

CHUNK = 25


def main() -> int:
    """Run the command; tells whether everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many worlds (500)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--verbose", action="store_true", help="with --seed: all that happens")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed, verbose=asked.verbose)
    return _many(range(asked.start, asked.start + asked.seeds), asked.jobs)


def _many(seeds: range, jobs: int | None) -> int:
    started = time.monotonic()
    summary = Summary()
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs) as pool:
        played = [pool.submit(Summary.of_seeds, chunk) for chunk in chunks]
        for chunk in as_completed(played):
            summary.merge(chunk.result())
            if sys.stderr.isatty():
                print(f"\r{summary.worlds} worlds", end="", file=sys.stderr, flush=True)
    print(summary.table())
    print(f"{time.monotonic() - started:9.1f}  seconds taken")
    return 1 if summary.broken else 0


def _one(seed: int, *, verbose: bool) -> int:
    world = World.draw(seed)
    history = play(world, log=print if verbose else None)
    if verbose:
        _describe(history)
    for what in violations(history):
        print("BROKEN:", what)
    print(f"trace {history.trace[:32]}")
    return 1 if violations(history) else 0


def _describe(history: History) -> None:
    for field in attrs.fields(World):
        if field.name != "clients":
            print(f"{field.name} = {getattr(history.world, field.name)!r}")
    for plan in history.world.clients:
        print(attrs.evolve(plan, uses=()))
    for used in history.used:
        print(f"{used.started:.3f} to {used.ended:.3f} s, {used.plan.name}: {used.use}")
        print(
            f"    {used.outcome}: {len(used.ids)} orders of {len(used.matched)} that became "
            f"{len(used.matches)}, {used.requests} requests, {used.error!r} {used.report or ''}"
        )


if __name__ == "__main__":
    sys.exit(main())
