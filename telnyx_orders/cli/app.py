"""The commands, their options and their help, and what becomes of each error."""

from collections.abc import Sequence

from cyclopts import App, CycloptsError

from telnyx_orders import ConfigurationError, TelnyxError, __version__
from telnyx_orders.cli.doctor_command import doctor
from telnyx_orders.cli.export_command import export
from telnyx_orders.cli.failures import CommandFailedError, InputError, UsageError
from telnyx_orders.cli.fleet_command import export_many
from telnyx_orders.cli.list_command import count, list_
from telnyx_orders.cli.messages import error_text, tell
from telnyx_orders.cli.order_commands import cancel, place, show, wait
from telnyx_orders.cli.own_output import is_own, run_own
from telnyx_orders.cli.sandbox_command import sandbox_
from telnyx_orders.cli.serve_sandbox import ListenError
from telnyx_orders.cli.standard_output import OutputError
from telnyx_orders.cli.sync_command import sync
from telnyx_orders.cli.termination import sigterm_as_sigint
from telnyx_orders.cli.webhook_commands import webhook

__all__ = ["app", "run"]

app: App = App(
    name="telnyx-orders",
    version=f"telnyx-orders {__version__}",
    help_format="markdown",
    help="""List the number orders of a Telnyx account, all of them, fast; place and follow them.

The account's API key is taken from `TELNYX_API_KEY`, never from an argument; `TELNYX_BASE_URL`
leads to another server than Telnyx's.

    $ telnyx-orders list --sandbox
    $ telnyx-orders list --status pending
    $ telnyx-orders export orders.parquet
    $ telnyx-orders sync orders.db
    $ telnyx-orders place +19705555000 --customer-reference job-17 --wait
    $ telnyx-orders show 12ade33a-21c0-473b-b055-b3c836e1c292
    $ telnyx-orders sandbox --orders 5000

Exit codes: 0; 1 after an error of the API, the network or the disk, or if an order did not go well;
2 if the command cannot be understood or there is no API key; 130 after Ctrl-C, 143
after SIGTERM.
""",
)
app.command(list_, name="list")
app.command(export_many, name="export-accounts")
app.command(sandbox_, name="sandbox")
app.command(webhook)
app.command(count)
app.command(export)
app.command(sync)
app.command(show)
app.command(place)
app.command(wait)
app.command(cancel)
app.command(doctor)
app.register_install_completion_command(  # pyright: ignore[reportUnknownMemberType]
    help="Complete commands and options with Tab, in bash, zsh, fish or PowerShell."
)


def run(arguments: Sequence[str]) -> int:
    """Run a command, tell of what goes wrong in one line, and give the exit code."""
    concurrency = False
    with sigterm_as_sigint() as termination:
        try:
            command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
            if is_own(command):
                return run_own(lambda: command(*bound.args, **bound.kwargs))
            concurrency = "concurrency" in bound.signature.parameters
            command(*bound.args, **bound.kwargs)
        except (CycloptsError, UsageError) as error:
            tell(f"error: {' '.join(str(error).split())}")
            return 2
        except TelnyxError as error:
            tell(f"error: {error_text(error, concurrency=concurrency)}")
            return 2 if isinstance(error, ConfigurationError) else 1
        except (InputError, OutputError, ListenError, CommandFailedError) as error:
            tell(f"error: {error}")
            return 1
        except BrokenPipeError:
            return 0  # as with `| head`: whoever reads has enough
        except KeyboardInterrupt:
            return 143 if termination.came else 130
    return 0
