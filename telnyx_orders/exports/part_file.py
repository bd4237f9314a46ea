"""`PartFile`: the file while it is written, beside its final name. Blocking; used in one thread."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from attrs import evolve

from telnyx_orders.exports.errors import ExportError
from telnyx_orders.exports.formats import Form
from telnyx_orders.exports.state import Identity, Progress, State

__all__ = ["PartFile"]


class PartFile:
    """What is written of an export so far: `<path>.part`, and `<path>.part-state` beside it.

    Args:
        path: The final name.
        form: What its bytes are like.
        identity: What is exported.
        resume: Whether to go on with what is there.

    Attributes:
        progress: How far it came, as it is on the disk.

    Raises:
        ExportError: Another export is at it, it is of something else, or it cannot be written.
    """

    def __init__(self, path: Path, form: Form, identity: Identity, *, resume: bool) -> None:
        self._path = path
        self._form = form
        self._identity = identity
        self._part = path.with_name(f"{path.name}.part")
        self._check_path()
        self._state = State(path.with_name(f"{path.name}.part-state"), path)
        self._file: BinaryIO | None = None
        try:
            self.progress: Progress = self._begin(resume)
            if self.finished:
                self._state.remove()
                return
            # Without a buffer, so that closing it has nothing left to write.
            self._file = self._part.open("r+b" if self._part.exists() else "x+b", buffering=0)
            self._file.truncate(self.progress.size)
            self._file.seek(self.progress.size)
            self.save(self.progress)
        except BaseException:
            self._state.close()
            raise

    @property
    def finished(self) -> bool:
        """Whether an earlier run has finished, and was killed before it could say so."""
        return self.progress.finished and not self._part.exists()

    def save(self, progress: Progress) -> None:
        """Put on the disk how far it came."""
        self._state.save(self._identity, progress)
        self.progress = progress

    def append(self, data: bytes, progress: Progress) -> Progress:
        """Put bytes on the disk, and then that they are there; give how far it came.

        Raises:
            OSError: The disk is full, for example. What was there before still counts.
        """
        if not self.progress.size:
            data = self._form.header + data
        rest = memoryview(data)
        while rest:
            rest = rest[self._opened.write(rest) :]
        os.fsync(self._opened.fileno())
        self.save(evolve(progress, size=self.progress.size + len(data)))
        return self.progress

    def finish(self) -> None:
        """Give the file its final name, in place of one that has it."""
        self._opened.close()
        ready = self._part
        if self._form.finish is not None:
            ready = self._path.with_name(f"{self._path.name}.part-final")
            try:
                self._form.finish(self._part, ready)
                _sync(ready)
            except BaseException:
                ready.unlink(missing_ok=True)
                raise
        with suppress(FileNotFoundError):
            ready.chmod(stat.S_IMODE(self._path.stat().st_mode))
        self.save(evolve(self.progress, finished=True))
        ready.replace(self._path)
        # The file has its name, whatever may fail from here on.
        with suppress(OSError):
            _sync(self._path.parent)
            self._part.unlink(missing_ok=True)
        self._state.remove()

    def close(self) -> None:
        """Leave it as it is; where nothing was asked for nothing is left."""
        try:
            if self._file is not None:
                self._file.close()
        finally:
            if self.progress.orders or self.progress.spent:
                self._state.close()
            else:
                self._part.unlink(missing_ok=True)
                self._state.remove()

    @property
    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("an export that is finished has no part to write to")
        return self._file

    def _check_path(self) -> None:
        if self._path.is_dir():
            raise ExportError(f"{self._path} is a folder: give the name of a file", path=self._path)
        if self._path.exists() and not self._path.is_file():
            raise ExportError(
                f"{self._path} is no file that could be replaced: give the name of one, or export "
                "to `-` and send it there",
                path=self._path,
            )
        if not self._path.parent.is_dir():
            raise ExportError(
                f"the folder {self._path.parent} does not exist: make it first", path=self._path
            )

    def _begin(self, resume: bool) -> Progress:
        known = self._state.load() if resume else None
        if known is None or not (self._part.exists() or known[1].finished):
            # First of all, or a kill in between would leave a state without its part.
            self.save(Progress())
            self._part.unlink(missing_ok=True)
            return Progress()
        identity, progress = known
        difference = self._identity.difference(identity)
        if difference is not None:
            raise ExportError(
                f"{self._part} is an export {difference}: go on with it as it was begun, or leave "
                "out resume to begin anew",
                path=self._path,
                orders=progress.orders,
            )
        if progress.finished and not self._part.exists():
            return progress
        if self._part.stat().st_size < progress.size:
            raise ExportError(
                f"{self._part} is shorter than it was written: something has changed it. Leave out "
                "resume to begin anew",
                path=self._path,
            )
        return evolve(
            progress,
            runs=progress.runs + 1,
            lost=progress.lost + progress.reserved,
            reserved=0,
        )


def _sync(path: Path) -> None:
    """Put a file, or what stands in a folder, on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot, and does not need it
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
