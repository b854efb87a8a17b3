"""Rows that are gone are told to the destination, which then holds what the account holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Json, Output
from integration_tests.destination import DELETED_AT, Destination, tombstones
from integration_tests.platforms import FASTBILL, INVOICED, PLATFORMS, REST_API, ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.in_process

EVENTS = {"mutation_events": True}
EIGHT_DAYS = 8 * 86_400
# Of each platform: lists that a sync reads in full, and lists that it has to search for what is gone.
IN_FULL = {"zoho_books": "recurring_invoices", "zoho_invoice": "recurring_expenses", "fastbill": "customers"}
SEARCHED = {
    "invoiced": ("items", "coupons"),
    "zoho_books": ("invoices", "expenses", "chart_of_accounts"),
    "zoho_invoice": ("invoices", "items"),
    "fastbill": ("invoices", "revenues"),
    "rest_api": ("invoices",),
}
BY_EVENT = ("customers", "invoices", "credit_notes", "estimates", "notes", "tasks")
CHILDREN = ("contacts", "payment_sources", "metered_billings")


def weeks_later(state: list[Json]) -> list[Json]:
    """A state as if some time had passed since it was written."""

    def earlier(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: earlier(member, name) for name, member in value.items()}
        return value - EIGHT_DAYS if name in ("swept_at", "full_reading") else value

    return [{**message, "stream": earlier(message["stream"])} for message in state]


def assert_same_rows(destination: Destination, sandbox: Sandbox, streams: Iterable[str]) -> None:
    customers = {row["id"] for row in sandbox.rows("customers")} if sandbox.platform == "invoiced" else set()
    for stream in streams:
        rows = destination.rows(stream).items()
        # Children of a customer that is gone are not told: the customer is.
        there = {key for key, row in rows if stream not in CHILDREN or row["customer_id"] in customers}
        assert there == {destination.key(stream, row) for row in existing(sandbox, stream)}, stream


def existing(sandbox: Sandbox, stream: str) -> list[Json]:
    """The rows of a stream. Some of FastBill's customers are listed although they are deleted, which they say."""
    return [row for row in sandbox.rows(stream) if not (row.get("DELETED_DATE") or "").strip("0-: ")]


def names_and_keys(output: Output) -> dict[str, list[Any]]:
    return {name: [row.get("id") for row in rows] for name, rows in tombstones(output).items()}


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
    assert names_and_keys(second) == {stream: [key] for stream, key in gone.items()}
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
    destination = Destination(INVOICED, connector.catalog)
    destination.load(first := connector.read(streams))
    gone = {stream: sandbox.delete(stream) for stream in streams}

    second = connector.read(streams, state=first.last_state)

    assert names_and_keys(second) == ({} if stays else {stream: [key] for stream, key in gone.items()})
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
    destination = Destination(INVOICED, connector.catalog)
    destination.load(first := connector.read(streams))
    absorbed, survivor = (row["id"] for row in sandbox.rows("customers")[:2])
    sandbox.merge(absorbed, survivor)

    second = connector.read(streams, state=first.last_state)

    assert names_and_keys(second) == {"customers": [absorbed]}
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
    assert names_and_keys(third) == {"notes": [gone]}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_events_that_cannot_be_read_cost_a_warning_and_nothing_else(
    start_platform: StartPlatform, connect: Connect, status: int
) -> None:
    sandbox = start_platform(INVOICED, options=EVENTS)
    connector = connect(sandbox, deletions="emit")
    streams = ["invoices", *CHILDREN]
    destination = Destination(INVOICED, connector.catalog)
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
    assert names_and_keys(third) == {"invoices": [gone]}
    destination.load(second)
    assert_same_rows(destination, sandbox, CHILDREN)


# -- children -----------------------------------------------------------------------------------------------------


