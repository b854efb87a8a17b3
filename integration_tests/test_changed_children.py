"""Of lists per customer, those are read again that events name."""

from __future__ import annotations

import time
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Json
from integration_tests.destination import (
    CHILDREN,
    EVENTS,
    Destination,
    assert_same_rows,
    told,
    weeks_later,
)
from integration_tests.platforms import INVOICED

pytestmark = pytest.mark.in_process


def test_only_the_lists_that_events_name_are_read_again(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, {"customers": 30}, options=EVENTS)
    connector = connect(sandbox)
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(CHILDREN))
    customers = [row["id"] for row in sandbox.rows("customers")]
    for number, stream in enumerate(CHILDREN):
        sandbox.insert(stream, customer=customers[number])
    sandbox.clear_requests()

    destination.load(second := connector.read(CHILDREN, state=first.last_state))

    assert_same_rows(destination, sandbox, CHILDREN)
    assert len(sandbox.requests()) <= 2 + len(CHILDREN), sandbox.requests()
    sandbox.clear_requests()
    assert connector.read(CHILDREN, state=second.last_state).records == {}
    assert len(sandbox.requests()) <= 2


def test_twenty_thousand_customers_cost_what_events_name(start_platform: StartPlatform, connect: Connect) -> None:
    """1,500 events since a reading of all lists, which touch 120 of the customers."""
    sandbox = start_platform(
        INVOICED,
        {"customers": 20_000, **dict.fromkeys(CHILDREN, 300), "events": 40},
        options={**EVENTS, "per_page_cap": 100},
    )
    connector = connect(sandbox)
    read_at = {"events_until": int(time.time()), "full_reading": int(time.time())}
    state: list[Json] = [
        {"stream": {"stream_descriptor": {"name": stream}, "stream_state": read_at}} for stream in CHILDREN
    ]
    touched = [row["id"] for row in sandbox.rows("customers")[:12_000:100]]
    for number in range(1500):
        sandbox.insert(CHILDREN[number % 120 % 3], customer=touched[number % 120])

    second = connector.read(CHILDREN, state=state)

    assert len(sandbox.requests()) <= 200
    for number, stream in enumerate(CHILDREN):
        lists = touched[number::3]
        there = [row["id"] for row in sandbox.rows(stream) if row["customer_id"] in lists]
        assert len(there) >= 500
        assert sorted(row["id"] for row in second.records[stream]) == sorted(there)


@pytest.mark.parametrize("why", ["gap", "refresh", "always", "full_refresh", "0.2.0"])
def test_all_lists_are_read_where_events_do_not_suffice(
    start_platform: StartPlatform, connect: Connect, why: str
) -> None:
    sandbox = start_platform(INVOICED, {"customers": 20, "contacts": 30}, options=EVENTS)
    connector = connect(sandbox, platform={"children_refresh_days": 0} if why == "always" else {})
    first = connector.read(["contacts"])
    state = first.last_state
    if why == "gap":
        for _ in range(3):
            sandbox.edit("customers")
        sandbox.set_options(events_kept=2)
    if why == "refresh":
        state = weeks_later(state)
    if why == "full_refresh":
        for stream in connector.catalog:
            stream["supported_sync_modes"] = ["full_refresh"]
    if why == "0.2.0":
        state[0]["stream"]["stream_state"] = {"customer_id": sandbox.rows("customers")[9]["id"]}

    second = connector.read(["contacts"], state=state)

    there = sandbox.rows("contacts")
    if why == "0.2.0":
        done = {row["id"] for row in sandbox.rows("customers")[:10]}
        there = [row for row in there if row["customer_id"] not in done]
    assert {row["id"] for row in second.records["contacts"]} == {row["id"] for row in there}
    if why in ("gap", "refresh", "always"):
        assert any("lists of all parents are read" in line for line in second.logs)


