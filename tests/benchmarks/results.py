"""The folder of results: figures as JSON, a page of Markdown a measurement, and its pictures."""

import json
from pathlib import Path
from typing import Any, Self

import attrs
from attrs import define

from tests.benchmarks import table
from tests.benchmarks.outcome import Outcome, Target


@define
class Results:
    """What was measured so far, kept in a folder.

    Attributes:
        folder: Where.
        pieces: Of each measurement its figures, its targets, and on what it was measured.
    """

    folder: Path
    pieces: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what a folder holds, which may not be there yet."""
        file = folder / "results.json"
        return cls(folder, json.loads(file.read_text()) if file.exists() else {})

    def add(self, piece: str, outcome: Outcome, measured_on: dict[str, str]) -> None:
        """Write what came of a measurement, in the place of what came of it earlier."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pieces[piece] = {
            "measured_on": measured_on,
            "targets": [attrs.asdict(one) for one in outcome.targets],
            "figures": outcome.figures,
        }
        for name, chart in outcome.charts.items():
            self._write(name, chart)
        pictures = "".join(f"\n![{name[:-4]}]({name})\n" for name in outcome.charts)
        where = (
            "Measured on {machine}; {python}; {libraries}. {date}, load average before: {load}, "
            "by `{command}`."
        ).format(**measured_on)
        self._write(f"{piece}.md", f"{outcome.text}\n{where}\n{pictures}")
        self._write("targets.md", self.targets())
        self._write("results.json", f"{json.dumps(self.pieces, indent=1)}\n")

    def targets(self) -> str:
        """The table of all targets."""
        reached = [
            (piece, Target(**one)) for piece, of in self.pieces.items() for one in of["targets"]
        ]
        return table.targets(reached)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
