"""Many accounts: what is in the data set, what is done again, and where keys do not show."""

import asyncio
import copy
import json
import logging
import os
import pickle
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from telnyx_orders import AuthenticationError, ConfigurationError, ExportError, FetchReport
from telnyx_orders.fleet import Account, FleetProgress, export_accounts
from telnyx_orders.sandbox import Fault, Faults, Sandbox
from tests.conftest import no_task_left, until

dataset = pytest.importorskip("pyarrow.dataset", reason="needs pyarrow, of the extra `arrow`")

Fleet = list[tuple[Account, Sandbox]]


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    """Six accounts, each with a sandbox and a key of its own."""
    async with AsyncExitStack() as stack:
        accounts: Fleet = []
        for number in range(6):
            sandbox = Sandbox(100 + 300 * number, seed=number, api_key=f"KEYsecret{number}")
            await stack.enter_async_context(sandbox)
            account = Account(
                name=f"acme-{number}", api_key=sandbox.api_key, base_url=sandbox.base_url
            )
            accounts.append((account, sandbox))
        yield accounts


def accounts_of(fleet: Fleet) -> list[Account]:
    return [account for account, _ in fleet]


def ids_by_account(folder: Path) -> dict[str, set[str]]:
    table = dataset.dataset(folder, format="parquet", partitioning="hive").to_table()
    found: dict[str, set[str]] = {}
    for row in table.select(["account", "id"]).to_pylist():
        found.setdefault(row["account"], set()).add(row["id"])
    assert sum(map(len, found.values())) == table.num_rows
    return found


def expected(fleet: Fleet) -> dict[str, set[str]]:
    return {account.name: set(sandbox.order_ids()) for account, sandbox in fleet}


async def test_one_data_set_of_all(fleet: Fleet, tmp_path: Path) -> None:
    """It is partitioned by account, each complete, and the summary has each one's proof."""
    told: list[FleetProgress] = []
    async with no_task_left():
        summary = await export_accounts(
            accounts_of(fleet), tmp_path / "data", at_once=3, on_progress=told.append
        )
    assert ids_by_account(tmp_path / "data") == expected(fleet)
    assert [result.name for result in summary.results] == [one.name for one, _ in fleet]
    for result, (_, sandbox) in zip(summary.results, fleet, strict=True):
        assert (result.error, result.skipped) == (None, False)
        assert result.report is not None
        assert isinstance(result.report.fetch, FetchReport)
        assert result.report.fetch.proof == "count"
        assert result.report.orders == len(sandbox.order_ids())
    assert summary.failed == ()
    assert [progress.done for progress in told] == [1, 2, 3, 4, 5, 6]
    assert (told[-1].total, told[-1].orders) == (6, summary.orders)


async def test_one_that_fails_hides_no_other(fleet: Fleet, tmp_path: Path) -> None:
    """Its error is in the summary; the same call then does it, and nothing else."""
    account, sandbox = fleet[2]
    wrong = Account(name=account.name, api_key="KEYwrong", base_url=account.base_url)
    tried = [wrong if one is account else one for one in accounts_of(fleet)]
    summary = await export_accounts(tried, tmp_path)
    [failed] = summary.failed
    assert (failed.name, type(failed.error)) == ("acme-2", AuthenticationError)
    before = {one.name: box.counters.requests for one, box in fleet}
    again = await export_accounts(accounts_of(fleet), tmp_path)
    assert again.failed == ()
    assert [result.name for result in again.results if not result.skipped] == ["acme-2"]
    asked = {one.name for one, box in fleet if box.counters.requests > before[one.name]}
    assert asked == {"acme-2"}
    assert ids_by_account(tmp_path) == expected(fleet)
    first, second = summary.results[0].report, again.results[0].report
    assert first == second
    assert sandbox.counters.requests > 0


