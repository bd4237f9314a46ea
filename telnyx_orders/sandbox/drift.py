"""How the account changes by itself while somebody reads its listing."""

from attrs import frozen

from telnyx_orders.sandbox.checks import check_whole


@frozen
class Drift:
    """Changes that come with every n-th listing request, just before it is answered.

    Attributes:
        every: Which listing requests bring changes: 1 for each, 10 for every tenth.
        insert: Orders created, at the time of the sandbox's clock.
        remove: Orders removed, each a random one.
        settle: Pending orders that become `success`, each a random one.
    """

    every: int = 1
    insert: int = 0
    remove: int = 0
    settle: int = 0

    def __attrs_post_init__(self) -> None:
        check_whole("Drift.every", self.every, low=1)
        check_whole("Drift.insert", self.insert, low=0)
        check_whole("Drift.remove", self.remove, low=0)
        check_whole("Drift.settle", self.settle, low=0)
