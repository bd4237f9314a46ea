"""Where the files of a data set are, and what says which accounts are done. Blocking.

The data set is partitioned by account, as Hive does it: `account=NAME/orders.parquet`. It holds
nothing else, as there are readers that take each file in it for data. Beside it lies a folder
`<name>.state`:

    data_set.json               the filter, and the generation: with each `redo` a new one begins
    account=NAME/report.json    what was exported last, of which account, in which generation
    account=NAME/<digest>...    the export while it is made, named after what it is of
    run-<id>                    is there for as long as a run over a cluster may go on

An account is done when its report is of the same account and generation, and its file is there. The
file gets its place last of all: what is found between the two is put there.
"""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

import attrs
from attrs import frozen

from telnyx_orders.exports import ExportError, ExportReport
from telnyx_orders.fetch_report import FetchReport

__all__ = ["DataSet", "Partition"]


@frozen(kw_only=True)
class DataSet:
    """The folder that the accounts are exported to, as one run sees it.

    Attributes:
        destination: The folder.
        filter_text: Which orders of each account are in it.
        generation: Tells what is to be exported anew from what was exported for good.
        run: Tells this run from others.
    """

    destination: Path
    filter_text: str
    generation: str
    run: str

    @classmethod
    def open(cls, destination: Path, filter_text: str, *, redo: bool) -> Self:
        """Make it if it is not there.

        Raises:
            ExportError: The folder cannot be used.
            ValueError: It has other orders of its accounts.
        """
        try:
            destination = destination.resolve()
            state = _state_of(destination)
            for folder in (destination, state):
                folder.mkdir(parents=True, exist_ok=True)
            apart = destination.stat().st_dev != state.stat().st_dev
            told = _read(state / "data_set.json") or {}
            generation = told.get("generation")
            if generation and not redo and told.get("filter") != filter_text:
                raise ValueError(
                    f"filter: {destination} has the orders of another filter; choose another "
                    "folder, or redo all of it"
                )
            if not isinstance(generation, str) or redo:
                generation = uuid.uuid4().hex
                _write(state / "data_set.json", {"filter": filter_text, "generation": generation})
        except OSError as error:
            why = f"{destination} cannot be written: {error.strerror or error}"
            raise ExportError(
                f"{why}. Give a folder that this process may write beside", path=destination
            ) from error
        if apart:
            raise ExportError(
                f"{destination} is a file system of its own: give a folder in it, as what is not "
                "done is kept beside the folder",
                path=destination,
            )
        return cls(
            destination=destination,
            filter_text=filter_text,
            generation=generation,
            run=uuid.uuid4().hex,
        )

    @property
    def state(self) -> Path:
        """The folder of what is not data."""
        return _state_of(self.destination)

    @property
    def names(self) -> list[str]:
        """The names of all accounts that it has."""
        return sorted(
            file.parent.name.removeprefix("account=")
            for file in self.destination.glob("account=*/orders.parquet")
        )

    def begin(self) -> None:
        """Say that the run goes on, to workers that look whether it does."""
        self._sign.touch()

    def end(self) -> None:
        """Say that it is over."""
        self._sign.unlink(missing_ok=True)

    @property
    def alive(self) -> bool:
        """Whether the run goes on, as far as can be seen from here."""
        try:
            # Not only looked for: a network file system may remember that it was there.
            self._sign.open("rb").close()
        except OSError:
            return False
        return True

    @property
    def _sign(self) -> Path:
        return self.state / f"run-{self.run}"


@frozen(kw_only=True)
class Partition:
    """The files of one account.

    Attributes:
        data_set: What it is part of.
        name: The account's name.
        account: Tells the account from others that might get the same name; see `Transport`.
    """

    data_set: DataSet
    name: str
    account: str

    @property
    def file(self) -> Path:
        """Its orders, once they are all there."""
        return self.data_set.destination / f"account={self.name}" / "orders.parquet"

    @property
    def work(self) -> Path:
        """What they are exported to."""
        what = f"{self.account} {self.data_set.generation}"
        return self._state / f"{hashlib.sha256(what.encode()).hexdigest()[:12]}.parquet"

    def done(self) -> tuple[ExportReport, bool] | None:
        """Give the report of its export, and whether this run made it; `None` if it is not done."""
        told = _read(self._report)
        if told is None:
            return None
        if (told.get("account"), told.get("generation")) != (
            self.account,
            self.data_set.generation,
        ):
            return None
        try:
            report = _report_of(told["report"], self.file)
        except (AttributeError, KeyError, TypeError):
            return None  # of another version, or changed by somebody
        if self.work.exists():
            self._put_in_place()
        return (report, told.get("run") == self.data_set.run) if self.file.exists() else None

    def begin(self) -> None:
        """Make its folders, and drop the orders of another filter: they would be mixed."""
        self._state.mkdir(parents=True, exist_ok=True)
        told = _read(self._report)
        if told is not None and told.get("filter") != self.data_set.filter_text:
            self.file.unlink(missing_ok=True)

    def end(self, report: ExportReport) -> None:
        """Put on the disk that it is done."""
        _write(
            self._report,
            {
                "account": self.account,
                "filter": self.data_set.filter_text,
                "generation": self.data_set.generation,
                "run": self.data_set.run,
                "report": attrs.asdict(report, filter=lambda field, _: field.name != "path"),
            },
        )
        self._put_in_place()
        for other in self._state.iterdir():
            if other != self._report:
                with suppress(OSError):  # of no use to anybody, nor in anybody's way
                    other.unlink()

    def _put_in_place(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.work.replace(self.file)

    @property
    def _state(self) -> Path:
        return self.data_set.state / f"account={self.name}"

    @property
    def _report(self) -> Path:
        return self._state / "report.json"


def _state_of(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}.state")


def _report_of(told: Any, file: Path) -> ExportReport:
    fetch = told.pop("fetch")
    return ExportReport(path=file, fetch=None if fetch is None else FetchReport(**fetch), **told)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return cast("dict[str, Any]", told) if isinstance(told, dict) else None


def _write(file: Path, told: dict[str, Any]) -> None:
    beside = file.with_name(f"{file.name}.{uuid.uuid4().hex[:8]}.new")
    with beside.open("w") as opened:
        json.dump(told, opened, indent=2)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)