async def test_what_is_done_is_done_anew_if_asked_to(fleet: Fleet, tmp_path: Path) -> None:
    """With `redo`; another filter needs it, as the orders of two would be mixed."""
    accounts = accounts_of(fleet)[:2]
    await export_accounts(accounts, tmp_path)
    fleet[0][1].insert()
    assert all(one.skipped for one in (await export_accounts(accounts, tmp_path)).results)
    redone = await export_accounts(accounts, tmp_path, redo=True)
    assert not any(one.skipped for one in redone.results)
    assert ids_by_account(tmp_path) == expected(fleet[:2])
    pending = {"status": "pending"}
    with pytest.raises(ValueError, match="has the orders of another filter"):
        await export_accounts(accounts, tmp_path, filter=pending)
    assert ids_by_account(tmp_path) == expected(fleet[:2])
    failing = [accounts[0], evolve(accounts[1], api_key="KEYwrong")]
    chosen = await export_accounts(failing, tmp_path, filter=pending, redo=True)
    assert [one.name for one in chosen.failed] == ["acme-1"]
    ids = {a.name: set(box.order_ids(pending)) for a, box in fleet[:2]}
    assert ids_by_account(tmp_path) == {"acme-0": ids["acme-0"]}
    await export_accounts(accounts, tmp_path, filter=pending)
    assert ids_by_account(tmp_path) == ids


async def test_a_redo_that_was_broken_off_goes_on(fleet: Fleet, tmp_path: Path) -> None:
    """Without `redo` the next call does those that were not done anew."""
    accounts = accounts_of(fleet)
    await export_accounts(accounts, tmp_path)
    for _, sandbox in fleet:
        sandbox.insert()

    def stop(_: FleetProgress) -> None:
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        await export_accounts(accounts, tmp_path, redo=True, at_once=1, on_progress=stop)
    rest = await export_accounts(accounts, tmp_path)
    assert [one.skipped for one in rest.results] == [True] + [False] * 5
    assert ids_by_account(tmp_path) == expected(fleet)


async def test_an_account_under_a_name_that_another_had(fleet: Fleet, tmp_path: Path) -> None:
    """It is exported anew; nothing of the other account stays under its name."""
    one, other = accounts_of(fleet)[:2]
    await export_accounts([one, other], tmp_path)
    exchanged = [evolve(other, name=one.name), evolve(one, name=other.name)]
    summary = await export_accounts(exchanged, tmp_path)
    assert not any(result.skipped for result in summary.results)
    ids = expected(fleet[:2])
    assert ids_by_account(tmp_path) == {one.name: ids[other.name], other.name: ids[one.name]}


async def break_off(account: Account, sandbox: Sandbox, folder: Path) -> None:
    """Have an account half exported."""
    begun = sandbox.counters.requests
    exporting = asyncio.create_task(export_accounts([account], folder))
    await until(lambda: sandbox.counters.requests > begun + 40)
    exporting.cancel()
    await asyncio.wait([exporting])
    kept = await asyncio.to_thread(_files, folder.with_name(f"{folder.name}.state"))
    assert [file for file in kept if file.endswith(".part")]


async def test_a_new_key_for_an_account_that_is_half_done(tmp_path: Path) -> None:
    """It is begun anew, whatever was kept under the key before, and nothing of that stays."""
    folder = tmp_path / "data"
    async with Sandbox(20_000, api_key="KEYold", seed=3) as old, Sandbox(300) as new:
        account = Account(name="acme", api_key="KEYold", base_url=old.base_url)
        await break_off(account, old, folder)
        again = evolve(account, api_key=new.api_key, base_url=new.base_url)
        assert (await export_accounts([again], folder)).failed == ()
        assert ids_by_account(folder) == {"acme": set(new.order_ids())}
    assert sorted(await asyncio.to_thread(_files, tmp_path / "data.state")) == [
        "account=acme",
        "data_set.json",
        "report.json",
    ]


