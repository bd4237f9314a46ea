"""On what was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (
    "aiohttp", "attrs", "cattrs", "tenacity", "msgspec", "orjson", "telnyx", "httpx", "pydantic",
    "fastapi", "uvicorn",
)  # fmt: skip


def described() -> dict[str, str]:
    """The machine, how busy it is, the versions of all that has a part in the figures, the date."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "machine": f"{cores} cores of {_processor()}, {platform.system()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known",
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    names = [] if not cpus.exists() else cpus.read_text().splitlines()
    named = [line.partition(":")[2].strip() for line in names if line.startswith("model name")]
    return (named or [platform.processor() or platform.machine()])[0]
