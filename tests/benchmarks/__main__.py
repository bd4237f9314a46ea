"""Measure what this package costs beside others, and write tables, pictures and figures.

    python -m tests.benchmarks [PIECE ...] [--rounds 5] [--quick] [--output FOLDER]

Run it in the root of a clone with the extra `bench` installed, on a machine that has nothing else
to do. Without a piece, all are measured, which takes an hour. `--quick` takes smaller accounts and
a few minutes; its figures are rough.

For each piece the folder, `docs/benchmarks` or with `--quick` `build/benchmarks`, gets a page of
Markdown and its pictures; `results.json` has all figures, and `targets.md` what was to be reached.
What was measured earlier stays there until it is measured again. Ends with status 0 whether targets
are met or not.
"""

import argparse
import shlex
import sys
from pathlib import Path

from tests.benchmarks import (
    bulk,
    concurrency,
    exports,
    fleet,
    growth,
    imports,
    large_pages,
    machine,
    mirror,
    observer,
    parts,
    plain,
    single,
    streaming,
    timeline,
    web,
)
from tests.benchmarks.child import ROOT
from tests.benchmarks.outcome import Settings
from tests.benchmarks.results import Results

PIECES = {
    "bulk": bulk.run,
    "single": single.run,
    "streaming": streaming.run,
    "growth": growth.run,
    "concurrency": concurrency.run,
    "large-pages": large_pages.run,
    "imports": imports.run,
    "web": web.run,
    "plain": plain.run,
    "parts": parts.run,
    "exports": exports.run,
    "mirror": mirror.run,
    "fleet": fleet.run,
    "observer": observer.run,
    "timeline": timeline.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pieces", nargs="*", metavar="PIECE", help=", ".join(PIECES))
    parser.add_argument("--rounds", type=int, help="how often each is measured, in turn")
    parser.add_argument("--quick", action="store_true", help="10,000 orders, one round")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where results are kept")
    given = parser.parse_args()
    unknown = [piece for piece in given.pieces if piece not in PIECES]
    if unknown or (given.rounds is not None and given.rounds < 1):
        parser.error(f"pieces are {', '.join(PIECES)}, and rounds at least 1")
    rounds = given.rounds or (1 if given.quick else 5)
    settings = (
        Settings(orders=10_000, rounds=rounds, quick=True)
        if given.quick
        else Settings(rounds=rounds)
    )
    # Rough figures shall not take the place of those that are published.
    results = Results.read(
        given.output or ROOT / ("build" if given.quick else "docs") / "benchmarks"
    )
    command = f"python -m tests.benchmarks {shlex.join(sys.argv[1:])}".strip()
    measured_on = {**machine.described(), "command": command}
    for piece in given.pieces or PIECES:
        outcome = PIECES[piece](settings)
        results.add(piece, outcome, measured_on)
        print(f"\n{piece}\n\n{outcome.text}", flush=True)
    print(f"\ntargets\n\n{results.targets()}")


if __name__ == "__main__":
    main()