async def test_a_file_that_was_not_put_in_its_place(tmp_path: Path) -> None:
    """A process that is killed between the report and the last step leaves that to the next one."""
    folder, state = tmp_path / "data", tmp_path / "data.state" / "account=acme"
    async with Sandbox(20_000) as sandbox:
        account = Account(name="acme", api_key=sandbox.api_key, base_url=sandbox.base_url)
        await break_off(account, sandbox, folder)
        [part] = state.glob("*.part")
        await export_accounts([account], folder)
        final = folder / "account=acme" / "orders.parquet"
        final.rename(part.with_suffix(""))
        asked = sandbox.counters.requests
        [result] = (await export_accounts([account], folder)).results
        assert (result.skipped, sandbox.counters.requests) == (True, asked)
        assert ids_by_account(folder) == {"acme": set(sandbox.order_ids())}
    assert [file.name for file in state.iterdir()] == ["report.json"]


async def test_every_reader_reads_the_folder(fleet: Fleet, tmp_path: Path) -> None:
    """What is done is one table, though one account is half done and one has no orders."""
    pandas: Any = pytest.importorskip("pandas")
    polars: Any = pytest.importorskip("polars")
    duckdb: Any = pytest.importorskip("duckdb")
    folder = tmp_path / "orders"
    async with Sandbox(0) as empty, Sandbox(250) as numbered, Sandbox(20_000) as large:
        accounts = [
            *accounts_of(fleet),
            Account(name="empty", api_key=empty.api_key, base_url=empty.base_url),
            Account(name="4711", api_key=numbered.api_key, base_url=numbered.base_url),
        ]
        summary = await export_accounts(accounts, folder)
        half = Account(name="large", api_key=large.api_key, base_url=large.base_url)
        await break_off(half, large, folder)
    counts = {one.name: one.report.orders for one in summary.results if one.report}
    assert counts.pop("empty") == 0
    assert {name: len(ids) for name, ids in ids_by_account(folder).items()} == counts
    table = pandas.read_parquet(folder)
    assert table.groupby("account", observed=True).size().to_dict() == counts
    assert dict(polars.read_parquet(folder).group_by("account").len().iter_rows()) == counts
    rows = duckdb.sql(
        "SELECT account, count(*) "
        f"FROM read_parquet('{folder}/*/*.parquet', hive_partitioning=true) GROUP BY account"
    ).fetchall()
    assert dict(rows) == counts


@pytest.mark.parametrize("text", ["[]", "null", "{}", "not JSON", "another version"])
async def test_a_report_that_makes_no_sense(text: str, fleet: Fleet, tmp_path: Path) -> None:
    """The account is done anew, and no other is touched."""
    accounts = accounts_of(fleet)[:2]
    await export_accounts(accounts, tmp_path / "data")
    [report] = (tmp_path / "data.state" / "account=acme-0").glob("*.json")
    told = json.loads(report.read_text())
    report.write_text(
        text if text != '{"fetch": 1}' else json.dumps({**told, "report": {"fetch": 1}})
    )
    summary = await export_accounts(accounts, tmp_path / "data")
    assert [one.skipped for one in summary.results] == [False, True]
    assert summary.failed == ()


async def test_an_account_whose_files_cannot_be_written(fleet: Fleet, tmp_path: Path) -> None:
    """It fails, and hides no other."""
    (tmp_path / "data.state").mkdir()
    (tmp_path / "data.state" / "account=acme-0").write_text("in the way")
    summary = await export_accounts(accounts_of(fleet), tmp_path / "data")
    [failed] = summary.failed
    assert failed.name == "acme-0"
    assert "data.state cannot be written: Not a directory" in str(failed.error)


async def test_accounts_that_are_not_named_any_more(fleet: Fleet, tmp_path: Path) -> None:
    """Their orders stay in the data set, and the summary says so."""
    await export_accounts(accounts_of(fleet)[:3], tmp_path)
    summary = await export_accounts(accounts_of(fleet)[1:3], tmp_path)
    assert summary.others == ("acme-0",)


