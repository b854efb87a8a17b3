"""Killed at any message, the next run continues from the last state printed, and together they miss nothing."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Output
from integration_tests.expected import keys

STREAMS = ["invoices", "subscriptions", "notes", "contacts", "credit_balance_adjustments"]
ROWS = {"customers": 25, "invoices": 520, "subscriptions": 260, "notes": 220, "credit_balance_adjustments": 120}
# Cuts spread over the whole run, which prints about 1,900 messages.
CUTS = range(1, 1900, 95)
PAGE = 100


def state_covers_its_records(output: Output) -> bool:
    """Whether the records in front of each state are those it speaks of: none of them is newer than the state."""
    newest = 0
    for message in output.messages:
        if message["type"] == "RECORD" and message["record"]["stream"] == "invoices":
            newest = max(newest, message["record"]["data"]["updated_at"])
        if message["type"] == "STATE" and message["state"]["stream"]["stream_descriptor"]["name"] == "invoices":
            state: dict[str, Any] = message["state"]["stream"]["stream_state"]
            if state["updated_at"] > newest:
                return False
    return True


@pytest.mark.parametrize("cut", CUTS)
def test_killed_and_resumed_the_union_is_complete(start_sandbox: StartSandbox, connect: Connect, cut: int) -> None:
    sandbox = start_sandbox(rows=ROWS)
    connector = connect(sandbox, num_workers=4)
    catalog = {stream["name"]: stream for stream in connector.catalog}

    killed = connector.read_until_message(cut, STREAMS)
    resumed = connector.read(STREAMS, state=killed.last_state)

    assert resumed.exit_code == 0, resumed.text[-2000:]
    assert state_covers_its_records(killed)
    for name in STREAMS:
        came = keys([*killed.records[name], *resumed.records[name]], catalog[name])
        assert set(came) == set(keys(sandbox.rows(name), catalog[name])), name
    again = keys(killed.records["invoices"], catalog["invoices"]) & keys(
        resumed.records["invoices"], catalog["invoices"]
    )
    assert again.total() <= 2 * PAGE


def test_states_never_go_back(start_sandbox: StartSandbox, connect: Connect) -> None:
    output = connect(start_sandbox(rows=ROWS)).read(STREAMS)

    states = [state["updated_at"] for state in output.states["invoices"]]
    assert len(states) >= ROWS["invoices"] // PAGE
    assert states == sorted(states)
    parents = [state["customer_id"] for state in output.states["contacts"] if "customer_id" in state]
    assert parents == sorted(parents)


def test_a_stream_that_fails_midway_keeps_its_state_at_the_last_good_page(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox(rows=ROWS)
    connector = connect(sandbox)
    assert connector.catalog
    broken = {"match": {"stream": "invoices"}, "after": 3, "times": 0, "fault": {"kind": "status", "code": 500}}
    sandbox.add_faults(broken)

    failed = connector.read(["invoices", "notes"])
    sandbox.clear_faults()
    resumed = connector.read(["invoices", "notes"], state=failed.last_state)

    assert failed.exit_code == 1
    assert failed.statuses["invoices"][-1] == "INCOMPLETE"
    assert failed.statuses["notes"][-1] == "COMPLETE"
    (error,) = failed.errors
    assert error["failure_type"] == "transient_error"
    assert "HTTP 500 for /invoices" in error["message"]
    came = {record["id"] for record in [*failed.records["invoices"], *resumed.records["invoices"]]}
    assert came == {row["id"] for row in sandbox.rows("invoices")}
    assert len(resumed.records["invoices"]) < ROWS["invoices"] - 2 * PAGE
