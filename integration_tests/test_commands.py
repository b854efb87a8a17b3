"""Commands for people: ``catalog``, whose output ``read`` takes, and ``login``, whose output is a configuration."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import SCRIPT, Connector, Json, Output
from integration_tests.in_process import InProcessConnector, OfflineSandbox, run_arguments, run_command
from integration_tests.platforms import PlatformFacts, on_each_platform
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.zoho import TOKENS
from integration_tests.sandbox.zoho_token import CLIENT_ID, CLIENT_SECRET, CODE, REFRESH_TOKEN

pytestmark = pytest.mark.in_process

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "integrations" / "sources" / "invoicing.md"]
SECRETS = (CLIENT_SECRET, REFRESH_TOKEN, CODE, CLIENT_ID)


def catalog_of(connector: Connector, *flags: str) -> Output:
    """What ``catalog`` prints."""
    assert isinstance(connector, InProcessConnector)
    arguments = ["catalog", "--config", connector.file("config", connector.config), *flags]
    return run_command(arguments, connector.sandbox.wire(), connector.environment)


@pytest.fixture
def connector(start_sandbox: StartSandbox, connect: Connect) -> Connector:
    """A connector to a small account of Invoiced."""
    return connect(start_sandbox(rows={"invoices": 3, "notes": 2}))


@on_each_platform()
def test_a_catalog_is_read_unchanged(start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts) -> None:
    rows = {**dict.fromkeys(platform.streams, 1), **platform.rows(), "invoices": 3}
    connector = connect(start_sandbox(platform.name, rows=rows))

    printed = catalog_of(connector)
    catalog = connector.folder / "printed.json"
    catalog.write_text("\n".join(printed.lines), encoding="utf-8")
    config = connector.file("config", connector.config)
    read = connector.run("read", "--config", config, "--catalog", str(catalog))

    assert (printed.exit_code, read.exit_code) == (0, 0), printed.stderr + read.text[-2000:]
    assert len(read.records["invoices"]) == 3
    assert {stream["stream"]["name"] for stream in json.loads(catalog.read_bytes())["streams"]} >= set(platform.streams)


def test_streams_are_incremental_where_they_can_be(connector: Connector) -> None:
    (invoices, adjustments) = json.loads(
        "".join(catalog_of(connector, "--streams", "invoices, credit_balance_adjustments").lines)
    )["streams"]

    assert invoices["stream"]["name"] == "invoices"
    assert (invoices["sync_mode"], invoices["destination_sync_mode"]) == ("incremental", "append_dedup")
    assert (invoices["cursor_field"], invoices["primary_key"]) == (["updated_at"], [["id"]])
    assert (adjustments["sync_mode"], adjustments["destination_sync_mode"]) == ("full_refresh", "overwrite")


def test_a_full_refresh_is_one_of_all_streams(connector: Connector) -> None:
    printed = json.loads("".join(catalog_of(connector, "--full-refresh").lines))

    assert {stream["sync_mode"] for stream in printed["streams"]} == {"full_refresh"}


def test_a_stream_that_there_is_not_is_named_beside_those_there_are(connector: Connector) -> None:
    output = catalog_of(connector, "--streams", "invoices,bills")

    assert (output.exit_code, output.lines) == (1, [])
    assert "There is no stream 'bills'. The streams are customers, invoices, " in output.stderr


@pytest.mark.parametrize("names", ["", " , "])
def test_names_of_no_stream_are_refused(connector: Connector, names: str) -> None:
    output = catalog_of(connector, "--streams", names)

    assert (output.exit_code, output.lines) == (1, [])
    assert output.stderr == "--streams names nothing. Leave it out to take all.\n"


def test_a_property_that_is_not_known_is_named_once(connector: Connector) -> None:
    connector.config = {"platform": {**connector.config["platform"], "api_kye": "x"}}
    words = "platform.api_kye is not known there and is ignored; the nearest property is api_key."

    assert catalog_of(connector).stderr == f"{words}\n"
    for output in (connector.check(), connector.discover(), connector.read(["invoices"])):
        assert output.exit_code == 0
        assert [line for line in output.logs if line == words] == [words]


def test_a_configuration_that_is_wrong_is_a_sentence(connector: Connector) -> None:
    connector.config = {"platform": {**connector.config["platform"], "environment": "test"}}

    output = catalog_of(connector)

    assert (output.exit_code, output.lines) == (1, [])
    assert output.stderr == "platform.environment should be one of production, sandbox; found 'test'.\n"


def test_what_the_log_says_goes_to_standard_error(start_sandbox: StartSandbox, connect: Connect) -> None:
    connector = connect(start_sandbox("zoho_books"), num_workers=20)

    output = catalog_of(connector, "--streams", "invoices")

    assert output.stderr == "Zoho takes 10 calls at a time. The other workers wait.\n"
    json.loads("\n".join(output.lines))


@pytest.mark.parametrize("regular", [True, False], ids=["a file", "a pipe"])
@pytest.mark.parametrize("command", ["catalog", "probe"])
def test_a_new_refresh_token_goes_into_the_file_and_not_to_standard_output(
    start_sandbox: StartSandbox, tmp_path: Path, command: str, regular: bool
) -> None:
    """Each voids the one before."""
    sandbox = start_sandbox("rest_api", options={"auth": "oauth2"})
    assert isinstance(sandbox, OfflineSandbox)
    given = sandbox.config
    file = tmp_path / "config.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    reader, writer = os.pipe()
    os.write(writer, file.read_bytes())
    os.close(writer)

    output = run_command([command, "--config", str(file) if regular else f"/dev/fd/{reader}"], sandbox.wire(), {})
    os.close(reader)

    kept = json.loads(file.read_bytes())
    auth, token = given["platform"]["auth"], kept["platform"]["auth"]["refresh_token"]
    said = "\n".join([*output.lines, output.stderr])
    assert output.exit_code == 0, output.stderr
    assert not any(secret in said for secret in (auth["client_secret"], auth["refresh_token"], "refresh-token-"))
    assert "has replaced the refresh token" in output.stderr
    assert kept == {**given, "platform": {**given["platform"], "auth": {**auth, "refresh_token": token}}}
    assert (token != auth["refresh_token"]) is regular
    if regular:
        assert run_command([command, "--config", str(file)], sandbox.wire(), {}).exit_code == 0


def login(sandbox: Sandbox, *flags: str, platform: str = "zoho_books", **environment: str) -> Output:
    """What ``login`` prints, with everything from the command line unless the environment has it."""
    assert isinstance(sandbox, OfflineSandbox)
    addresses = sandbox.config["platform"]
    given = {
        "--client-id": CLIENT_ID,
        "--client-secret": CLIENT_SECRET,
        "--code": CODE,
        "--token-url": addresses["token_url"],
        "--base-url": addresses["base_url"],
        **dict(zip(flags[::2], flags[1::2], strict=True)),
    }
    arguments = [word for flag, value in given.items() for word in (flag, value) if value]
    return run_command(["login", platform, *arguments], sandbox.wire(), environment)


@pytest.mark.parametrize("platform", ["zoho_books", "zoho_invoice"])
def test_a_code_becomes_a_configuration_that_works(
    start_sandbox: StartSandbox, connect: Connect, platform: str
) -> None:
    sandbox = start_sandbox(platform)

    output = login(sandbox, "--data-center", "eu", platform=platform)
    config = json.loads("\n".join(output.lines))

    assert output.exit_code == 0, output.stderr
    assert config == {"platform": {**sandbox.config["platform"], "data_center": "eu"}}
    assert f"({config['platform']['organization_id']})" in output.stderr
    assert connect(sandbox, **config).check().of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert not any(secret in output.stderr for secret in SECRETS)


def test_of_several_organizations_the_user_picks(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("zoho_books", options={"organizations": 3})

    output = login(sandbox)

    assert output.exit_code == 0
    assert "organization_id" not in json.loads("\n".join(output.lines))["platform"]
    for organization in sandbox.rows("organizations"):
        assert f"{organization['name']} ({organization['organization_id']})" in output.stderr
    assert "Set platform.organization_id to " in output.stderr


def test_a_token_that_may_not_list_organizations_is_good_all_the_same(start_sandbox: StartSandbox) -> None:
    output = login(start_sandbox("zoho_books", options={"unavailable": "organizations:401"}))

    assert output.exit_code == 0
    assert json.loads("\n".join(output.lines))["platform"]["refresh_token"] == REFRESH_TOKEN
    assert "set platform.organization_id" in output.stderr


REFUSALS: dict[str, tuple[dict[str, Any], tuple[str, ...], str]] = {
    "an expired code": ({"code": "expired"}, (), "Generate a new one in the API console."),
    "another data center's client": (
        {"data_center": "invalid_client"},
        (),
        "or were made in another data center than us: the ending of the address in your browser",
    ),
    "another data center's code": (
        {"data_center": "invalid_code"},
        ("--data-center", "eu"),
        "or was made in another data center than eu: the ending of the address in your browser",
    ),
    "a wrong client": ({}, ("--client-secret", "wr0ng-secret"), "Client ID or client secret are wrong, "),
    "a client that gets no refresh token": ({"code": "online"}, (), "Use the code of a Self Client"),
    "no such data center": ({}, ("--data-center", "mars"), "data_center should be one of au, ca, "),
    "no code": ({}, ("--code", ""), "code is missing. The API console of your data center"),
    "no client": (
        {},
        ("--client-id", ""),
        "Give it as --client-id, as the environment variable SOURCE_INVOICING_CLIENT_ID, or at a terminal.",
    ),
    "an address that is not safe": ({}, ("--token-url", "http://example.com"), "token_url should begin with https://"),
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("status", ["200", "400"])
def test_a_login_that_fails_is_one_sentence_without_a_secret(
    start_sandbox: StartSandbox, case: str, status: str
) -> None:
    options, flags, sentence = REFUSALS[case]
    sandbox = start_sandbox("zoho_books", options={**options, "token_error_status": status})

    output = login(sandbox, *flags)

    assert (output.exit_code, output.lines) == (1, [])
    assert sentence in output.stderr
    assert output.stderr.count("\n") == 1
    assert not any(secret in output.stderr for secret in (*SECRETS, "wr0ng-secret"))


def test_a_login_at_a_wrong_token_server_names_its_option(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("zoho_books")
    sandbox.add_faults({"match": {"stream": TOKENS}, "times": 0, "fault": {"kind": "html"}})

    output = login(sandbox)

    assert (output.exit_code, output.lines) == (1, [])
    assert output.stderr.endswith(
        "Try again; if it persists, check that --token-url, where it is set, leads to the API itself.\n"
    )


def test_a_user_without_an_organization_is_told_to_be_invited(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("zoho_books")
    nobody = json.dumps({"code": 0, "message": "success", "organizations": []})
    sandbox.add_faults({"match": {"stream": "organizations"}, "times": 0, "fault": {"kind": "body", "text": nobody}})

    output = login(sandbox)

    assert (output.exit_code, output.lines) == (1, [])
    assert "belongs to no organization of this product. Let an administrator" in output.stderr
    assert output.stderr.endswith("The code has been used up: generate a new one to log in again.\n")


@pytest.mark.parametrize("error", ["invalid_client", "invalid_code", "general_error"])
def test_a_server_that_repeats_what_it_was_sent_makes_login_tell_no_secret(
    start_sandbox: StartSandbox, error: str
) -> None:
    sandbox = start_sandbox("zoho_books")
    answer = json.dumps({"error": error, "error_description": " ".join(SECRETS)})
    sandbox.add_faults({"match": {"stream": TOKENS}, "times": 0, "fault": {"kind": "body", "text": answer}})

    output = login(sandbox)

    assert (output.exit_code, output.lines) == (1, [])
    assert error in output.stderr
    assert not any(secret in output.stderr for secret in (CLIENT_ID, CLIENT_SECRET, CODE))


def test_a_code_is_good_once(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("zoho_books")
    assert login(sandbox).exit_code == 0

    again = login(sandbox)

    assert again.exit_code == 1
    assert "It was used before, " in again.stderr


def test_secrets_may_come_from_the_environment(start_sandbox: StartSandbox) -> None:
    output = login(
        start_sandbox("zoho_books"),
        *("--client-id", "", "--client-secret", "", "--code", ""),
        SOURCE_INVOICING_CLIENT_ID=CLIENT_ID,
        SOURCE_INVOICING_CLIENT_SECRET=CLIENT_SECRET,
        SOURCE_INVOICING_CODE=f" {CODE}\n",
    )

    assert output.exit_code == 0, output.stderr


def test_a_platform_whose_keys_are_pasted_has_no_login(start_sandbox: StartSandbox) -> None:
    output = login(start_sandbox("zoho_books"), platform="invoiced")

    assert output.exit_code == 1
    assert "There is a login for zoho_invoice and zoho_books, and none for invoiced." in output.stderr


@pytest.mark.own_process
def test_the_script_asks_for_secrets_at_a_terminal_and_gives_it_back(tmp_path: Path) -> None:
    terminal, its_end = pty.openpty()
    # A shell that runs the tests in the background has them ignore the signal, and so their children.
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    script = subprocess.Popen(
        [sys.executable, "-c", heeding, str(SCRIPT), "login", "zoho_books"],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
    )
    os.close(its_end)
    shown = b""
    while not shown.endswith(b"Client ID: "):
        shown += os.read(terminal, 1024)
    script.send_signal(signal.SIGINT)

    assert script.wait(timeout=60) == 130
    assert shown.decode().splitlines()[-1] == "Client ID: "
    os.close(terminal)


@pytest.mark.own_process
def test_the_script_says_its_version() -> None:
    done = subprocess.run([str(SCRIPT), "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"source-invoicing {version('source-invoicing')}\n")


def test_the_help_names_all_commands() -> None:
    output = run_command([], OfflineSandbox().wire())

    assert output.exit_code == 0
    text = "\n".join(output.lines)
    assert all(name in text for name in ("spec", "check", "discover", "read", "catalog", "login", "probe", "--version"))


def commands_of(page: Path) -> list[list[str]]:
    """The commands of the connector on a page, as a shell splits them."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip().startswith("source-invoicing ")]