async def test_a_folder_that_is_none(fleet: Fleet, tmp_path: Path) -> None:
    """It is one error before anything is asked."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="file cannot be written: File exists"):
        await export_accounts(accounts_of(fleet), tmp_path / "file")
    with pytest.raises(ValueError, match="destination: expected a folder"):
        await export_accounts(accounts_of(fleet), "")
    assert sum(sandbox.counters.requests for _, sandbox in fleet) == 0


async def test_keys_by_name(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapping of names to keys does, too; the server is that of the environment."""
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)
    summary = await export_accounts({"acme": sandbox.api_key}, tmp_path)
    assert (summary.failed, summary.orders) == ((), 1000)


async def test_cancelled_it_ends_at_once(fleet: Fleet, tmp_path: Path) -> None:
    """No task and no half file is left, and the next call does the rest."""
    async with no_task_left():

        def stop(_: FleetProgress) -> None:
            raise KeyError("stop")

        with pytest.raises(KeyError, match="stop"):
            await export_accounts(accounts_of(fleet), tmp_path, at_once=2, on_progress=stop)
    summary = await export_accounts(accounts_of(fleet), tmp_path)
    assert summary.failed == ()
    assert any(result.skipped for result in summary.results)
    assert ids_by_account(tmp_path) == expected(fleet)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "../etc"}, "name: expected"),
        ({"name": ""}, "name: expected"),
        ({"name": "a/b"}, "name: expected"),
        ({"name": "a" * 101}, "name: expected"),
        ({"name": "001"}, "would be taken for a number"),
        ({"name": "2024-01-01"}, "would be taken for a number or a date"),
        ({"name": "1e5"}, "would be taken for a number"),
        ({"name": "NaN"}, "would be taken for a number"),
        ({"name": "KEY0123456789abcdefghi"}, "looks like an API key, and"),
        ({"api_key": " "}, "api_key: the account acme has none"),
        ({"api_key": "KEY 1"}, "the account acme: api_key holds a space"),
        ({"base_url": "http://api.example"}, "base_url: the account acme needs a URL"),
        ({"base_url": "KEYsecret"}, "base_url: the account acme needs a URL"),
        ({"base_url": 3}, "base_url: the account acme needs a URL"),
    ],
)
def test_an_account_that_makes_no_sense(fields: dict[str, str], said: str) -> None:
    """It is an error when it is made."""
    with pytest.raises(ValueError, match=said) as caught:
        Account(**{"name": "acme", "api_key": "KEY", **fields})  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["acme", "4711", "0", "12ade33a-21c0-473b", "v1.2_x", "1st"])
def test_a_name_that_makes_sense(name: str) -> None:
    assert Account(name=name, api_key="KEY").name == name


async def test_arguments_that_make_no_sense(tmp_path: Path) -> None:
    """They are errors before anything is asked."""
    two = [Account(name=name, api_key="KEY") for name in ("Acme", "acme")]
    with pytest.raises(ValueError, match="two would have one folder: Acme and acme"):
        await export_accounts(two, tmp_path)
    with pytest.raises(TypeError, match="expected Accounts, got str"):
        await export_accounts(["acme"], tmp_path)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="at_once"):
        await export_accounts([], tmp_path, at_once=0)
    with pytest.raises(ConfigurationError, match="cluster: expected the address"):
        await export_accounts([], tmp_path, cluster=3)


def test_the_key_of_an_account_shows_nowhere() -> None:
    """Neither in its representation nor in what Dask makes names of."""
    account = Account(name="acme", api_key="KEYsecret")
    assert "secret" not in repr(account) + str(account.__dask_tokenize__())
    assert pickle.loads(pickle.dumps(account)).api_key == "KEYsecret"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster


