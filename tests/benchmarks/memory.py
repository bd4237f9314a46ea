"""How much memory this process holds, and has held at most, in MiB; by `/proc`, so on Linux."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident() -> float:
    """What is held now."""
    return _line("VmRSS")


def peak() -> float:
    """What was held at most since `forget_peak`."""
    return _line("VmHWM")


def forget_peak() -> None:
    """Have `peak` count from now on."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


def _line(name: str) -> float:
    if STATUS.exists():
        # Not getrusage(), whose peak is inherited from the process that started this one.
        return int(STATUS.read_text().partition(f"{name}:")[2].split()[0]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