def test_only_the_lists_that_events_name_are_read_again(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(INVOICED, {"customers": 30}, options=EVENTS)
    connector = connect(sandbox)
    destination = Destination(INVOICED, connector.catalog)
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
    """Scaled to a tenth: 2,000 customers, 150 events that touch 12 of them."""
    sandbox = start_platform(
        INVOICED, {"customers": 2000, "contacts": 40, "events": 40}, options={**EVENTS, "per_page_cap": 100}
    )
    connector = connect(sandbox)
    destination = Destination(INVOICED, connector.catalog)
    destination.load(first := connector.read(["contacts"]))
    touched = [row["id"] for row in sandbox.rows("customers")[:12]]
    for number in range(150):
        sandbox.insert("contacts", customer=touched[number % 12])
    sandbox.clear_requests()

    destination.load(connector.read(["contacts"], state=first.last_state))

    assert len(sandbox.requests()) <= 20
    assert_same_rows(destination, sandbox, ["contacts"])


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


# -- by ids -------------------------------------------------------------------------------------------------------


def searched() -> list[Any]:
    return [
        pytest.param(PLATFORMS[name], stream, id=f"{name}-{stream}")
        for name, each in SEARCHED.items()
        for stream in each
    ]


@pytest.mark.parametrize(("platform", "stream"), searched())
def test_a_search_finds_what_is_gone_and_tells_it_once(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, stream: str
) -> None:
    sandbox = start_platform(platform, {stream: 25})
    connector = connect(sandbox, deletions="emit")
    destination = Destination(platform, connector.catalog)
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
    destination = Destination(platform, connector.catalog)
    destination.load(first := connector.read([stream]))
    cost = len(sandbox.requests())
    sandbox.delete(stream)
    sandbox.clear_requests()

    destination.load(second := connector.read([stream], state=first.last_state))

    assert sum("DELETED_DATE" not in row for row in tombstones(second)[stream]) == 1
    assert_same_rows(destination, sandbox, [stream])
    assert len(sandbox.requests()) <= cost


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
    told = [row for output in (resumed, last) for row in tombstones(output).get("customers", [])]
    assert len({row["CUSTOMER_ID"] for row in told if "DELETED_DATE" not in row}) == 1


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
    destination = Destination(ZOHO_BOOKS, connector.catalog)
    destination.load(first := connector.read(streams))
    for stream in streams:
        sandbox.delete(stream)

    destination.load(second := connector.read(streams, state=weeks_later(first.last_state)))
    third = connector.read(streams, state=weeks_later(second.last_state))

    assert_same_rows(destination, sandbox, streams)
    assert {stream: len(rows) for stream, rows in tombstones(second).items()} == dict.fromkeys(streams, 1)
    assert tombstones(third) == {}


# -- together -----------------------------------------------------------------------------------------------------

MIXED = ("customers", "invoices", "payments", "notes", "items", "contacts", "payment_sources")
steps = st.lists(
    st.tuples(
        st.sampled_from(("insert", "edit", "delete", "delete", "recreate", "merge")),
        st.sampled_from(MIXED),
        st.integers(0, 1000),
    ),
    max_size=8,
)


def change(sandbox: Sandbox, step: tuple[str, str, int], gone: list[tuple[str, Any, Any]]) -> None:
    """One of several things that happen to an account."""
    op, stream, number = step
    rows = sandbox.rows(stream)
    customers = [row["id"] for row in sandbox.rows("customers")]
    if op == "recreate" and gone:
        stream, key, customer = gone.pop()
        if customer is None or customer in customers:
            values = {"object": key[0], "id": key[1]} if isinstance(key, tuple) else {"id": key}
            sandbox.insert(stream, values, customer=customer)
    elif op == "merge" and len(customers) > 2:
        sandbox.merge(customers[number % len(customers)], customers[(number + 1) % len(customers)])
    elif op == "delete" and len(rows) > 1:
        row = rows[number % len(rows)]
        key = (row["object"], row["id"]) if stream == "payment_sources" else row["id"]
        sandbox.delete(stream, key)
        if stream != "customers":  # whose ids only grow
            gone.append((stream, key, row["customer_id"] if stream in CHILDREN else None))
    elif op == "edit" and rows:
        sandbox.edit(stream)
    elif op == "insert" and customers:
        sandbox.insert(stream)


@given(syncs=st.lists(steps, min_size=2, max_size=3), options=st.sampled_from([{}, {"merged_object": "survivor"}]))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_between_two_syncs_the_destination_holds_what_the_account_holds(
    start_platform: StartPlatform, connect: Connect, syncs: list[list[tuple[str, str, int]]], options: Json
) -> None:
    sandbox = start_platform(INVOICED, dict.fromkeys(MIXED, 6), options={**EVENTS, **options})
    connector = connect(sandbox, deletions="emit", platform={"children_refresh_days": 365})
    destination = Destination(INVOICED, connector.catalog)
    destination.load(output := connector.read(MIXED))
    gone: list[tuple[str, Any, Any]] = []
    for number, happenings in enumerate(syncs):
        for step in happenings:
            change(sandbox, step, gone)
        if number % 2:
            # While it is read.
            sandbox.schedule(
                random={
                    "seed": number,
                    "probability": 0.2,
                    "streams": list(MIXED),
                    "ops": ["delete", "edit"],
                    "limit": 3,
                }
            )
            destination.load(output := connector.read(MIXED, state=weeks_later(output.last_state)))
            sandbox.clear_schedule()
        destination.load(output := connector.read(MIXED, state=weeks_later(output.last_state)))
        assert output.exit_code == 0, output.text[-2000:]
        assert_same_rows(destination, sandbox, MIXED)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_no_row_that_is_there_is_told_to_be_gone(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, seed: int
) -> None:
    run_random_schedule(start_platform, connect, platform, seed)


def run_random_schedule(start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, seed: int) -> None:
    """Lists that move while they are read, faults, and syncs that end in the middle and go on."""
    streams = [*SEARCHED[platform.name], *([IN_FULL[platform.name]] if platform.name in IN_FULL else [])]
    streams += ["invoices", "notes", "contacts"] if platform is INVOICED else []
    answers = platform.answers[seed % len(platform.answers)] if platform.answers else {}
    options = {**answers, **(EVENTS if platform is INVOICED else {})}
    sandbox = start_platform(platform, dict.fromkeys(streams, 22), options, seed=seed)
    connector = connect(sandbox, deletions="emit")
    destination = Destination(platform, connector.catalog)
    output = connector.read(streams)
    state = output.last_state
    for sync in range(3):
        sandbox.reset_history()
        sandbox.schedule(
            random={
                "seed": seed + sync,
                "probability": 0.6,
                "streams": streams,
                "ops": ["insert", "edit", "delete"],
                "limit": 15,
            }
        )
        if (seed + sync) % 2:
            sandbox.add_faults(
                {"after": 2 + seed % 5, "times": 0 if seed % 4 else 2, "fault": {"kind": "status", "code": 500}}
            )
        output = connector.read(streams, state=weeks_later(state))
        sandbox.clear_faults()
        sandbox.clear_schedule()
        told = tombstones(output)
        for stream in streams:
            there = {destination.key(stream, row) for row in existing(sandbox, stream)}
            assert not there & {destination.key(stream, row) for row in told.get(stream, ())}, stream
        merged = {message["stream"]["stream_descriptor"]["name"]: message for message in [*state, *output.last_state]}
        state = list(merged.values())
