"""What is being measured, for whoever waits."""

import sys


def tell(what: str) -> None:
    """Say it on standard error; standard output is for what was measured."""
    print(what, file=sys.stderr, flush=True)