def test_a_reading_of_all_lists_that_is_cut_off_goes_on_and_misses_nothing(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(INVOICED, {"customers": 12, "contacts": 30}, options=EVENTS)
    connector = connect(sandbox, num_workers=1)
    destination = Destination(connector.catalog)
    fault = {"kind": "status", "code": 500}
    sandbox.add_faults({"match": {"stream": "contacts"}, "after": 8, "times": 0, "fault": fault})
    destination.load(first := connector.read(["contacts"]))
    sandbox.clear_faults()
    # Of a customer whose list is read already.
    added = sandbox.insert("contacts", customer=sandbox.rows("customers")[0]["id"])

    destination.load(second := connector.read(["contacts"], state=first.last_state))
    destination.load(third := connector.read(["contacts"], state=second.last_state))

    assert {"customer_id", "events_until"} <= first.states["contacts"][-1].keys()
    assert len(second.records["contacts"]) < 30
    assert added in {row["id"] for row in third.records["contacts"]}
    assert_same_rows(destination, sandbox, ["contacts"])


@pytest.mark.parametrize("deletions", ["ignore", "emit"])
def test_a_first_reading_that_fails_at_its_first_list_is_begun_anew(
    start_platform: StartPlatform, connect: Connect, deletions: str
) -> None:
    sandbox = start_platform(INVOICED, {"customers": 12, "contacts": 30}, options=EVENTS)
    connector = connect(sandbox, deletions=deletions)
    destination = Destination(connector.catalog)
    sandbox.add_faults({"match": {"stream": "contacts"}, "times": 0, "fault": {"kind": "status", "code": 403}})
    destination.load(first := connector.read(["contacts"]))
    sandbox.clear_faults()

    destination.load(second := connector.read(["contacts"], state=first.last_state))

    assert [output.statuses["contacts"][-1] for output in (first, second)] == ["INCOMPLETE", "COMPLETE"]
    assert_same_rows(destination, sandbox, ["contacts"])
    assert any("the first sync that knows the events" in line for line in second.logs)


def test_a_row_that_came_back_is_not_told_by_a_reading_that_goes_on(
    start_platform: StartPlatform, connect: Connect
) -> None:
    """The list that holds it was read before, and shows nothing of the events since."""
    sandbox = start_platform(INVOICED, {"customers": 12, "contacts": 30}, options=EVENTS)
    connector = connect(sandbox, num_workers=1, deletions="emit")
    destination = Destination(connector.catalog)
    sandbox.add_faults(
        {"match": {"stream": "contacts"}, "after": 8, "times": 0, "fault": {"kind": "status", "code": 500}}
    )
    destination.load(first := connector.read(["contacts"]))
    sandbox.clear_faults()
    row, gone = first.records["contacts"][:2]
    sandbox.delete("contacts", row["id"])
    sandbox.insert("contacts", {"id": row["id"]}, customer=row["customer_id"])
    sandbox.delete("contacts", gone["id"])

    destination.load(second := connector.read(["contacts"], state=first.last_state))
    destination.load(third := connector.read(["contacts"], state=second.last_state))

    assert {"customer_id"} <= first.states["contacts"][-1].keys()
    assert row["id"] not in [id_ for output in (second, third) for id_ in told(output).get("contacts", [])]
    assert told(third) == {"contacts": [gone["id"]]}
    assert_same_rows(destination, sandbox, ["contacts"])


@pytest.mark.parametrize(
    "wrong", [{"events_until": "x"}, {"events_until": 10**12}, {"events_seen": 5}, {"full_reading": None}, {"other": 1}]
)
def test_a_state_that_no_sync_can_have_written_is_refused(
    start_platform: StartPlatform, connect: Connect, wrong: dict[str, Any]
) -> None:
    sandbox = start_platform(INVOICED, {"customers": 3, "contacts": 3}, options=EVENTS)
    connector = connect(sandbox, deletions="emit")
    for stream in ("contacts", "notes"):
        state = connector.read([stream]).last_state
        state[0]["stream"]["stream_state"].update(wrong)

        output = connector.read([stream], state=state)

        assert [error["failure_type"] for error in output.errors] == ["config_error"]
        assert f"saved state of stream {stream} cannot be used" in output.errors[0]["message"]
