"""`Account`: one of many, with its key, which shows nowhere."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import cast

from attrs import field, frozen

__all__ = ["Account", "checked_accounts"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _check_name(_: object, __: object, name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            "name: expected at most 100 letters, digits, '.', '_' and '-', beginning with a letter "
            f"or digit, got {name!r:.120}"
        )


def _check_key(account: "Account", _: object, key: str) -> None:
    if not isinstance(key, str) or not key.strip():
        raise ValueError(f"api_key: the account {account.name} has none")


@frozen(kw_only=True)
class Account:
    """An account whose orders are exported.

    Its `repr` has no key, and so no log, task or dashboard that shows it has.

    Attributes:
        name: Yours; it names the account's folder. Letters, digits, `.`, `_` and `-`, at most 100.
        api_key: Its API key.
        base_url: Where its API is, if not where the environment says.

    Raises:
        ValueError: The name cannot be that of a folder, or there is no key.
    """

    name: str = field(validator=_check_name)
    api_key: str = field(repr=False, validator=_check_key)
    base_url: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # A cluster logs the bytes of what it cannot unpickle, and the key must not be seen in them.
        key = self.api_key.encode()
        pad = os.urandom(len(key))
        return _unpickled, (self.name, pad, _exclusive_or(key, pad), self.base_url)

    def __dask_tokenize__(self) -> object:
        # What Dask makes names of; never the key.
        return ("telnyx-orders account", self.name)


def _exclusive_or(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))


def _unpickled(name: str, pad: bytes, padded: bytes, base_url: str | None) -> Account:
    return Account(name=name, api_key=_exclusive_or(padded, pad).decode(), base_url=base_url)


def checked_accounts(accounts: Iterable[Account] | Mapping[str, str]) -> list[Account]:
    """Give the accounts, which must differ in name, also where a file system ignores case.

    Args:
        accounts: The accounts, or the key of each by its name.

    Raises:
        TypeError: One is no `Account`.
        ValueError: Two have one name.
    """
    if isinstance(accounts, Mapping):
        keys = cast("Mapping[str, str]", accounts)
        accounts = [Account(name=name, api_key=key) for name, key in keys.items()]
    seen: dict[str, str] = {}
    checked: list[Account] = []
    for account in accounts:
        if not isinstance(account, Account):
            raise TypeError(f"accounts: expected Accounts, got {type(account).__name__}")
        other = seen.setdefault(account.name.casefold(), account.name)
        if len(seen) == len(checked):
            raise ValueError(f"accounts: two would have one folder: {other} and {account.name}")
        checked.append(account)
    return checked
