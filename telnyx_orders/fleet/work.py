"""What is done for one account, wherever it is done."""

import asyncio

import attrs
from attrs import frozen

from telnyx_orders.client import OrdersClient
from telnyx_orders.errors import IncompleteFetchError, TelnyxError
from telnyx_orders.exports import ExportError, ExportInProgressError, ExportReport, export
from telnyx_orders.filters import OrderFilter
from telnyx_orders.fleet.accounts import Account
from telnyx_orders.fleet.data_set import DataSet, Partition

__all__ = ["AccountResult", "Task"]

LOOK_AGAIN = 1.0
"""Seconds between two looks whether another export of the account has ended."""


@frozen(kw_only=True)
class AccountResult:
    """What became of one account.

    Attributes:
        name: The account's name.
        report: What was exported, with its `FetchReport`; `None` if it failed.
        error: Why it failed; `None` if it did not.
        skipped: Whether it had been done before, and nothing was asked.
    """

    name: str
    report: ExportReport | None = None
    error: TelnyxError | None = None
    skipped: bool = False


@frozen(kw_only=True)
class Task:
    """One account's part of an export.

    Attributes:
        account: The account.
        data_set: Where it is exported to.
        filter: Which orders.
        concurrency: Requests in flight at most.
        patience: Seconds to wait for another export of the account, which may have been given up
            by the scheduler of a cluster and still be at it.
    """

    account: Account
    data_set: DataSet
    filter: OrderFilter
    concurrency: int
    patience: float = 0.0

    async def run(self) -> AccountResult:
        """Export the account unless that is done; its failure is in the result."""
        try:
            async with OrdersClient(
                self.account.api_key,
                base_url=self.account.base_url,
                concurrency=self.concurrency,
            ) as client:
                return await self._run(client)
        except ExportInProgressError:
            return self.failed("another export of it is running: wait for its end")
        except ExportError as error:
            kept = f" after {error.orders} orders, which are kept" if error.orders else ""
            return self.failed(f"its export stopped{kept}: {error.reason}")
        except IncompleteFetchError as error:
            # It holds orders, which nobody who exports thousands of accounts has the memory for.
            return self.failed(f"its export stopped: {error.reason}")
        except TelnyxError as error:
            return self.failed(error.with_traceback(None))
        except OSError as error:
            return self.failed(f"{self.data_set.state} cannot be written: {error.strerror}", error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            return self.failed(f"its export failed with {type(error).__name__}", error)

    def failed(self, why: TelnyxError | str, cause: BaseException | None = None) -> AccountResult:
        """Give the result of a failure."""
        name = self.account.name
        if isinstance(why, str):
            error = ExportError(why, path=self.data_set.destination / f"account={name}")
            error.__cause__ = cause
            why = error
        return AccountResult(name=name, error=why)

    async def _run(self, client: OrdersClient) -> AccountResult:
        name = self.account.name
        pager = client.number_orders.list(filter=self.filter)
        transport = pager.listing.transport
        partition = Partition(data_set=self.data_set, name=name, account=transport.account)
        clock = transport.clock
        until = clock.monotonic() + self.patience
        while True:
            done = await asyncio.to_thread(partition.done)
            if done is not None:
                report, just_now = done
                return AccountResult(name=name, report=report, skipped=not just_now)
            await asyncio.to_thread(partition.begin)
            try:
                # Where an earlier run was killed, or failed, only the rest is read.
                report = await export(pager, partition.work, resume=True)
            except ExportInProgressError:
                if clock.monotonic() >= until:
                    raise
                await clock.sleep(LOOK_AGAIN)
                continue
            await asyncio.to_thread(partition.end, report)
            return AccountResult(name=name, report=attrs.evolve(report, path=partition.file))
