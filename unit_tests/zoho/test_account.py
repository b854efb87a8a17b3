"""Zoho: organizations, limits, the connection test and the catalog, against responses made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing import SourceInvoicing
from source_invoicing.http import AccessRefused, Failure, QuotaExhausted
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.zoho.account import ZohoAccount
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.streams import InvoicingStream
from unit_tests.pages import pages
from unit_tests.zoho.helpers import (
    ACME,
    BETA,
    TOKEN,
    US_BOOKS,
    US_TOKENS,
    Mock,
    check,
    config,
    envelope,
    last,
    read,
    refused,
    stream,
)
from unit_tests.zoho.zoho_list import ZohoList, rows, serve, written

# -- organizations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "organizations", "sentence"),
    [
        ("", [ACME], None),
        ("111", [ACME, BETA], None),
        ("", [ACME, BETA], "platform.organization_id is missing"),
        ("333", [ACME, BETA], "platform.organization_id names 333"),
        ("", [], "belongs to no organization"),
    ],
)
def test_the_organization_is_the_only_one_or_the_chosen_one(
    http: Mock, chosen: str, organizations: list[dict[str, Any]], sentence: str | None
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": organizations})

    told = check(organization_id=chosen)

    if sentence is None:
        assert told is None
    else:
        assert told is not None
        assert sentence in told
        if organizations:
            assert "Acme (111), Beta (222)" in told


def test_the_organization_goes_with_every_call_and_onto_every_record(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    listed = http.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [ACME]})
    accounts = http.get(f"{US_BOOKS}/bankaccounts", json=envelope("bankaccounts", [{"account_id": "1"}]))

    assert read("banking") == [{"account_id": "1", "organization_id": "111"}]
    assert last(accounts).qs["organization_id"] == ["111"]
    assert listed.call_count == 1


def test_a_token_that_may_not_list_organizations_reads_the_users_only_one(http: Mock) -> None:
    http.post(US_TOKENS, [{"json": TOKEN}, {"json": {**TOKEN, "access_token": "1000.access.two"}}])
    http.get(f"{US_BOOKS}/organizations", status_code=401, json=refused(57))
    http.get(f"{US_BOOKS}/bankaccounts", json=envelope("bankaccounts", [{"account_id": "1"}]))
    http.get(f"{US_BOOKS}/contacts", json=envelope("contacts", []))

    assert read("banking") == [{"account_id": "1"}]
    assert check() is None


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({**refused(6024), "error_info": [ACME, BETA]}, r"is missing.*Acme \(111\), Beta \(222\)"),
        (refused(6024), r"organization_id is missing"),
        (refused(6041), r"organization_id names 333, an organization that"),
    ],
)
def test_zohos_own_complaints_about_the_organization_are_explained(
    http: Mock, body: dict[str, Any], sentence: str
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/contacts", status_code=400, json=body)

    with pytest.raises(Failure, match=sentence) as caught:
        read("contacts", organization_id="333")
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ([], "a bare list where an object with the list of users should be"),
        (None, "null where a list of users should be"),
        ({"code": 0, "people": []}, "an object with the keys code, people where a list of users should be"),
    ],
)
def test_what_came_in_the_place_of_a_list_is_said(http: Mock, body: Any, what: str) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", text=json.dumps(body))

    with pytest.raises(Failure, match=f"Zoho answered /users with {what}. Run the sync again"):
        read("users", organization_id="111")


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [{"json": refused(44)}, {"json": refused(1070)}, {"json": refused(9)}, {"json": []}, {"text": "<html>Busy</html>"}],
    ids=["calls of a minute", "calls in flight", "another code", "no object", "a web page"],
)
def test_a_limit_of_the_minute_is_waited_for_more_than_three_times(http: Mock, body: dict[str, Any]) -> None:
    """The headers are about the calls of the day."""
    http.post(US_TOKENS, json=TOKEN)
    day = {"X-Rate-Limit-Reset": "40000", "X-Rate-Limit-Remaining": "-3"}
    limited: dict[str, Any] = {"status_code": 429, "headers": day, **body}
    http.get(f"{US_BOOKS}/users", [*[limited] * 8, {"json": envelope("users", [{"user_id": "1"}])}])

    assert len(read("users", organization_id="111")) == 1


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        ({"json": refused(45), "headers": {"X-Rate-Limit-Reset": "7200"}}, r"renewed at \d{4}-.* UTC, in 7200 seconds"),
        ({"json": refused(45)}, "midnight in the organization's time zone"),
        ({"json": refused(43), "headers": {"Retry-After": "3600"}}, "come back in 3600 seconds"),
        ({"json": refused(43)}, "blocked the organization after a burst of calls"),
    ],
)
def test_a_limit_that_lasts_for_hours_ends_the_sync_and_is_not_tried_again(
    http: Mock, response: dict[str, Any], sentence: str
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    calls = http.get(requests_mock.ANY, **{"status_code": 429, **response})

    for each in SourceInvoicing().streams(config(organization_id="111")):
        assert isinstance(each, InvoicingStream)
        with pytest.raises(QuotaExhausted, match=sentence) as caught:
            list(pages(each))
        assert caught.value.failure_type is FailureType.transient_error

    assert calls.call_count == 1


@pytest.mark.parametrize("body", [{"json": refused(9)}, {"text": "<html>Busy</html>"}], ids=["a code", "a web page"])
def test_a_limit_that_is_not_zohos_own_says_what_to_do(http: Mock, body: dict[str, Any]) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", status_code=429, **body)

    with pytest.raises(Failure, match="Run the sync again later, or with a lower number of workers"):
        read("users", organization_id="111")


@pytest.mark.parametrize(("status", "body"), [(404, {"text": "<html>"}), (410, {"json": {}}), (404, {"json": {}})])
def test_a_wrong_address_is_named_once(http: Mock, status: int, body: dict[str, Any]) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(requests_mock.ANY, status_code=status, **body)

    assert str(check()).count("platform.base_url") == 1
    with pytest.raises(Failure) as caught:
        read("users", organization_id="111")
    assert caught.value.sentence.count("platform.base_url") == 1


def test_a_message_promises_to_go_on_only_for_streams_that_do(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", status_code=429, json=refused(45))

    with pytest.raises(QuotaExhausted, match="streams that resume go on where they stopped"):
        read("users", organization_id="111")


def test_no_more_calls_are_in_flight_than_zoho_takes() -> None:
    busy = SourceInvoicing().streams({**config(), "num_workers": 32})[0]
    assert isinstance(busy, ZohoStream)
    assert busy.account.client._rate_limiter.allowed == 10


def test_a_negative_rest_of_the_quota_is_no_reason_to_stop(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(
        f"{US_BOOKS}/users",
        json=envelope("users", [{"user_id": "1"}]),
        headers={"X-Rate-Limit-Limit": "1000", "X-Rate-Limit-Remaining": "-85"},
    )

    assert len(read("users", organization_id="111")) == 1


@pytest.mark.parametrize("since", [None, 0])
@pytest.mark.parametrize(
    ("platform", "name", "path", "key"),
    [
        ("zoho_books", "expenses", "expenses", "expense_id"),
        ("zoho_invoice", "recurring_invoices", "recurringinvoices", "recurring_invoice_id"),
    ],
)
def test_a_long_list_that_takes_more_calls_than_the_day_has_left_is_finished_by_later_syncs(
    http: Mock, platform: str, name: str, path: str, *, key: str, since: int | None
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    address = f"https://www.zohoapis.com/{platform.removeprefix('zoho_')}/v3/{path}"
    listed = serve(http, address, ZohoList(path, rows(1500, key), quota=4))
    state: Any = {} if since is None else {"last_modified_time": written(since)}
    came: set[str] = set()

    for calls in (4, 4, 20):
        listed.asked.clear()
        listed.quota = calls
        reading = stream(name, platform, organization_id="111")
        reading.state = state
        try:
            for page in pages(reading):
                came.update(row[key] for row in page)
        except QuotaExhausted:
            state = dict(reading.state)

    assert came == {row[key] for row in listed.rows}
    assert len(listed.asked) <= 4
    assert reading.state == {"last_modified_time": "2025-06-15T15:40:08Z"}


# -- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            {"status_code": 400, "json": refused(9014, "The plan has ended.")},
            "The plan has ended (code 9014). Check that",
        ),
        ({"status_code": 404, "json": refused(5)}, "for /organizations: no (code 5). Check that the user"),
        ({"status_code": 404, "json": {"message": "nothing"}}, "for /organizations: nothing. Check that the user"),
        ({"json": refused(7)}, "no (code 7). Zoho documents no error under this status"),
        ({"status_code": 403, "text": "<html>no entry</html>"}, "platform.base_url, if it is set, is the address of"),
    ],
    ids=["another code", "wrong address", "no code", "an error under 200", "a web page"],
)
def test_a_check_that_is_refused_for_other_reasons_than_scopes_says_what_to_look_at(
    http: Mock, response: dict[str, Any], told: str
) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(requests_mock.ANY, **response)

    sentence = check() or ""

    assert told in sentence
    assert "platform.base_url" in sentence or "support" in sentence
    assert ("fullaccess" in sentence) is (response.get("status_code") == 403)
    assert not any(flaw in sentence for flaw in ("  ", "None", ".)", ".."))


# -- the catalog ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "incremental", "full_refresh"),
    [
        (
            "zoho_invoice",
            "items contacts invoices recurring_invoices customer_payments credit_notes expenses estimates "
            "retainer_invoices recurring_expenses",
            "users taxes organizations currencies credit_note_refunds contact_persons projects tasks time_entries",
        ),
        (
            "zoho_books",
            "contacts bills estimates items invoices expenses creditnotes customer_payments purchase_orders "
            "sales_orders journals vendor_payments vendor_credits chart_of_accounts recurring_invoices "
            "retainer_invoices customer_debit_notes sales_receipts recurring_expenses recurring_bills",
            "users banking organizations taxes transactions currencies credit_note_refunds vendor_credit_refunds "
            "contact_persons projects time_entries tasks locations tax_authorities tax_exemptions "
            "base_currency_adjustments exchange_rates fixed_assets fixed_asset_types employees bank_rules "
            "account_transactions",
        ),
    ],
)
def test_the_streams_and_their_cursors(platform: str, incremental: str, full_refresh: str) -> None:
    streams = {each.name: each for each in SourceInvoicing().streams(config(platform))}

    assert {name for name, each in streams.items() if each.cursor_field} == set(incremental.split())
    assert {name for name, each in streams.items() if not each.cursor_field} == set(full_refresh.split())
    for each in streams.values():
        assert isinstance(each, ZohoStream)
        assert isinstance(each.account, ZohoAccount)
        schema = each.get_json_schema()
        key = [each.primary_key] if isinstance(each.primary_key, str) else each.primary_key
        assert set(schema["required"]) == set(key)
        assert {*key, each.cursor_field or key[0], "organization_id"} <= set(schema["properties"])
        assert "https://www.zoho.com/" in (type(each).__doc__ or "")


def test_a_user_outside_of_the_organization_that_zoho_picked_is_told_to_name_one(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [ACME]})
    http.get(f"{US_BOOKS}/users", status_code=400, json=refused(6041, "This user is not associated with it"))

    with pytest.raises(Failure, match=r"platform\.organization_id is not set\. Set it to the id") as caught:
        read("users")

    assert caught.value.failure_type is FailureType.config_error


def test_the_streams_of_an_account_share_one_client() -> None:
    streams = SourceInvoicing().streams(config())

    assert len({id(each.account.client) for each in streams if isinstance(each, ZohoStream)}) == 1


@pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token"])
def test_a_missing_credential_is_named(name: str) -> None:
    incomplete = config()
    del incomplete["platform"][name]

    with pytest.raises(Failure, match=rf"platform\.{name} is missing"):
        SourceInvoicing().streams(incomplete)


def test_items_need_either_of_two_scopes_so_both_are_named(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/items", status_code=401, json=refused(57))

    with pytest.raises(AccessRefused, match=r"ZohoBooks\.settings\.READ and ZohoBooks\.items\.READ"):
        read("items", organization_id="111")


def test_the_form_names_the_scopes_of_all_streams() -> None:
    spec = SourceInvoicing().spec(None).connectionSpecification  # type: ignore[arg-type]
    for option in spec["properties"]["platform"]["oneOf"]:
        name = option["properties"]["name"]["const"]
        if name.startswith("zoho_"):
            said = option["properties"]["refresh_token"]["description"]
            for each in SourceInvoicing().streams(config(name)):
                assert isinstance(each, ZohoStream)
                assert all(scope in said for scope in each.scopes)


def test_both_products_are_registered() -> None:
    assert {"zoho_invoice", "zoho_books"} <= set(PLATFORMS)