@pytest.mark.filterwarnings("default")
async def test_over_the_workers_of_a_cluster(fleet: Fleet, cluster: Any, tmp_path: Path) -> None:
    """The same data set comes of it, a failure is in the summary, and no key in the scheduler."""
    wrong = Account(name="wrong", api_key="KEYsecret-wrong", base_url=fleet[0][0].base_url)
    accounts = [*accounts_of(fleet), wrong]
    summary = await export_accounts(accounts, tmp_path, cluster=cluster)
    [failed] = summary.failed
    assert (failed.name, type(failed.error)) == ("wrong", AuthenticationError)
    assert ids_by_account(tmp_path) == expected(fleet)
    scheduler = cluster.scheduler
    shown = [repr(scheduler.tasks), str(scheduler.get_events()), str(scheduler.transition_log)]
    shown += [str(cluster.get_logs())]
    assert "secret" not in "".join(shown)
    again = await export_accounts(accounts, tmp_path, cluster=cluster.scheduler_address)
    assert [result.skipped for result in again.results] == [True] * 6 + [False]


@pytest.mark.filterwarnings("default")
async def test_a_worker_that_is_killed(fleet: Fleet, cluster: Any, tmp_path: Path) -> None:
    """What it did is done by another, and the data is as it should be."""
    for _, sandbox in fleet:
        sandbox.latency = 0.05
        sandbox.faults = Faults(rate=0.1, kinds=[Fault.UNAVAILABLE])
    pids = [worker.pid for worker in cluster.workers.values()]
    killed: list[int] = []

    def kill(_: FleetProgress) -> None:
        if not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    summary = await export_accounts(accounts_of(fleet), tmp_path, cluster=cluster, on_progress=kill)
    assert killed
    assert [result.error for result in summary.results] == [None] * 6
    assert ids_by_account(tmp_path) == expected(fleet)
    assert not [file for file in await asyncio.to_thread(_files, tmp_path) if ".part" in file]


@pytest.mark.filterwarnings("default")
async def test_cancelled_the_workers_stop(cluster: Any, tmp_path: Path) -> None:
    """Nothing is asked for any more, and the next call goes on at once."""
    folder = tmp_path / "data"
    async with Sandbox(20_000, latency=0.05) as sandbox:
        account = Account(name="acme", api_key=sandbox.api_key, base_url=sandbox.base_url)
        exporting = asyncio.create_task(export_accounts([account], folder, cluster=cluster))
        await until(lambda: sandbox.counters.requests > 20)
        exporting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exporting
        asked = sandbox.counters.requests
        sandbox.latency = 0.0
        summary = await export_accounts([account], folder)
        assert (summary.failed, summary.orders) == ((), 20_000)
        # Had it gone on, it would have been asked for some 80 pages twice.
        assert sandbox.counters.requests - asked < 120
        assert [result.report.runs for result in summary.results if result.report] == [2]


@pytest.mark.filterwarnings("default")
async def test_a_worker_waits_for_another_export_of_its_account(
    cluster: Any, tmp_path: Path
) -> None:
    """The scheduler of a cluster may have given up a worker that is still at it."""
    folder = tmp_path / "data"
    async with Sandbox(3000, latency=0.2) as sandbox:
        account = Account(name="acme", api_key=sandbox.api_key, base_url=sandbox.base_url)
        here = asyncio.create_task(export_accounts([account], folder, concurrency=1))
        await until(lambda: sandbox.counters.requests > 2)
        with_others = await export_accounts([account], folder, cluster=cluster)
        assert (await here).failed == with_others.failed == ()
        assert [result.skipped for result in with_others.results] == [True]
        begun = sandbox.counters.requests
        here = asyncio.create_task(export_accounts([account], folder, concurrency=1, redo=True))
        await until(lambda: sandbox.counters.requests > begun + 2)
        [refused] = (await export_accounts([account], folder)).results
        assert "another export of it is running: wait for its end" in str(refused.error)
        assert (await here).failed == ()


