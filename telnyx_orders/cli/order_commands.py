"""`telnyx-orders show`, `place`, `wait` and `cancel`: their options and their help."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from telnyx_orders import NewOrder
from telnyx_orders.cli.cancel_order import CancelOptions, cancel_order
from telnyx_orders.cli.detail_formats import DetailFormat
from telnyx_orders.cli.failures import UsageError
from telnyx_orders.cli.input_files import read_input, shown_name
from telnyx_orders.cli.numbers_to_order import numbers_to_order
from telnyx_orders.cli.parameters import flag, seconds
from telnyx_orders.cli.place_order import PlaceOptions, place_order
from telnyx_orders.cli.show_order import ShowOptions, show_order
from telnyx_orders.cli.wait_for_orders import WaitFormat, WaitOptions, wait_for_orders
from telnyx_orders.resources.arguments import check_id

__all__ = ["cancel", "place", "show", "wait"]

DETAIL = Annotated[DetailFormat | None, Parameter(name="--format")]
FLAG = Annotated[bool, flag()]
ID = Annotated[str, Parameter(name="ID")]


def show(id_: ID, /, *, sandbox: FLAG = False, format_: DETAIL = None) -> None:
    """Show an order with its numbers, and what it waits for.

    As text, it also says which regulatory requirements are missing, and until when they have to be
    met.

        $ telnyx-orders show 12ade33a-21c0-473b-b055-b3c836e1c292
        $ telnyx-orders show 12ade33a-21c0-473b-b055-b3c836e1c292 | jq .status

    Args:
        id_: The order's id, as `telnyx-orders list` shows it.
        sandbox: Ask a built-in server with made-up orders, those of `list --sandbox`.
        format_: How to write it: `text` on a terminal, `json` elsewhere.
    """
    asyncio.run(show_order(ShowOptions(id=_checked(id_), sandbox=sandbox, format=format_)))


def place(
    *numbers: str,
    from_: Annotated[str | None, Parameter(name="--from", allow_leading_hyphen=True)] = None,
    connection_id: str | None = None,
    messaging_profile_id: str | None = None,
    billing_group_id: str | None = None,
    customer_reference: Annotated[
        str | None, Parameter(name=["--customer-reference", "--reference"])
    ] = None,
    journal: Path | None = None,
    settle: Annotated[float, seconds()] = 60.0,
    dry_run: FLAG = False,
    yes: Annotated[bool, flag(name=["--yes", "-y"])] = False,
    wait: FLAG = False,
    timeout: Annotated[float | None, seconds()] = None,
    sandbox: FLAG = False,
    format_: DETAIL = None,
) -> None:
    r"""Place an order: buy phone numbers.

    It shows what it will buy and asks first. The order is sent once. Where the answer is lost, it
    is looked for in the account, and the command says whether it was placed.

        $ telnyx-orders place +19705555000 +19705555001 --customer-reference job-17
        $ telnyx-orders place --from numbers.txt --dry-run

    See how it goes, without an account:

        $ telnyx-orders place --sandbox --yes +19705555000 --wait

    In a job that may be killed and run again, with a journal, which makes that safe:

        $ telnyx-orders place --from numbers.txt --customer-reference job-17 \
              --journal orders.journal --yes

    Args:
        numbers: The numbers, in E.164 form.
        from_: A file with more numbers, one a line; `-` is standard input. Empty lines and what
            follows a `#` are ignored.
        connection_id: The connection to assign the numbers to.
        messaging_profile_id: The messaging profile to assign the numbers to.
        billing_group_id: The billing group to assign the numbers to.
        customer_reference: Your own reference, by which the order can be found again.
        journal: A file that knows each order before it is sent. The same order under the same
            reference is not bought again. One file is for one account.
        settle: Seconds for which a request whose answer was lost may still be carried out. Earlier
            it is not believed that the order is not there.
        dry_run: Check everything and show what would be sent, but send nothing.
        yes: Do not ask. Needed where there is no terminal to ask on.
        wait: Wait until the order has ended; exit with 1 if that is not with success.
        timeout: Seconds to wait at most, with `--wait`.
        sandbox: Order from a built-in server, which costs nothing and forgets at once.
        format_: How to write the order: `text` on a terminal, `json` elsewhere.
    """
    if timeout is not None and not wait:
        raise UsageError("--timeout is for --wait, which is missing")
    if journal is not None and customer_reference is None:
        raise UsageError(
            "--journal needs --customer-reference: by it the journal knows the order again"
        )
    if journal is not None and sandbox:
        raise UsageError(
            "--journal is for an account, and that of --sandbox is gone when the command ends; "
            "to try it, run `telnyx-orders sandbox` in another shell"
        )
    text = "" if from_ is None else read_input(from_).decode(errors="replace")
    try:
        order = NewOrder(
            numbers_to_order(numbers, text, shown_name(from_ or "")),
            connection_id=connection_id,
            messaging_profile_id=messaging_profile_id,
            billing_group_id=billing_group_id,
            customer_reference=customer_reference,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    asyncio.run(
        place_order(
            PlaceOptions(
                order=order,
                journal=journal,
                settle=settle,
                dry_run=dry_run,
                yes=yes,
                wait=wait,
                timeout=timeout,
                sandbox=sandbox,
                format=format_,
            )
        )
    )


def wait(
    id_: ID,
    /,
    *ids: str,
    timeout: Annotated[float | None, seconds()] = None,
    stop_on_requirements: FLAG = False,
    sandbox: FLAG = False,
    format_: Annotated[WaitFormat | None, Parameter(name="--format")] = None,
) -> None:
    r"""Wait for orders, and show each when it has ended.

    It exits with 0 if all ended with success; with 1 if one did not, or had not ended in time.

        $ telnyx-orders wait 12ade33a-21c0-473b-b055-b3c836e1c292 --timeout 600
        $ telnyx-orders list --status pending --quiet | jq -r .id \
              | xargs telnyx-orders wait --stop-on-requirements

    Args:
        id_: The id of an order.
        ids: More of them.
        timeout: Seconds to wait at most.
        stop_on_requirements: End when all that are left wait for regulatory requirements, which
            somebody has to fulfil.
        sandbox: Wait for orders of a built-in server, those of `list --sandbox`. What is pending
            there, and waits for nothing, ends soon.
        format_: How to write the orders. `json` is one array, `ndjson` one object a line. Left
            out: `text`, a line each, on a terminal, `ndjson` elsewhere.
    """
    asyncio.run(
        wait_for_orders(
            WaitOptions(
                ids=[_checked(one) for one in (id_, *ids)],
                timeout=timeout,
                stop_on_requirements=stop_on_requirements,
                sandbox=sandbox,
                format=format_,
            )
        )
    )


def cancel(
    id_: ID,
    /,
    *,
    dry_run: FLAG = False,
    yes: Annotated[bool, flag(name=["--yes", "-y"])] = False,
    sandbox: FLAG = False,
    format_: DETAIL = None,
) -> None:
    """Cancel an order: all of its sub number orders that are still pending, or one of them.

    It asks first. If one cannot be cancelled the others still are, and it exits with 1.

        $ telnyx-orders cancel 12ade33a-21c0-473b-b055-b3c836e1c292 --dry-run
        $ telnyx-orders cancel 12ade33a-21c0-473b-b055-b3c836e1c292 --yes

    Args:
        id_: The id of an order, or of a sub number order.
        dry_run: Show what would be cancelled, but cancel nothing.
        yes: Do not ask. Needed where there is no terminal to ask on.
        sandbox: Cancel in a built-in server, which forgets at once.
        format_: How to write what became of each: `text` on a terminal, `json` elsewhere.
    """
    options = CancelOptions(
        id=_checked(id_), dry_run=dry_run, yes=yes, sandbox=sandbox, format=format_
    )
    asyncio.run(cancel_order(options))


def _checked(order_id: str) -> str:
    try:
        return check_id("ID", order_id)
    except ValueError as error:
        raise UsageError(str(error)) from error
