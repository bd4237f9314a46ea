"""`telnyx-orders --install-completion`, and what Tab then gives in a real bash."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_cli import run

COMPLETE = """
source "$HOME/.bashrc"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
function=$(complete -p telnyx-orders | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$function telnyx-orders "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
async def test_bash(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "SHELL": "/bin/bash"}
    assert (await run("--install-completion", env=home)).code == 0

    def complete(*words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", COMPLETE, "bash", "telnyx-orders", *words],
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.split()

    assert complete("li") == ["list"]
    assert complete("list", "--cre") == ["--created-after", "--created-before"]
    assert complete("list", "--format", "") == ["table", "json", "ndjson", "csv"]
