"""However a read is ended, it ends at once, and what it had printed is enough to go on from."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import SCRIPT, Connector
from integration_tests.expected import keys
from integration_tests.platforms import PlatformFacts, on_each_platform
from integration_tests.warm_start import WarmStart

# Longer than any test may take: a run that waits for its end fails the test.
IN_FIVE_MINUTES: dict[str, Any] = {"kind": "status", "code": 429, "headers": {"Retry-After": "300"}}


@on_each_platform()
def test_a_read_that_is_told_to_end_has_printed_what_the_next_one_needs(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(**platform.walked_at_length))
    connector = connect(sandbox)
    catalog = {stream["name"]: stream for stream in connector.catalog}
    rows = sum(len(sandbox.rows(name)) for name in platform.walked_at_length)

    ended = connector.read_until_message(rows // 2, platform.walked, ended_by=signal.SIGTERM)
    resumed = connector.read(platform.walked, state=ended.last_state)

    assert ended.exit_code == -signal.SIGTERM
    assert resumed.exit_code == 0, resumed.text[-2000:]
    for name in platform.walked:
        came = keys([*ended.records[name], *resumed.records[name]], catalog[name])
        assert came.keys() == keys(sandbox.rows(name), catalog[name]).keys(), name


@on_each_platform()
def test_a_read_that_waits_ends_when_it_is_told_to(
    start_sandbox: StartSandbox, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(invoices=platform.page * 2))
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.add_faults({"match": {"stream": "invoices"}, "after": 1, "times": 0, "fault": IN_FIVE_MINUTES})

    ended = connector.read_until(says_that_it_tries_again, ["invoices"], ended_by=signal.SIGTERM)

    assert ended.exit_code == -signal.SIGTERM


def says_that_it_tries_again(lines: list[str]) -> bool:
    return "Trying again" in lines[-1]


@pytest.fixture
def waiting(start_sandbox: StartSandbox, connect: Connect) -> Connector:
    """A connector that is soon told to wait for five minutes."""
    sandbox = start_sandbox(rows={"invoices": 250})
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.add_faults({"match": {"stream": "invoices"}, "after": 1, "times": 0, "fault": IN_FIVE_MINUTES})
    return connector


def test_a_reader_that_goes_away_ends_a_read_that_waits(waiting: Connector) -> None:
    script = subprocess.Popen(
        [str(SCRIPT), *waiting.read_arguments(["invoices"])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert script.stdout is not None
    assert script.stderr is not None
    next(line for line in script.stdout if "Trying again" in line)

    script.stdout.close()

    assert script.wait(timeout=60) == 1
    assert script.stderr.read() == ""
    script.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="The system has no disk that is always full.")
def test_an_output_that_cannot_be_written_ends_the_process_at_once(
    waiting: Connector, warm_start: WarmStart, tmp_path: Path
) -> None:
    stderr = tmp_path / "complaint"

    process = warm_start.start(
        waiting.read_arguments(["invoices"]), stdout="/dev/full", stderr=str(stderr), environment={}
    )

    assert warm_start.wait(process) == 1
    assert stderr.read_text(encoding="utf-8") == (
        "The output cannot be written: No space left on device. Nothing more is read.\n"
    )


def test_a_reader_that_reads_to_the_end_gets_the_status_of_the_read(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    connector = connect(start_sandbox(rows={"invoices": 250}))

    done = subprocess.run(
        [str(SCRIPT), *connector.read_arguments(["invoices"])], stdout=subprocess.PIPE, timeout=60, check=False
    )

    assert done.returncode == 0


def test_a_failure_while_another_stream_stalls_leaves_no_thread_behind(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox(rows={"invoices": 250, "notes": 250})
    connector = connect(sandbox)
    assert connector.catalog
    connector.warm_start = None
    connector.environment = {"SOURCE_INVOICING_TIMEOUT_SCALE": "0.006", "SOURCE_INVOICING_BACKOFF_SCALE": "0.001"}
    sandbox.add_faults(
        {"match": {"stream": "invoices"}, "times": 0, "fault": {"kind": "stall"}},
        {"match": {"stream": "notes"}, "times": 0, "fault": {"kind": "status", "code": 500}},
    )

    output = connector.read(["invoices", "notes"])

    # The script's own process ends, and with it all threads: the run above waits for no more than its time-outs.
    assert output.exit_code == 1
    assert {statuses[-1] for statuses in output.statuses.values()} == {"INCOMPLETE"}
    assert output.logs[-1].startswith("These streams could not be read completely: invoices, notes. ")
    assert output.stderr == ""
