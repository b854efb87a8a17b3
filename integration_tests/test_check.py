"""``check`` says in one clean sentence what is wrong and what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Output
from integration_tests.in_process import InProcessConnector
from integration_tests.sandbox.invoiced import FOREIGN_API_KEY

pytestmark = pytest.mark.in_process

FOREVER = {"times": 0}


def status(output: Output) -> dict[str, Any]:
    (status,) = output.of("CONNECTION_STATUS")
    return status


def assert_refused(output: Output, *parts: str) -> None:
    """One FAILED status whose sentence holds the parts, exit 0, no stack trace, no error trace."""
    assert output.exit_code == 0, output.text[-2000:]
    assert status(output)["status"] == "FAILED"
    message = status(output)["message"]
    for part in parts:
        assert part in message
    assert not message.startswith(("'", '"'))
    assert "Traceback" not in output.text
    assert output.errors == []


@pytest.mark.own_process
def test_a_good_account_costs_one_request(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    connector = connect(sandbox)
    connector.warm_start = None  # the script itself, from its first line

    output = connector.check()

    assert output.exit_code == 0
    assert status(output) == {"status": "SUCCEEDED"}
    (request,) = sandbox.requests()
    assert (request["path"], request["query"]) == ("/customers", [("per_page", "1")])


@pytest.mark.own_process
@pytest.mark.parametrize("key", ["wrong-key-4711", FOREIGN_API_KEY])
def test_a_key_that_is_not_accepted(start_sandbox: StartSandbox, connect: Connect, key: str) -> None:
    output = connect(start_sandbox(), platform={"api_key": key}).check()

    assert_refused(
        output,
        "Invoiced did not accept the credentials (HTTP 401",
        "platform.api_key",
        "keys of the sandbox do not work in production",
        "Settings > Developers > API Keys",
    )
    assert key not in output.text


def test_a_key_without_permission(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    sandbox.add_faults({**FOREVER, "match": {"path": "/customers"}, "fault": {"kind": "status", "code": 403}})

    assert_refused(
        connect(sandbox).check(), "does not let these credentials read /customers (HTTP 403", "administrator"
    )


@pytest.mark.own_process
def test_a_port_nobody_listens_on(start_sandbox: StartSandbox, connect: Connect) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connector = connect(start_sandbox(), platform={"base_url": f"http://127.0.0.1:{port}"})

    assert_refused(connector.check(), f"127.0.0.1:{port} refused the connection (/customers)")


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.own_process
def test_a_host_that_stalls(start_sandbox: StartSandbox, connect: Connect, silent_server: str) -> None:
    connector = connect(start_sandbox(), platform={"base_url": silent_server})
    connector.environment = {"SOURCE_INVOICING_TIMEOUT_SCALE": "0.02"}

    assert_refused(connector.check(), "did not answer in time")


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (
            {"kind": "html"},
            "a web page (HTML) instead of JSON. Run the sync again; if it persists, check that platform.base_url",
        ),
        ({"kind": "empty"}, "an empty body instead of JSON"),
        ({"kind": "cut_json"}, "cut or malformed JSON"),
        ({"kind": "body", "text": "pong"}, "plain text instead of JSON"),
        ({"kind": "body", "text": '{"ok": true}'}, "an object with the keys ok where a list of records should be"),
        ({"kind": "status", "code": 404}, "Check that platform.base_url, where it is set, leads to the API itself."),
        ({"kind": "status", "code": 402}, "not let these credentials read /customers (HTTP 402"),
        (
            {"kind": "status", "code": 301, "headers": {"Location": "https://elsewhere.example/x?api_key=1"}},
            "redirects",
        ),
        ({"kind": "status", "code": 503}, "HTTP 503 for /customers"),
        ({"kind": "status", "code": 429}, "limits how often it may be asked"),
        ({"kind": "reset"}, "broke the connection"),
    ],
    ids=str,
)
def test_a_host_that_answers_something_else(
    start_sandbox: StartSandbox, connect: Connect, fault: dict[str, Any], what: str
) -> None:
    sandbox = start_sandbox()
    sandbox.add_faults({**FOREVER, "match": {}, "fault": fault})

    output = connect(sandbox).check()

    assert_refused(output, what)
    assert "api_key=1" not in status(output)["message"]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "platform is missing; it should be an object."),
        ({"platform": "invoiced"}, "platform should be an object, found text."),
        ({"platform": {"api_key": "x"}}, "platform.name should be one of"),
        ({"platform": {"name": "quickbooks"}}, "platform.name should be one of"),
        ({"platform": {"name": "invoiced"}}, "platform.api_key is missing. In Invoiced, open Settings"),
        ({"platform": {"name": "invoiced", "api_key": 5}}, "platform.api_key should be text, found a number."),
        ({"platform": {"name": "invoiced", "api_key": " "}}, "platform.api_key is missing."),
        (
            {"platform": {"name": "invoiced", "api_key": "x", "environment": "test"}},
            "platform.environment should be one of production, sandbox; found 'test'.",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x", "base_url": "http://example.com"}},
            "platform.base_url should begin with https://; plain http is for this machine only, not example.com.",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x", "base_url": "https://me:pw@example.com"}},
            "platform.base_url must not hold credentials",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x", "base_url": "example.com"}},
            "platform.base_url should be an address such as https://",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x"}, "start_date": "yesterday"},
            "start_date should be a date such as 2024-01-01, or a date and time such as 2024-01-01T00:00:00Z, "
            "found 'yesterday'.",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x"}, "num_workers": 0},
            "num_workers should be a whole number from 1 to 32, found 0.",
        ),
        (
            {"platform": {"name": "invoiced", "api_key": "x"}, "lookback_days": "3"},
            "lookback_days should be a whole number from 0 to 3650, found text.",
        ),
    ],
    ids=str,
)
def test_a_configuration_that_is_wrong_is_told_by_the_name_of_the_property(
    tmp_path: Path, config: dict[str, Any], sentence: str
) -> None:
    connector = InProcessConnector(config, tmp_path)

    assert_refused(connector.check(), sentence)
    discovered = connector.discover()
    assert discovered.exit_code == 1
    (error,) = discovered.errors
    assert error["failure_type"] == "config_error"
    assert sentence in error["message"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    connector = InProcessConnector({}, tmp_path)
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")

    missing = connector.run("check", "--config", str(tmp_path / "none.json"))
    cut = connector.run("discover", "--config", str(broken))

    assert f"The configuration file {tmp_path / 'none.json'} cannot be opened" in missing.errors[0]["message"]
    assert f"The configuration file {broken} does not hold a configuration" in cut.errors[0]["message"]
    assert (missing.exit_code, cut.exit_code) == (1, 1)
