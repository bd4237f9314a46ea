"""What `telnyx-orders doctor` finds out: with one request, whose every step is timed."""

import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib import metadata
from typing import Final, Protocol

import aiohttp
import yarl
from attrs import define, field, frozen
from rich.table import Table
from rich.text import Text

from telnyx_orders import (
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    OrdersClient,
    PermissionDeniedError,
    RetryPolicy,
    TelnyxError,
    Timeout,
    __version__,
)
from telnyx_orders.cli.account import built_in_sandbox
from telnyx_orders.cli.detail_formats import output_console
from telnyx_orders.cli.failures import CommandFailedError
from telnyx_orders.cli.standard_output import StandardOutput
from telnyx_orders.cli.wording import in_options
from telnyx_orders.configuration import api_key, base_url, key_ending, proxy
from telnyx_orders.error_details import printable
from telnyx_orders.errors import KEY_PAGE
from telnyx_orders.rate_limit_headers import RateLimitHeaders, http_date

__all__ = ["diagnose"]

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "speedups": ("msgspec", "orjson"),
    "cli": ("cyclopts", "rich"),
    "webhooks": ("cryptography",),
    "arrow": ("pyarrow",),
    "dask": ("distributed",),
    "otel": ("opentelemetry-api",),
}
"""What each extra installs."""

STEPS: Final = ("name", "connection", "answer")
"""What is timed: looking up the name, connecting, and all from the request to its answer."""

NO_KEY: Final = "none"
"""Sent where no key can be used: an answer of 401 still shows that the server can be reached."""

PATIENCE: Final = Timeout(connect=5.0, read=15.0)

CLOCKS_AGREE: Final = 5.0
"""Seconds; what differs by more makes the proof of a fetch cost more, and webhooks look stale."""


@frozen
class Finding:
    """One line of the diagnosis.

    Attributes:
        name: What was looked at.
        text: What was found.
        wrong: Whether it has to be mended.
    """

    name: str
    text: str
    wrong: bool = False


class Hooks(Protocol):
    """What aiohttp calls at one point of a request."""

    def append(self, hook: Callable[..., Awaitable[None]], /) -> None:
        """Add one."""
        ...