@pytest.mark.filterwarnings("default")
async def test_the_server_is_that_of_this_environment(
    cluster: Any, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment of a worker says does not count."""
    monkeypatch.setenv("TELNYX_BASE_URL", sandbox.base_url)  # after the workers were started
    summary = await export_accounts({"acme": sandbox.api_key}, tmp_path, cluster=cluster)
    assert (summary.failed, summary.orders) == ((), 1000)


@pytest.mark.filterwarnings("default")
async def test_a_cluster_that_is_lost(tmp_path: Path) -> None:
    """The accounts that were not done are failures that say so, and the next call does them."""
    distributed = pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    async with Sandbox(300) as small, Sandbox(20_000, latency=0.1) as large:
        accounts = [
            Account(name=name, api_key=box.api_key, base_url=box.base_url)
            for name, box in (("small", small), ("large", large), ("last", small))
        ]
        async with distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            asynchronous=True,
        ) as cluster:
            exporting = asyncio.create_task(export_accounts(accounts, tmp_path, cluster=cluster))
            await until(lambda: large.counters.requests > 20)
        summary = await exporting
        assert [result.name for result in summary.failed] == ["large", "last"]
        for result in summary.failed:
            assert "the cluster was lost; the same call does the rest" in str(result.error)
        large.latency = 0.0
        again = await export_accounts(accounts, tmp_path)
        assert (again.results[0].skipped, again.failed, again.orders) == (True, (), 20_600)


@pytest.mark.filterwarnings("default")
async def test_a_cluster_without_workers(fleet: Fleet, tmp_path: Path) -> None:
    """It is an error once one would have come."""
    distributed = pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    dask = pytest.importorskip("dask")
    async with distributed.LocalCluster(
        n_workers=0, dashboard_address=None, silence_logs=logging.CRITICAL, asynchronous=True
    ) as cluster:
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "300ms"}),
            pytest.raises(ConfigurationError, match="has no workers: start one"),
        ):
            await export_accounts(accounts_of(fleet), tmp_path, cluster=cluster)


@pytest.mark.parametrize("address", ["tls://127.0.0.1:1", "tcp://127.0.0.1:1", "foo://127.0.0.1:1"])
@pytest.mark.filterwarnings("default")
async def test_a_cluster_that_cannot_be_reached(address: str, fleet: Fleet, tmp_path: Path) -> None:
    """Whatever Dask says of it, it is one error."""
    dask = pytest.importorskip("dask", reason="needs Dask, of the extra `dask`")
    pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "300ms"}),
        pytest.raises(ConfigurationError, match=f"cluster at {address} cannot be reached"),
    ):
        await export_accounts(accounts_of(fleet), tmp_path, cluster=address)


def _files(folder: Path) -> list[str]:
    return [file.name for file in folder.rglob("*")]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("preload", "said"),
    [
        ("import sys; sys.modules['telnyx_orders.fleet'] = None", "cannot load this package"),
        (
            "import telnyx_orders.fleet.dask_cluster as ours; ours.__version__ = '0.0.1'",
            "has telnyx-orders 0.0.1, and this is",
        ),
    ],
)
async def test_workers_without_this_package(
    preload: str, said: str, fleet: Fleet, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    async with distributed.LocalCluster(
        n_workers=1,
        processes=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
        preload=preload,
        asynchronous=True,
    ) as cluster:
        with pytest.raises(ConfigurationError, match=said):
            await export_accounts(accounts_of(fleet), tmp_path, cluster=cluster)


def test_a_pickled_account_does_not_show_its_key() -> None:
    account = Account(name="acme", api_key="KEYsecret-1", base_url="http://127.0.0.1/v2")
    pickled = [pickle.dumps(account) for _ in range(2)]
    assert all(b"secret" not in one for one in pickled)
    assert pickled[0] != pickled[1]
    assert pickle.loads(pickled[0]) == account == copy.deepcopy(account)
