"""`Account`: one of many, with its key, which shows nowhere."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import cast

from attrs import evolve, field, frozen

from telnyx_orders import configuration
from telnyx_orders.errors import ConfigurationError

__all__ = ["Account", "checked_accounts", "looks_like_key"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_NUMBER_OR_DATE = re.compile(r"[0-9.eETZ_-]+|true|false|nan|inf|infinity|null|none", re.IGNORECASE)


def looks_like_key(text: str) -> bool:
    """Say whether a text may be a key that got where it does not belong, and is not to be shown."""
    return text.startswith("KEY") and len(text) >= 20


def _check_name(_: object, __: object, name: str) -> None:
    if isinstance(name, str) and looks_like_key(name):
        raise ValueError("name: it looks like an API key, and would name a folder")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            "name: expected at most 100 letters, digits, '.', '_' and '-', beginning with a letter "
            f"or digit, got {name!r:.120}"
        )
    if _NUMBER_OR_DATE.fullmatch(name) and not _NUMBER.fullmatch(name):
        # Those take it for something else, and two names for the same.
        raise ValueError(
            f"name: {name!r} would be taken for a number or a date by programs that read the data "
            "set; put some letters before it"
        )


def _check_key(account: "Account", _: object, key: str) -> None:
    if not isinstance(key, str) or not key.strip():
        raise ValueError(f"api_key: the account {account.name} has none")
    try:
        configuration.api_key(key)
    except ConfigurationError as error:
        raise ValueError(f"the account {account.name}: {error}") from None


def _check_base_url(account: "Account", _: object, url: str | None) -> None:
    try:
        configuration.base_url(url, allow_insecure=False)
    except ConfigurationError:
        if url is None:
            raise
        # It is not shown: it may be a key, or hold a password.
        raise ValueError(
            f"base_url: the account {account.name} needs a URL such as https://api.telnyx.com/v2, "
            "with https, and without a user or a query"
        ) from None


@frozen(kw_only=True)
class Account:
    """An account whose orders are exported.

    Its `repr` has no key, and so no log, task or dashboard that shows it has.

    Attributes:
        name: Yours; it names the account's folder. Letters, digits, `.`, `_` and `-`, at most 100.
            A whole number may be one; what else programs take for a number or a date may not.
        api_key: Its API key.
        base_url: Where its API is, if not where the environment says.

    Raises:
        ValueError: The name cannot be that of a folder, no client would take the key, or the URL is
            none.
    """

    name: str = field(validator=_check_name)
    api_key: str = field(repr=False, validator=_check_key)
    base_url: str | None = field(default=None, validator=_check_base_url)

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

    Where the API is, is settled here: the environment of a worker may say something else.

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
        url = configuration.base_url(account.base_url, allow_insecure=False)
        checked.append(evolve(account, base_url=url))
    return checked
