"""Details of Zoho's documents, on both products: every row of every stream, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from integration_tests.conftest import Connect, StartPlatform
from integration_tests.connector import Connector, Json
from integration_tests.expected import assert_as_they_are, keys
from integration_tests.platforms import ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts
from integration_tests.sandbox.sandbox import Sandbox
from integration_tests.test_incremental import by_name
from integration_tests.test_read import assert_complete
from source_invoicing.streams.detail_reading import MAX_AHEAD

pytestmark = pytest.mark.in_process

LINES, APPLICATIONS = "line_items", "applications"
# What the streams of a document are called, behind its own name.
BOOKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["invoice", "estimate", "sales_order", "purchase_order", "bill", "expense"], ("details", LINES)),
    **dict.fromkeys(["journal", "recurring_invoice", "retainer_invoice", "recurring_bill"], ("details", LINES)),
    **dict.fromkeys(["creditnote", "vendor_credit"], ("details", LINES, APPLICATIONS)),
    **dict.fromkeys(["customer_payment", "vendor_payment"], ("details", APPLICATIONS)),
    **dict.fromkeys(["contact", "item"], ("details",)),
}
INVOICE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["invoice", "estimate", "expense", "recurring_invoice", "retainer_invoice"], ("details", LINES)),
    "credit_note": ("details", LINES, APPLICATIONS),
    "customer_payment": ("details", APPLICATIONS),
    **dict.fromkeys(["contact", "item"], ("details",)),
}
PRODUCTS = {"zoho_books": BOOKS, "zoho_invoice": INVOICE}
IN_BULK = {"item", "sales_order"}

on_both_products = pytest.mark.parametrize("platform", [ZOHO_BOOKS, ZOHO_INVOICE], ids=["zoho_books", "zoho_invoice"])


def names(platform: PlatformFacts) -> list[str]:
    return [f"{source}_{kind}" for source, kinds in PRODUCTS[platform.name].items() for kind in kinds]


def whole(sandbox: Sandbox, connect: Connect, workers: int = 2, **options: Any) -> Connector:
    return connect(sandbox, num_workers=workers, platform={"details": True, **options})


def details_asked(sandbox: Sandbox) -> Counter[str]:
    """How many requests for details came, by what they asked for."""
    return Counter(entry["stream"] for entry in sandbox.requests() if str(entry["stream"]).endswith("_details"))


def assert_exact(connector: Connector, sandbox: Sandbox, records: Mapping[str, Sequence[Json]]) -> None:
    catalog = by_name(connector.catalog)
    for name, came in records.items():
        assert_as_they_are(came, sandbox.rows(name), catalog[name])


@on_both_products
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"detail_lists": "single", "detail_envelope": "array", "detail_members": "filled", "detail_times": "absent"},
        {"detail_times": "later", "recurring_bill_path": "recurring_bills", "bulk_ids": 3, "offset": "new_york"},
    ],
    ids=["as seen", "as documented", "with limits"],
)
def test_every_detail_stream_is_complete(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, options: Mapping[str, Any]
) -> None:
    sandbox = start_platform(platform, options=options)
    connector = whole(sandbox, connect)
    streams = names(platform)
    assert {stream["name"] for stream in connector.catalog} == {*streams, *platform.streams}

    output = connector.read()

    assert_complete(output, sandbox, connector)
    assert_exact(connector, sandbox, {name: output.records[name] for name in streams})
    for name in streams:
        assert sandbox.rows(name), f"{name} has no rows that could be missing"


@on_both_products
def test_without_the_option_nothing_is_offered_and_nothing_asked_for(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts
) -> None:
    sandbox = start_platform(platform)
    connector = connect(sandbox, num_workers=2)

    connector.read()

    assert {stream["name"] for stream in connector.catalog} == set(platform.streams)
    assert details_asked(sandbox) == {}


@pytest.mark.parametrize(
    ("platform", "workers"), [(ZOHO_BOOKS, 1), (ZOHO_INVOICE, 8)], ids=["zoho_books", "zoho_invoice"]
)
def test_one_request_for_each_new_or_changed_document(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, workers: int
) -> None:
    # Without a time of change, documents are asked for each time they are listed.
    sandbox = start_platform(platform, {"contacts": 12}, {"blank_times": 0})
    connector = whole(sandbox, connect, workers)
    streams = names(platform)
    first = connector.read([*reversed(streams), *platform.streams])
    asked = details_asked(sandbox)
    sandbox.clear_requests()
    second = connector.read(streams, state=first.last_state)
    again = details_asked(sandbox)
    sandbox.edit("contacts")
    sandbox.edit("invoices")
    sandbox.clear_requests()
    third = connector.read(streams, state=second.last_state)

    for source in PRODUCTS[platform.name]:
        documents = len(sandbox.rows(f"{source}_details"))
        assert asked[f"{source}_details"] == (1 if source in IN_BULK else documents), source
    assert sum(again.values()) == 0, again
    assert details_asked(sandbox) == {"contact_details": 1, "invoice_details": 1}
    assert len(third.records["invoice_details"]) == len(third.records["contact_details"]) == 1
    assert third.exit_code == 0


def test_a_sync_of_lines_alone_reads_their_list_and_does_not_emit_it(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(ZOHO_BOOKS)
    connector = whole(sandbox, connect)

    output = connector.read(["invoice_line_items"])

    assert_complete(output, sandbox, connector)
    assert set(output.records) == {"invoice_line_items"}
    assert sandbox.requests_summary()["streams"]["invoices"]["requests"] <= 2


@pytest.mark.parametrize("answer", range(4))
@on_both_products
def test_details_come_whatever_the_lists_can_do(
    start_platform: StartPlatform, connect: Connect, platform: PlatformFacts, answer: int
) -> None:
    """Several pages of each, in orders of their own, without filters and without times."""
    options = {**platform.answers[answer], **({"journals_time": "absent"} if answer == 1 else {})}
    lists = [name for name in ("invoices", "expenses", "journals", "purchase_orders") if name in platform.streams]
    sandbox = start_platform(platform, dict.fromkeys(lists, 23), options)
    connector = whole(sandbox, connect)
    streams = ["invoice_line_items", "expense_details", "journal_line_items", "purchase_order_details"]

    output = connector.read([name for name in streams if name in names(platform)])

    assert_complete(output, sandbox, connector)


@pytest.mark.parametrize("seed", range(2))
def test_lines_of_moving_documents_are_not_missed(start_platform: StartPlatform, connect: Connect, seed: int) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 32})
    connector = whole(sandbox, connect)
    catalog = by_name(connector.catalog)
    streams = ["invoice_line_items", "invoice_details", "invoices"]
    sandbox.reset_history()
    sandbox.schedule(
        random={
            "seed": seed,
            "probability": 0.5,
            "streams": ["invoices"],
            "ops": ["insert", "edit", "delete"],
            "limit": 25,
        }
    )

    first = connector.read(streams)
    sandbox.schedule()
    second = connector.read(streams, state=first.last_state)

    for output in (first, second):
        assert output.exit_code == 0, output.text[-3000:]
    for name in streams:
        # Of each document the version that came last, as a destination keeps it.
        came = keys([*first.records[name], *second.records[name]], catalog[name])
        there = keys(sandbox.rows(name), catalog[name])
        assert set(there) <= set(came), f"{name}: missing {set(there) - set(came)}"
    assert_exact(connector, sandbox, {"invoice_details": _last(first, second, "invoice_details", sandbox)})


def _last(first: Any, second: Any, name: str, sandbox: Sandbox) -> list[Json]:
    """The last version of each document that is still there."""
    there = {row["invoice_id"] for row in sandbox.rows(name)}
    versions = {row["invoice_id"]: row for row in [*first.records[name], *second.records[name]]}
    return [row for key, row in versions.items() if key in there]


def test_details_of_several_organizations_share_a_bound_and_nothing_else(
    start_platform: StartPlatform, connect: Connect
) -> None:
    options = {"organizations": 2, "organization_rows": 50}
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 24, "organizations": 2}, options)
    connector = whole(sandbox, connect, organization_id="all")
    streams = ["invoice_line_items", "contact_details", "invoices"]
    bounded = whole(sandbox, connect, organization_id="all", detail_calls_per_sync=20)

    output = connector.read(streams)
    sandbox.clear_requests()
    first = bounded.read(streams)
    asked = details_asked(sandbox)
    second = bounded.read(streams, state=first.last_state)

    assert_complete(output, sandbox, connector)
    assert by_name(connector.catalog)["invoice_line_items"]["source_defined_primary_key"] == [
        ["invoice_id"],
        ["line_item_id"],
        ["organization_id"],
    ]
    assert (first.exit_code, second.exit_code) == (0, 0), first.text[-3000:] + second.text[-3000:]
    assert sum(asked.values()) == 20
    for name in streams[:2]:
        stream = by_name(connector.catalog)[name]
        came = keys([*first.records[name], *second.records[name]], stream)
        assert set(came) <= set(keys(sandbox.rows(name), stream))
        assert max(came.values()) == 1


# -- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "code": 500},
        {"kind": "status", "code": 429, "headers": {"Retry-After": "1"}},
        {"kind": "reset"},
        {"kind": "truncate"},
        {"kind": "html"},
    ],
    ids=["500", "429", "reset", "truncate", "html"],
)
def test_a_detail_that_fails_for_a_while_is_read_all_the_same(
    start_platform: StartPlatform, connect: Connect, fault: Mapping[str, Any]
) -> None:
    sandbox = start_platform(ZOHO_BOOKS)
    connector = whole(sandbox, connect)
    sandbox.add_faults({"match": {"stream": "invoice_details"}, "after": 2, "times": 2, "fault": fault})

    output = connector.read(["invoice_line_items", "invoices", "contact_details"])

    assert_complete(output, sandbox, connector)


def test_a_detail_that_fails_for_ever_fails_its_streams_alone_and_later_syncs_make_up_for_it(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 30})
    # With one worker, so that the twelve that succeed are the oldest ones.
    connector = whole(sandbox, connect, workers=1)
    streams = ["invoices", "invoice_line_items", "invoice_details", "contact_details"]
    sandbox.add_faults(
        {"match": {"stream": "invoice_details"}, "after": 12, "times": 0, "fault": {"kind": "status", "code": 500}}
    )

    failed = connector.read(streams)
    sandbox.clear_faults()
    sandbox.clear_requests()
    resumed = connector.read(streams, state=failed.last_state)

    assert {name: failed.statuses[name][-1] for name in streams} == {
        "invoices": "COMPLETE",
        "invoice_line_items": "INCOMPLETE",
        "invoice_details": "INCOMPLETE",
        "contact_details": "COMPLETE",
    }
    assert len(failed.errors) == 2
    assert details_asked(sandbox)["invoice_details"] == 30 - 12
    assert resumed.exit_code == 0
    catalog = by_name(connector.catalog)
    for name in ("invoice_line_items", "invoice_details"):
        came = keys([*failed.records[name], *resumed.records[name]], catalog[name])
        assert set(came) == set(keys(sandbox.rows(name), catalog[name]))


@pytest.mark.parametrize("status", ["401", "403", "404", "400"])
def test_details_that_are_refused_stop_neither_their_list_nor_other_details(
    start_platform: StartPlatform, connect: Connect, status: str
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 30}, {"details_unavailable": f"invoices:{status}"})
    connector = whole(sandbox, connect)
    streams = ["invoices", "invoice_line_items", "invoice_details", "contact_details"]

    output = connector.read(streams)

    assert {name for name in streams if output.statuses[name][-1] == "INCOMPLETE"} == {
        "invoice_line_items",
        "invoice_details",
    }
    assert len(output.errors) == 2
    assert all(error["failure_type"] == "config_error" for error in output.errors)
    assert details_asked(sandbox)["invoice_details"] <= 12


def test_a_day_whose_calls_are_used_up_ends_a_sync_that_the_next_one_continues(
    start_platform: StartPlatform, connect: Connect
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 90}, {"daily_quota": 70})
    connector = whole(sandbox, connect)
    streams = ["invoice_line_items", "invoices"]

    cut = connector.read(streams)
    sandbox.set_options(daily_quota=0)
    resumed = connector.read(streams, state=cut.last_state)

    assert cut.exit_code == 1
    assert {error["failure_type"] for error in cut.errors} == {"transient_error"}
    there = keys(sandbox.rows("invoice_line_items"), by_name(connector.catalog)["invoice_line_items"])
    cut_lines, lines = (
        keys(output.records["invoice_line_items"], by_name(connector.catalog)["invoice_line_items"])
        for output in (cut, resumed)
    )
    assert set(cut_lines) | set(lines) == set(there)
    # Beside those, only documents that were read ahead of the one that was refused.
    assert len({key[0] for key in cut_lines}) > 2 * MAX_AHEAD
    assert len({key[0] for key in cut_lines} & {key[0] for key in lines}) < MAX_AHEAD


# -- a bound ---------------------------------------------------------------------------------------------------------


def test_a_large_account_is_filled_over_several_syncs(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 40, "contacts": 20}, {"bulk_import": 25})
    connector = whole(sandbox, connect, detail_calls_per_sync=13)
    streams = ["invoice_line_items", "contact_details", "invoices"]
    state: list[Json] | None = None
    asked: list[int] = []
    came: list[Json] = []
    while not asked or asked[-1]:
        sandbox.clear_requests()
        output = connector.read(streams, state=state)
        assert output.exit_code == 0, output.text[-3000:]
        state = output.last_state
        asked.append(sum(details_asked(sandbox).values()))
        came += [row for name in streams[:2] for row in output.records[name]]

    documents = 40 + 20
    assert max(asked) == 13
    assert sum(asked) == documents
    assert Counter((row.get("line_item_id"), row.get("contact_id")) for row in came).most_common(1)[0][1] == 1


def test_a_call_that_is_sent_again_counts_each_time(start_platform: StartPlatform, connect: Connect) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 40})
    connector = whole(sandbox, connect, workers=1, detail_calls_per_sync=13)
    connector.environment = {**connector.environment, "SOURCE_INVOICING_BACKOFF_SCALE": "0.001"}
    fault = {"kind": "status", "code": 500}
    sandbox.add_faults({"match": {"stream": "invoice_details"}, "after": 4, "times": 3, "fault": fault})

    output = connector.read(["invoice_details"])

    assert output.exit_code == 0
    assert details_asked(sandbox)["invoice_details"] == 13
    assert len(output.records["invoice_details"]) == 13 - 3


@pytest.mark.parametrize("code", [500, 429])
def test_a_call_that_was_begun_is_carried_through_when_the_bound_is_reached(
    start_platform: StartPlatform, connect: Connect, code: int
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, {"invoices": 40})
    connector = whole(sandbox, connect, workers=1, detail_calls_per_sync=1)
    connector.environment = {**connector.environment, "SOURCE_INVOICING_BACKOFF_SCALE": "0.001"}
    sandbox.add_faults({"match": {"stream": "invoice_details"}, "times": 2, "fault": {"kind": "status", "code": code}})

    output = connector.read(["invoice_details"])

    assert output.exit_code == 0
    assert details_asked(sandbox)["invoice_details"] == 3
    assert len(output.records["invoice_details"]) == 1


# -- killed ----------------------------------------------------------------------------------------------------------


@pytest.mark.own_process
@pytest.mark.parametrize(
    ("workers", "lists", "messages"),
    [
        (4, {"invoices": 90}, 120),
        (10, {"invoices": 120}, 180),
        (10, {"invoices": 40, "contacts": 40, "estimates": 40, "bills": 40}, 250),
    ],
    ids=["4 workers", "10 workers", "several lists"],
)
def test_a_sync_that_is_killed_asks_again_for_few_details(
    start_platform: StartPlatform, connect: Connect, *, workers: int, lists: dict[str, int], messages: int
) -> None:
    sandbox = start_platform(ZOHO_BOOKS, lists, latency_ms=5)
    connector = whole(sandbox, connect, workers=workers)
    of_invoices = ["invoice_line_items", "invoice_details"]
    streams = [*of_invoices, *(f"{name[:-1]}_details" for name in lists if name != "invoices")]
    killed = connector.read_until_message(messages, streams)
    asked = details_asked(sandbox).total()

    resumed = connector.read(streams, state=killed.last_state)

    assert 0 < asked < sum(lists.values())
    assert resumed.exit_code == 0
    assert details_asked(sandbox).total() <= sum(lists.values()) + 40
    for name in streams:
        stream = by_name(connector.catalog)[name]
        came = keys([*killed.records[name], *resumed.records[name]], stream)
        assert set(came) == set(keys(sandbox.rows(name), stream))
