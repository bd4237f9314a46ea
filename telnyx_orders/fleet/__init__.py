"""Many accounts at once: the orders of each, exported into one data set.

`export_accounts` is what is used; the other files are its rooms: `accounts` says what an account
is, `data_set` where its files are, `work` what is done for one, and `local` and `dask_cluster` by
whom.
"""

from telnyx_orders.fleet.accounts import Account
from telnyx_orders.fleet.export_accounts import FleetProgress, FleetSummary, export_accounts
from telnyx_orders.fleet.work import AccountResult

__all__ = ["Account", "AccountResult", "FleetProgress", "FleetSummary", "export_accounts"]
