"""`telnyx-orders webhook verify` as a program: what it accepts, says and exits with."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve

from telnyx_orders import Clock
from telnyx_orders.cli.app import run as run_here
from telnyx_orders.cli.failures import InputError
from telnyx_orders.cli.verify_webhook import VerifyOptions, verify_webhook
from tests.test_cli import PROGRAM, Result, environment, error_line, run
from tests.webhooks import BODY, HEADERS, KEY, NOW, OTHER_KEY, PUBLIC_KEY, SIGNATURE, event_body

SIGNED = ("--timestamp", str(NOW), "--signature", SIGNATURE)
ACCOUNT = {"TELNYX_PUBLIC_KEY": PUBLIC_KEY}


@pytest.fixture
def body(tmp_path: Path) -> str:
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    return str(path)


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    path = tmp_path / "headers.txt"
    lines = ["POST /webhooks HTTP/1.1", "Host: example.com", ""]
    lines += [f"{name.title()}:  {value} " for name, value in HEADERS.items()]
    path.write_text("\r\n".join(lines))
    return path


async def test_a_saved_delivery_is_shown_as_json(body: str) -> None:
    """Into a pipe the event is JSON, with its payload as it came."""
    result = await run("webhook", "verify", body, *SIGNED, "--any-age", env=ACCOUNT)
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out) == {
        "event_type": "number_order.complete",
        "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
        "occurred_at": "2023-11-14T22:13:19.500000Z",
        "record_type": "event",
        "attempt": 1,
        "delivered_to": "https://example.com/webhooks",
        "payload": json.loads(BODY)["data"]["payload"],
    }


async def test_a_saved_delivery_is_shown_as_text(body: str, headers: Path) -> None:
    """As text it is a few lines, with the headers from a file and the key as an argument."""
    arguments = ("--header-file", str(headers), "--any-age", "--format", "text")
    keys = ("--public-key", OTHER_KEY, "--public-key", PUBLIC_KEY)
    result = await run("webhook", "verify", body, *arguments, *keys)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "The signature is valid.",
        "event         number_order.complete",
        "id            0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
        "occurred at   2023-11-14T22:13:19.500000+00:00",
        "attempt       1",
        "delivered to  https://example.com/webhooks",
        "order         12ade33a-21c0-473b-b055-b3c836e1c292",
        "numbers       +19705555000",
    ]


def verify_input(data: bytes, *arguments: str, **variables: str) -> Result:
    done = subprocess.run(
        [*PROGRAM, "webhook", "verify", *arguments],
        input=data,
        capture_output=True,
        check=False,
        env=environment(**variables),
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("file", [(), ("-",)])
def test_a_delivery_of_just_now_on_standard_input(file: tuple[str, ...]) -> None:
    """Piped in as it arrives it needs no allowance for its age; what terminals obey is escaped."""
    data = event_body(event_type="x\x1b[2J", payload={"id": "1"})
    headers = KEY.signed(data, int(time.time()))
    signed = ("--timestamp", headers["telnyx-timestamp"])
    signed += ("--signature", headers["telnyx-signature-ed25519"])
    account = {"TELNYX_PUBLIC_KEY": f"{PUBLIC_KEY},{KEY.public_key}"}
    result = verify_input(data, *file, *signed, "--format", "text", **account)
    assert (result.code, result.err) == (0, "")
    assert "event         x\\x1b[2J\n" in result.out
    assert "payload       1 key\n" in result.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (SIGNED, "are tolerated; it is late, or somebody sends an old one again. Say --any-age"),
        ((*SIGNED, "--any-age", "--public-key", OTHER_KEY), "not signed with the account's key"),
        (("--timestamp", str(NOW), "--signature", "x", "--any-age"), "expected the base64 of 64"),
        (("--timestamp", "soon", "--signature", SIGNATURE), "expected Unix seconds"),
        (("--timestamp", str(NOW + 1), "--signature", SIGNATURE, "--any-age"), "not signed"),
    ],
)
async def test_what_is_not_genuine_is_one_line(
    arguments: tuple[str, ...], said: str, body: str
) -> None:
    """It exits with 1, writes nothing, and says why."""
    result = await run("webhook", "verify", body, *arguments, env=ACCOUNT)
    assert (result.code, result.out) == (1, "")
    assert said in error_line(result)


async def test_headers_without_a_signature_are_one_line(body: str, tmp_path: Path) -> None:
    """A file that lacks the headers is a delivery that was not signed."""
    empty = tmp_path / "empty"
    empty.write_text("Host: example.com\n")
    result = await run("webhook", "verify", body, "--header-file", str(empty), env=ACCOUNT)
    assert result.code == 1
    assert "telnyx-timestamp: the delivery has no such header" in error_line(result)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_break_that_an_editor_added_is_named(end: bytes) -> None:
    """A body that is genuine but for a line break at its end is refused, and it says so."""
    result = verify_input(BODY + end, *SIGNED, "--any-age", **ACCOUNT)
    assert result.code == 1
    assert "ends with a line break that was not delivered" in error_line(result)
    forged = verify_input(BODY[:-1] + end, *SIGNED, "--any-age", **ACCOUNT)
    assert "not signed with the account's key" in error_line(forged)


async def test_a_genuine_body_that_is_no_event_is_one_line() -> None:
    """It exits with 1, too."""
    headers = KEY.signed(b"{}", NOW)
    signed = ("--timestamp", str(NOW), "--signature", headers["telnyx-signature-ed25519"])
    account = {"TELNYX_PUBLIC_KEY": KEY.public_key}
    result = verify_input(b"{}", *signed, "--any-age", **account)
    assert (result.code, result.out) == (1, "")
    assert "names no event" in error_line(result)


@pytest.mark.parametrize(
    ("arguments", "account", "said"),
    [
        (SIGNED, {}, "set TELNYX_PUBLIC_KEY, or say --public-key"),
        (SIGNED, {"TELNYX_PUBLIC_KEY": "secret"}, "TELNYX_PUBLIC_KEY: expected the base64 of 32"),
        ((), ACCOUNT, "give --timestamp and --signature"),
        (SIGNED[:2], ACCOUNT, "give --timestamp and --signature"),
        ((*SIGNED, "--header-file", "x"), ACCOUNT, "not both"),
        ((*SIGNED, "--tolerance", "0"), ACCOUNT, "tolerance: expected seconds above 0"),
        ((*SIGNED, "--format", "csv"), ACCOUNT, "csv"),
        ((*SIGNED, "--any-ag"), ACCOUNT, "--any-ag"),
    ],
)
async def test_a_mistake_in_the_command_is_a_usage_error(
    arguments: tuple[str, ...], account: dict[str, str], said: str, body: str
) -> None:
    """It exits with 2, before anything is judged, and shows no value of a key."""
    result = await run("webhook", "verify", body, *arguments, env=account)
    assert (result.code, result.out) == (2, "")
    assert said in error_line(result)
    assert "secret" not in result.err


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere", "No such file"), (".", "Is a directory"), ("a\0b", "null")]
)
def test_a_file_that_cannot_be_read_is_one_line(
    name: str, reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exits with 1 and says which file and why."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", PUBLIC_KEY)
    assert run_here(["webhook", "verify", name, *SIGNED]) == 1
    assert f"cannot read {name}".split("\0")[0] in (said := capsys.readouterr().err)
    assert reason in said


async def test_a_closed_standard_input_is_one_line() -> None:
    """Nothing to read is no empty body."""
    code = f"import sys; sys.stdin = None; sys.argv[1:] = ['webhook', 'verify', *{SIGNED!r}]"
    program = (sys.executable, "-c", f"{code}\nfrom telnyx_orders.cli import main; main()")
    result = await run(program=program, env=ACCOUNT)
    assert result.code == 1
    assert error_line(result) == "error: standard input is closed"


async def test_the_function_behind_it_takes_a_clock(
    body: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """At the time of the delivery it is genuine without more; its errors are the package's."""
    options = VerifyOptions(
        body=body,
        timestamp=HEADERS["telnyx-timestamp"],
        signature=HEADERS["telnyx-signature-ed25519"],
        header_file=None,
        public_key=[PUBLIC_KEY],
        tolerance=300,
        any_age=False,
        format="json",
    )
    await verify_webhook(options, clock=Clock(now=lambda: NOW + 300))
    assert json.loads(capfd.readouterr().out)["attempt"] == 1
    with pytest.raises(InputError):
        await verify_webhook(evolve(options, body="/nowhere"))


async def test_help_has_examples() -> None:
    """The help shows how to verify a saved delivery."""
    result = await run("webhook", "verify", "--help")
    assert result.code == 0
    assert "--any-age" in result.out
    assert "$ telnyx-orders webhook verify body.json" in result.out