def follow(command: list[str], sandbox: Sandbox, **environment: str) -> None:
    """Carry out a command of a page, and what the shell does with its output."""
    assert isinstance(sandbox, OfflineSandbox)
    _, *arguments = command
    arguments, target = (arguments[:-2], arguments[-1]) if ">" in arguments else (arguments, None)
    run = run_command if arguments[0] in ("catalog", "login") else run_arguments
    output = run(arguments, sandbox.wire(), environment)
    assert output.exit_code == 0, output.text[-2000:]
    if target:
        Path(target).write_text("\n".join(output.lines), encoding="utf-8")


def messages_in(path: str) -> list[Json]:
    """The messages in a file."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").split("\n") if line]


def count_of(stream: str, messages: list[Json]) -> int:
    """How many of them are records of a stream."""
    return sum(message.get("record", {}).get("stream") == stream for message in messages)


def test_the_readme_leads_from_a_key_to_records(
    start_sandbox: StartSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = start_sandbox("invoiced", rows={"items": 5})
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(json.dumps(sandbox.config), encoding="utf-8")
    check, catalog, read, read_on, *_ = commands_of(PAGES[0])

    for command in (check, catalog, read):
        follow(command, sandbox)
    messages = messages_in("messages.jsonl")
    states = [message["state"] for message in messages if message["type"] == "STATE"]
    Path("state.json").write_text(json.dumps(states), encoding="utf-8")
    follow(read_on, sandbox)

    # The last second comes again.
    assert (count_of("items", messages), count_of("items", messages_in("more.jsonl"))) == (
        len(sandbox.rows("items")),
        1,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_leads_from_a_code_to_a_configuration(
    start_sandbox: StartSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Path
) -> None:
    sandbox = start_sandbox("zoho_books")
    monkeypatch.chdir(tmp_path)
    (login,) = [command for command in commands_of(page) if command[1] == "login"]
    platform = sandbox.config["platform"]
    here = ["--token-url", platform["token_url"], "--base-url", platform["base_url"]]

    follow(
        [*login[:-2], *here, *login[-2:]],
        sandbox,
        SOURCE_INVOICING_CLIENT_ID=CLIENT_ID,
        SOURCE_INVOICING_CLIENT_SECRET=CLIENT_SECRET,
        SOURCE_INVOICING_CODE=CODE,
    )

    assert json.loads(Path("config.json").read_bytes())["platform"]["data_center"] == "eu"
