"""Zoho: data centers and access tokens, against responses made by hand."""

from __future__ import annotations

from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests_mock
from airbyte_cdk.models import FailureType

from source_invoicing import SourceInvoicing
from source_invoicing.http import AccessRefused, Failure
from source_invoicing.platforms.zoho.product import DATA_CENTERS, is_zoho
from source_invoicing.streams import InvoicingStream
from unit_tests.pages import pages
from unit_tests.zoho.helpers import (
    ACME,
    CREDENTIALS,
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

# -- data centers -----------------------------------------------------------------------------------------------------


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
def test_a_token_is_sent_to_zoho_or_to_the_host_that_issued_it(domain: str, trusted: bool) -> None:
    assert is_zoho(domain, "http://127.0.0.1:8080/oauth/v2/token") is trusted


# -- tokens -----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("answer", "sentence", "tries"),
    [
        ({"json": {"error": "invalid_code"}}, "refresh token", 1),
        ({"json": {"error": "access_denied"}}, "earlier makes the wait longer", 1),
        ({"status_code": 503}, "HTTP 503 for /token", 4),
    ],
    ids=["refused", "too many", "down"],
)
def test_a_token_that_is_not_issued_is_asked_for_once_by_all_streams(
    http: Mock, answer: dict[str, Any], sentence: str, tries: int
) -> None:
    tokens = http.post(US_TOKENS, **answer)
    streams = SourceInvoicing().streams(config(organization_id="111"))

    for each in streams:
        assert isinstance(each, InvoicingStream)
        with pytest.raises(Failure, match=sentence):
            list(pages(each))

    assert tokens.call_count == tries


def test_tokens_that_are_refused_as_soon_as_they_are_issued_are_not_used_up_by_stream_after_stream(http: Mock) -> None:
    """Zoho issues ten within ten minutes, to all users of a refresh token together."""
    numbers = count()
    tokens = http.post(US_TOKENS, json=lambda *_: {**TOKEN, "access_token": f"token-{next(numbers)}"})
    granted, *others = SourceInvoicing().streams(config(organization_id="111"))
    http.get(requests_mock.ANY, json={"code": 0, "contacts": [], "items": [], "page_context": {"has_more_page": False}})
    assert isinstance(granted, InvoicingStream)
    list(pages(granted))
    http.get(requests_mock.ANY, status_code=401, json={"code": 14, "message": "Invalid value passed for authtoken"})

    for each in others:
        assert isinstance(each, InvoicingStream)
        with pytest.raises(Failure) as refused:
            list(pages(each))
        assert refused.value.failure_type is FailureType.config_error

    assert tokens.call_count <= 5


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


@pytest.mark.parametrize(("status", "code"), [(401, 57), (400, 57), (403, 57), (403, 9), (404, 5), (400, 90000)])
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
