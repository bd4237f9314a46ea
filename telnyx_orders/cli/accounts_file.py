"""The file of accounts that `export-accounts` reads: a CSV with a name and a key for each."""

import csv
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from telnyx_orders.cli.failures import InputError, UsageError
from telnyx_orders.cli.input_files import read_input
from telnyx_orders.fleet import Account

__all__ = ["read_accounts"]

KNOWN = ("name", "key_env", "api_key", "base_url")


def read_accounts(file: str, environment: Mapping[str, str]) -> list[Account]:
    """Read accounts from a file with the columns `name` and `key_env`, or `name` and `api_key`.

    Args:
        file: The file.
        environment: Where the variables are that `key_env` names.

    Raises:
        InputError: The file cannot be read.
        UsageError: It makes no sense, or others can read the keys in it.
    """
    try:
        lines = read_input(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {file}: it is not UTF-8") from error
    rows = csv.DictReader(lines)
    columns = [] if rows.fieldnames is None else list(rows.fieldnames)
    unknown = [column for column in columns if column not in KNOWN]
    if "name" not in columns or ("key_env" in columns) == ("api_key" in columns) or unknown:
        raise UsageError(
            f"{file}: the first line must be `name,key_env`, the name of an environment variable, "
            "or `name,api_key`; `base_url` may follow"
        )
    if "api_key" in columns:
        _check_private(file)
    return [_account(file, number, row, environment) for number, row in enumerate(rows, start=2)]


def _account(
    file: str, line: int, row: Mapping[str, str | None], environment: Mapping[str, str]
) -> Account:
    key = row.get("api_key")
    if key is None:
        variable = row.get("key_env") or ""
        key = environment.get(variable)
        if not key:
            raise UsageError(
                f"{file}, line {line}: the environment variable {variable!r:.80} of the account "
                f"{row['name']!r:.80} is not set"
            )
    try:
        return Account(
            name=(row["name"] or "").strip(),
            api_key=key.strip(),
            base_url=row.get("base_url") or None,
        )
    except ValueError as error:
        raise UsageError(f"{file}, line {line}: {error}") from error


def _check_private(file: str) -> None:
    if os.name == "nt" or file == "-":
        return
    mode = stat.S_IMODE(Path(file).stat().st_mode)
    if mode & 0o077:
        raise UsageError(
            f"{file}: others can read the keys in it (mode {mode:04o}); run: chmod 600 {file}"
        )
