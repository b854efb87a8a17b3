"""Rows are inserted, edited and deleted between page requests: none that was there throughout is missed."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector, Output
from integration_tests.sandbox import Sandbox

# One list for each walk: by key, by key in three lists, newest change first, newest row first, children, by page.
STREAMS = ["invoices", "subscriptions", "events", "notes", "credit_balance_adjustments", "contacts", "payment_sources"]
ROWS = {"customers": 12, "invoices": 450, "subscriptions": 330, "events": 320, "notes": 350}
ROWS |= {"credit_balance_adjustments": 260}
BOTH_IGNORED = {
    "ignore_sort": True,
    "updated_after": "ignored",
    "events_start_date": "ignored",
    "events_sort": "ignored",
}


def assert_none_missed(output: Output, sandbox: Sandbox, connector: Connector) -> None:
    """Each row that existed from the first request to the last one was printed."""
    assert output.exit_code == 0, output.text[-3000:]
    history = sandbox.history()
    for stream in connector.catalog:
        name = stream["name"]
        if name in output.statuses:
            key_fields = [path[0] for path in stream["source_defined_primary_key"]]
            came = {tuple(record[field] for field in key_fields) for record in output.records[name]}
            throughout = {key if isinstance(key, tuple) else (key,) for key in history[name]["throughout"]}
            assert throughout <= came, f"{name}: missed {sorted(throughout - came)}"


@pytest.mark.parametrize("seed", range(100))
def test_rows_that_move_at_random_make_no_other_row_slip_through(
    start_sandbox: StartSandbox, connect: Connect, seed: int
) -> None:
    options: dict[str, Any] = {"updated_after": ["inclusive", "exclusive"][seed % 2]}
    if seed % 5 == 0:
        options |= BOTH_IGNORED
    sandbox = start_sandbox(seed=seed, rows=ROWS, options=options)
    connector = connect(sandbox, num_workers=[1, 4, 8][seed % 3])
    assert connector.catalog
    sandbox.reset_history()
    sandbox.schedule(
        random={
            "seed": seed,
            "probability": [0.1, 0.3, 0.6][seed % 3],
            "streams": [*STREAMS, "customers"],
            "ops": ["insert", "edit", "delete"],
            "limit": [3, 10, 25][seed // 3 % 3],
            "where": ["start", "middle", "end", "anywhere"][seed % 4],
        }
    )

    output = connector.read(STREAMS)

    assert_none_missed(output, sandbox, connector)


@pytest.mark.parametrize("op", ["insert", "edit", "delete"])
@pytest.mark.parametrize("stream", ["invoices", "notes", "credit_balance_adjustments"])
def test_a_change_before_each_page_is_survived(
    start_sandbox: StartSandbox, connect: Connect, stream: str, op: str
) -> None:
    sandbox = start_sandbox(rows=ROWS)
    connector = connect(sandbox)
    first_keys = [row["id"] for row in sandbox.rows(stream)]
    steps = [
        {
            "before": page,
            "match": {"stream": stream},
            "ops": [{"op": op, "stream": stream, **({} if op == "insert" else {"key": first_keys[page]})}],
        }
        for page in range(2, 5)
    ]
    assert connector.catalog
    sandbox.reset_history()
    sandbox.schedule(steps)

    output = connector.read([stream])

    assert_none_missed(output, sandbox, connector)


@pytest.mark.parametrize("moving", [False, True])
def test_a_thousand_rows_of_one_moment_are_read_completely_and_the_walk_moves_on(
    start_sandbox: StartSandbox, connect: Connect, moving: bool
) -> None:
    sandbox = start_sandbox(rows={"invoices": 1100})
    rows = sorted(sandbox.rows("invoices"), key=lambda row: row["updated_at"])
    moment = rows[50]["updated_at"]
    sandbox.mutate(
        *(
            {"op": "edit", "stream": "invoices", "key": row["id"], "values": {"updated_at": moment}}
            for row in rows[50:1050]
        )
    )
    connector = connect(sandbox)
    assert connector.catalog
    sandbox.clear_requests()
    sandbox.reset_history()
    if moving:
        sandbox.schedule(
            [
                {"before": page, "match": {"stream": "invoices"}, "ops": [{"op": op, "stream": "invoices", "key": key}]}
                for page, op, key in [(4, "edit", rows[60]["id"]), (7, "delete", rows[70]["id"])]
            ]
        )

    output = connector.read(["invoices"])

    assert_none_missed(output, sandbox, connector)
    assert output.last_state[0]["stream"]["stream_state"]["updated_at"] > moment
