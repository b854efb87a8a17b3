"""Rows that are gone are told to the destination, which then holds what the account holds."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.destination import (
    BY_EVENT,
    CHILDREN,
    DELETED_AT,
    EVENTS,
    IN_FULL,
    SEARCHED,
    Destination,
    assert_same_rows,
    cut_off,
    told,
    tombstones,
    weeks_later,
)
from integration_tests.platforms import FASTBILL, INVOICED, PLATFORMS, REST_API, ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts

pytestmark = pytest.mark.in_process

# What a state holds of deletions.
MEMORY = ("events_until", "events_seen", "known_ids")


# -- the column ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_the_column_is_on_the_streams_that_can_tell_and_nowhere_unless_asked_for(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform)
    without = connect(sandbox).catalog

    # Lines go with their documents, which are told, and so do plans of payment.
    parts = ("events", "customer_invoices", "payment_plans", *platform.parts)
    assert not any(DELETED_AT in stream["json_schema"]["properties"] for stream in without)
    for before, now in zip(without, connect(sandbox, deletions="emit").catalog, strict=True):
        column = now["json_schema"]["properties"].pop(DELETED_AT, None)
        assert now == before
        can_tell = now.get("default_cursor_field") and now["name"] not in parts
        assert column is None if not can_tell else column["type"] == ["null", "string"], now["name"]


def test_a_connection_without_the_column_is_told_nothing_but_how_to_get_it(
    start_platform: StartPlatform, connect: Connect
) -> None:
    """A record that says that a row is gone would blank that row where the column is not known."""
    sandbox = start_platform(INVOICED, options=EVENTS)
    before = connect(sandbox)
    connector = connect(sandbox, deletions="emit")
    connector.__dict__["catalog"] = before.catalog
    first = connector.read(["invoices"])
    sandbox.delete("invoices")

    second = connector.read(["invoices"], state=first.last_state)

    assert tombstones(second) == {}
    assert any("Refresh the source schema" in line for line in second.logs)
    assert set(second.last_state[0]["stream"]["stream_state"]) == {"updated_at"}


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_unless_asked_for_nothing_is_told_kept_or_asked_of_the_api(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform, options=EVENTS if platform is INVOICED else {})
    streams = sorted({*SEARCHED[platform.name], *filter(None, [IN_FULL.get(platform.name)])})
    streams += BY_EVENT if platform is INVOICED else ()
    costs = {}
    for deletions in ("ignore", "emit"):
        connector = connect(sandbox, deletions=deletions)
        first = connector.read(streams)
        for stream in streams:
            sandbox.delete(stream)
        sandbox.clear_requests()
        second = connector.read(streams, state=weeks_later(first.last_state))
        costs[deletions] = len(sandbox.requests())
        if deletions == "ignore":
            assert not any(DELETED_AT in row for rows in second.records.values() for row in rows)
            assert not any({*MEMORY} & state.keys() for states in second.states.values() for state in states)
            assert "events" not in sandbox.requests_summary()["streams"]

    assert costs["ignore"] < costs["emit"]


# -- by events ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", ["whole", "id"])
def test_events_tell_what_was_deleted_once_and_behind_the_rows(
    start_platform: StartPlatform, connect: Connect, held: str
) -> None:
    sandbox = start_platform(INVOICED, options={**EVENTS, "deleted_object": held})
    connector = connect(sandbox, deletions="emit")
    first = connector.read(BY_EVENT)
    gone = {stream: sandbox.delete(stream) for stream in BY_EVENT}
    for stream in BY_EVENT:
        sandbox.edit(stream)

    second = connector.read(BY_EVENT, state=first.last_state)
    third = connector.read(BY_EVENT, state=second.last_state)

    assert tombstones(first) == tombstones(third) == {}
    assert told(second) == {stream: [key] for stream, key in gone.items()}
    for stream, (tombstone,) in tombstones(second).items():
        assert second.records[stream][-1] == tombstone
        assert tombstone["updated_at"] >= max(row["updated_at"] for row in first.records[stream])
        assert (len(tombstone) > 10) is (held == "whole")
    # The cursor stands where the rows have brought it.
    assert all(
        state["updated_at"] <= max(row["updated_at"] for row in sandbox.rows(name))
        for name, (*_, state) in second.states.items()
    )


def test_events_are_read_once_for_all_streams(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, options=EVENTS)
    connector = connect(sandbox, deletions="emit")
    streams = [*BY_EVENT, "payments", "subscriptions", *CHILDREN]
    first = connector.read(streams)
    sandbox.clear_requests()

    connector.read(streams, state=first.last_state)

    assert sandbox.requests_summary()["streams"]["events"]["requests"] <= 2


@pytest.mark.parametrize("stays", [True, False])
def test_voids_and_cancels_are_read_again_and_removed_only_if_they_are_gone(
    start_platform: StartPlatform, connect: Connect, *, stays: bool
) -> None:
    sandbox = start_platform(INVOICED, options={**EVENTS, "void_and_cancel": stays})
    connector = connect(sandbox, deletions="emit")
    streams = ["payments", "subscriptions"]
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(streams))
    gone = {stream: sandbox.delete(stream) for stream in streams}

    second = connector.read(streams, state=first.last_state)

    assert told(second) == ({} if stays else {stream: [key] for stream, key in gone.items()})
    destination.load(second)
    assert_same_rows(destination, sandbox, streams)
    if stays:
        assert destination.rows("payments")[str(gone["payments"]),]["voided"] is True
        assert destination.rows("subscriptions")[str(gone["subscriptions"]),]["status"] == "canceled"


@pytest.mark.parametrize("about", ["absorbed", "survivor"])
def test_a_merger_removes_the_customer_that_is_not_there_any_more(
    start_platform: StartPlatform, connect: Connect, about: str
) -> None:
    sandbox = start_platform(INVOICED, options={**EVENTS, "merged_object": about})
    connector = connect(sandbox, deletions="emit")
    streams = ["customers", "invoices", *CHILDREN]
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(streams))
    absorbed, survivor = (row["id"] for row in sandbox.rows("customers")[:2])
    sandbox.merge(absorbed, survivor)

    second = connector.read(streams, state=first.last_state)

    assert told(second) == {"customers": [absorbed]}
    destination.load(second)
    assert_same_rows(destination, sandbox, streams)


def test_an_event_that_is_listed_late_is_looked_into_first(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, options={**EVENTS, "events_delay": 2, "clock": "logical"})
    connector = connect(sandbox, deletions="emit")
    first = connector.read(["notes"])
    gone = sandbox.delete("notes")
    sandbox.edit("tasks")
    second = connector.read(["notes"], state=first.last_state)
    sandbox.edit("tasks")

    third = connector.read(["notes"], state=second.last_state)

    assert tombstones(second) == {}
    assert told(third) == {"notes": [gone]}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_events_that_cannot_be_read_cost_a_warning_and_nothing_else(
    start_platform: StartPlatform, connect: Connect, status: int
) -> None:
    sandbox = start_platform(INVOICED, options=EVENTS)
    connector = connect(sandbox, deletions="emit")
    streams = ["invoices", *CHILDREN]
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(streams))
    gone = sandbox.delete("invoices")
    sandbox.insert("contacts")
    fault = {"kind": "status", "code": status}
    sandbox.add_faults({"match": {"stream": "events"}, "times": 0, "fault": fault})

    second = connector.read(streams, state=first.last_state)
    sandbox.clear_faults()
    third = connector.read(streams, state=second.last_state)

    assert second.exit_code == 0, second.text[-2000:]
    assert tombstones(second) == {}
    assert any("events of the account cannot be read" in line for line in second.logs)
    assert told(third) == {"invoices": [gone]}
    destination.load(second)
    assert_same_rows(destination, sandbox, CHILDREN)


def test_what_may_not_be_asked_for_now_is_asked_for_by_the_next_sync(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(INVOICED, {"customers": 12}, EVENTS)
    connector = connect(sandbox, deletions="emit")
    streams = ["customers", "notes"]
    first = connector.read(streams)
    absorbed, survivor = (row["id"] for row in sandbox.rows("customers")[:2])
    sandbox.merge(absorbed, survivor)
    gone = sandbox.delete("customers")
    sandbox.add_faults(
        {"match": {"path": f"/customers/{absorbed}$"}, "times": 0, "fault": {"kind": "status", "code": 403}}
    )

    second = connector.read(streams, state=first.last_state)
    sandbox.clear_faults()
    third = connector.read(streams, state=second.last_state)
    fourth = connector.read(streams, state=third.last_state)

    assert any(f"whether {absorbed} is gone is not known" in line for line in second.logs)
    assert [told(output) for output in (second, third, fourth)] == [
        {"customers": [gone]},
        {"customers": [absorbed]},
        {},
    ]


# -- by ids -------------------------------------------------------------------------------------------------------


def searched(*others: tuple[PlatformFacts, str]) -> list[Any]:
    """The lists that have to be searched, and further ones, as parameters."""
    lists = [(PLATFORMS[name], stream) for name, streams in SEARCHED.items() for stream in streams]
    return [pytest.param(facts, stream, id=f"{facts.name}-{stream}") for facts, stream in [*lists, *others]]


@pytest.mark.parametrize(("platform", "stream"), searched())
def test_a_search_finds_what_is_gone_and_tells_it_once(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 25})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    destination.load(first := connector.read([stream]))
    sandbox.delete(stream)
    sandbox.edit(stream)
    sandbox.insert(stream)

    destination.load(second := connector.read([stream], state=first.last_state))
    destination.load(third := connector.read([stream], state=weeks_later(second.last_state)))
    fourth = connector.read([stream], state=weeks_later(third.last_state))

    assert tombstones(second) == tombstones(fourth) == {}
    assert len(tombstones(third)[stream]) == 1
    assert_same_rows(destination, sandbox, [stream])
    # The cursor stands where the rows have brought it.
    assert platform.stands_at(stream, third.states[stream][-1]) <= max(platform.changes(stream, sandbox.rows(stream)))


@pytest.mark.parametrize(("platform", "stream"), searched())
def test_what_came_and_went_between_two_searches_is_told(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 25})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    destination.load(first := connector.read([stream]))
    came = sandbox.insert(stream)
    destination.load(second := connector.read([stream], state=first.last_state))
    sandbox.delete(stream, came)

    destination.load(connector.read([stream], state=weeks_later(second.last_state)))

    assert_same_rows(destination, sandbox, [stream])


@pytest.mark.parametrize(
    ("platform", "stream"),
    searched((FASTBILL, "customers"), (INVOICED, "invoices"), (INVOICED, "notes")),
)
def test_what_a_sync_brought_before_it_was_killed_is_told_too(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 35}, EVENTS if platform is INVOICED else {})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    whole = connector.read([stream])
    states = [number for number, message in enumerate(whole.messages, 1) if message["type"] == "STATE"]
    destination.load(first := cut_off(whole, states[len(states) // 2]))
    (name, *_) = destination.key_fields(stream)
    sandbox.delete(stream, first.records[stream][0][name])

    destination.load(second := connector.read([stream], state=first.last_state))
    destination.load(connector.read([stream], state=weeks_later(second.last_state)))

    assert_same_rows(destination, sandbox, [stream])


@pytest.mark.parametrize(
    ("platform", "stream"),
    searched((FASTBILL, "customers"), (INVOICED, "invoices"), (INVOICED, "notes"), (INVOICED, "customers")),
)
def test_what_a_sync_brought_before_it_failed_is_told_too(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 35}, EVENTS if platform is INVOICED else {})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    sandbox.add_faults({"match": {"stream": stream}, "after": 2, "times": 0, "fault": {"kind": "status", "code": 500}})
    destination.load(first := connector.read([stream]))
    sandbox.clear_faults()
    (name, *_) = destination.key_fields(stream)
    sandbox.delete(stream, first.records[stream][0][name])

    destination.load(second := connector.read([stream], state=first.last_state))
    destination.load(connector.read([stream], state=weeks_later(second.last_state)))

    assert first.statuses[stream][-1] == "INCOMPLETE"
    assert_same_rows(destination, sandbox, [stream])


@pytest.mark.parametrize(
    ("platform", "stream"),
    [(FASTBILL, "customers"), (ZOHO_BOOKS, "recurring_invoices"), (ZOHO_INVOICE, "recurring_expenses")],
    ids=["fastbill", "zoho_books", "zoho_invoice"],
)
def test_a_list_that_each_sync_reads_in_full_tells_at_once(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 25})
    connector = connect(sandbox, deletions="emit", deletion_sweep_days=0)
    destination = Destination(connector.catalog)
    destination.load(first := connector.read([stream]))
    cost = len(sandbox.requests())
    sandbox.delete(stream)
    sandbox.clear_requests()

    destination.load(second := connector.read([stream], state=first.last_state))

    assert sum("DELETED_DATE" not in row for row in tombstones(second)[stream]) == 1
    assert_same_rows(destination, sandbox, [stream])
    assert len(sandbox.requests()) <= cost


@pytest.mark.parametrize("kept", ["kept", "kept_unchanged", "kept_by_day"])
def test_a_customer_that_stays_in_the_list_is_marked_as_deleted(
    start_platform: StartPlatform, connect: Connect, kept: str
) -> None:
    sandbox = start_platform(FASTBILL, {"customers": 25}, {"deleted_customers": kept})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(["customers"]))
    alive = next(row["CUSTOMER_ID"] for row in first.records["customers"] if not row[DELETED_AT])
    sandbox.delete("customers", alive)

    destination.load(second := connector.read(["customers"], state=first.last_state))

    assert alive in [row["CUSTOMER_ID"] for row in tombstones(second)["customers"]]
    assert_same_rows(destination, sandbox, ["customers"])


@pytest.mark.parametrize("platform", [FASTBILL, ZOHO_BOOKS, INVOICED, REST_API], ids=lambda facts: facts.name)
def test_more_than_can_be_believed_is_not_told(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    stream = SEARCHED[platform.name][0]
    sandbox = start_platform(platform, {stream: 70})
    connector = connect(sandbox, deletions="emit")
    first = connector.read([stream])
    for _ in range(51):
        sandbox.delete(stream)

    second = connector.read([stream], state=weeks_later(first.last_state))

    assert tombstones(second) == {}
    assert any("51 of 70 known rows" in line for line in second.logs)
    before, after = (output.states[stream][-1]["known_ids"]["ids"] for output in (first, second))
    assert before == after


def test_nothing_is_told_after_a_reading_that_failed(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(FASTBILL, {"customers": 35})
    connector = connect(sandbox, deletions="emit")
    first = connector.read(["customers"])
    sandbox.delete("customers")
    sandbox.add_faults(
        {"match": {"stream": "customers"}, "after": 2, "times": 0, "fault": {"kind": "status", "code": 500}}
    )

    failed = connector.read(["customers"], state=first.last_state)
    sandbox.clear_faults()
    state = failed.last_state or first.last_state
    resumed = connector.read(["customers"], state=state)
    last = connector.read(["customers"], state=weeks_later(resumed.last_state))

    assert failed.statuses["customers"][-1] == "INCOMPLETE"
    assert tombstones(failed) == {}
    gone = [row for output in (resumed, last) for row in tombstones(output).get("customers", [])]
    assert len({row["CUSTOMER_ID"] for row in gone if "DELETED_DATE" not in row}) == 1


def test_documents_go_from_their_details_too(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 12})
    connector = connect(sandbox, deletions="emit", platform={"details": True})
    for streams in (["invoice_details"], ["invoices", "invoice_details", "invoice_line_items"]):
        first = connector.read(streams)
        gone = sandbox.delete("invoices")

        second = connector.read(streams, state=weeks_later(first.last_state))

        assert {name: [row["invoice_id"] for row in rows] for name, rows in tombstones(second).items()} == {
            name: [gone] for name in streams if name != "invoice_line_items"
        }
        assert all(row["last_modified_time"].startswith("20") for rows in tombstones(second).values() for row in rows)


def test_each_organization_tells_what_is_gone_there(start_platform: StartPlatform, connect: Connect) -> None:
    """Two organizations may have records of the same id."""
    options = {"organizations": 3, "organization_rows": 50}
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 40, "recurring_invoices": 24, "organizations": 3}, options)
    connector = connect(sandbox, deletions="emit", platform={"organization_id": "all"})
    streams = ["invoices", "recurring_invoices"]
    destination = Destination(connector.catalog)
    destination.load(first := connector.read(streams))
    for stream in streams:
        sandbox.delete(stream)

    destination.load(second := connector.read(streams, state=weeks_later(first.last_state)))
    third = connector.read(streams, state=weeks_later(second.last_state))

    assert_same_rows(destination, sandbox, streams)
    assert {stream: len(rows) for stream, rows in tombstones(second).items()} == dict.fromkeys(streams, 1)
    assert tombstones(third) == {}
