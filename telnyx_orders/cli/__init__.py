"""The command line, `telnyx-orders`.

It needs the extra `cli`. What it exits with:

    0    all went well, or whoever read the output wanted no more
    1    an error of the API, the network or the disk; or an order did not go well
    2    the command cannot be understood, or there is no API key
    130  Ctrl-C
    143  SIGTERM
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments of the process name, and exit."""
    try:
        # Here and not above: without the extra there must still be something to say so.
        from telnyx_orders.cli.app import run
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("cyclopts", "rich"):
            raise
        sys.exit(_without_extra(missing))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


def _without_extra(missing: str) -> int:
    sys.stderr.write(
        f"error: the command line needs {missing}; "
        "install it with: pip install 'telnyx-orders[cli]'\n"
    )
    return 2