@define
class Watch:
    """Times the steps of a request, and keeps the headers of its answer."""

    headers: Mapping[str, str] | None = None
    answered_at: float = 0.0
    seconds: dict[str, float] = field(factory=dict[str, float])

    def config(self) -> aiohttp.TraceConfig:
        """Give the hooks for a session."""
        config = aiohttp.TraceConfig()
        name, connection, answer = STEPS
        self._time(name, config.on_dns_resolvehost_start, config.on_dns_resolvehost_end)
        self._time(connection, config.on_connection_create_start, config.on_connection_create_end)
        self._time(answer, config.on_request_start, config.on_request_end)
        config.on_request_end.append(self._answered)
        return config

    def _time(self, step: str, started: Hooks, ended: Hooks) -> None:
        async def start(*_: object) -> None:
            self.seconds[step] = -time.monotonic()

        async def end(*_: object) -> None:
            self.seconds[step] += time.monotonic()

        started.append(start)
        ended.append(end)

    async def _answered(
        self, _: aiohttp.ClientSession, __: object, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.headers = end.response.headers
        self.answered_at = time.time()


async def diagnose(*, sandbox: bool) -> None:
    """Ask for one order, and write to standard output what that shows.

    Raises:
        ConfigurationError: The environment cannot be used.
        CommandFailedError: Something is wrong.
        OutputError: It cannot be written.
    """
    output = StandardOutput()
    fault: str | None = None
    async with AsyncExitStack() as running:
        if sandbox:
            server = await running.enter_async_context(built_in_sandbox())
            url, key = server.base_url, server.api_key
        else:
            url = base_url(None, allow_insecure=False)
            key, fault = _key_of_environment()
        findings = [*_installed(), _server(url), *await _ask(url, key, fault)]
    await output.write(_drawn(findings))
    wrong = [finding.name for finding in findings if finding.wrong]
    if wrong:
        raise CommandFailedError(f"to be mended: {', '.join(wrong)}")


def _key_of_environment() -> tuple[str, str | None]:
    """Give the key, or one that no account has and why the client would refuse yours."""
    if not os.environ.get("TELNYX_API_KEY"):
        return NO_KEY, f"none: set TELNYX_API_KEY to one of {KEY_PAGE}"
    try:
        return api_key(None), None
    except ConfigurationError as error:
        return NO_KEY, str(error)


async def _ask(url: str, key: str, fault: str | None) -> list[Finding]:
    watch = Watch()
    failure: TelnyxError | None = None
    orders: int | None = None
    async with OrdersClient(
        key,
        base_url=url,
        retry=RetryPolicy(max_attempts=1),
        timeout=PATIENCE,
        trace_configs=[watch.config()],
    ) as client:
        try:
            orders = (await client.number_orders.list(page_size=1)).meta.total_results
        except TelnyxError as error:
            failure = error
    about_key = _key(key, failure) if fault is None else Finding("key", fault, wrong=True)
    findings = [about_key, _reached(watch, failure)]
    if watch.headers is not None:
        findings += [_clock(watch.headers, watch.answered_at), _rate_limit(watch.headers)]
    if orders is not None:
        findings.append(Finding("orders", f"{orders:,}"))
    return findings


def _installed() -> list[Finding]:
    here: list[str] = []
    missing: list[str] = []
    for extra, packages in PARTS.items():
        try:
            versions = " ".join(f"{name} {metadata.version(name)}" for name in packages)
        except metadata.PackageNotFoundError:
            missing.append(extra)
        else:
            here.append(f"{extra} ({versions})")
    return [
        Finding(
            "versions",
            f"telnyx-orders {__version__}, Python {platform.python_version()}, "
            f"aiohttp {aiohttp.__version__}, {platform.system()}",
        ),
        Finding("extras", ", ".join(here)),
        Finding("not installed", ", ".join(missing) or "-"),
    ]


def _server(url: str) -> Finding:
    named = proxy(url)
    # Without what else is in the URL of the proxy, which may be a password.
    by = "" if named is None else f", by way of the proxy {yarl.URL(named).host}"
    return Finding("server", f"{url}{by}")


def _key(key: str, failure: TelnyxError | None) -> Finding:
    shown = key_ending(key)
    if isinstance(failure, AuthenticationError):
        return Finding("key", f"{shown}, refused: take one of {KEY_PAGE}", wrong=True)
    if isinstance(failure, PermissionDeniedError):
        return Finding("key", f"{shown}, which may not list number orders", wrong=True)
    return Finding("key", f"{shown}, {'accepted' if failure is None else 'not tested'}")


def _reached(watch: Watch, failure: TelnyxError | None) -> Finding:
    refused = isinstance(failure, AuthenticationError | PermissionDeniedError)
    if failure is None or refused:
        # Not what never ended, and so is still a negative number.
        taken = {step: seconds for step, seconds in watch.seconds.items() if seconds >= 0}
        steps = [f"{step} {taken[step] * 1000:.0f} ms" for step in STEPS if step in taken]
        return Finding("reached", ", ".join(steps))
    if isinstance(failure, APIStatusError):
        return Finding("reached", f"answers {failure.status}: {failure}", wrong=True)
    return Finding("reached", str(failure), wrong=True)


def _clock(headers: Mapping[str, str], answered_at: float) -> Finding:
    served = http_date(headers.get("Date"))
    if served is None:
        return Finding("clock", "the server does not say what time it is")
    ahead = answered_at - served - 0.5  # as `Date` has no fractions
    if abs(ahead) <= CLOCKS_AGREE:
        return Finding("clock", f"agrees with the server's to {max(1.0, abs(ahead)):.0f} s")
    way = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "clock", f"{abs(ahead):,.0f} s {way} the server's: set it, by NTP for example", wrong=True
    )


def _rate_limit(headers: Mapping[str, str]) -> Finding:
    limit = RateLimitHeaders.read(headers, time.time())
    if limit.remaining is None:
        return Finding("rate limit", "the server does not tell")
    of = "" if limit.limit is None else f" of {limit.limit:,}"
    until = "" if limit.reset is None else f" for the next {limit.reset:.0f} s"
    return Finding("rate limit", f"{limit.remaining:,}{of} requests are left{until}")


def _said(text: str) -> str:
    return printable(in_options(text, concurrency=False))


def _drawn(findings: Sequence[Finding]) -> str:
    console = output_console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        style = "red" if one.wrong else ""
        table.add_row(Text(one.name, style=style), Text(_said(one.text), style=style))
    with console.capture() as drawn:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines())
