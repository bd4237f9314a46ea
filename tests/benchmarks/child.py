"""Processes of their own for whatever is measured; told by JSON, they answer by JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def start(module: str, **told: object) -> "subprocess.Popen[str]":
    """Start a module of this folder as a program; its standard input and output are pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.benchmarks.{module}", json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )


def call(module: str, **told: object) -> Any:
    """Run a module of this folder as a program, and give what it answers.

    Raises:
        RuntimeError: It failed; what it printed says why.
    """
    with start(module, **told) as process:
        output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{module} ended with status {process.returncode}, told {told}")
    return json.loads(output)


def answer(function: Callable[..., object]) -> None:
    """Be such a program: call a function with what was told, and print what it gives."""
    print(json.dumps(function(**json.loads(sys.argv[1]))), flush=True)


def environment() -> dict[str, str]:
    """The environment without what would change a client, or slow down this package only."""
    # Coverage measures no peer and loads modules of its own, and only this package may not have
    # been compiled yet.
    changing = ("TELNYX_", "COVERAGE_", "PYTHONDONTWRITEBYTECODE")
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.lower().endswith("_proxy") or name.startswith(changing))
    }
