"""`python -m telnyx_orders.cli` is `telnyx-orders`."""

from telnyx_orders.cli import main

main()
