"""A local mirror of an account's orders in SQLite: read once in full, then kept up to date.

`sync` and `Mirror` are what is used; the other files are its rooms: `database` says what the file
holds, `store` what is written when, `changes` what is reported, `segments` where two accounts of
the same orders differ, and `run` asks the API.
"""

from telnyx_orders.mirror.changes import ChangeKind, OrderChange, SyncReport
from telnyx_orders.mirror.errors import MirrorError
from telnyx_orders.mirror.mirror import Mirror, Sync, sync

__all__ = ["ChangeKind", "Mirror", "MirrorError", "OrderChange", "Sync", "SyncReport", "sync"]
