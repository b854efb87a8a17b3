"""Zoho: data centres, tokens, organisations, limits and lists, against answers made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing import SourceInvoicing
from source_invoicing.http import AccessRefused, Failure, QuotaExhausted
from source_invoicing.platforms import PLATFORMS
from source_invoicing.platforms.zoho.account import ZohoAccount
from source_invoicing.platforms.zoho.common import ZohoStream
from source_invoicing.platforms.zoho.product import DATA_CENTERS, is_zoho
from source_invoicing.streams import InvoicingStream, OffsetDateTime, compact_offset
from unit_tests.pages import pages
from unit_tests.zoho_list import ZohoList, rows, serve, written

CREDENTIALS = {
    "client_id": "1000.CLIENTCLIENT",
    "client_secret": "s3cret-of-the-client",
    "refresh_token": "1000.refresh.refresh",
}
TOKEN = {"access_token": "1000.access.one", "expires_in": 3600, "token_type": "Bearer"}
ACME = {"organization_id": "111", "name": "Acme", "is_default_org": True}
BETA = {"organization_id": "222", "name": "Beta", "is_default_org": False}
US_TOKENS = "https://accounts.zoho.com/oauth/v2/token"
US_BOOKS = "https://www.zohoapis.com/books/v3"

Mock = requests_mock.Mocker


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    monkeypatch.setenv("SOURCE_INVOICING_BACKOFF_SCALE", "0")
    with requests_mock.Mocker() as mocker:
        yield mocker


def config(name: str = "zoho_books", start_date: str = "", **options: Any) -> dict[str, Any]:
    start = {"start_date": start_date} if start_date else {}
    return {"platform": {"name": name, **CREDENTIALS, **options}, **start}


def check(**options: Any) -> str | None:
    """The sentence of a refused check, or nothing."""
    succeeded, sentence = SourceInvoicing().check_connection(None, config(**options))  # type: ignore[arg-type]
    return None if succeeded else sentence


def stream(name: str, platform: str = "zoho_books", **options: Any) -> InvoicingStream:
    streams = {each.name: each for each in SourceInvoicing().streams(config(platform, **options))}
    found = streams[name]
    assert isinstance(found, InvoicingStream)
    return found


def read(name: str, **options: Any) -> list[dict[str, Any]]:
    return [row for page in pages(stream(name, **options)) for row in page]


def envelope(key: str, rows: list[dict[str, Any]], **context: Any) -> dict[str, Any]:
    page = {"page": 1, "per_page": 200, "has_more_page": False, **context}
    return {"code": 0, "message": "success", key: rows, "page_context": page}


def last(matcher: Any) -> Any:
    """The last request that was answered so."""
    return matcher.last_request


def refused(code: int, message: str = "no") -> dict[str, Any]:
    return {"code": code, "message": message}


# Data centres

DOCUMENTED_HOSTS = {
    "us": ("accounts.zoho.com", "www.zohoapis.com"),
    "eu": ("accounts.zoho.eu", "www.zohoapis.eu"),
    "in": ("accounts.zoho.in", "www.zohoapis.in"),
    "au": ("accounts.zoho.com.au", "www.zohoapis.com.au"),
    "jp": ("accounts.zoho.jp", "www.zohoapis.jp"),
    "ca": ("accounts.zohocloud.ca", "www.zohoapis.ca"),
    "cn": ("accounts.zoho.com.cn", "www.zohoapis.com.cn"),
    "sa": ("accounts.zoho.sa", "www.zohoapis.sa"),
    "uk": ("accounts.zoho.uk", "www.zohoapis.uk"),
}


def test_the_form_offers_the_documented_data_centers() -> None:
    assert set(DATA_CENTERS) == set(DOCUMENTED_HOSTS)
    spec = SourceInvoicing().spec(None).connectionSpecification  # type: ignore[arg-type]
    options = {each["properties"]["name"]["const"]: each for each in spec["properties"]["platform"]["oneOf"]}
    for name in ("zoho_invoice", "zoho_books"):
        assert options[name]["properties"]["data_center"]["enum"] == list(DOCUMENTED_HOSTS)
        secrets = {field for field, schema in options[name]["properties"].items() if schema.get("airbyte_secret")}
        assert secrets == set(CREDENTIALS) == set(options[name]["required"]) - {"name"}


@pytest.mark.parametrize("platform", ["zoho_invoice", "zoho_books"])
@pytest.mark.parametrize(("data_center", "hosts"), DOCUMENTED_HOSTS.items())
def test_each_data_center_resolves_to_its_hosts(
    http: Mock, platform: str, data_center: str, hosts: tuple[str, str]
) -> None:
    product = platform.removeprefix("zoho_")
    http.post(f"https://{hosts[0]}/oauth/v2/token", json=TOKEN)
    http.get(f"https://{hosts[1]}/{product}/v3/organizations", json={"code": 0, "organizations": [ACME]})

    assert check(name=platform, data_center=data_center) is None

    assert [call.netloc for call in http.request_history] == list(hosts)


def test_the_token_request_is_a_form_and_the_api_gets_zohos_own_scheme(http: Mock) -> None:
    tokens = http.post(US_TOKENS, json=TOKEN)
    organizations = http.get(f"{US_BOOKS}/organizations", json={"code": 0, "organizations": [ACME]})

    assert check() is None

    request = last(tokens)
    assert parse_qs(request.text) == {
        "grant_type": ["refresh_token"],
        **{name: [value] for name, value in CREDENTIALS.items()},
    }
    assert request.query == ""
    assert last(organizations).headers["Authorization"] == "Zoho-oauthtoken 1000.access.one"


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("https://proxy.example/zoho", "https://proxy.example/zoho/books/v3"),
        ("https://proxy.example/zoho/", "https://proxy.example/zoho/books/v3"),
        ("https://proxy.example/books/v3/", "https://proxy.example/books/v3"),
    ],
)
def test_a_base_url_outweighs_the_domain_that_comes_with_the_token(http: Mock, base_url: str, root: str) -> None:
    http.post("https://tokens.example/here", json={**TOKEN, "api_domain": "https://www.zohoapis.eu"})
    http.get(f"{root}/organizations", json={"code": 0, "organizations": [ACME]})

    assert check(base_url=base_url, token_url="https://tokens.example/here") is None


def test_the_domain_that_comes_with_the_token_is_used(http: Mock) -> None:
    http.post(US_TOKENS, json={**TOKEN, "api_domain": "https://www.zohoapis.eu"})
    http.get("https://www.zohoapis.eu/books/v3/organizations", json={"code": 0, "organizations": [ACME]})

    assert check() is None


@pytest.mark.parametrize(
    ("domain", "trusted"),
    [
        ("https://www.zohoapis.com.au", True),
        ("https://www.zohoapis.ae", True),
        ("http://www.zohoapis.com", False),
        ("https://www.zohoapis.com.evil.example", False),
        ("https://evil.example/www.zohoapis.com", False),
        ("http://127.0.0.1:8080/api", True),
        ("http://127.0.0.1:8081/api", False),
    ],
)
def test_a_token_is_sent_to_zoho_or_to_whoever_issued_it(domain: str, trusted: bool) -> None:
    assert is_zoho(domain, "http://127.0.0.1:8080/oauth/v2/token") is trusted


# Tokens


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"error": "invalid_client"}, "does not know this client at accounts.zoho.com"),
        ({"error": "invalid_code"}, "does not accept the refresh token at accounts.zoho.com"),
        (
            {"error": "Access Denied", "error_description": "You have made too many requests continuously."},
            "issues no more access tokens for a while",
        ),
        ({"error": "general_error"}, "issues no access token at accounts.zoho.com (general_error)"),
    ],
)
def test_the_body_tells_why_there_is_no_token(http: Mock, status: int, body: dict[str, str], sentence: str) -> None:
    tokens = http.post(US_TOKENS, json=body, status_code=status)

    told = check()

    assert told is not None
    assert sentence in told
    assert tokens.call_count == 1
    if body["error"].startswith("invalid"):
        assert "platform.data_center (us)" in told


def test_a_refused_token_is_asked_for_once_by_all_streams(http: Mock) -> None:
    tokens = http.post(US_TOKENS, json={"error": "invalid_code"})
    streams = SourceInvoicing().streams(config(organization_id="111"))

    for each in streams:
        assert isinstance(each, InvoicingStream)
        with pytest.raises(Failure, match="refresh token"):
            list(pages(each))

    assert tokens.call_count == 1


@pytest.mark.parametrize("text", ["", "<html>busy</html>", '{"nothing": true}'])
def test_an_answer_without_token_and_error_is_tried_again_and_then_reported(http: Mock, text: str) -> None:
    tokens = http.post(US_TOKENS, text=text)

    assert check() is not None
    assert tokens.call_count == 2


def test_a_token_that_ends_is_replaced_before_and_ten_in_ten_minutes_are_the_most(http: Mock) -> None:
    # A life that is over at once, in the unit of very old clients and in seconds.
    tokens = http.post(US_TOKENS, json={**TOKEN, "expires_in": 3600000, "expires_in_sec": 1e-9})
    http.get(f"{US_BOOKS}/users", json=envelope("users", [{"user_id": "1"}]))
    users = stream("users", organization_id="111")

    for _ in range(10):
        list(pages(users))
    assert tokens.call_count == 10
    with pytest.raises(Failure, match="at most 10 access tokens within 10 minutes") as caught:
        list(pages(users))
    assert caught.value.failure_type is FailureType.transient_error
    assert tokens.call_count == 10


def test_a_revoked_token_is_replaced_once_and_no_row_is_lost(http: Mock) -> None:
    tokens = http.post(US_TOKENS, [{"json": TOKEN}, {"json": {**TOKEN, "access_token": "1000.access.two"}}])
    http.get(
        f"{US_BOOKS}/bankaccounts",
        [{"json": envelope("bankaccounts", [{"account_id": "1"}])}],
        request_headers={"Authorization": "Zoho-oauthtoken 1000.access.two"},
    )
    http.get(
        f"{US_BOOKS}/bankaccounts",
        status_code=401,
        json=refused(57),
        request_headers={"Authorization": "Zoho-oauthtoken 1000.access.one"},
    )

    assert [row["account_id"] for row in read("banking", organization_id="111")] == ["1"]
    assert tokens.call_count == 2


@pytest.mark.parametrize(
    ("status", "code"), [(401, 57), (400, 57), (403, 57), (403, 9), (404, 5), (400, 90000), (400, 2)]
)
def test_a_stream_that_the_account_may_not_read_says_what_to_do_and_costs_no_token(
    http: Mock, status: int, code: int
) -> None:
    tokens = http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", json=envelope("users", [{"user_id": "1"}]))
    http.get(f"{US_BOOKS}/salesorders", status_code=status, json=refused(code, "You are not authorized"))
    streams = {each.name: each for each in SourceInvoicing().streams(config(organization_id="111"))}
    users, sales_orders = streams["users"], streams["sales_orders"]
    assert isinstance(users, InvoicingStream)
    assert isinstance(sales_orders, InvoicingStream)
    list(pages(users))

    with pytest.raises(AccessRefused, match=r"stream sales_orders.*ZohoBooks\.salesorders\.READ") as caught:
        list(pages(sales_orders))

    assert caught.value.failure_type is FailureType.config_error
    assert list(pages(users))
    assert tokens.call_count == 1


def test_where_everything_is_refused_few_tokens_are_spent(http: Mock) -> None:
    tokens = http.post(US_TOKENS, [{"json": {**TOKEN, "access_token": f"1000.access.{n}"}} for n in range(20)])
    http.get(requests_mock.ANY, status_code=401, json=refused(57))

    for each in SourceInvoicing().streams(config(organization_id="111")):
        assert isinstance(each, InvoicingStream)
        with pytest.raises(AccessRefused, match=r"ZohoBooks\.\w+\.READ"):
            list(pages(each))

    assert tokens.call_count == 2
    told = check()
    assert told is not None
    assert "ZohoBooks.settings.READ" in told


# Organisations


@pytest.mark.parametrize(
    ("chosen", "organizations", "sentence"),
    [
        ("", [ACME], None),
        ("111", [ACME, BETA], None),
        ("", [ACME, BETA], "platform.organization_id is missing"),
        ("333", [ACME, BETA], "platform.organization_id is 333"),
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
        (refused(6041), r"organization_id is 333, an organization that"),
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


# Limits


@pytest.mark.parametrize("code", [44, 1070])
def test_a_limit_of_the_minute_is_waited_for_more_than_three_times(http: Mock, code: int) -> None:
    http.post(US_TOKENS, json=TOKEN)
    limited: dict[str, Any] = {"status_code": 429, "json": refused(code)}
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
def test_a_door_that_stays_shut_for_hours_ends_the_sync_and_is_not_knocked_at_again(
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


def test_a_message_promises_to_go_on_only_for_streams_that_do(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    http.get(f"{US_BOOKS}/users", status_code=429, json=refused(45))

    with pytest.raises(QuotaExhausted, match="streams that resume go on where they stopped"):
        read("users", organization_id="111")


def test_no_more_calls_are_in_flight_than_zoho_takes() -> None:
    busy = SourceInvoicing().streams({**config(), "num_workers": 32})[0]
    assert isinstance(busy, ZohoStream)
    assert busy.account.client._rate_limiter.in_flight == 10


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


# Lists


def test_the_filter_has_the_only_form_that_zoho_takes(http: Mock) -> None:
    http.post(US_TOKENS, json=TOKEN)
    known = {"invoice_id": "1", "last_modified_time": "2024-03-01T00:00:02+0000"}
    invoices = http.get(f"{US_BOOKS}/invoices", json=envelope("invoices", [known]))
    changed = stream("invoices", organization_id="111")
    changed.state = {"last_modified_time": "2024-03-01T00:00:02Z"}

    list(pages(changed))

    # A second for the overlap of two syncs, and one because the filter may leave out the moment itself.
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
def test_a_filter_that_means_that_very_moment_hides_no_edit_from_a_later_sync(
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
    assert len(listed.asked) == 3 + listed.questions["filtered"] <= 5
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
            "cf_colour": "red",
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


# The check


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (
            {"status_code": 400, "json": refused(9014, "The plan has ended.")},
            "The plan has ended (code 9014). Check that",
        ),
        ({"status_code": 404, "json": refused(5)}, "for /organizations: no (code 5). Check that the user"),
        ({"status_code": 404, "json": {"message": "nothing"}}, "for /organizations: nothing. Check that the user"),
        ({"json": refused(7)}, "no (code 7). An error that comes with a success"),
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


# The catalog


@pytest.mark.parametrize(
    ("platform", "incremental", "full_refresh"),
    [
        (
            "zoho_invoice",
            "items contacts invoices recurring_invoices customer_payments credit_notes expenses",
            "users taxes",
        ),
        (
            "zoho_books",
            "contacts bills estimates items invoices expenses creditnotes customer_payments purchase_orders "
            "sales_orders journals",
            "users banking organizations taxes transactions",
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


# Timestamps


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("2026-06-09T09:46:21-0400", datetime(2026, 6, 9, 13, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21+05:30", datetime(2026, 6, 9, 4, 16, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21Z", datetime(2026, 6, 9, 9, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21.987+0000", datetime(2026, 6, 9, 9, 46, 21, tzinfo=timezone.utc)),
        ("2026-06-09T09:46:21", None),
        ("09 Jun 2026", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_moments_with_an_offset(text: Any, timestamp: datetime | None) -> None:
    assert OffsetDateTime().parse(text) == (None if timestamp is None else int(timestamp.timestamp()))


def test_moments_come_back_as_they_went() -> None:
    timestamps = OffsetDateTime()
    assert timestamps.parse(timestamps.format(1_700_000_000)) == 1_700_000_000
    assert compact_offset(1_700_000_000) == "2023-11-14T22:13:20+0000"
    assert timestamps.parse(compact_offset(1_700_000_000)) == 1_700_000_000
