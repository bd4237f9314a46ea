"""A local mirror of an account's orders in SQLite: read once in full, then kept up to date.

`sync` and `Mirror` are what is used; the other files are its rooms: `database` says what the file
holds, `store` what is written when and `stored_orders` what is asked of it, `outbox` which changes
are still to be told, `open_mirror` in which thread, `account_reader` asks the API, and `run`
decides what to ask.
"""

from telnyx_orders.mirror.changes import ChangeKind, OrderChange, SyncReport
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.mirror import Mirror, sync
from telnyx_orders.mirror.one_sync import Sync

__all__ = ["ChangeKind", "Mirror", "MirrorError", "OrderChange", "Sync", "SyncReport", "sync"]
