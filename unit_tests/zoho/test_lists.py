"""Zoho: lists, their filters and orders, and values, against responses made by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from source_invoicing.http import Failure
from unit_tests.pages import pages
from unit_tests.zoho.helpers import (
    ACME,
    TOKEN,
    US_BOOKS,
    US_TOKENS,
    Mock,
    envelope,
    last,
    read,
    refused,
    stream,
)
from unit_tests.zoho.zoho_list import ZohoList, rows, serve, written


def test_the_filter_has_the_only_form_that_zoho_takes(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    known = {"invoice_id": "1", "last_modified_time": "2024-03-01T00:00:02+0000"}
    invoices = http.get(f"{US_BOOKS}/invoices", json=envelope("invoices", [known]))
    changed = stream("invoices", organization_id="111")
    changed.state = {"last_modified_time": "2024-03-01T00:00:02Z"}

    list(pages(changed))

    # A second for the overlap of two syncs, and one because the filter may leave out that second itself.
    assert "last_modified_time=2024-03-01T00%3A00%3A00%2B0000" in last(invoices).url
    assert last(invoices).qs["sort_column"] == ["last_modified_time"]
    assert last(invoices).qs["sort_order"] == ["a"]
    assert last(invoices).qs["per_page"] == ["200"]
    assert last(invoices).qs["page"] == ["1"]
    assert invoices.call_count == 1


FILTERED = pytest.mark.parametrize(("name", "key"), [("contacts", "contact_id"), ("expenses", "expense_id")])


@pytest.mark.parametrize("count", [100, 450])
@pytest.mark.parametrize("begins", ["with a state", "with a start date"])
@FILTERED
def test_a_filter_that_means_that_very_second_hides_no_edit_from_a_later_sync(
    http: Mock, name: str, key: str, begins: str, count: int
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = serve(http, f"{US_BOOKS}/{name}", ZohoList(name, rows(count, key), filter="equal"))
    start = {"start_date": "2025-06-15T15:20:00Z"} if begins == "with a start date" else {}
    changed = stream(name, organization_id="111", **start)
    if not start:
        changed.state = {"last_modified_time": written(2009)}
    listed.rows[7]["last_modified_time"] = written(3000)

    came = {row[key] for page in pages(changed) for row in page}

    assert "7" in came
    assert changed.state == {"last_modified_time": "2025-06-15T15:56:40Z"}


@FILTERED
@pytest.mark.parametrize(("edited", "calls"), [(True, 1), (False, 3)])
def test_a_filter_is_put_to_the_proof_only_where_it_lists_nothing(
    http: Mock, name: str, key: str, edited: bool, calls: int
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = serve(http, f"{US_BOOKS}/{name}", ZohoList(name, rows(450, key)))
    changed = stream(name, organization_id="111")
    changed.state = {"last_modified_time": written(2500)}
    if edited:
        listed.rows[7]["last_modified_time"] = written(3000)

    came = [row[key] for page in pages(changed) for row in page]

    assert came == (["7"] if edited else [])
    assert len(listed.asked) <= calls


@FILTERED
def test_a_filter_that_is_refused_costs_a_call_for_each_use_of_it_and_one_warning(
    http: Mock, name: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = serve(http, f"{US_BOOKS}/{name}", ZohoList(name, rows(450, key), refused=["last_modified_time"]))
    changed = stream(name, organization_id="111")
    changed.state = {"last_modified_time": written(2500)}
    listed.rows[7]["last_modified_time"] = written(3000)

    assert [row[key] for page in pages(changed) for row in page] == ["7"]
    assert len(listed.asked) == 3 + listed.requests["filtered"] <= 5
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "message": "success"},
        {"code": 0, "users": {"user_id": "1"}},
        {"code": 0, "users": ["1"]},
        [],
        {"code": 7, "message": "Something went wrong", "users": []},
    ],
)
def test_a_body_that_is_no_list_is_no_empty_list(http: Mock, body: Any) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", json=body)

    with pytest.raises(Failure, match="/users"):
        read("users", organization_id="111")


@pytest.mark.parametrize("body", [{"code": 0, "message": "success"}, {"code": 0, "users": None}])
def test_a_list_that_is_missing_once_is_asked_for_again(http: Mock, body: dict[str, Any]) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/organizations", [{"json": body}, {"json": {"code": 0, "organizations": [ACME]}}])
    http.get(f"{US_BOOKS}/users", [{"json": body}, {"json": envelope("users", [{"user_id": "1"}])}])

    assert read("users") == [{"user_id": "1", "organization_id": "111"}]


@pytest.mark.parametrize("key", ["customerpayments", "customer_payments"])
@pytest.mark.parametrize("context", [{"has_more_page": False}, [{"has_more_page": False}], [], None])
def test_both_spellings_of_a_key_and_every_form_of_the_context_are_read(http: Mock, key: str, context: Any) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/customerpayments", json={"code": 0, key: [{"payment_id": "1"}], "page_context": context})

    assert len(read("customer_payments", organization_id="111")) == 1


@pytest.mark.parametrize(
    "manner",
    [{"flag": "text"}, {"flag": "no flag"}, {"flag": "no context"}, {"flag": "no flag", "cap": 100}],
    ids=["the flag is text", "no flag", "no context", "smaller pages, no flag"],
)
@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("expenses", "expenses", "expense_id"),
        ("journals", "journals", "journal_id"),
        ("contacts", "contacts", "contact_id"),
        ("users", "users", "user_id"),
    ],
)
def test_a_list_that_does_not_say_whether_it_goes_on_is_read_to_its_end(
    http: Mock, name: str, path: str, key: str, manner: dict[str, Any]
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = serve(http, f"{US_BOOKS}/{path}", ZohoList(path, rows(450, key), **manner))

    assert {row[key] for row in read(name, organization_id="111")} == {row[key] for row in listed.rows}


def test_loose_custom_fields_join_the_others_and_overwrite_none(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed: list[dict[str, Any]] = [
        {"item_id": "1", "cf_colour": "red", "custom_field_hash": {"cf_colour": "blue", "cf_size": "M"}},
        {"item_id": "2", "cf_colour": "red", "cf_limit_unformatted": 0.3},
        {"item_id": "3", "cf_colour": "red", "custom_field_hash": []},
    ]
    http.get(f"{US_BOOKS}/items", json=envelope("items", listed))

    first, *others = read("items", organization_id="111")

    assert first["custom_field_hash"] == {"cf_colour": "blue", "cf_size": "M"}
    assert first["_additional_properties"] == {"cf_colour": "red"}
    assert [row["custom_field_hash"] for row in others] == [
        {"cf_colour": "red", "cf_limit_unformatted": 0.3},
        {"cf_colour": "red"},
    ]
    assert not any("_additional_properties" in row for row in others)


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("sales_orders", "salesorders", "salesorder_id"),
        ("vendor_credits", "vendorcredits", "vendor_credit_id"),
        ("journals", "journals", "journal_id"),
        ("recurring_invoices", "recurringinvoices", "recurring_invoice_id"),
        ("sales_receipts", "salesreceipts", "sales_receipt_id"),
    ],
)
def test_documents_of_all_kinds_have_custom_fields(http: Mock, name: str, path: str, key: str) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/{path}", json=envelope(path, [{key: "1", "cf_colour": "red"}]))

    (row,) = read(name, organization_id="111")

    assert row["custom_field_hash"] == {"cf_colour": "red"}


def test_values_become_what_the_schema_says(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    row = {
        "item_id": 460000000000012345,
        "name": "",
        "rate": "12.50",
        "purchase_rate": "",
        "tax_percentage": "70%",
        "created_time": "2026-06-09T09:46:21-0400",
        "last_modified_time": "",
        "cf_colour": "red",
        "custom_field_hash": {"cf_colour": "red"},
    }
    http.get(f"{US_BOOKS}/items", json=envelope("items", [row]))

    assert read("items", organization_id="111") == [
        {
            "item_id": "460000000000012345",
            "name": "",
            "rate": 12.5,
            "purchase_rate": None,
            "tax_percentage": 70,
            "created_time": "2026-06-09T09:46:21-04:00",
            "last_modified_time": None,
            "custom_field_hash": {"cf_colour": "red"},
            "organization_id": "111",
        }
    ]


def test_the_key_of_a_transaction_has_no_holes(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    rows: list[dict[str, Any]] = [
        {"account_id": "1", "transaction_id": "", "imported_transaction_id": "7"},
        {"account_id": "1", "transaction_id": None, "imported_transaction_id": "8"},
        {"account_id": "1", "transaction_id": "5"},
    ]
    http.get(f"{US_BOOKS}/banktransactions", json=envelope("banktransactions", rows))
    transactions = stream("transactions", organization_id="111")

    keys = [transactions.key(row) for page in pages(transactions) for row in page]

    assert keys == [("1", "", "7"), ("1", "", "8"), ("1", "5", "")]


@pytest.mark.parametrize(
    ("name", "path", "key", "other"),
    [
        ("sales_receipts", "salesreceipts", "sales_receipt_id", "receipt_id"),
        ("account_transactions", "transactions", "categorized_transaction_id", "transaction_id"),
    ],
)
def test_a_key_that_zoho_spells_in_two_ways_is_found_in_either(
    http: Mock, name: str, path: str, key: str, other: str
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/chartofaccounts", json=envelope("chartofaccounts", [{"account_id": "9"}]))
    listed = [{key: "1"}, {other: "2"}, {key: "", other: "3"}, {key: "4", other: "5"}]
    http.get(re.compile(rf"{US_BOOKS}/(chartofaccounts/)?{path}"), json=envelope(path, listed))

    assert [row[key] for row in read(name, organization_id="111")] == ["1", "2", "3", "4"]


def test_a_line_that_is_categorised_while_lines_are_read_has_not_left(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    lines = [
        {"account_id": "1", "transaction_id": "", "imported_transaction_id": str(number), "date": "2026-01-01"}
        for number in range(900)
    ]

    def categorise(listed: ZohoList) -> None:
        number = 7 * len(listed.asked)
        listed.rows[number] = {**listed.rows[number], "transaction_id": f"9{number}"}

    listed = serve(http, f"{US_BOOKS}/banktransactions", ZohoList("banktransactions", lines, before=categorise))

    came = {row["imported_transaction_id"] for row in read("transactions", organization_id="111")}

    assert came == {line["imported_transaction_id"] for line in lines}
    assert len(listed.asked) == 2 * 5


def test_a_line_that_leaves_while_lines_are_read_takes_none_along(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    lines = [{"account_id": "1", "transaction_id": str(number), "date": "2026-01-01"} for number in range(900)]

    def delete_the_first(listed: ZohoList) -> None:
        if len(listed.asked) == 2:
            del listed.rows[0]

    listed = serve(http, f"{US_BOOKS}/banktransactions", ZohoList("banktransactions", lines, before=delete_the_first))

    assert {str(number) for number in range(1, 900)} <= {
        row["transaction_id"] for row in read("transactions", organization_id="111")
    }
    assert len(listed.asked) == 3 * 5


@pytest.mark.parametrize("code", [2, 11, 15])
def test_transactions_are_read_by_bank_account_where_zoho_wants_one(http: Mock, code: int) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/bankaccounts", json=envelope("bankaccounts", [{"account_id": "1"}, {"account_id": "2"}]))

    def response(request: Any, context: Any) -> dict[str, Any]:
        if "account_id" not in request.qs:
            context.status_code = 400
            return refused(code, "Invalid value passed for account_id")
        (account,) = request.qs["account_id"]
        return envelope("banktransactions", [{"account_id": account, "transaction_id": f"{account}1"}])

    http.get(f"{US_BOOKS}/banktransactions", json=response)

    assert [row["transaction_id"] for row in read("transactions", organization_id="111")] == ["11", "21"]


@pytest.mark.parametrize("code", [2, 15])
@pytest.mark.parametrize("refused_too", [[], ["sort_column=created_time"]])
@FILTERED
def test_an_order_that_is_refused_is_done_without_whatever_code_it_has(
    http: Mock, name: str, key: str, refused_too: list[str], code: int
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    refusing = ["sort_column=last_modified_time", *refused_too]
    listed = serve(http, f"{US_BOOKS}/{name}", ZohoList(name, rows(450, key), refused=refusing, code=code))

    assert {row[key] for row in read(name, organization_id="111")} == {row[key] for row in listed.rows}


@pytest.mark.parametrize(("name", "calls"), [("users", 7), ("journals", 9), ("expenses", 11)])
def test_a_list_that_takes_one_size_of_page_is_complete(http: Mock, name: str, calls: int) -> None:
    http.post(US_TOKENS, json=TOKEN)
    refusing = [f"per_page={size}" for size in range(1, 200)]
    listed = serve(http, f"{US_BOOKS}/{name}", ZohoList(name, rows(450, f"{name[:-1]}_id"), refused=refusing))

    came = [row[f"{name[:-1]}_id"] for row in read(name, organization_id="111")]

    assert sorted(came) == sorted(row[f"{name[:-1]}_id"] for row in listed.rows)
    assert len(listed.asked) == calls


@pytest.mark.parametrize(
    ("refusing", "code", "advice"),
    [
        ("page=3", 15, "cannot be read, and not a missing scope"),
        ("page=1", 2, "cannot be read, and not a missing scope"),
        ("page=1", 15, "cannot read the stream users. Make a refresh token with the scope ZohoBooks.settings.READ"),
    ],
)
def test_a_scope_is_asked_for_only_where_it_may_be_missing(http: Mock, refusing: str, code: int, advice: str) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = serve(http, f"{US_BOOKS}/users", ZohoList("users", rows(450, "user_id"), refused=[refusing], code=code))

    with pytest.raises(Failure, match=advice):
        read("users", organization_id="111")

    assert len(listed.asked) == int(refusing[-1])


INACTIVE_AND_ACTIVE = [{"tax_id": "1", "status": "Inactive"}, {"tax_id": "2", "status": "Active"}]


@pytest.mark.parametrize(
    ("word", "came", "warnings"),
    [
        ({"json": envelope("taxes", INACTIVE_AND_ACTIVE, applied_filter="Taxes.All")}, 2, 0),
        ({"json": envelope("taxes", INACTIVE_AND_ACTIVE)}, 2, 0),
        ({"json": envelope("taxes", INACTIVE_AND_ACTIVE[1:], applied_filter="Taxes.Active")}, 1, 1),
        ({"json": envelope("taxes", [], applied_filter="Taxes.All")}, 1, 1),
        ({"json": refused(2), "status_code": 400}, 1, 1),
        ({"json": refused(15), "status_code": 400}, 1, 1),
    ],
    ids=["taken", "not told", "ignored", "lists nothing", "refused", "refused with another code"],
)
def test_taxes_warn_of_inactive_ones_that_zoho_does_not_list(
    http: Mock, word: dict[str, Any], came: int, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/settings/taxes", json=envelope("taxes", INACTIVE_AND_ACTIVE[1:]))
    http.get(f"{US_BOOKS}/settings/taxes?filter_by=Taxes.All", **word)

    assert len(read("taxes", organization_id="111")) == came
    assert [record.levelname for record in caplog.records if "inactive taxes" in record.message] == [
        "WARNING"
    ] * warnings


def test_no_taxes_are_no_hidden_taxes(http: Mock, caplog: pytest.LogCaptureFixture) -> None:
    http.post(US_TOKENS, json=TOKEN)
    taxes = http.get(f"{US_BOOKS}/settings/taxes", json=envelope("taxes", []))

    assert read("taxes", organization_id="111") == []
    assert taxes.call_count == 2
    assert "inactive" not in caplog.text


def test_organizations_that_are_refused_say_nothing_of_taxes(http: Mock, caplog: pytest.LogCaptureFixture) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/organizations", status_code=400, json=refused(2))
    taxes = http.get(f"{US_BOOKS}/settings/taxes", json=envelope("taxes", INACTIVE_AND_ACTIVE))

    assert len(read("taxes")) == 2
    assert taxes.call_count == 1
    assert "inactive" not in caplog.text
