"""The journal of orders: what is sent is on disk before it leaves, so a crash forgets nothing.

`OrderJournal` is what is used; the other files are its rooms: `intent` says what an order in the
journal is, `database` what its file holds, `store` what is recorded when, `owners` who is alive,
`worker` in which thread, and `reconcile` what became of the orders that were left open.
"""

from telnyx_orders.journal.intent import Intent, IntentState
from telnyx_orders.journal.journal import OrderJournal
from telnyx_orders.journal.reconcile import Reconciled

__all__ = ["Intent", "IntentState", "OrderJournal", "Reconciled"]
