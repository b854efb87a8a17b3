"""A read of everything gives exactly the rows there are, whatever the facts of the API allow it to do."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.connector import Connector, Output
from integration_tests.expected import assert_as_they_are, keys
from integration_tests.platforms import INVOICED
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.in_process

CHILDREN = ["contacts", "metered_billings", "payment_sources"]


def assert_complete(output: Output, sandbox: Sandbox, connector: Connector, *, duplicates: bool = False) -> None:
    """Every row once, as it is, and nothing else; of each stream that was read."""
    assert output.exit_code == 0, output.text[-3000:]
    for stream in connector.catalog:
        name = stream["name"]
        if name not in output.statuses:
            continue
        rows = sandbox.rows(name)
        there, came = keys(rows, stream), keys(output.records[name], stream)
        assert set(came) == set(there), f"{name}: missing {set(there) - set(came)}, extra {set(came) - set(there)}"
        assert duplicates or came == there, f"{name}: duplicated {came - there}"
        assert output.statuses[name][-1] == "COMPLETE"


@pytest.mark.own_process
def test_the_console_script_reads_everything_as_it_is(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    connector = connect(sandbox)
    connector.warm_start = None  # the script itself, from its first line

    output = connector.read()

    assert_complete(output, sandbox, connector)
    assert len(connector.catalog) == len(INVOICED.streams) + len(INVOICED.parts) + len(INVOICED.details)
    for stream in connector.catalog:
        name = stream["name"]
        records = output.records[name]
        assert_as_they_are(records, sandbox.rows(name), stream)
        expected_statuses = ["STARTED", "RUNNING", "COMPLETE"] if records else ["STARTED", "COMPLETE"]
        assert output.statuses[name] == expected_statuses
        assert output.states[name], f"{name} printed no state"
    assert output.stderr == ""


@pytest.mark.parametrize(
    "options",
    [
        {"list_body": "data"},
        {"headers": "link"},
        {"headers": "count"},
        {"headers": "none"},
        {"last_next": "self"},
        {"updated_after": "inclusive"},
        {"out_of_order": "strict"},
        {"empty_map": "list"},
        {"per_page_cap": 7},
        {"per_page_cap": 7, "headers": "none"},
        {"subscription_flags": "additive"},
        {"events_start_date": "ignored"},
        {"events_start_date": "refused"},
        {"events_start_date": "exclusive"},
        {"events_start_date": "exclusive", "headers": "none"},
        {"events_sort": "ignored"},
        {"cadences_path": "customer_chasing_cadences"},
    ],
    ids=str,
)
def test_both_answers_the_facts_allow_give_the_same_records(
    start_platform: StartPlatform, connect: Connect, options: dict[str, Any]
) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked, options)
    connector = connect(sandbox)

    output = connector.read()

    # A walk that is given up for another one may hand out the rows of its first pages twice.
    assert_complete(output, sandbox, connector, duplicates="events_start_date" in options)


@pytest.mark.parametrize(
    "options",
    [{"ignore_sort": True}, {"updated_after": "ignored"}, {"ignore_sort": True, "updated_after": "ignored"}],
    ids=str,
)
def test_a_server_that_ignores_what_it_is_asked_is_read_completely_and_says_so_once(
    start_platform: StartPlatform, connect: Connect, options: dict[str, Any]
) -> None:
    sandbox = start_platform(INVOICED, INVOICED.walked, options)
    connector = connect(sandbox)

    output = connector.read()

    assert_complete(output, sandbox, connector, duplicates=True)
    said = [line for line in output.logs if line.startswith("Stream invoices: the list /invoices does not")]
    assert said
    assert len(said) == len(set(said)), "each thing is said once"


@pytest.mark.parametrize(
    "streams",
    [["contacts"], ["customers", "contacts"], ["contacts", "customers"], CHILDREN, ["customers", *CHILDREN]],
    ids=" ".join,
)
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_children_are_the_same_whatever_else_is_read_and_their_parents_are_listed_once(
    start_sandbox: StartSandbox, connect: Connect, streams: list[str], workers: int
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows())
    connector = connect(sandbox, num_workers=workers)
    assert connector.catalog
    sandbox.clear_requests()

    output = connector.read(streams)

    assert_complete(output, sandbox, connector)
    assert [request["path"] for request in sandbox.requests()].count("/customers") == 1
    for stream in set(streams) & set(CHILDREN):
        assert all(isinstance(record["customer_id"], int) for record in output.records[stream])


def test_a_customer_that_vanished_since_it_was_listed_is_skipped_with_a_line_in_the_log(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox()
    connector = connect(sandbox)
    customer = max(row["customer_id"] for row in sandbox.rows("contacts"))
    sandbox.schedule(
        [
            {
                "before": 1,
                "match": {"stream": "contacts"},
                "ops": [{"op": "delete", "stream": "customers", "key": customer}],
            }
        ]
    )

    output = connector.read(["contacts"])

    assert_complete(output, sandbox, connector, duplicates=True)
    assert any(f"customer_id {customer} no longer exists and is skipped" in line for line in output.logs)


def test_a_list_no_customer_has_is_not_taken_for_an_empty_one(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox()
    sandbox.add_faults(
        {"match": {"path": "/customers/.*/contacts"}, "times": 0, "fault": {"kind": "status", "code": 404}}
    )

    output = connect(sandbox).read(["contacts"])

    assert output.exit_code == 1
    assert output.statuses["contacts"][-1] == "INCOMPLETE"


@pytest.mark.own_process
@pytest.mark.parametrize("workers", [1, 3, 10])
def test_no_more_requests_are_under_way_than_there_are_workers(
    start_sandbox: StartSandbox, connect: Connect, workers: int
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(), latency_ms=30)
    connector = connect(sandbox, num_workers=workers)

    output = connector.read()

    assert_complete(output, sandbox, connector)
    assert sandbox.requests_summary()["highest_in_flight"] == workers


def test_the_state_of_a_stream_with_hundreds_of_parents_stays_small(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(customers=300))
    # One after the other, so that each list that is done moves the state.
    connector = connect(sandbox, num_workers=1)

    output = connector.read(CHILDREN)

    assert_complete(output, sandbox, connector)
    states = [line for line in output.lines if '"STATE"' in line]
    assert len(states) > 150
    assert max(map(len, states)) < 500


# Several workers may share a long list, which costs a few requests. Whether they do depends on how soon answers come.
@pytest.mark.parametrize(("workers", "most"), [(1, 1.03), pytest.param(10, 1.05, marks=pytest.mark.own_process)])
def test_a_full_read_costs_what_the_page_size_dictates(
    start_sandbox: StartSandbox, connect: Connect, workers: int, most: float
) -> None:
    sandbox = start_sandbox(rows=INVOICED.rows(invoices=1500, events=800, notes=800))
    connector = connect(sandbox, num_workers=workers)
    assert connector.catalog
    sandbox.clear_requests()

    output = connector.read()

    assert_complete(output, sandbox, connector)
    lists: dict[tuple[str, str], int] = {}
    for request in sandbox.requests():
        flags = ",".join(sorted(name for name, _ in request["query"] if name in ("canceled", "finished")))
        lists[request["path"], flags] = lists.get((request["path"], flags), 0) + 1
    sizes = {name: len(sandbox.rows(name)) for name in ("invoices", "events", "notes", "payments", "tasks")}
    for name, size in sizes.items():
        assert lists[f"/{name}", ""] <= most * -(-size // 100) + 2
    others = set(INVOICED.streams) - set(CHILDREN)
    least = sum(-(-len(sandbox.rows(name)) // 100) for name in others) + len(CHILDREN) * len(sandbox.rows("customers"))
    least += sum(len(sandbox.rows(name)) for name in INVOICED.details)
    assert len(sandbox.requests()) <= 1.03 * least + 2 * len(connector.catalog)
