"""Every sync after the first one pays for what changed, and gets all of it."""

from __future__ import annotations

from typing import Any

import pendulum
import pytest

from integration_tests.conftest import Connect, StartSandbox
from integration_tests.connector import Connector

KEYED = [
    "customers",
    "invoices",
    "payments",
    "credit_notes",
    "subscriptions",
    "estimates",
    "items",
    "plans",
    "tax_rates",
    "coupons",
    "events",
]
NEWEST_FIRST = ["notes", "tasks"]
FULL_REFRESH = ["credit_balance_adjustments", "contacts", "metered_billings", "payment_sources"]
ROWS = {"invoices": 2000, "notes": 500}
A_DAY = 86_400


def cursor_field(stream: str) -> str:
    return "timestamp" if stream == "events" else "updated_at"


def test_discover_offers_incremental_where_it_is_true_and_nowhere_else(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    catalog = {stream["name"]: stream for stream in connect(start_sandbox()).catalog}

    assert set(catalog) == {*KEYED, *NEWEST_FIRST, *FULL_REFRESH}
    for name in [*KEYED, *NEWEST_FIRST]:
        assert catalog[name]["supported_sync_modes"] == ["full_refresh", "incremental"]
        assert catalog[name]["default_cursor_field"] == [cursor_field(name)]
        assert catalog[name]["source_defined_cursor"] is True
        assert catalog[name]["is_resumable"] is True
    for name in FULL_REFRESH:
        assert catalog[name]["supported_sync_modes"] == ["full_refresh"]
        assert catalog[name]["is_resumable"] is (name != "credit_balance_adjustments")


@pytest.mark.parametrize("boundary", ["inclusive", "exclusive"])
def test_nothing_changed_costs_one_request_a_list_and_prints_the_last_second_only(
    start_sandbox: StartSandbox, connect: Connect, boundary: str
) -> None:
    sandbox = start_sandbox(rows=ROWS, options={"updated_after": boundary})
    connector = connect(sandbox)
    first = connector.read([*KEYED, *NEWEST_FIRST])
    sandbox.clear_requests()

    second = connector.read([*KEYED, *NEWEST_FIRST], state=first.last_state)

    assert second.exit_code == 0
    for stream in [*KEYED, *NEWEST_FIRST]:
        moments = [row[cursor_field(stream)] for row in sandbox.rows(stream)]
        lists = 3 if stream == "subscriptions" else 1
        # A list may end before another of the same stream; each is asked from where it ended.
        assert len(second.records[stream]) <= lists * sum(1 for moment in moments if moment >= max(moments) - 1) + lists
        requests = sandbox.requests_summary()["streams"][stream]["requests"]
        assert requests <= lists + (1 if lists > 1 else 0)
    assert {state["stream"]["stream_descriptor"]["name"] for state in second.last_state} == {*KEYED, *NEWEST_FIRST}


def test_one_percent_changed_arrives_at_a_price_in_proportion(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows=ROWS)
    connector = connect(sandbox)
    streams = ["invoices", "notes", "events"]
    first = connector.read(streams)
    changed = [row["id"] for row in sandbox.rows("invoices")[::100]]
    noted = [row["id"] for row in sandbox.rows("notes")[::100]]
    for stream, keys in (("invoices", changed), ("notes", noted)):
        sandbox.mutate(*({"op": "edit", "stream": stream, "key": key} for key in keys))
    sandbox.insert("events")
    sandbox.clear_requests()

    second = connector.read(streams, state=first.last_state)

    assert set(changed) <= {record["id"] for record in second.records["invoices"]}
    assert set(noted) <= {record["id"] for record in second.records["notes"]}
    assert len(second.records["invoices"]) <= len(changed) + 2
    assert len(second.records["notes"]) <= len(noted) + 2
    assert all(spent["requests"] == 1 for spent in sandbox.requests_summary()["streams"].values())


@pytest.mark.parametrize("options", [{}, {"ignore_sort": True, "updated_after": "ignored"}], ids=str)
@pytest.mark.parametrize("stream", ["invoices", "subscriptions", "notes"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_an_edit_made_during_the_first_sync_arrives_in_the_second_at_the_latest(
    start_sandbox: StartSandbox, connect: Connect, stream: str, options: dict[str, Any], page: int
) -> None:
    sandbox = start_sandbox(rows={"invoices": 350, "subscriptions": 350, "notes": 350}, options=options)
    connector = connect(sandbox)
    key = sandbox.rows(stream)[0]["id"]
    assert connector.catalog
    edit = {"op": "edit", "stream": stream, "key": key}
    sandbox.schedule([{"before": page, "match": {"stream": stream}, "ops": [edit]}])

    first = connector.read([stream])
    sandbox.clear_schedule()
    second = connector.read([stream], state=first.last_state)

    edited = next(row for row in sandbox.rows(stream) if row["id"] == key)
    came = [*first.records[stream], *second.records[stream]]
    assert edited["updated_at"] in {record["updated_at"] for record in came if record["id"] == key}


def test_start_date_bounds_the_first_sync_and_rows_without_a_cursor_value_come_all_the_same(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox()
    rows = sorted(sandbox.rows("notes"), key=lambda row: row["updated_at"])
    sandbox.edit("notes", rows[0]["id"], {"updated_at": None})
    start = rows[100]["updated_at"]
    connector = connect(sandbox, start_date=moment(start))

    output = connector.read(["notes", "invoices", "credit_balance_adjustments"])

    assert output.exit_code == 0
    assert {record["id"] for record in output.records["notes"]} >= {row["id"] for row in rows[100:]}
    assert all(record["updated_at"] is None or record["updated_at"] >= start for record in output.records["notes"])
    expected = {row["id"] for row in sandbox.rows("invoices") if row["updated_at"] >= start}
    assert {record["id"] for record in output.records["invoices"]} == expected
    assert len(output.records["credit_balance_adjustments"]) == len(sandbox.rows("credit_balance_adjustments"))


def test_the_first_rows_of_a_list_may_be_without_a_cursor_value(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows={"invoices": 350})
    keys = [row["id"] for row in sandbox.rows("invoices")[:120]]
    sandbox.mutate(*({"op": "edit", "stream": "invoices", "key": key, "values": {"updated_at": None}} for key in keys))
    connector = connect(sandbox)

    output = connector.read(["invoices"])

    assert output.exit_code == 0, output.text[-2000:]
    assert {record["id"] for record in output.records["invoices"]} == {row["id"] for row in sandbox.rows("invoices")}


def test_lookback_days_steps_back_behind_the_cursor(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox(rows=ROWS)
    first = connect(sandbox).read(["invoices", "notes"])

    second = connect(sandbox, lookback_days=30).read(["invoices", "notes"], state=first.last_state)

    for stream in ("invoices", "notes"):
        newest = max(row["updated_at"] for row in sandbox.rows(stream))
        expected = {row["id"] for row in sandbox.rows(stream) if row["updated_at"] >= newest - 30 * A_DAY - 1}
        assert {record["id"] for record in second.records[stream]} == expected


@pytest.mark.parametrize(
    ("stream", "state", "complaint"),
    [
        ("invoices", {"updated_at": "2024-01-01"}, "'updated_at' should be whole Unix seconds, found '2024-01-01'"),
        ("invoices", {"date": 5}, "it holds 'date', which this version does not write"),
        ("subscriptions", {"updated_at": 5, "lists": {"paused": 5}}, "'lists' should map current, canceled, finished"),
        ("contacts", {"parent_state": {}, "customer_id": 5}, "it should hold 'customer_id', the id of a parent"),
    ],
)
def test_a_foreign_state_is_refused_with_a_sentence_and_stops_no_other_stream(
    start_sandbox: StartSandbox, connect: Connect, stream: str, state: dict[str, Any], complaint: str
) -> None:
    connector: Connector = connect(start_sandbox())
    message = {"stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}

    output = connector.read([stream, "plans"], state=[message])

    assert output.exit_code == 1
    assert output.statuses[stream] == ["INCOMPLETE"]
    assert output.statuses["plans"][-1] == "COMPLETE"
    (error,) = output.errors
    assert error["failure_type"] == "config_error"
    assert f"The saved state of stream {stream} cannot be used: {complaint}" in error["message"]


def moment(seconds: int) -> str:
    """Unix seconds as a user writes them."""
    return pendulum.from_timestamp(seconds).to_iso8601_string()
