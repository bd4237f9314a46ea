"""`telnyx-orders export-accounts`: the file of accounts, the lines, and the exit code."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from telnyx_orders.sandbox import Sandbox
from tests.test_cli import error_line, run

dataset = pytest.importorskip("pyarrow.dataset", reason="needs pyarrow, of the extra `arrow`")


@pytest.fixture
async def boxes() -> AsyncIterator[list[Sandbox]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Sandbox(100, seed=n, api_key=f"KEYsecret{n}"))
            for n in range(3)
        ]


def write(file: Path, text: str, mode: int = 0o600) -> str:
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def by_variables(boxes: list[Sandbox]) -> str:
    rows = [f"acme-{n},KEY_{n},{box.base_url}" for n, box in enumerate(boxes)]
    return "\n".join(["name,key_env,base_url", *rows])


async def test_keys_in_the_environment(boxes: list[Sandbox], tmp_path: Path):
    """A line for each account, a failure hides no other, and the same command does the rest."""
    file = write(tmp_path / "accounts.csv", by_variables(boxes), 0o644)
    keys = {f"KEY_{n}": box.api_key for n, box in enumerate(boxes)}
    folder = tmp_path / "data"
    failed = await run("export-accounts", file, str(folder), env={**keys, "KEY_1": "KEYwrong"})
    assert failed.code == 1
    *lines, last = failed.err.splitlines()
    assert sorted(line.split("] ")[1] for line in lines if "failed" not in line) == [
        "acme-0: 100 orders",
        "acme-2: 100 orders",
    ]
    assert [line for line in lines if "acme-1: failed: " in line]
    assert last.startswith("error: 1 account failed; the same command tries them again")
    again = await run("export-accounts", file, str(folder), env=keys)
    assert again.code == 0
    assert "300 orders of 3 accounts, 2 of which were done before" in again.err
    assert "secret" not in failed.err + again.err
    assert dataset.dataset(folder, partitioning="hive").count_rows() == 300


async def test_keys_in_the_file(boxes: list[Sandbox], tmp_path: Path):
    """They are taken from a file that nobody else can read, and from no other."""
    rows = [f"acme-{n},{box.api_key},{box.base_url}" for n, box in enumerate(boxes)]
    text = "\n".join(["name,api_key,base_url", *rows])
    result = await run(
        "export-accounts", write(tmp_path / "a.csv", text), str(tmp_path / "data"), "--quiet"
    )
    assert (result.code, result.out, result.err) == (0, "", "")
    open_to_all = write(tmp_path / "b.csv", text, 0o640)
    refused = await run("export-accounts", open_to_all, str(tmp_path / "data"))
    assert refused.code == 2
    assert "others can read the keys in it (mode 0640); run: chmod 600" in error_line(refused)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first line must be `name,key_env`"),
        ("name\nacme", "the first line must be"),
        ("name,key_env,api_key\na,b,c", "the first line must be"),
        ("name,key_env,colour\na,b,c", "the first line must be"),
        (
            "name,key_env\nacme,NO_SUCH_KEY",
            "line 2: key_env: the environment variable NO_SUCH_KEY is not set",
        ),
        ("name,api_key\n../acme,KEY", "line 2: name: expected"),
        ("name,api_key\nacme,", "line 2: api_key: the account acme has none"),
        ("name,api_key\nacme,KEY\nACME,KEY", "two would have one folder"),
        ("name,api_key", "there is no account in it"),
        ("name,name,api_key\na,b,c", "the first line must be"),
        ("name,api_key\nacme,KEYsecret,more", "line 2: expected 2 fields, as in the first"),
        ("name,api_key\nacme", "line 2: expected 2 fields, as in the first line, got 1"),
        ("name,api_key\n\n\nacme,KEY\n\n../b,KEYsecret", "line 6: name: expected"),
        ('name,api_key\nacme,"KEYsecret\nother,KEYsecret', "this is no CSV"),
        ("name,key_env\nacme,KEYsecret0123456789abcdef", "line 2: key_env: expected the name"),
        ("name,key_env\nacme,A=B", "line 2: key_env: expected the name"),
        ("name,api_key\nKEYsecret0123456789/=,acme", "line 2: name: it looks like an API key"),
        ("name,api_key,base_url\nacme,KEY,KEYsecret", "line 2: base_url: the account acme needs"),
        ("name,api_key\nacme,KEY secret", "line 2: the account acme: api_key holds a space"),
    ],
)
async def test_a_file_that_makes_no_sense(text: str, said: str, tmp_path: Path):
    """The line says where and what."""
    file = write(tmp_path / "accounts.csv", text)
    result = await run("export-accounts", file, str(tmp_path / "data"))
    assert result.code == 2
    assert said in error_line(result)
    assert "secret" not in result.err
    assert not (tmp_path / "data").exists()


async def test_a_key_of_a_variable_that_cannot_be_used(tmp_path: Path):
    """The variable is named, as the file has no such column."""
    file = write(tmp_path / "accounts.csv", "name,key_env\nacme,ACME_KEY")
    env = {"ACME_KEY": "KEY secret"}
    result = await run("export-accounts", file, str(tmp_path / "data"), env=env)
    assert result.code == 2
    assert "line 2: the account acme: ACME_KEY holds a space" in error_line(result)


async def test_a_key_that_is_refused(boxes: list[Sandbox], tmp_path: Path):
    """The advice is about the account's own key."""
    file = write(
        tmp_path / "accounts.csv", f"name,api_key,base_url\nacme,KEYwrong,{boxes[0].base_url}"
    )
    result = await run("export-accounts", file, str(tmp_path / "data"))
    assert result.code == 1
    assert "acme: failed: " in result.err
    assert "Check its API key against the keys at" in result.err


async def test_a_folder_with_the_orders_of_others(boxes: list[Sandbox], tmp_path: Path):
    """They are named, as they may be of accounts that were renamed."""
    keys = {f"KEY_{n}": box.api_key for n, box in enumerate(boxes)}
    file = write(tmp_path / "accounts.csv", by_variables(boxes))
    await run("export-accounts", file, str(tmp_path / "data"), env=keys)
    file = write(tmp_path / "accounts.csv", by_variables(boxes[:1]))
    result = await run("export-accounts", file, str(tmp_path / "data"), env=keys)
    assert result.code == 0
    assert "has also 2 accounts that this file does not name: acme-1, acme-2" in result.err


async def test_a_file_that_is_not_there(tmp_path: Path):
    """It is named."""
    result = await run("export-accounts", str(tmp_path / "no.csv"), str(tmp_path))
    assert result.code == 1
    assert "cannot read" in error_line(result)


async def test_a_cluster_that_is_none(tmp_path: Path):
    """An address that is none is an error of usage."""
    pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")
    file = write(tmp_path / "accounts.csv", "name,api_key\nacme,KEY")
    result = await run("export-accounts", file, str(tmp_path), "--cluster", "no-address")
    assert result.code == 2
    assert "expected an address such as tcp://scheduler:8786" in error_line(result)
