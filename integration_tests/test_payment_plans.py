"""Payment plans of Invoiced: one request for each invoice that names one."""

from __future__ import annotations

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.expected import assert_as_they_are
from integration_tests.platforms import INVOICED
from integration_tests.sandbox import Sandbox
from integration_tests.test_incremental import by_name
from integration_tests.test_read import assert_complete

pytestmark = pytest.mark.in_process

PLANS = "payment_plans"


def asked(sandbox: Sandbox) -> int:
    """How many requests for plans came."""
    return sum(entry["stream"] == PLANS for entry in sandbox.requests())


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("streams", [[PLANS], ["invoices", "invoice_line_items", PLANS]], ids=" ".join)
def test_each_plan_costs_one_request(
    start_platform: StartPlatform, connect: Connect, streams: list[str], workers: int
) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked)
    connector = connect(sandbox, num_workers=workers)
    assert sandbox.rows(PLANS)

    output = connector.read(streams)

    assert_complete(output, sandbox, connector)
    assert_as_they_are(output.records[PLANS], sandbox.rows(PLANS), by_name(connector.catalog)[PLANS])
    assert asked(sandbox) == len(sandbox.rows(PLANS))


def test_a_further_sync_asks_for_plans_of_changed_invoices(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked)
    connector = connect(sandbox)
    first = connector.read([PLANS])
    changed = sandbox.rows(PLANS)[0]["invoice_id"]
    sandbox.edit("invoices", changed)
    others = (row["id"] for row in sandbox.rows("invoices") if row["payment_plan"] is None)
    sandbox.edit("invoices", next(others))
    sandbox.clear_requests()

    second = connector.read([PLANS], state=first.last_state)

    assert [row["invoice_id"] for row in second.records[PLANS]] == [changed]
    assert asked(sandbox) == 1


@pytest.mark.parametrize("gone", [1, 0], ids=["one", "all"])
def test_a_plan_that_is_gone_gives_no_row(start_platform: StartPlatform, connect: Connect, gone: int) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked)
    connector = connect(sandbox)
    rule = {"match": {"stream": PLANS}, "times": gone, "fault": {"kind": "status", "code": 404}}
    sandbox.add_faults(rule)

    output = connector.read([PLANS])

    assert output.exit_code == 0, output.text
    assert len(output.records[PLANS]) == (len(sandbox.rows(PLANS)) - 1 if gone else 0)


def test_refused_plans_do_not_stop_the_invoices(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked)
    connector = connect(sandbox)
    sandbox.add_faults({"match": {"stream": PLANS}, "times": 0, "fault": {"kind": "status", "code": 403}})

    output = connector.read(["invoices", PLANS])

    assert output.statuses[PLANS][-1] == "INCOMPLETE"
    assert output.statuses["invoices"][-1] == "COMPLETE"
    assert [error["failure_type"] for error in output.errors] == ["config_error"]
