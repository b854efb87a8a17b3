"""Refusals, long waits, a reader that goes away, and keys that stay secret."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import SCRIPT


def test_a_wait_longer_than_a_sync_lasts_ends_it_as_transient(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    an_hour = {"kind": "status", "code": 429, "headers": {"Retry-After": "3600"}}
    sandbox.add_faults({"match": {"stream": "invoices"}, "after": 2, "times": 0, "fault": an_hour})

    output = connect(sandbox).read(["invoices"])

    (error,) = output.errors
    assert error["failure_type"] == "transient_error"
    assert "asks to come back in 3600 seconds" in error["message"]
    assert output.states["invoices"][-1]["updated_at"] > 0


def test_a_stream_the_key_may_not_read_is_reported_and_stops_no_other(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox()
    sandbox.add_faults({"match": {"stream": "tasks"}, "times": 0, "fault": {"kind": "status", "code": 403}})

    output = connect(sandbox).read()

    assert output.exit_code == 1
    assert output.statuses["tasks"][-1] == "INCOMPLETE"
    assert [name for name, statuses in output.statuses.items() if statuses[-1] != "COMPLETE"] == ["tasks"]
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert "does not let these credentials read /tasks" in error["message"]


def test_a_reader_that_goes_away_ends_the_process_at_once_and_quietly(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    connector = connect(start_sandbox(rows={"invoices": 20_000}))
    script = subprocess.Popen(
        [str(SCRIPT), *connector.read_arguments(["invoices"])], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert script.stdout is not None
    assert script.stderr is not None

    script.stdout.readline()
    script.stdout.close()

    assert script.wait(timeout=60) == 1
    assert script.stderr.read() == b""
    script.stderr.close()


@pytest.mark.parametrize("flags", [(), ("--debug",)], ids=["quiet", "debug"])
def test_no_form_of_the_key_is_ever_printed(
    start_sandbox: StartSandbox, connect: Connect, flags: tuple[str, ...]
) -> None:
    key = "canary/+=%ü-9c1"
    forms = [key, "canary%2F%2B%3D%25%C3%BC-9c1", "Y2FuYXJ5LytcPSXDvC05YzE6", "canary/+=%\\u00fc-9c1"]
    connector = connect(start_sandbox(), platform={"api_key": key})

    for output in (
        connector.check(*flags),
        connector.discover(*flags),
        connector.run(*read_blindly(connector), *flags),
    ):
        assert not [form for form in forms if form in output.text]
        assert "Basic " not in output.text


def read_blindly(connector: Any) -> list[str]:
    """A read of a stream with a key that does not work, for whose catalog nobody had to be asked."""
    stream = {"name": "invoices", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}
    return [
        "read",
        "--config",
        connector.file("config", connector.config),
        "--catalog",
        connector.file("catalog", catalog),
    ]
