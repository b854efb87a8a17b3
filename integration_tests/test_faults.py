"""Transient faults change nothing; lasting ones end their own stream, and say why."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import SCRIPT
from integration_tests.expected import keys
from integration_tests.platforms import APIS, PlatformFacts, on_each_platform

FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "code": 429},
    {"kind": "status", "code": 429, "headers": {"Retry-After": "0"}},
    {"kind": "status", "code": 429, "headers": {"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}},
    *({"kind": "status", "code": code} for code in (500, 502, 503, 504)),
    {"kind": "reset"},
    {"kind": "reset_body"},
    {"kind": "truncate", "bytes": 20},
    {"kind": "cut_json"},
    {"kind": "invalid_utf8"},
    {"kind": "bad_gzip"},
    {"kind": "html"},
    {"kind": "empty"},
]
SILENT_LOSSES: list[dict[str, Any]] = [
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "error_envelope"},
    {"kind": "object"},
    {"kind": "repeat_page"},
    {"kind": "cut_json"},
]
SHOWN_BY_TOTALS: list[dict[str, Any]] = [{"kind": "wrong_total", "delta": 7}, {"kind": "short_page", "rows": 3}]


def silent_losses(platform: PlatformFacts) -> list[tuple[str, dict[str, Any]]]:
    """What may go wrong with each kind of list so that rows are missing, if nobody looks twice."""
    faults = [*SILENT_LOSSES, *(SHOWN_BY_TOTALS if platform.tells_totals else ())]
    return [(stream, fault) for stream in platform.walked for fault in faults]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@on_each_platform(among=APIS)
def test_up_to_three_faults_in_a_row_change_nothing(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, fault: dict[str, Any]
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(**platform.walked))
    connector = connect(sandbox)
    catalog = {stream["name"]: stream for stream in connector.catalog}
    other = list(platform.walked)[-1]
    sandbox.add_faults(
        {"match": {"stream": "invoices"}, "after": 0, "times": 1, "fault": fault},
        {"match": {"stream": "invoices"}, "after": 1, "times": 3, "fault": fault},
        {"match": {"stream": other}, "after": 1, "times": 2, "fault": fault},
        *({"match": {"stream": name}, "times": 1, "fault": fault} for name in platform.moved_along),
    )

    output = connector.read(platform.walked)

    assert output.exit_code == 0, output.text[-2000:]
    for name in platform.walked:
        assert keys(output.records[name], catalog[name]) == keys(sandbox.rows(name), catalog[name])


def own_faults(platform: PlatformFacts) -> list[dict[str, Any]]:
    """Faults that concern one list. A vendor's "no more calls" may concern the account."""
    return [fault for fault in FAULTS if fault.get("code") not in platform.closes_the_account]


@on_each_platform(own_faults, "fault", among=APIS)
def test_a_lasting_fault_ends_its_own_stream_only(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, fault: dict[str, Any]
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(**platform.walked))
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.add_faults({"match": {"stream": "invoices"}, "after": 1, "times": 0, "fault": fault})

    output = connector.read(platform.walked)

    assert output.exit_code == 1
    assert output.statuses["invoices"] == ["STARTED", "RUNNING", "INCOMPLETE"]
    assert {output.statuses[name][-1] for name in platform.walked if name != "invoices"} == {"COMPLETE"}
    (error,) = output.errors
    assert error["stream_descriptor"]["name"] == "invoices"
    assert error["failure_type"] == "transient_error"
    assert platform.list_of_invoices in error["message"]
    assert "Traceback" not in "\n".join(output.logs)


@on_each_platform(silent_losses, "loss", among=APIS)
def test_what_is_no_complete_list_never_passes_for_one(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts, loss: tuple[str, dict[str, Any]]
) -> None:
    stream, fault = loss
    sandbox = start_sandbox(platform.name, rows=platform.rows(**{stream: platform.walked[stream]}))
    connector = connect(sandbox)
    catalog = {offered["name"]: offered for offered in connector.catalog}
    sandbox.add_faults({"match": {"stream": stream}, "times": 0, "fault": fault})

    output = connector.read([stream])

    complete = set(keys(output.records[stream], catalog[stream])) == set(keys(sandbox.rows(stream), catalog[stream]))
    assert output.statuses[stream][-1] == ("COMPLETE" if complete and output.exit_code == 0 else "INCOMPLETE")
    if not complete:
        assert output.exit_code == 1
        assert output.errors[0]["failure_type"] in ("transient_error", "config_error")


def test_a_wait_longer_than_a_sync_lasts_ends_it_as_transient(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    an_hour = {"kind": "status", "code": 429, "headers": {"Retry-After": "3600"}}
    sandbox.add_faults({"match": {"stream": "invoices"}, "after": 1, "times": 0, "fault": an_hour})

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
