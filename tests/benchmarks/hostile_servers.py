"""Ask every server of `tests/hostile.py` once, and print what came of it and what it cost.

    python -m tests.benchmarks.hostile_servers [--patience 3] [--only NAME]

Each is asked by a process of its own, with the client's defaults but a single attempt and, for
those that would never end, so many seconds of patience. Printed are the error, the seconds to it,
by how much the memory of that process grew at its peak over that after a good answer (as Linux
tells it), the longest time the event loop was held, and whether the client got a good answer
afterwards.
"""

import argparse
import asyncio
import json
import ssl
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import trustme

from telnyx_orders import APITimeoutError, OrdersClient, RetryPolicy, TelnyxError, Timeout
from tests.hostile import HOSTILE, WELL, context_of, serve_hostile, serve_tls
from tests.servers import KEY

NOT_RESOLVED = "a name that does not resolve"
REFUSED = "a port where nobody listens"
EXPIRED, OTHER, MUTE = "an expired certificate", "another's certificate", "silence instead of TLS"
CONNECTING = [NOT_RESOLVED, REFUSED, EXPIRED, OTHER, MUTE]


async def ask(url: str, authority: str, patience: float, impatient: bool) -> dict[str, object]:
    """Ask a server, as a process of its own."""
    well = not url.startswith("https:") and ":1/" not in url
    retry = RetryPolicy(max_attempts=1, max_seconds=patience if impatient else 120)
    timeout = Timeout(connect=patience, read=patience / 3) if impatient else None
    context = ssl.create_default_context(cafile=authority)
    async with OrdersClient(
        KEY, base_url=url, retry=retry, timeout=timeout, ssl_context=context
    ) as client:
        if well:
            await client.number_orders.list(page_size=WELL)
        held = 0.0

        async def watch() -> None:
            nonlocal held
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                held = max(held, time.perf_counter() - before - 0.001)

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.01)
        forget_peak()
        held, before, started = 0.0, memory("VmRSS"), time.perf_counter()
        came = ""
        try:
            await client.number_orders.list()
        except TelnyxError as error:
            came = type(error).__name__
        seconds = time.perf_counter() - started
        figures = {"came": came, "seconds": seconds, "memory": memory("VmHWM") - before}
        await asyncio.sleep(0.01)
        watching.cancel()
        after = "yes"
        try:
            await client.number_orders.list(page_size=WELL)
        except TelnyxError as error:
            after = "no" if well else type(error).__name__
        return {**figures, "held": held, "after": after}


def forget_peak() -> None:
    """Have `VmHWM` count from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def memory(line: str) -> float:
    """What this process holds, `VmRSS`, or has held at most, `VmHWM`, in MiB."""
    # Not getrusage(), whose peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text().partition(f"{line}:")[2]
    return int(status.split()[0]) / 1024


async def asked(url: str, authority: str, patience: float, impatient: bool) -> dict[str, object]:
    """Have a server asked by a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.hostile_servers", "--ask", url),
        *("--authority", authority, "--patience", str(patience)),
        *(["--impatient"] if impatient else []),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    figures: dict[str, object] = json.loads(output)
    return figures


async def run(patience: float, only: str | None) -> None:
    print("| server | error | seconds | peak memory | loop held | works afterwards |")
    print("|---|---|---|---|---|---|")
    authority = trustme.CA()
    certificates = {
        EXPIRED: context_of(authority, "127.0.0.1", expired=True),
        OTHER: context_of(authority, "other.example"),
        MUTE: None,
    }
    with tempfile.TemporaryDirectory() as folder:
        trusted = str(Path(folder) / "authority.pem")
        authority.cert_pem.write_to_path(trusted)
        for name in [*CONNECTING, *(one.name for one in HOSTILE)]:
            if only not in (None, name):
                continue
            impatient = name == MUTE
            async with AsyncExitStack() as stack:
                if name == NOT_RESOLVED:
                    url = "https://nowhere.invalid/v2"
                elif name == REFUSED:
                    url = "http://127.0.0.1:1/v2"
                elif name in certificates:
                    contexts = (certificates[name], context_of(authority, "127.0.0.1"))
                    url = await stack.enter_async_context(serve_tls(contexts))
                else:
                    hostile = next(one for one in HOSTILE if one.name == name)
                    impatient = hostile.endless or hostile.error is APITimeoutError
                    url = await stack.enter_async_context(serve_hostile(hostile))
                figures = await asked(url, trusted, patience, impatient)
            print(
                f"| {name} | `{figures['came']}` | {figures['seconds']:.2f} "
                f"| +{figures['memory']:.0f} MiB | {1000 * float(str(figures['held'])):.0f} ms "
                f"| {figures['after']} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patience", type=float, default=3.0)
    parser.add_argument("--only")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--authority", help=argparse.SUPPRESS)
    parser.add_argument("--impatient", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        asking = ask(given.ask, given.authority, given.patience, given.impatient)
        print(json.dumps(asyncio.run(asking)))
    else:
        asyncio.run(run(given.patience, given.only))


if __name__ == "__main__":
    main()
