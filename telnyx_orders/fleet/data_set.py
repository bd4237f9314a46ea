"""Where the files of each account are, and what says that they are done. Blocking.

The data set is partitioned by account, as Hive does it: `account=NAME/orders.parquet`. Beside it
lies `_report.json`, whose name readers of data sets pass over. An account is done when both are
there.
"""

import json
import os
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from telnyx_orders.exports import ExportReport
from telnyx_orders.fetch_report import FetchReport

__all__ = ["Partition"]


@frozen
class Partition:
    """The files of one account.

    Attributes:
        destination: Where the data set is.
        name: The account's name.
    """

    destination: Path
    name: str

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.destination / f"account={self.name}"

    @property
    def file(self) -> Path:
        """Its orders."""
        return self.folder / "orders.parquet"

    def done(self, filter_text: str) -> ExportReport | None:
        """Give the report of its export if that is done, with this filter; otherwise `None`."""
        try:
            told: dict[str, Any] = json.loads(self._report.read_text())
        except (OSError, ValueError):
            return None
        if told.pop("filter", None) != filter_text or not self.file.exists():
            return None
        fetch = told.pop("fetch")
        return ExportReport(
            path=self.file, fetch=None if fetch is None else FetchReport(**fetch), **told
        )

    def begin(self) -> None:
        """Make its folder. What was done before is not done any more, though still there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._report.unlink(missing_ok=True)

    def end(self, report: ExportReport, filter_text: str) -> None:
        """Put on the disk that it is done."""
        told = attrs.asdict(report, filter=lambda field, _: field.name != "path")
        told["filter"] = filter_text
        beside = self._report.with_suffix(".new")
        with beside.open("w") as file:
            json.dump(told, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._report)

    @property
    def _report(self) -> Path:
        return self.folder / "_report.json"
