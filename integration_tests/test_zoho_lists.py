"""What is particular about the lists of Zoho that few read: one per parent, in one piece or several, under filters."""

from __future__ import annotations

import pytest

from integration_tests.conftest import Connect, StartPlatform, StartSandbox
from integration_tests.expected import keys
from integration_tests.platforms import ZOHO_BOOKS, ZOHO_INVOICE, PlatformFacts

pytestmark = pytest.mark.in_process


@pytest.mark.parametrize(
    "options",
    [
        {"undocumented_filter": "refused", "undocumented_sort": "refused", "all_contact_persons": "refused"},
        {"undocumented_filter": "ignored", "undocumented_sort": "ignored", "all_contact_persons": "missing"},
        {"ignore_sort": True, "ignore_filter": True},
        {"list_keys": "other", "page_context": "array"},
        {"hide_inactive": True, "blank_times": 7, "offset": "new_york"},
        {"further_filters": "refused"},
    ],
    ids=str,
)
def test_whatever_zoho_leaves_open_the_further_lists_of_invoice_are_complete(
    start_platform: StartPlatform, connect: Connect, options: dict[str, object]
) -> None:
    further = ["estimates", "retainer_invoices", "recurring_expenses", "credit_note_refunds", "contact_persons"]
    further += ["projects", "tasks", "time_entries", "currencies", "organizations"]
    rows = {**dict.fromkeys(further, 22), "organizations": 1}
    sandbox = start_platform(ZOHO_INVOICE, rows, options)
    connector = connect(sandbox)

    output = connector.read(further)

    assert output.exit_code == 0, output.errors
    for stream in connector.catalog:
        if (name := stream["name"]) in further:
            assert set(keys(output.records[name], stream)) == set(keys(sandbox.rows(name), stream)), name
    warned = sum("does not take filter_by" in line for line in output.logs)
    assert warned == (3 if "further_filters" in options else 0)


on_lists_per_parent = pytest.mark.parametrize(
    ("platform", "parents", "stream", "parent_field"),
    [
        (ZOHO_INVOICE, "projects", "tasks", "project_id"),
        (ZOHO_BOOKS, "chart_of_accounts", "account_transactions", "account_id"),
    ],
    ids=["by path", "by parameter"],
)


@on_lists_per_parent
def test_a_parent_that_vanished_since_it_was_listed_is_skipped_with_a_line_in_the_log(
    start_sandbox: StartSandbox,
    connect: Connect,
    platform: PlatformFacts,
    *,
    parents: str,
    stream: str,
    parent_field: str,
) -> None:
    sandbox = start_sandbox(platform.name, rows=platform.rows(**{stream: 20}))
    connector = connect(sandbox)
    parent = max(row[parent_field] for row in sandbox.rows(stream))
    delete = {"op": "delete", "stream": parents, "key": parent}
    sandbox.schedule([{"before": 1, "match": {"stream": stream}, "ops": [delete]}])

    output = connector.read([parents, stream])

    assert output.exit_code == 0, output.errors
    (offered,) = (each for each in connector.catalog if each["name"] == stream)
    assert keys(output.records[stream], offered) == keys(sandbox.rows(stream), offered)
    assert any(f"{parent_field} {parent} no longer exists and is skipped" in line for line in output.logs)
    assert sandbox.requests_summary()["streams"][stream]["requests"] == 5


@pytest.mark.parametrize("deleted", [False, True], ids=["the contact is there", "the contact is gone"])
def test_persons_that_zoho_lists_nowhere_are_not_taken_for_those_of_a_deleted_contact(
    start_sandbox: StartSandbox, connect: Connect, *, deleted: bool
) -> None:
    options = {"unavailable": "contact_persons:404"}
    sandbox = start_sandbox("zoho_books", rows=ZOHO_BOOKS.rows(contacts=1), options=options)
    if deleted:
        (contact,) = sandbox.history()["contacts"]["throughout"]
        delete = {"op": "delete", "stream": "contacts", "key": contact}
        sandbox.schedule([{"before": 2, "match": {"stream": "contact_persons"}, "ops": [delete]}])

    output = connect(sandbox).read(["contact_persons"])

    assert output.statuses["contact_persons"][-1] == ("COMPLETE" if deleted else "INCOMPLETE")
    assert [error["failure_type"] for error in output.errors] == ([] if deleted else ["config_error"])
    assert sandbox.requests_summary()["streams"]["contact_persons"]["requests"] == 2


@on_lists_per_parent
def test_lists_that_were_cut_off_go_on_at_the_parent_where_they_stopped(
    start_sandbox: StartSandbox,
    connect: Connect,
    platform: PlatformFacts,
    *,
    parents: str,
    stream: str,
    parent_field: str,
) -> None:
    rows = platform.rows(**{parents: 8, stream: 40})
    sandbox = start_sandbox(platform.name, rows=rows, options={"daily_quota": 5})
    connector = connect(sandbox, num_workers=1)
    first = connector.read([stream])
    assert first.exit_code == 1
    sandbox.set_options(daily_quota=0)

    second = connector.read([stream], state=first.last_state)

    assert second.exit_code == 0, second.errors
    assert set(first.last_state[0]["stream"]["stream_state"]) == {parent_field}
    (offered,) = (each for each in connector.catalog if each["name"] == stream)
    united = [record for output in (first, second) for record in output.records[stream]]
    assert set(keys(united, offered)) == set(keys(sandbox.rows(stream), offered))
    assert len(second.records[stream]) < 40


def test_rules_name_the_bank_account_that_has_them_beside_the_one_they_book_to(
    start_sandbox: StartSandbox, connect: Connect
) -> None:
    sandbox = start_sandbox("zoho_books", rows=ZOHO_BOOKS.rows(bank_rules=9))

    output = connect(sandbox).read(["bank_rules"])

    accounts = {row["rule_id"]: (row["bank_account_id"], row["account_id"]) for row in sandbox.rows("bank_rules")}
    came = {row["rule_id"]: (row["bank_account_id"], row["account_id"]) for row in output.records["bank_rules"]}
    assert came == accounts


def test_a_list_of_invoices_is_not_taken_for_one_of_debit_notes(start_sandbox: StartSandbox, connect: Connect) -> None:
    sandbox = start_sandbox("zoho_books", rows=ZOHO_BOOKS.rows(), options={"debit_notes": "ignored"})

    output = connect(sandbox).read(["customer_debit_notes", "invoices"])

    (failure,) = output.errors
    assert "where debit notes were asked for" in failure["message"]
    assert output.statuses["customer_debit_notes"][-1] == "INCOMPLETE"
    assert output.records["customer_debit_notes"] == []
    assert output.statuses["invoices"][-1] == "COMPLETE"
