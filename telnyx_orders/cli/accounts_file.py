"""The file of accounts that `export-accounts` reads: a CSV with a name and a key for each.

What goes wrong is told by line and column; a value that may be a key is never shown.
"""

import csv
import io
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from telnyx_orders.cli.failures import InputError, UsageError
from telnyx_orders.cli.input_files import read_input
from telnyx_orders.fleet.accounts import Account, looks_like_key

__all__ = ["read_accounts"]

KNOWN = ("name", "key_env", "api_key", "base_url")

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


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
        text = read_input(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {file}: it is not UTF-8") from error
    rows = _rows(file, text)
    _, columns = next(rows, (1, list[str]()))
    if (
        "name" not in columns
        or ("key_env" in columns) == ("api_key" in columns)
        or not set(columns) <= set(KNOWN)
        or len(set(columns)) < len(columns)
    ):
        raise UsageError(
            f"{file}: the first line must be `name,key_env`, the name of an environment variable, "
            "or `name,api_key`; `base_url` may follow"
        )
    if "api_key" in columns:
        _check_private(file)
    accounts: list[Account] = []
    for line, fields in rows:
        if len(fields) != len(columns):
            raise UsageError(
                f"{file}, line {line}: expected {len(columns)} fields, as in the first line, got "
                f"{len(fields)}"
            )
        row = dict(zip(columns, fields, strict=True))
        try:
            accounts.append(
                Account(
                    name=row["name"],
                    api_key=row["api_key"] if "api_key" in row else _key(row, environment),
                    base_url=row.get("base_url") or None,
                )
            )
        except ValueError as error:
            said = str(error)
            if "key_env" in row:  # then no column has that name
                said = re.sub(r"\bapi_key\b", row["key_env"], said)
            raise UsageError(f"{file}, line {line}: {said}") from None
    if not accounts:
        raise UsageError(f"{file}: there is no account in it")
    return accounts


def _rows(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not empty, and the line on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(row):
                yield reader.line_num, [field.strip() for field in row]
    except csv.Error as error:
        raise UsageError(f"{file}, line {reader.line_num}: this is no CSV: {error}") from None


def _key(row: Mapping[str, str], environment: Mapping[str, str]) -> str:
    variable = row["key_env"]
    if looks_like_key(variable) or not _VARIABLE.fullmatch(variable):
        raise ValueError("key_env: expected the name of an environment variable, such as ACME_KEY")
    key = environment.get(variable)
    if not key:
        raise ValueError(f"key_env: the environment variable {variable} is not set")
    return key.strip()


def _check_private(file: str) -> None:
    if os.name == "nt" or file == "-":
        return
    mode = stat.S_IMODE(Path(file).stat().st_mode)
    if mode & 0o077:
        raise UsageError(
            f"{file}: others can read the keys in it (mode {mode:04o}); run: chmod 600 {file}"
        )
