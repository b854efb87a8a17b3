"""The console script as a program: what it needs to start, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from airbyte_cdk.models import ConnectorSpecificationSerializer

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import SCRIPT, Connector, Output
from source_invoicing import SourceInvoicing
from source_invoicing.entrypoint import launch


def test_spec_is_what_the_cdk_prints(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    launch(["spec"])
    (by_the_cdk,) = Output(0, capfdbinary.readouterr().out.decode().split("\n"), "").of("SPEC")

    output = Connector({}, tmp_path).spec()

    (ours,) = output.of("SPEC")
    assert output.exit_code == 0
    assert [message["type"] for message in output.messages] == ["SPEC"]
    # The CDK adds two properties that a specification need not have.
    assert ConnectorSpecificationSerializer.load(ours) == ConnectorSpecificationSerializer.load(by_the_cdk)


def test_spec_does_not_wait_for_the_cdk() -> None:
    code = (
        "import sys, source_invoicing.run; source_invoicing.run.run(['spec']); sys.exit('airbyte_cdk' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="The system has no disk that is always full.")
@pytest.mark.parametrize(
    ("output", "words"),
    [
        (">/dev/full", "The output cannot be written: No space left on device.\n"),
        (">&-", "The output cannot be written: standard output is closed.\n"),
        ("", ""),
    ],
    ids=["full", "closed", "without a reader"],
)
def test_spec_whose_output_cannot_be_written_ends_without_a_stack_trace(output: str, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    command = ["sh", "-c", f"exec {SCRIPT} spec {output}"]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, text=True)
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, words)


def test_spec_with_a_flag_is_the_same(tmp_path: Path) -> None:
    connector = Connector({}, tmp_path)

    (plain,), (debug,) = connector.spec().of("SPEC"), connector.run("spec", "--debug").of("SPEC")

    assert plain["connectionSpecification"] == debug["connectionSpecification"]


def test_the_source_is_found_by_the_name_of_the_package() -> None:
    import source_invoicing  # noqa: PLC0415 - the import is what is tested

    assert "SourceInvoicing" in dir(source_invoicing)
    assert source_invoicing.SourceInvoicing is SourceInvoicing
    with pytest.raises(AttributeError, match="SourceZoho"):
        source_invoicing.SourceZoho  # noqa: B018


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_read_is_ended_by_a_signal_as_other_programs_are(
    start_sandbox: StartSandbox, connect: Connect, number: signal.Signals
) -> None:
    # Each answer takes so long that the read cannot be over before the signal arrives.
    sandbox = start_sandbox("invoiced", rows={"invoices": 5000}, latency_ms=200)

    output = connect(sandbox).read_until_message(3, ["invoices"], ended_by=number)

    assert output.exit_code == -number
    assert "Traceback" not in output.text


@pytest.mark.in_process
def test_failures_come_behind_all_else(start_sandbox: StartSandbox, connect: Connect) -> None:
    # Some programs take the first failure for the end of a sync.
    sandbox = start_sandbox("zoho_books", options={"unavailable": "users:403,bills:404"})
    connector = connect(sandbox)

    output = connector.read(["users", "bills", "contacts", "invoices"])

    kinds = [message.get("trace", {}).get("type", message["type"]) for message in output.messages]
    printed = [kind for kind in kinds if kind not in ("LOG", "DEBUG")]
    assert printed[-2:] == ["ERROR", "ERROR"]
    assert printed.count("ERROR") == 2
    assert len(output.records["invoices"]) == len(sandbox.rows("invoices"))
    for error in output.errors:
        assert any(error["message"] in line for line in output.logs)


@pytest.mark.in_process
def test_nul_is_left_out_of_text_as_databases_refuse_it(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows={"customers": 2})
    connector = connect(sandbox)
    text = json.dumps([{"id": 1, "name": "a\0\0b", "notes": "c:\\u0000", "number": "\\\0", "updated_at": 1}])
    assert connector.catalog
    sandbox.add_faults({"match": {"stream": "customers"}, "times": 0, "fault": {"kind": "body", "text": text}})

    (row, *_) = connector.read(["customers"]).records["customers"]

    assert (row["name"], row["notes"], row["number"]) == ("ab", "c:\\u0000", "\\")
